//! `types.rs`, and the files below it in a large crate.
//!
//! A small crate has all its types in one file. In a large one, what stands inside an operation goes to the file
//! of the operation's tag, and everything else to the file of its first letter, those that no operation reaches apart.
//! `types.rs` exports all of them, so that a type's path is the same wherever it stands. A file that is not compiled
//! is not even read.

use crate::features::{self, Features, is_large};
use crate::finding::Finding;
use crate::ir::{Ir, TypeDef, TypeKind};
use crate::references::escape_token;
use crate::{enums, structs, unions};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use std::collections::BTreeMap;

/// The files of types, by their paths.
///
/// # Errors
/// Findings on structs that progenitor makes otherwise than asked.
pub fn emit(ir: &Ir, features: &Features<'_>) -> Result<Vec<(String, TokenStream)>, Vec<Finding>> {
    let mut structs = structs::emit(ir)?;
    let helpers = structs::helpers(ir);
    let mut tokens = |def: &TypeDef| match &def.kind {
        TypeKind::Struct(_) => structs.remove(&def.name).unwrap_or_default(),
        TypeKind::Enum(choice) => enums::emit(def, choice),
        TypeKind::Union(union) => unions::emit(def, union),
    };
    if !is_large(ir) {
        let types: Vec<TokenStream> = ir.types.iter().map(tokens).collect();
        return Ok(vec![(
            "src/types.rs".to_owned(),
            quote! {
                //! What requests and responses hold.

                #(#types)*
                #helpers
            },
        )]);
    }
    let places = operations(ir);
    let mut files: BTreeMap<Place<'_>, Vec<TokenStream>> = BTreeMap::new();
    for def in &ir.types {
        let place = place(def, features, &places);
        let gate = match place {
            Place::Letter(_) => features.of_type(&def.name),
            Place::Tag(_) | Place::Unreferenced(_) => None,
        };
        files.entry(place).or_default().push(gated(tokens(def), gate.as_ref()));
    }
    let mut out = vec![("src/types.rs".to_owned(), index(&files, features, &helpers))];
    out.extend(files.into_iter().map(|(place, types)| {
        let head = place.head();
        let file = quote! {
            #![doc = #head]

            use super::*;

            #(#types)*
        };
        (format!("src/types/{}.rs", place.module()), file)
    }));
    Ok(out)
}

/// A file of types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place<'i> {
    /// What stands inside the operations of one tag.
    Tag(&'i str),
    /// Names that begin with this letter.
    Letter(char),
    /// The same, of types that no operation reaches.
    Unreferenced(char),
}

impl Place<'_> {
    fn module(self) -> String {
        match self {
            Place::Tag(module) => format!("in_{}", module.trim_end_matches('_')),
            Place::Letter(letter) => format!("letter_{letter}"),
            Place::Unreferenced(letter) => format!("unreferenced_{letter}"),
        }
    }

    fn head(self) -> String {
        match self {
            Place::Tag(module) => format!(" What stands inside the operations of `{module}`."),
            Place::Letter(letter) => format!(" Types whose names begin with {}.", letter.to_ascii_uppercase()),
            Place::Unreferenced(letter) => {
                format!(" Types that no operation needs, whose names begin with {}.", letter.to_ascii_uppercase())
            }
        }
    }
}

/// Modules of operations by their pointers.
fn operations(ir: &Ir) -> BTreeMap<String, &str> {
    let pointer = |path: &str, method: &str| format!("/paths/{}/{}", escape_token(path), method.to_ascii_lowercase());
    ir.operations.iter().map(|o| (pointer(&o.path, &o.method), o.module.as_str())).collect()
}

fn place<'i>(def: &TypeDef, features: &Features<'_>, operations: &BTreeMap<String, &'i str>) -> Place<'i> {
    let inside = def.pointer.match_indices('/').nth(3).map(|(end, _)| &def.pointer[..end]);
    let module = inside.and_then(|operation| operations.get(operation)).copied();
    // A path item that two tags share is compiled for both.
    let alone = module.filter(|module| features.tags.is_empty() || features.only_module(&def.name) == Some(*module));
    let letter = def.name.chars().next().unwrap_or('_').to_ascii_lowercase();
    match alone {
        Some(module) => Place::Tag(module),
        None if features.is_unreferenced(&def.name) => Place::Unreferenced(letter),
        None => Place::Letter(letter),
    }
}

/// `types.rs` of a large crate.
fn index(files: &BTreeMap<Place<'_>, Vec<TokenStream>>, features: &Features<'_>, helpers: &TokenStream) -> TokenStream {
    let gate = |place: &Place<'_>| match place {
        Place::Tag(module) => features.of_tag(module),
        Place::Letter(_) => None,
        Place::Unreferenced(_) => Some(features::unreferenced()),
    };
    let modules = files.keys().map(|place| {
        let (gate, name) = (gate(place), format_ident!("{}", place.module()));
        quote!(#gate mod #name;)
    });
    let exports = files.keys().map(|place| {
        let (gate, name) = (gate(place), format_ident!("{}", place.module()));
        quote!(#gate pub use #name::*;)
    });
    quote! {
        //! What requests and responses hold.

        #(#modules)*

        #(#exports)*

        #helpers
    }
}

/// The items with this attribute on each.
fn gated(tokens: TokenStream, gate: Option<&TokenStream>) -> TokenStream {
    let Some(gate) = gate else { return tokens };
    // What is no file of Rust is reported where it is printed.
    let Ok(file) = syn::parse2::<syn::File>(tokens.clone()) else { return tokens };
    let items = file.items.iter().map(|item| quote!(#gate #item));
    quote!(#(#items)*)
}
