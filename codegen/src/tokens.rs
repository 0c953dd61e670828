//! Recipes that end in `give`: functions of the client that make a token and send nothing.

use crate::client::constant;
use crate::credentials::sources;
use crate::docs;
use crate::ir::Ir;
use countersign_auth::recipe::{Recipe, Source};
use heck::{ToSnakeCase, ToUpperCamelCase};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// `tokens.rs`.
pub fn emit(ir: &Ir) -> TokenStream {
    let tokens = ir.tokens.iter().map(token);
    quote! {
        //! Tokens that are given to the caller; no request is made.

        use crate::client::Client;
        use countersign_runtime as runtime;

        #(#tokens)*
    }
}

/// The method that makes a token.
pub fn method(recipe: &Recipe) -> String {
    recipe.name.to_snake_case()
}

/// An argument of a recipe.
struct Argument {
    wire: String,
    field: proc_macro2::Ident,
    optional: bool,
}

fn arguments(recipe: &Recipe) -> Vec<Argument> {
    let mut arguments: Vec<Argument> = Vec::new();
    sources(recipe, &mut |source| {
        if let Source::Argument { name, optional } = source
            && !arguments.iter().any(|known| known.wire == name.as_ref())
        {
            let field = name.to_snake_case();
            let field = match syn::parse_str::<syn::Ident>(&field) {
                Ok(_) => field,
                Err(_) => format!("{field}_"),
            };
            arguments.push(Argument { wire: name.to_string(), field: format_ident!("{field}"), optional: *optional });
        }
    });
    arguments
}

fn token(recipe: &Recipe) -> TokenStream {
    let arguments = arguments(recipe);
    let method = format_ident!("{}", method(recipe));
    let ty = format_ident!("{}", recipe.name.to_upper_camel_case());
    let name = recipe.name.as_ref();
    let doc = docs::attributes(&[
        format!("A token made by the recipe {}; [`{ty}::give`] makes it.", docs::code(&recipe.name)),
        String::new(),
        format!("How: [`crate::recipes::{}`].", constant(&recipe.name)),
    ]);
    let required: Vec<&Argument> = arguments.iter().filter(|argument| !argument.optional).collect();
    let parameters = required.iter().map(|Argument { field, .. }| quote!(#field: &str));
    let values = required.iter().map(|Argument { field, wire, .. }| quote!((#wire, #field.to_owned())));
    let setters = arguments.iter().filter(|argument| argument.optional).map(|Argument { wire, field, .. }| {
        let doc = docs::attributes(&[format!("With {}.", docs::code(wire))]);
        quote! {
            #doc
            pub fn #field(mut self, #field: &str) -> Self {
                self.arguments.push((#wire, #field.to_owned()));
                self
            }
        }
    });
    let type_doc = docs::attributes(&[format!("What [`Client::{method}`] is about to make.")]);
    quote! {
        impl Client {
            #doc
            pub fn #method(&self, #(#parameters),*) -> #ty {
                #ty { core: self.core.clone(), arguments: vec![#(#values),*] }
            }
        }

        #type_doc
        #[must_use = "nothing is made until `give` is called"]
        #[derive(Clone, Debug)]
        pub struct #ty {
            core: runtime::Core,
            arguments: Vec<(&'static str, String)>,
        }

        impl #ty {
            #(#setters)*

            /// Makes the token, anew at each call.
            ///
            /// # Errors
            /// When an argument, a credential or the clock does not fit the recipe.
            pub fn give(&self) -> Result<runtime::auth::Given, runtime::auth::SignError> {
                let arguments: Vec<(&'static str, &str)> =
                    self.arguments.iter().map(|(name, value)| (*name, value.as_str())).collect();
                self.core.give(#name, &arguments)
            }
        }
    }
}
