//! What a client needs to know to sign: one struct of all credentials and keys that recipes name.

use crate::docs;
use crate::ir::{self, Ir};
use countersign_auth::custom;
use countersign_auth::recipe::{Expression, Input, Operation, Output, Recipe, Source};
use countersign_auth::recipe::{FormPart, JwsPayload, Text};
use heck::{ToShoutySnakeCase, ToSnakeCase};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use std::collections::BTreeMap;

/// A field of `Credentials`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Name in recipes.
    pub name: String,
    /// Name of the field.
    pub field: String,
    /// Environment name without the provider's prefix.
    pub variable: String,
    /// What it holds.
    pub kind: CredentialKind,
    /// Whether every scheme that signs needs it.
    pub required: bool,
    /// The schemes that need it.
    pub schemes: Vec<String>,
}

/// What a credential holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CredentialKind {
    /// Text that anyone may see.
    Text,
    /// Text that is redacted.
    Secret,
    /// Text that is redacted, and may be empty.
    Password,
    /// A key, redacted.
    Key,
}

/// Credentials of all recipes, in the order in which they first appear.
pub fn all(ir: &Ir) -> Vec<Credential> {
    let recipes: Vec<(&str, &Recipe)> = ir
        .schemes
        .iter()
        .map(|scheme| (scheme.name.as_str(), &scheme.recipe))
        .chain(ir.tokens.iter().map(|recipe| (recipe.name.as_ref(), recipe)))
        .collect();
    let standard = ir.schemes.iter().any(|scheme| scheme.standard);
    let signs = |recipe: &Recipe| !matches!(recipe.output, Output::Give(_));
    let signing = recipes.iter().filter(|(_, recipe)| signs(recipe)).count();
    let (mut order, mut optional): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut found: BTreeMap<String, (CredentialKind, usize, Vec<String>)> = BTreeMap::new();
    for (scheme, recipe) in &recipes {
        let mut here: BTreeMap<String, CredentialKind> = BTreeMap::new();
        sources(recipe, &mut |source| {
            let mut add = |name: &'_ Text, kind: CredentialKind| {
                if !order.iter().any(|known| known == name.as_ref()) {
                    order.push(name.to_string());
                }
                let known = here.entry(name.to_string()).or_insert(kind);
                *known = kind.max(*known);
            };
            match source {
                Source::Credential { name, secret: false } => add(name, CredentialKind::Text),
                Source::Credential { name, secret: true } => add(name, CredentialKind::Secret),
                Source::Basic { username, password } => {
                    add(username, CredentialKind::Text);
                    add(password, CredentialKind::Password);
                }
                Source::Key { name, .. } => add(name, CredentialKind::Key),
                _ => {}
            }
        });
        for (name, kind) in here {
            let entry = found.entry(name).or_insert((kind, 0, Vec::new()));
            entry.0 = entry.0.max(kind);
            entry.1 += usize::from(signs(recipe));
            entry.2.push((*scheme).to_owned());
        }
    }
    // What only optional parameters of custom schemes read need not be given.
    for name in &order {
        let steps = recipes.iter().flat_map(|(_, recipe)| recipe.steps.iter().map(move |step| (recipe, step)));
        let mut reading = steps.filter(|(_, step)| reads(&step.value, name)).peekable();
        if reading.peek().is_some() && reading.all(|(recipe, step)| custom::is_optional(recipe, &step.name)) {
            optional.push(name.clone());
        }
    }
    for scheme in &ir.schemes {
        let Some(oauth2) = &scheme.oauth2 else { continue };
        let client = oauth2.client.as_ref();
        let parts = [
            client.map(|client| (&client.client_id, CredentialKind::Text)),
            client.map(|client| (&client.client_secret, CredentialKind::Secret)),
            oauth2.access_token.as_ref().map(|name| (name, CredentialKind::Secret)),
        ];
        for (name, kind) in parts.into_iter().flatten() {
            order.push(name.clone());
            // A source of tokens may stand in for each of them, so none is required.
            found.insert(name.clone(), (kind, 0, vec![scheme.name.clone()]));
            optional.push(name.clone());
        }
    }
    let credentials = order.into_iter().filter_map(|name| {
        let (kind, uses, schemes) = found.remove(&name)?;
        // Where OpenAPI's own schemes are in play, there may be alternatives to any of them.
        let required = match standard {
            _ if optional.contains(&name) => false,
            true => needed_everywhere(ir, &schemes),
            false => uses == signing && (signing > 0 || schemes.len() == recipes.len()),
        };
        Some(Credential {
            field: field_name(&name),
            variable: name.to_shouty_snake_case(),
            name,
            kind,
            required,
            schemes,
        })
    });
    let mut credentials: Vec<Credential> = credentials.collect();
    credentials.sort_by_key(|credential| !credential.required);
    credentials
}

