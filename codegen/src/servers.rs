//! The servers of an API: an enum, and one type for each server whose URL has variables.

use crate::docs;
use crate::ir::{Ir, Server, ServerPiece, ServerTemplate, ServerVariable};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// The enum `Server` and the types that its variants hold.
pub fn emit(ir: &Ir) -> TokenStream {
    let unset = [Server { name: "Unset".into(), url: String::new(), template: None, doc: Default::default() }];
    let servers = if ir.api.servers.is_empty() { &unset[..] } else { &ir.api.servers };
    let has_variables = servers.iter().any(|server| server.template.is_some());
    let variants = servers.iter().enumerate().map(|(at, server)| {
        let (name, doc) = (format_ident!("{}", server.name), doc(server));
        let default = (at == 0 && !has_variables).then(|| quote!(#[default]));
        let held = server.template.as_ref().map(|template| {
            let ty = format_ident!("{}", template.type_name);
            quote!((#ty))
        });
        quote!(#doc #default #name #held)
    });
    let urls = servers.iter().map(|server| {
        let (name, url) = (format_ident!("{}", server.name), &server.url);
        match server.template {
            Some(_) => quote!(Self::#name(server) => server.url().into()),
            None => quote!(Self::#name => #url.into()),
        }
    });
    let derives = match has_variables {
        true => quote!(#[derive(Clone, Debug, PartialEq, Eq)]),
        false => quote!(#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]),
    };
    let default = has_variables.then(|| default(&servers[0]));
    let held = servers.iter().filter_map(|server| Some(variables(server, server.template.as_ref()?)));
    quote! {
        /// Where the service stands; the first one is the default.
        #derives
        #[non_exhaustive]
        pub enum Server {
            #(#variants),*
        }

        #default

        impl runtime::Server for Server {
            fn url(&self) -> std::borrow::Cow<'_, str> {
                match self {
                    #(#urls),*
                }
            }
        }

        #(#held)*
    }
}

fn doc(server: &Server) -> TokenStream {
    let fallback = match server.url.as_str() {
        "" => "No server is declared: the builder's `base_url` says which.".to_owned(),
        path if path.starts_with('/') => {
            format!("{} on a host that is not declared: the builder's `base_url` says which.", docs::code(path))
        }
        url => format!("{}.", docs::code(url)),
    };
    docs::of(&server.doc, &fallback)
}

fn default(first: &Server) -> TokenStream {
    let name = format_ident!("{}", first.name);
    let value = match first.template {
        Some(_) => quote!(Self::#name(Default::default())),
        None => quote!(Self::#name),
    };
    quote! {
        impl Default for Server {
            fn default() -> Self {
                #value
            }
        }
    }
}

/// The values of a server's variables.
fn variables(server: &Server, template: &ServerTemplate) -> TokenStream {
    let (variant, ty) = (format_ident!("{}", server.name), format_ident!("{}", template.type_name));
    let about = docs::attributes(&[format!("The variables of {}.", docs::code(&written(template)))]);
    let names: Vec<_> = template.variables.iter().map(|variable| format_ident!("{}", variable.name)).collect();
    // A variable without a value stays in its braces, which a client's builder refuses.
    let defaults = template
        .variables
        .iter()
        .map(|variable| variable.default.clone().unwrap_or_else(|| format!("{{{}}}", variable.wire)));
    let setters = template.variables.iter().zip(&names).map(|(variable, name)| {
        let doc = docs::attributes(&docs::lines(&variable.doc, &about_variable(variable)));
        quote! {
            #doc
            #[must_use]
            pub fn #name(mut self, #name: impl Into<String>) -> Self {
                self.#name = #name.into();
                self
            }
        }
    });
    let pieces = template.pieces.iter().map(|piece| match piece {
        ServerPiece::Text(text) => quote!(#text),
        ServerPiece::Variable(name) => {
            let name = format_ident!("{name}");
            quote!(&self.#name)
        }
    });
    quote! {
        #about
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct #ty {
            #(#names: String),*
        }

        impl #ty {
            /// All variables with their first values.
            pub fn new() -> Self {
                Self { #(#names: #defaults.to_owned()),* }
            }

            #(#setters)*

            fn url(&self) -> String {
                [#(#pieces),*].concat()
            }
        }

        impl Default for #ty {
            fn default() -> Self {
                Self::new()
            }
        }

        impl From<#ty> for Server {
            fn from(server: #ty) -> Self {
                Self::#variant(server)
            }
        }
    }
}

fn about_variable(variable: &ServerVariable) -> String {
    let values: Vec<String> = variable.values.iter().map(|value| docs::code(value)).collect();
    let first = match &variable.default {
        Some(default) => format!("{} at first", docs::code(default)),
        None => "to be set".to_owned(),
    };
    let wire = docs::code(&variable.wire);
    match values.is_empty() {
        true => format!("Sets {wire}; {first}."),
        false => format!("Sets {wire}, one of {}; {first}.", values.join(", ")),
    }
}

/// The URL with its variables in braces.
fn written(template: &ServerTemplate) -> String {
    let wire =
        |name: &str| template.variables.iter().find(|v| v.name == name).map_or(name.to_owned(), |v| v.wire.clone());
    let piece = |piece: &ServerPiece| match piece {
        ServerPiece::Text(text) => text.clone(),
        ServerPiece::Variable(name) => format!("{{{}}}", wire(name)),
    };
    template.pieces.iter().map(piece).collect()
}
