//! Bodies as arguments: values, and for what has several forms or parts, types of the operation's own.
//!
//! 1. [`argument`] is the preferred body, or the enum of all of them; [`alternatives`] are the setters that send the
//!    same in another media type.
//! 2. [`types`] writes the enum, and a builder for each form with parts.

use crate::ir::{Body, BodyContent, FormStyle, Multipart, Operation, Part, PartContent, TypeExpr};
use crate::operations::parameters::{Argument, Setter};
use crate::{docs, expressions};
use heck::ToSnakeCase;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// The body as an argument.
pub fn argument(operation: &Operation, body: &Body) -> Argument {
    let name = name(operation);
    let (ty, step) = match &body.type_name {
        Some(ty) => {
            let ty = format_ident!("{ty}");
            return Argument { method: name.clone(), name, ty: quote!(#ty), step: None };
        }
        None => (argument_type(&body.content), step(&body.content, &body.media_type, &name, true)),
    };
    Argument { method: name.clone(), name, ty, step: Some(step) }
}

/// Setters of other media types with the same schema.
pub fn alternatives(operation: &Operation, body: &Body) -> Vec<Setter> {
    if body.type_name.is_some() {
        return Vec::new();
    }
    let name = name(operation);
    let taken = |method: &str| operation.parameters.iter().any(|parameter| parameter.name == method);
    let setters = body.alternatives.iter().map(|other| {
        let wish = format!("body_as_{}", other.variant.to_snake_case());
        let method = if taken(&wish) { format_ident!("request_{wish}") } else { format_ident!("{wish}") };
        let line = format!("Sends this body, as {}.", docs::code(&other.media_type));
        let (ty, step) = (argument_type(&other.content), step(&other.content, &other.media_type, &name, true));
        let argument = Argument { name: name.clone(), method, ty, step: Some(step) };
        Setter { doc: vec![line], deprecated: false, argument }
    });
    setters.collect()
}

/// The types that the body of this operation needs.
pub fn types(operation: &Operation) -> TokenStream {
    let Some(body) = &operation.body else { return quote!() };
    let choice = body.type_name.as_ref().map(|name| enumeration(operation, body, name));
    let forms = body.contents().filter_map(|content| match content {
        BodyContent::Multipart(form) => Some(builder(operation, form, form.type_name.as_ref()?)),
        _ => None,
    });
    quote!(#choice #(#forms)*)
}

/// Names of the types that the body of this operation needs.
pub fn names(operation: &Operation) -> Vec<Ident> {
    let Some(body) = &operation.body else { return Vec::new() };
    let forms = body.contents().filter_map(|content| match content {
        BodyContent::Multipart(form) => form.type_name.as_ref(),
        _ => None,
    });
    body.type_name.iter().chain(forms).map(|name| format_ident!("{name}")).collect()
}

fn name(operation: &Operation) -> Ident {
    let taken = |name: &str| {
        operation.parameters.iter().any(|p| p.name == name) || operation.choices.iter().any(|c| c.name == name)
    };
    format_ident!("{}", if taken("body") { "request_body" } else { "body" })
}

/// What a method takes.
fn argument_type(content: &BodyContent) -> TokenStream {
    match content {
        // A body is written as it is, null included.
        BodyContent::Json(ty @ TypeExpr::Nullable(_)) => {
            let ty = expressions::outside(ty);
            quote!(&#ty)
        }
        BodyContent::Json(ty) | BodyContent::Form(ty, _) => expressions::borrowed(ty),
        BodyContent::Multipart(form) => form_type(form),
        BodyContent::Text => quote!(impl Into<String>),
        BodyContent::Bytes => quote!(impl Into<runtime::Upload>),
    }
}

/// What a variant holds.
fn variant_type(content: &BodyContent) -> TokenStream {
    match content {
        BodyContent::Json(ty) | BodyContent::Form(ty, _) => expressions::outside(ty),
        BodyContent::Multipart(form) => form_type(form),
        BodyContent::Text => quote!(String),
        BodyContent::Bytes => quote!(runtime::Upload),
    }
}

fn form_type(form: &Multipart) -> TokenStream {
    match &form.type_name {
        Some(name) => {
            let name = format_ident!("{name}");
            quote!(#name)
        }
        None => quote!(runtime::Multipart),
    }
}

/// The step of the request's chain; small values that stand in an argument are referred to.
fn step(content: &BodyContent, media_type: &str, name: &Ident, is_argument: bool) -> TokenStream {
    let referred = |ty: &TypeExpr| match is_argument && expressions::is_by_value(ty) {
        true => quote!(&#name),
        false => quote!(#name),
    };
    match content {
        BodyContent::Json(ty) => {
            let value = referred(ty);
            match media_type.eq_ignore_ascii_case("application/json") {
                true => quote!(.json(#value)),
                false => quote!(.json_as(#media_type, #value)),
            }
        }
        BodyContent::Form(_, styles) => {
            let styles = styles.iter().map(|(name, style)| {
                let style = form_style(*style);
                quote!((#name, runtime::FormStyle::#style))
            });
            quote!(.form(#name, &[#(#styles),*]))
        }
        BodyContent::Multipart(_) => quote!(.multipart(#media_type, #name)),
        BodyContent::Text => quote!(.text(#media_type, #name)),
        BodyContent::Bytes => quote!(.upload(#media_type, #name)),
    }
}

fn form_style(style: FormStyle) -> Ident {
    let name = match style {
        FormStyle::Exploded => "Exploded",
        FormStyle::Commas => "Commas",
        FormStyle::Spaces => "Spaces",
        FormStyle::Pipes => "Pipes",
        FormStyle::Deep => "Deep",
        FormStyle::Json => "Json",
    };
    format_ident!("{name}")
}

/// The enum of bodies, by media type.
fn enumeration(operation: &Operation, body: &Body, name: &str) -> TokenStream {
    let name = format_ident!("{name}");
    let doc = format!(" The body of {}, by media type.", docs::code(&operation.id));
    let first = (&body.variant, &body.media_type, &body.content);
    let others = body.alternatives.iter().map(|other| (&other.variant, &other.media_type, &other.content));
    let all: Vec<_> = std::iter::once(first).chain(others).collect();
    let variants = all.iter().map(|(variant, media_type, content)| {
        let (variant, ty) = (format_ident!("{variant}"), variant_type(content));
        let doc = format!(" Sent as {}.", docs::code(media_type));
        quote!(#[doc = #doc] #variant(#ty))
    });
    let value = format_ident!("body");
    let arms = all.iter().map(|(variant, media_type, content)| {
        let variant = format_ident!("{variant}");
        let step = step(content, media_type, &value, false);
        // What is written is only read.
        let value = match content {
            BodyContent::Json(_) | BodyContent::Form(..) => quote!(ref #value),
            _ => quote!(#value),
        };
        quote!(Self::#variant(#value) => request #step)
    });
    quote! {
        #[doc = #doc]
        #[derive(Debug)]
        #[non_exhaustive]
        pub enum #name {
            #(#variants),*
        }

        impl #name {
            fn apply(self, request: runtime::Request) -> runtime::Request {
                match self {
                    #(#arms),*
                }
            }
        }
    }
}

/// A type with a method for each part.
fn builder(operation: &Operation, form: &Multipart, name: &str) -> TokenStream {
    let name = format_ident!("{name}");
    let doc = format!(" The parts of the body of {}.", docs::code(&operation.id));
    let mut required: Vec<&Part> = form.parts.iter().filter(|part| part.required && part.constant.is_none()).collect();
    required.sort_by(|a, b| a.name.cmp(&b.name));
    let arguments = required.iter().map(|part| {
        let (name, ty) = (format_ident!("{}", part.name), part_type(part));
        quote!(#name: #ty)
    });
    let steps = form.parts.iter().filter(|part| part.required).map(part_step);
    let setters = form.parts.iter().flat_map(setters);
    quote! {
        #[doc = #doc]
        #[derive(Debug)]
        pub struct #name(runtime::Multipart);

        impl #name {
            /// With the parts that must be there.
            pub fn new(#(#arguments),*) -> Self {
                Self(runtime::Multipart::new() #(#steps)*)
            }

            #(#setters)*

            /// Changes the parts: adds some that are not described, or a header to one.
            pub fn map(self, change: impl FnOnce(runtime::Multipart) -> runtime::Multipart) -> Self {
                Self(change(self.0))
            }
        }

        impl From<#name> for runtime::Multipart {
            fn from(form: #name) -> Self {
                form.0
            }
        }
    }
}

fn setters(part: &Part) -> Vec<TokenStream> {
    let mut setters = Vec::new();
    if !part.required {
        let (name, ty, step) = (format_ident!("{}", part.name), part_type(part), part_step(part));
        let doc = docs::of(&part.doc, &format!("Part {}.", docs::code(&part.wire)));
        let deprecated = part.deprecated.then(|| quote!(#[deprecated]));
        setters.push(quote! {
            #doc
            #deprecated
            pub fn #name(self, #name: #ty) -> Self {
                Self(self.0 #step)
            }
        });
    }
    let wire = &part.wire;
    setters.extend(part.headers.iter().map(|(setter, header, doc)| {
        let name = format_ident!("{setter}");
        let doc = docs::of(doc, &format!("Header {} of the part {}.", docs::code(header), docs::code(wire)));
        quote! {
            #doc
            pub fn #name(self, value: &str) -> Self {
                Self(self.0.header(#wire, #header, value))
            }
        }
    }));
    setters
}

fn part_type(part: &Part) -> TokenStream {
    match &part.content {
        PartContent::File => quote!(impl Into<runtime::Upload>),
        PartContent::Files => quote!(impl IntoIterator<Item = impl Into<runtime::Upload>>),
        PartContent::Value(ty) => expressions::borrowed(ty),
    }
}

fn part_step(part: &Part) -> TokenStream {
    let (wire, name) = (&part.wire, format_ident!("{}", part.name));
    let media_type = part.media_type.as_deref().unwrap_or("application/octet-stream");
    let value = match &part.content {
        PartContent::File => return quote!(.file(#wire, #media_type, #name)),
        PartContent::Files => return quote!(.files(#wire, #media_type, #name)),
        PartContent::Value(ty) => match &part.constant {
            Some(constant) => part_constant(part, ty, constant),
            None if expressions::is_by_value(ty) => quote!(&#name),
            None => quote!(#name),
        },
    };
    match &part.media_type {
        Some(media_type) => quote!(.value_as(#wire, #media_type, #value)),
        None => quote!(.value(#wire, #value)),
    }
}

/// A constant: its text, which is also what JSON needs unless it is no text.
fn part_constant(part: &Part, ty: &TypeExpr, constant: &str) -> TokenStream {
    match (ty, expressions::constant(ty, constant)) {
        (TypeExpr::Bool, Some(value)) => quote!(&#value),
        (_, Some(value)) if part.media_type.is_some() => {
            let ty = expressions::outside(ty);
            quote!(&(#value as #ty))
        }
        _ => quote!(#constant),
    }
}