/// Whether no operation can be called without one of these schemes.
fn needed_everywhere(ir: &Ir, schemes: &[String]) -> bool {
    let needs = |alternative: &Vec<String>| alternative.iter().any(|name| schemes.contains(name));
    let signed = |operation: &ir::Operation| !operation.security.is_empty() && operation.security.iter().all(needs);
    !ir.operations.is_empty() && ir.operations.iter().all(signed)
}

fn field_name(name: &str) -> String {
    let name = name.to_snake_case();
    match syn::parse_str::<syn::Ident>(&name) {
        Ok(_) => name,
        Err(_) => format!("{name}_"),
    }
}

/// Whether a step is this credential and nothing else.
fn reads(value: &Expression, name: &str) -> bool {
    match value {
        Expression::Source(Source::Credential { name: read, .. } | Source::Key { name: read, .. }) => read == name,
        _ => false,
    }
}

/// Every source of a recipe, inline ones included.
pub fn sources<'r>(recipe: &'r Recipe, found: &mut dyn FnMut(&'r Source)) {
    for step in recipe.steps.iter() {
        match &step.value {
            Expression::Source(source) => found(source),
            Expression::Operation(operation) => {
                for input in inputs(operation) {
                    if let Input::Source(source) = input {
                        found(source);
                    }
                }
            }
        }
    }
}

fn inputs(operation: &Operation) -> Vec<&Input> {
    match operation {
        Operation::Hash { of, .. }
        | Operation::Hmac { of, .. }
        | Operation::PhpJson { of, .. }
        | Operation::SortedForm { of, .. } => vec![of],
        Operation::Concat { parts, .. } => parts.iter().collect(),
        Operation::JsonArray { items, .. } => items.iter().collect(),
        Operation::JsonObject { members, .. } => members.iter().map(|(_, value)| value).collect(),
        Operation::Form { parts, .. } => parts
            .iter()
            .map(|part| match part {
                FormPart::Text(value) | FormPart::Pair(_, value) => value,
            })
            .collect(),
        Operation::Jws { payload: JwsPayload::Claims(claims), .. } => claims.iter().map(|(_, value)| value).collect(),
        Operation::Jws { payload: JwsPayload::Exact(value), .. } => vec![value],
    }
}

