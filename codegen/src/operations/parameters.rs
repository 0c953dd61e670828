//! What a method takes, and how each value reaches the request.
//!
//! What must be there is positional, in the order of the IR: parameters, choices, the body. What may be left
//! out is a setter on the call, so that one more of them never breaks a caller.

use crate::ir::{
    Body, BodyContent, Ir, Operation, Parameter, ParameterChoice, ParameterPlace, ParameterStyle, Style, TypeExpr,
    TypeKind,
};
use crate::operations::bodies;
use crate::{docs, expressions};
use heck::ToSnakeCase;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// A value that a method takes.
pub struct Argument {
    /// Its name.
    pub name: Ident,
    /// The setter's name.
    pub method: Ident,
    /// Its type.
    pub ty: TokenStream,
    /// The step of the request's chain that takes it; none if the value applies itself.
    pub step: Option<TokenStream>,
}

/// A method of the call for a value that may be left out.
pub struct Setter {
    /// Its documentation.
    pub doc: Vec<String>,
    /// `deprecated`.
    pub deprecated: bool,
    /// What it takes.
    pub argument: Argument,
}

/// The positional arguments.
pub fn arguments(ir: &Ir, operation: &Operation) -> Vec<Argument> {
    let required = operation.parameters.iter().filter(|parameter| parameter.required);
    let parameters = required.map(|parameter| parameter_argument(ir, parameter));
    let choices = operation.choices.iter().map(|choice| {
        let (name, ty) = (format_ident!("{}", choice.name), format_ident!("{}", choice.type_name));
        Argument { method: name.clone(), name, ty: quote!(&#ty), step: None }
    });
    let body = operation.body.iter().filter(|body| body.required).map(|body| bodies::argument(operation, body));
    parameters.chain(choices).chain(body).collect()
}

/// The setters.
pub fn setters(ir: &Ir, operation: &Operation) -> Vec<Setter> {
    let taken = operation.flows.methods();
    let parameters = operation.parameters.iter().filter(|parameter| !parameter.required).map(|parameter| {
        let mut argument = parameter_argument(ir, parameter);
        if taken.contains(&parameter.name.as_str()) {
            argument.method = format_ident!("{}_parameter", parameter.name);
        }
        Setter { doc: docs::lines(&parameter.doc, &place_line(parameter)), deprecated: parameter.deprecated, argument }
    });
    let body = operation.body.iter().filter(|body| !body.required).map(|body| Setter {
        doc: docs::lines(&body.doc, "The body."),
        deprecated: false,
        argument: bodies::argument(operation, body),
    });
    let alternatives = operation.body.iter().flat_map(|body| bodies::alternatives(operation, body));
    parameters.chain(body).chain(alternatives).collect()
}

/// What a parameter is, in a sentence.
pub fn place_line(parameter: &Parameter) -> String {
    let place = match parameter.place {
        ParameterPlace::Path => "Path segment",
        ParameterPlace::Query => "Query parameter",
        ParameterPlace::Header => "Header",
        ParameterPlace::Cookie => "Cookie",
    };
    format!("{place} {}.", docs::code(&parameter.wire))
}

/// Types of parameters and body.
pub fn types(operation: &Operation) -> impl Iterator<Item = &TypeExpr> {
    let choices = operation.choices.iter().flat_map(|choice| choice.variants.iter().map(|(_, p)| &p.ty));
    let body = operation.body.iter().flat_map(Body::contents).flat_map(BodyContent::types);
    operation.parameters.iter().map(|parameter| &parameter.ty).chain(choices).chain(body)
}

fn parameter_argument(ir: &Ir, parameter: &Parameter) -> Argument {
    let name = format_ident!("{}", parameter.name);
    let ty = value(&parameter.ty);
    let step = step(ir, parameter, &argument_reference(&name, ty));
    Argument { method: setter_name(&parameter.name), ty: expressions::borrowed(ty), name, step: Some(step) }
}

/// A parameter is left out rather than null.
fn value(ty: &TypeExpr) -> &TypeExpr {
    match ty {
        TypeExpr::Nullable(inner) => inner,
        ty => ty,
    }
}

/// An argument as the runtime takes it: by reference.
fn argument_reference(name: &Ident, ty: &TypeExpr) -> TokenStream {
    match ty {
        TypeExpr::Bool | TypeExpr::Integer(_) | TypeExpr::Float => quote!(&#name),
        _ => quote!(#name),
    }
}

/// The step of the request's chain for a value.
fn step(ir: &Ir, parameter: &Parameter, value: &TokenStream) -> TokenStream {
    let wire = &parameter.wire;
    let ParameterStyle { style, explode, reserved } = parameter.style;
    let shape = shape(ir, self::value(&parameter.ty));
    let usual = style == parameter.place.usual().style && !reserved;
    match (parameter.place, shape) {
        (ParameterPlace::Path, Shape::Text | Shape::Texts) if usual => quote!(.path(#wire, #value)),
        (ParameterPlace::Header, Shape::Text) if usual => quote!(.header(#wire, #value)),
        (ParameterPlace::Query, Shape::Texts) if usual && !explode => quote!(.query_joined(#wire, #value)),
        (ParameterPlace::Query, Shape::Text | Shape::Texts) if usual => quote!(.query(#wire, #value)),
        (place, _) => {
            let method = match place {
                ParameterPlace::Path => quote!(path_as),
                ParameterPlace::Query => quote!(query_as),
                ParameterPlace::Header => quote!(header_as),
                ParameterPlace::Cookie => quote!(cookie_as),
            };
            let style = style_name(style);
            let style = quote! {
                runtime::ParameterStyle { style: runtime::Style::#style, explode: #explode, reserved: #reserved }
            };
            quote!(.#method(#wire, #style, #value))
        }
    }
}

/// What a value is to a parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// One text.
    Text,
    /// A list of them.
    Texts,
    /// Something else, which goes through serde.
    Other,
}

fn shape(ir: &Ir, ty: &TypeExpr) -> Shape {
    match ty {
        TypeExpr::Bool | TypeExpr::Integer(_) | TypeExpr::Float | TypeExpr::Decimal | TypeExpr::Text(_) => Shape::Text,
        TypeExpr::Named(name) => match ir.types.iter().find(|def| def.name == *name).map(|def| &def.kind) {
            Some(TypeKind::Enum(_)) => Shape::Text,
            _ => Shape::Other,
        },
        TypeExpr::List(item) if shape(ir, item) == Shape::Text => Shape::Texts,
        TypeExpr::List(_) | TypeExpr::Any | TypeExpr::Map(_) | TypeExpr::Nullable(_) => Shape::Other,
    }
}

fn style_name(style: Style) -> Ident {
    format_ident!(
        "{}",
        match style {
            Style::Simple => "Simple",
            Style::Label => "Label",
            Style::Matrix => "Matrix",
            Style::Form => "Form",
            Style::SpaceDelimited => "SpaceDelimited",
            Style::PipeDelimited => "PipeDelimited",
            Style::DeepObject => "DeepObject",
            Style::Json => "Json",
        }
    )
}

/// Names that the call itself has.
const CALL: [&str; 12] = [
    "new",
    "map",
    "timeout",
    "deadline",
    "retry",
    "no_retry",
    "with_raw",
    "send_blocking",
    "stall_timeout",
    "extra_header",
    "into_future",
    "clone",
];

fn setter_name(name: &str) -> Ident {
    match CALL.contains(&name) {
        true => format_ident!("{name}_parameter"),
        false => format_ident!("{name}"),
    }
}

/// The enum of parameters of which exactly one is given.
pub fn choice_type(ir: &Ir, choice: &ParameterChoice) -> TokenStream {
    let name = format_ident!("{}", choice.type_name);
    let doc = format!(" Exactly one of these, for `{}`.", choice.name);
    let variants = choice.variants.iter().map(|(variant, parameter)| {
        let variant = format_ident!("{variant}");
        let doc = docs::of(&parameter.doc, &place_line(parameter));
        let ty = expressions::outside(value(&parameter.ty));
        quote!(#doc #variant(#ty))
    });
    let arms = choice.variants.iter().map(|(variant, parameter)| {
        let variant = format_ident!("{variant}");
        let value = quote!(value);
        let step = step(ir, parameter, &value);
        quote!(Self::#variant(value) => request #step)
    });
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum #name {
            #(#variants),*
        }

        impl #name {
            fn apply(&self, request: runtime::Request) -> runtime::Request {
                match self {
                    #(#arms),*
                }
            }
        }
    }
}

/// The first word of an argument's example.
pub fn hint(wire: &str) -> String {
    let hint: String = wire.to_snake_case().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    match hint.is_empty() {
        true => "text".to_owned(),
        false => hint,
    }
}
