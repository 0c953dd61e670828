//! Operations: one file of methods for each tag, and the table of all.
//!
//! 1. [`tag`] writes a tag's file: methods on the client (`method`), setters for what may be left out,
//!    one marker type for each operation, and how its responses are read.
//! 2. [`parameters`] says what stands between the parentheses and how it reaches the request.
//! 3. [`responses`] makes the success and error types, and the match on the status.
//! 4. [`bodies`] makes the types of bodies that have several forms, and of forms that have parts.
//! 5. [`flows`] lets calls follow one another, and [`sessions`] finds the token in the response of an operation that
//!    yields one.
//! 6. [`examples`] and [`pages`] write what rustdoc shows.
//!
//! A method only says what is sent; the call path lies in the runtime.

pub mod bodies;
pub mod examples;
pub mod flows;
pub mod pages;
pub mod parameters;
pub mod responses;
pub mod sessions;

use crate::features::Features;
use crate::ir::{Ir, Limits, Operation, Repeat, Session, SessionKind, Tag};
use crate::{docs, expressions, lines};
use heck::{ToSnakeCase, ToUpperCamelCase};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// The modules and the table: `operations.rs`.
pub fn index(ir: &Ir, tags: &[&Tag], features: &Features<'_>) -> TokenStream {
    let modules = tags.iter().map(|tag| {
        let module = format_ident!("{}", tag.module);
        let doc = docs::of(&tag.doc, &about(tag));
        let gate = features.of_tag(&tag.module);
        quote!(#doc #gate pub mod #module;)
    });
    let infos = ir.operations.iter().map(|operation| {
        let (module, marker) = (format_ident!("{}", operation.module), format_ident!("{}", operation.marker));
        let gate = features.of_tag(&operation.module);
        quote!(#gate <#module::#marker as runtime::Operation>::INFO)
    });
    quote! {
        //! Operations, one module for each tag.

        #(#modules)*

        use countersign_runtime as runtime;

        /// All operations by path and method: what hooks, traces and tests read.
        pub const OPERATIONS: &[&runtime::OperationInfo] = &[#(#infos),*];
    }
}

/// The operations of one tag: `operations/<tag>.rs`.
pub fn tag(ir: &Ir, tag: &Tag) -> TokenStream {
    let operations: Vec<&Operation> = ir.operations.iter().filter(|o| o.module == tag.module).collect();
    let clients = clients(ir).into_iter().filter_map(|client| {
        let session = client.session.map(|session| session.name.as_str());
        let methods: Vec<TokenStream> = operations
            .iter()
            .filter(|operation| operation.session.as_deref() == session)
            .map(|operation| method(ir, operation))
            .collect();
        let name = &client.name;
        (!methods.is_empty()).then(|| quote!(impl client::#name { #(#methods)* }))
    });
    let clients: Vec<TokenStream> = clients.collect();
    let markers = operations.iter().map(|operation| {
        let choices = operation.choices.iter().map(|choice| parameters::choice_type(ir, choice));
        let setters = setters(ir, operation);
        let marker = marker(ir, operation);
        let types = responses::types(operation);
        let bodies = bodies::types(operation);
        let flows = flows::of(ir, operation);
        let gives = sessions::gives(ir, operation);
        quote!(#setters #flows #marker #gives #(#choices)* #bodies #types)
    });
    let markers: Vec<TokenStream> = markers.collect();
    let types = needs_types(&operations).then(|| {
        quote!(
            use crate::types;
        )
    });
    let head = docs::lines(&tag.doc, &about(tag));
    let head = head.iter().map(|line| if line.is_empty() { String::new() } else { format!(" {line}") });
    quote! {
        #(#![doc = #head])*

        use crate::client;
        #types
        use countersign_runtime as runtime;

        #(#clients)*
        #(#markers)*
    }
}

fn about(tag: &Tag) -> String {
    match docs::plain_line(&tag.name) {
        name if name.is_empty() => "Operations.".to_owned(),
        name => format!("Operations of {name}."),
    }
}

/// Whether the file of these operations names a type of `types.rs`.
fn needs_types(operations: &[&Operation]) -> bool {
    operations.iter().any(|operation| {
        let mut found = false;
        let mut look = |ty: &_| expressions::names(ty, &mut |_| found = true);
        parameters::types(operation).for_each(&mut look);
        flows::types(operation).for_each(&mut look);
        responses::content_types(operation).for_each(&mut look);
        found
    })
}

/// A type that has methods for operations.
pub struct ClientType<'i> {
    /// Its name.
    pub name: Ident,
    /// The session that it holds; none for the client itself.
    pub session: Option<&'i Session>,
    /// The method of the client that makes it: `user`, `backend`.
    pub method: Ident,
    /// The type of the session's token: `UserToken`.
    pub token: Ident,
}

/// The client itself, and one more for each session that operations need.
pub fn clients(ir: &Ir) -> Vec<ClientType<'_>> {
    let client = ClientType {
        name: format_ident!("Client"),
        session: None,
        method: format_ident!("client"),
        token: format_ident!("Token"),
    };
    let used = |session: &&Session| ir.operations.iter().any(|o| o.session.as_deref() == Some(&session.name));
    let mut kinds = Vec::new();
    let mut clients = vec![client];
    for session in ir.sessions.iter().filter(used) {
        // The kind names the first of its kind; a second one goes by its own name.
        let stem = session.name.strip_suffix("_token").unwrap_or(&session.name).to_owned();
        let method = match (session.kind, kinds.contains(&session.kind)) {
            (SessionKind::User, false) => "user".to_owned(),
            (SessionKind::Service, false) => "backend".to_owned(),
            (_, true) => stem.to_snake_case(),
        };
        kinds.push(session.kind);
        clients.push(ClientType {
            name: format_ident!("{}Client", method.to_upper_camel_case()),
            session: Some(session),
            method: format_ident!("{method}"),
            token: format_ident!("{}", session.name.to_upper_camel_case()),
        });
    }
    clients
}

/// The type whose method an operation is.
pub fn client_of<'i>(ir: &'i Ir, operation: &Operation) -> ClientType<'i> {
    let mut clients = clients(ir);
    let session = operation.session.as_deref();
    let at = clients.iter().position(|client| client.session.map(|s| s.name.as_str()) == session);
    clients.swap_remove(at.unwrap_or(0))
}

/// One method: what the call takes, and the request that it makes of it.
fn method(ir: &Ir, operation: &Operation) -> TokenStream {
    let name = format_ident!("{}", operation.name);
    let marker = format_ident!("{}", operation.marker);
    let (doc, line) = (docs::attributes(&pages::method(ir, operation)), lines::of(&operation.name));
    let deprecated = operation.deprecated.then(|| quote!(#[deprecated]));
    let arguments = parameters::arguments(ir, operation);
    let names = arguments.iter().map(|argument| {
        let (name, ty) = (&argument.name, &argument.ty);
        quote!(#name: #ty)
    });
    let steps = arguments.iter().filter_map(|argument| argument.step.as_ref());
    let applied = arguments.iter().filter(|argument| argument.step.is_none()).fold(
        quote!(self.request_of::<#marker>() #(#steps)*),
        |request, argument| {
            let name = &argument.name;
            quote!(#name.apply(#request))
        },
    );
    let ended = ir
        .sessions
        .iter()
        .any(|session| operation.session.as_ref() == Some(&session.name) && session.ends.contains(&operation.id));
    let ends = ended.then(|| quote!(.ends_session()));
    quote! {
        #doc
        #line
        #deprecated
        pub fn #name(&self, #(#names),*) -> client::Call<#marker> {
            client::Call::new(#applied #ends)
        }
    }
}

/// Setters of what may be left out.
fn setters(ir: &Ir, operation: &Operation) -> TokenStream {
    let setters = parameters::setters(ir, operation);
    if setters.is_empty() {
        return quote!();
    }
    let marker = format_ident!("{}", operation.marker);
    let setters = setters.into_iter().map(|parameters::Setter { doc, deprecated, argument }| {
        let parameters::Argument { name, method, ty, step } = argument;
        let deprecated = deprecated.then(|| quote!(#[deprecated]));
        let doc = docs::attributes(&doc);
        let changed = match step {
            Some(step) => quote!(request #step),
            None => quote!(#name.apply(request)),
        };
        quote! {
            #doc
            #deprecated
            pub fn #method(self, #name: #ty) -> Self {
                self.map(|request| #changed)
            }
        }
    });
    quote!(impl client::Call<#marker> { #(#setters)* })
}

/// The marker type, and how the operation's responses are read.
fn marker(ir: &Ir, operation: &Operation) -> TokenStream {
    let marker = format_ident!("{}", operation.marker);
    let doc = docs::attributes(&[pages::line(operation)]);
    let info = info(ir, operation);
    let (output, error) = (responses::output(operation), responses::error(operation));
    let table = responses::table(operation);
    let read = responses::read(operation);
    quote! {
        #doc
        #[derive(Clone, Copy, Debug)]
        pub struct #marker;

        impl runtime::Operation for #marker {
            type Output = #output;
            type Error = #error;
            const INFO: &'static runtime::OperationInfo = &#info;
            const RESPONSES: &'static [runtime::Declared] = #table;
            fn read(reply: runtime::Reply) -> runtime::Outcome<Self> {
                #read
            }
        }
    }
}

fn info(ir: &Ir, operation: &Operation) -> TokenStream {
    let Operation { id, method, target, .. } = operation;
    let server = match &operation.server {
        Some(url) => quote!(Some(#url)),
        None => quote!(None),
    };
    let provider = &ir.api.provider;
    let security = operation.security.iter().map(|schemes| quote!(&[#(#schemes),*]));
    let repeat = match operation.repeat {
        Repeat::Safe => quote!(Safe),
        Repeat::Unsafe => quote!(Unsafe),
        Repeat::Never => quote!(Never),
    };
    let limits = match &operation.limits {
        Some(Limits { api, concurrent }) => {
            let concurrent = match concurrent {
                Some(count) => quote!(Some(#count)),
                None => quote!(None),
            };
            quote!(Some(runtime::Limits { api: #api, concurrent: #concurrent }))
        }
        None => quote!(None),
    };
    quote! {
        runtime::OperationInfo {
            provider: #provider,
            id: #id,
            method: #method,
            path: #target,
            server: #server,
            security: &[#(#security),*],
            repeat: runtime::Repeat::#repeat,
            limits: #limits,
        }
    }
}