/// `credentials.rs`.
pub fn emit(ir: &Ir) -> TokenStream {
    let credentials = all(ir);
    let prefix = ir.api.provider.to_shouty_snake_case();
    let fields: Vec<TokenStream> = credentials.iter().map(|credential| field(&prefix, credential)).collect();
    let required: Vec<&Credential> = credentials.iter().filter(|credential| credential.required).collect();
    let arguments = required.iter().map(|credential| {
        let (name, ty) = (format_ident!("{}", credential.field), ty(credential));
        quote!(#name: impl Into<#ty>)
    });
    let values = credentials.iter().map(|credential| {
        let name = format_ident!("{}", credential.field);
        if credential.required { quote!(#name: #name.into()) } else { quote!(#name: None) }
    });
    let setters = credentials.iter().filter(|credential| !credential.required).map(setter);
    let default = required.is_empty().then(|| quote!(Default,));
    let environment = environment(&credentials);
    let to_auth = to_auth(&credentials);
    let reader = if credentials.is_empty() { quote!(_environment) } else { quote!(environment) };
    quote! {
        //! What a client needs to know to sign.

        use countersign_runtime as runtime;

        /// Credentials of this service; secret ones are redacted and wiped.
        #[derive(Clone, Debug, #default)]
        #[non_exhaustive]
        pub struct Credentials {
            #(#fields,)*
        }

        impl Credentials {
            /// The credentials that every call needs.
            pub fn new(#(#arguments),*) -> Self {
                Self { #(#values),* }
            }
            #(#setters)*
        }

        impl runtime::ProviderCredentials for Credentials {
            fn from_environment(#reader: &mut runtime::Environment<'_>) -> Option<Self> {
                #environment
            }

            fn to_auth(&self) -> runtime::auth::Credentials {
                #to_auth
            }
        }
    }
}

fn ty(credential: &Credential) -> TokenStream {
    match credential.kind {
        CredentialKind::Text => quote!(String),
        CredentialKind::Secret | CredentialKind::Password | CredentialKind::Key => quote!(runtime::Secret),
    }
}

fn field(prefix: &str, credential: &Credential) -> TokenStream {
    let name = format_ident!("{}", credential.field);
    let ty = ty(credential);
    let ty = if credential.required { ty } else { quote!(Option<#ty>) };
    let schemes: Vec<String> = credential.schemes.iter().map(|scheme| docs::code(scheme)).collect();
    let doc = docs::attributes(&[format!(
        "{} of {}; `{prefix}_{}` in the environment.",
        if credential.kind == CredentialKind::Key { "Key" } else { "Credential" },
        schemes.join(", "),
        credential.variable
    )]);
    quote!(#doc pub #name: #ty)
}

fn setter(credential: &Credential) -> TokenStream {
    let name = format_ident!("{}", credential.field);
    let method = format_ident!("with_{}", credential.field.trim_end_matches('_'));
    let ty = ty(credential);
    let doc = docs::attributes(&[format!("The same with this {}.", docs::code(&credential.name))]);
    quote! {
        #doc
        pub fn #method(mut self, #name: impl Into<#ty>) -> Self {
            self.#name = Some(#name.into());
            self
        }
    }
}

/// All are read before any is asked for, so that missing ones are named together.
fn environment(credentials: &[Credential]) -> TokenStream {
    let reads = credentials.iter().map(|credential| {
        let (name, variable) = (format_ident!("{}", credential.field), &credential.variable);
        let read = match (credential.kind, credential.required) {
            (CredentialKind::Text, true) => quote!(text(#variable)),
            (CredentialKind::Password, true) => quote!(password(#variable)),
            (CredentialKind::Password, false) => quote!(optional_password(#variable)),
            (_, true) => quote!(secret(#variable)),
            (CredentialKind::Text, false) => quote!(optional(#variable)),
            (_, false) => quote!(optional(#variable).map(runtime::Secret::new)),
        };
        quote!(let #name = environment.#read;)
    });
    let values = credentials.iter().map(|credential| {
        let name = format_ident!("{}", credential.field);
        if credential.required { quote!(#name: #name?) } else { quote!(#name) }
    });
    quote! {
        #(#reads)*
        Some(Self { #(#values),* })
    }
}

fn to_auth(credentials: &[Credential]) -> TokenStream {
    let call = |credential: &Credential, value: TokenStream| {
        let name = &credential.name;
        match credential.kind {
            CredentialKind::Text => quote!(.text(#name, #value)),
            CredentialKind::Secret | CredentialKind::Password => quote!(.secret(#name, #value)),
            CredentialKind::Key => quote!(.keys(#name, [#value])),
        }
    };
    let required = credentials.iter().filter(|credential| credential.required).map(|credential| {
        let name = format_ident!("{}", credential.field);
        call(credential, quote!(self.#name.clone()))
    });
    let known = quote!(runtime::auth::Credentials::new() #(#required)*);
    let optional: Vec<TokenStream> = credentials
        .iter()
        .filter(|credential| !credential.required)
        .map(|credential| {
            let name = format_ident!("{}", credential.field);
            let call = call(credential, quote!(#name.clone()));
            quote! {
                if let Some(#name) = &self.#name {
                    credentials = credentials #call;
                }
            }
        })
        .collect();
    match optional.is_empty() {
        true => known,
        false => quote! {
            let mut credentials = #known;
            #(#optional)*
            credentials
        },
    }
}
