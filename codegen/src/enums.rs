//! Enums, open ones: a value that the document does not know survives and round-trips.
//!
//! The code is the runtime's `open_enum!` and `open_integer_enum!`; what is written here is names, values
//! and documentation.

use crate::docs;
use crate::ir::{Enum, TypeDef};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// The enum as a call of the runtime's macro.
pub fn emit(def: &TypeDef, choice: &Enum) -> TokenStream {
    let name = format_ident!("{}", def.name);
    let doc = docs::of(&def.doc, &format!("`{}`.", def.name));
    let deprecated = def.deprecated.then(|| quote!(#[deprecated]));
    let integers = is_integer(choice);
    let variants = choice.variants.iter().map(|variant| {
        let name = format_ident!("{}", variant.name);
        let wire = match variant.wire.parse::<i64>() {
            Ok(value) if integers => {
                let value = proc_macro2::Literal::i64_unsuffixed(value);
                quote!(#value)
            }
            _ => {
                let text = &variant.wire;
                quote!(#text)
            }
        };
        let doc = docs::of(&variant.doc, &format!("{}.", docs::code(&variant.wire)));
        quote!(#doc #name = #wire)
    });
    let makro = if integers { quote!(open_integer_enum) } else { quote!(open_enum) };
    quote! {
        countersign_runtime::#makro! {
            #doc
            #deprecated
            pub enum #name {
                #(#variants,)*
            }
        }
    }
}

/// Whether all values are integers in JSON.
pub fn is_integer(choice: &Enum) -> bool {
    !choice.variants.is_empty()
        && choice.variants.iter().all(|variant| variant.integer && variant.wire.parse::<i64>().is_ok())
}
