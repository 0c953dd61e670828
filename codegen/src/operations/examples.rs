//! Examples that compile: a call with every argument in place, values built as a caller would build them.

use crate::enums;
use crate::ir::{
    Body, BodyContent, Field, Ir, Multipart, Operation, Parameter, Part, PartContent, TextKind, TypeDef, TypeExpr,
    TypeKind, Union,
};
use crate::operations::parameters::hint;
use crate::operations::{client_of, responses};
use crate::structs::is_argument;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// The fenced example of an operation, as lines of Markdown.
pub fn call(ir: &Ir, operation: &Operation) -> Vec<String> {
    fenced(ir, operation, statements(ir, operation))
}

/// A fenced example of statements that use the operation's client.
pub fn fenced(ir: &Ir, operation: &Operation, statements: TokenStream) -> Vec<String> {
    let crate_name = format_ident!("{}", ir.api.crate_name.replace('-', "_"));
    let client = client_of(ir, operation).name;
    let types = uses_types(&statements).then(|| quote!(use #crate_name::types;));
    let body = lines(&quote! {
        #types
        #statements
    });
    let mut out = vec!["```no_run".to_owned()];
    out.push(format!(
        "# async fn example(client: {crate_name}::{client}) -> Result<(), Box<dyn std::error::Error>> {{"
    ));
    out.extend(body);
    out.extend(["# Ok(())", "# }", "```"].map(str::to_owned));
    out
}

/// Statements that call the operation and show what came.
pub fn statements(ir: &Ir, operation: &Operation) -> TokenStream {
    let call = invocation(ir, operation);
    // A stream is shown by its status: its content is read elsewhere.
    let shown = match responses::streams(operation) {
        true => quote!(println!("{}", response.status());),
        false => quote!(println!("{response:?}");),
    };
    quote! {
        let response = #call.await?;
        #shown
    }
}

/// The call itself, before it is sent.
pub fn invocation(ir: &Ir, operation: &Operation) -> TokenStream {
    let name = format_ident!("{}", operation.name);
    let whole = Values { ir, from_json: false }.arguments(operation);
    let arguments = match lines(&quote!(call(#(#whole),*);)).len() <= LONGEST {
        true => whole,
        false => Values { ir, from_json: true }.arguments(operation),
    };
    quote!(client.#name(#(#arguments),*))
}

/// A value of a type, as a caller would write it.
pub fn value(ir: &Ir, ty: &TypeExpr) -> TokenStream {
    Values { ir, from_json: false }.owned(ty, "value", 0)
}

/// Statements as lines, formatted.
pub fn lines(statements: &TokenStream) -> Vec<String> {
    let Ok(file) = syn::parse2::<syn::File>(quote!(fn example() { #statements })) else {
        return Vec::new();
    };
    let text = prettyplease::unparse(&file);
    let body = text.lines().skip(1).take_while(|line| *line != "}");
    body.map(|line| line.strip_prefix("    ").unwrap_or(line).to_owned()).collect()
}

/// Items as lines, formatted.
pub fn items(items: &TokenStream) -> Vec<String> {
    match syn::parse2::<syn::File>(items.clone()) {
        Ok(file) => prettyplease::unparse(&file).lines().map(str::to_owned).collect(),
        Err(_) => Vec::new(),
    }
}

/// Whether the module of types is named.
pub fn uses_types(statements: &TokenStream) -> bool {
    statements.clone().into_iter().any(|token| match token {
        proc_macro2::TokenTree::Group(group) => uses_types(&group.stream()),
        proc_macro2::TokenTree::Ident(ident) => ident == "types",
        _ => false,
    })
}

/// Builds values of types.
struct Values<'i> {
    ir: &'i Ir,
    /// Whether bodies are read from JSON, since building them would fill the page.
    from_json: bool,
}

/// The lines that arguments may take in an example.
const LONGEST: usize = 48;

/// Text of a kind.
fn text(kind: TextKind, wire: &str) -> String {
    match kind {
        TextKind::DateTime => "2026-01-31T12:00:00Z".to_owned(),
        TextKind::Date => "2026-01-31".to_owned(),
        TextKind::Uuid => "b1f4c9a2-5d3e-4f60-8a7b-9c0d1e2f3a4b".to_owned(),
        TextKind::Plain | TextKind::Sensitive => hint(wire),
    }
}

/// How deep lists and maps are filled; beyond that they are empty.
const DEEPEST: usize = 3;

impl Values<'_> {
    fn arguments(&self, operation: &Operation) -> Vec<TokenStream> {
        let parameters = operation.parameters.iter().filter(|parameter| parameter.required).map(|p| self.parameter(p));
        let choices = operation.choices.iter().map(|choice| {
            let (module, ty) = (format_ident!("{}", operation.module), format_ident!("{}", choice.type_name));
            let crate_name = self.crate_name();
            match choice.variants.first() {
                None => quote!(),
                Some((variant, parameter)) => {
                    let (variant, value) = (format_ident!("{variant}"), self.owned(&parameter.ty, &parameter.wire, 0));
                    quote!(&#crate_name::operations::#module::#ty::#variant(#value))
                }
            }
        });
        let body = operation.body.iter().filter(|body| body.required).map(|body| self.body(operation, body));
        parameters.chain(choices).chain(body).collect()
    }

    fn crate_name(&self) -> proc_macro2::Ident {
        format_ident!("{}", self.ir.api.crate_name.replace('-', "_"))
    }

    fn parameter(&self, parameter: &Parameter) -> TokenStream {
        match &parameter.ty {
            TypeExpr::Nullable(inner) => self.borrowed(inner, &parameter.wire),
            ty => self.borrowed(ty, &parameter.wire),
        }
    }

    fn body(&self, operation: &Operation, body: &Body) -> TokenStream {
        if let Some(name) = &body.type_name {
            let (crate_name, module) = (self.crate_name(), format_ident!("{}", operation.module));
            let (name, variant) = (format_ident!("{name}"), format_ident!("{}", body.variant));
            let value = match &body.content {
                BodyContent::Json(ty) | BodyContent::Form(ty, _) => self.owned(ty, "body", 0),
                BodyContent::Text => quote!("text".to_owned()),
                BodyContent::Bytes => quote!("bytes".into()),
                BodyContent::Multipart(form) => self.form(operation, form),
            };
            return quote!(#crate_name::operations::#module::#name::#variant(#value));
        }
        match &body.content {
            BodyContent::Json(TypeExpr::Named(_)) if self.from_json => {
                let crate_name = self.crate_name();
                quote!(&#crate_name::runtime::serde_json::from_str("{}")?)
            }
            BodyContent::Json(ty @ TypeExpr::Nullable(_)) => {
                let value = self.owned(ty, "body", 0);
                quote!(&#value)
            }
            BodyContent::Json(ty) | BodyContent::Form(ty, _) => self.borrowed(ty, "body"),
            BodyContent::Multipart(form) => self.form(operation, form),
            BodyContent::Text => quote!("text"),
            BodyContent::Bytes if body.media_type.contains('*') && body.media_type != "*/*" => {
                let (crate_name, media_type) = (self.crate_name(), body.media_type.replace('*', "png"));
                quote!(#crate_name::runtime::Upload::bytes("bytes").media_type(#media_type))
            }
            BodyContent::Bytes => quote!("bytes"),
        }
    }

    fn form(&self, operation: &Operation, form: &Multipart) -> TokenStream {
        let (crate_name, module) = (self.crate_name(), format_ident!("{}", operation.module));
        let Some(name) = &form.type_name else { return quote!(#crate_name::runtime::Multipart::new()) };
        let name = format_ident!("{name}");
        let mut required: Vec<&Part> =
            form.parts.iter().filter(|part| part.required && part.constant.is_none()).collect();
        required.sort_by(|a, b| a.name.cmp(&b.name));
        let arguments = required.into_iter().map(|part| match &part.content {
            PartContent::File => quote!("bytes"),
            PartContent::Files => quote!(["bytes"]),
            PartContent::Value(ty) => self.borrowed(ty, &part.wire),
        });
        quote!(#crate_name::operations::#module::#name::new(#(#arguments),*))
    }

    /// A value where [`crate::expressions::borrowed`] is asked for.
    fn borrowed(&self, ty: &TypeExpr, wire: &str) -> TokenStream {
        match ty {
            TypeExpr::Bool | TypeExpr::Integer(_) | TypeExpr::Float => self.owned(ty, wire, 0),
            TypeExpr::Text(TextKind::Plain) => {
                let text = hint(wire);
                quote!(#text)
            }
            TypeExpr::List(item) => {
                let item = self.owned(item, wire, 1);
                quote!(&[#item])
            }
            _ => {
                let value = self.owned(ty, wire, 0);
                quote!(&#value)
            }
        }
    }

    /// A value of the type itself.
    fn owned(&self, ty: &TypeExpr, wire: &str, depth: usize) -> TokenStream {
        match ty {
            TypeExpr::Any => quote!("value".into()),
            TypeExpr::Bool => quote!(true),
            TypeExpr::Integer(_) => quote!(1),
            TypeExpr::Float => quote!(1.5),
            TypeExpr::Decimal => quote!("12.50".parse()?),
            TypeExpr::Text(TextKind::Plain) => {
                let text = hint(wire);
                quote!(#text.to_owned())
            }
            TypeExpr::Text(kind) => {
                let text = text(*kind, wire);
                quote!(#text.into())
            }
            TypeExpr::Named(name) => self.named(name, depth),
            TypeExpr::List(_) if depth > DEEPEST => quote!(Vec::new()),
            TypeExpr::List(item) => {
                let item = self.owned(item, wire, depth + 1);
                quote!(vec![#item])
            }
            TypeExpr::Map(value) if **value == TypeExpr::Any => quote!(Default::default()),
            TypeExpr::Map(_) if depth > DEEPEST => quote!(Default::default()),
            TypeExpr::Map(value) => {
                let value = self.owned(value, "value", depth + 1);
                quote!([("key".to_owned(), #value)].into())
            }
            TypeExpr::Nullable(inner) if **inner == TypeExpr::Any => self.owned(inner, wire, depth),
            TypeExpr::Nullable(inner) => {
                let value = self.owned(inner, wire, depth);
                quote!(Some(#value))
            }
        }
    }

    fn definition(&self, name: &str) -> Option<&TypeDef> {
        self.ir.types.iter().find(|def| def.name == name)
    }

    fn named(&self, name: &str, depth: usize) -> TokenStream {
        let ident = format_ident!("{name}");
        match self.definition(name).map(|def| &def.kind) {
            // A type whose required members lead back to it has no value at all.
            _ if depth > 4 * DEEPEST => quote!(todo!()),
            Some(TypeKind::Struct(object)) => {
                let required = object.fields.iter().filter(|field| is_argument(field));
                let arguments = required.map(|field| self.field(field, depth + 1));
                quote!(types::#ident::new(#(#arguments),*))
            }
            Some(TypeKind::Enum(choice)) => match choice.variants.first() {
                Some(variant) => {
                    let variant = format_ident!("{}", variant.name);
                    quote!(types::#ident::#variant)
                }
                None if enums::is_integer(choice) => quote!(1.into()),
                None => quote!("value".into()),
            },
            Some(TypeKind::Union(union)) => self.union(&ident, union, depth),
            None => quote!(types::#ident),
        }
    }

    /// The branch that needs the fewest levels.
    fn union(&self, ident: &proc_macro2::Ident, union: &Union, depth: usize) -> TokenStream {
        let simple = |ty: &TypeExpr| match ty {
            TypeExpr::Named(name) => match self.definition(name).map(|def| &def.kind) {
                Some(TypeKind::Union(_)) => 2,
                _ => 1,
            },
            TypeExpr::List(_) | TypeExpr::Map(_) => 3,
            _ => 0,
        };
        let Some(branch) = union.branches.iter().min_by_key(|branch| simple(&branch.ty)) else {
            return quote!(types::#ident);
        };
        let name = format_ident!("{}", branch.name);
        let value = self.owned(&branch.ty, &branch.name, depth + 1);
        let value = if branch.boxed { quote!(Box::new(#value)) } else { value };
        quote!(types::#ident::#name(#value))
    }

    /// A value where the constructor of a struct asks for a field.
    fn field(&self, field: &Field, depth: usize) -> TokenStream {
        let may_be_null = field.nullable && field.ty != TypeExpr::Any;
        match (&field.ty, may_be_null, field.boxed) {
            (_, true, true) => quote!(None),
            (TypeExpr::Text(TextKind::Plain), false, false) => {
                let text = hint(&field.wire);
                quote!(#text)
            }
            (TypeExpr::Text(kind), false, false) => {
                let text = text(*kind, &field.wire);
                quote!(#text)
            }
            (TypeExpr::Any, _, false) => quote!("value"),
            (ty, true, false) => {
                let value = self.owned(ty, &field.wire, depth);
                quote!(Some(#value))
            }
            (ty, _, _) => self.owned(ty, &field.wire, depth),
        }
    }
}
