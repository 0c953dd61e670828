//! Unions: a choice of types, told apart by a tag or by what decodes and loses nothing.
//!
//! The code is the runtime's `tagged_union!` and `shape_union!`; what is written here is branches, the
//! values of their tags and members, conversions from each branch's type, and documentation.

use crate::ir::{Branch, Guard, TextKind, TypeDef, TypeExpr, Union, UnionBy};
use crate::{docs, expressions, lines};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// The union as a call of the runtime's macro, and conversions into it.
pub fn emit(def: &TypeDef, union: &Union) -> TokenStream {
    let name = format_ident!("{}", def.name);
    let (doc, line) = (docs::of(&def.doc, &format!("`{}`.", def.name)), lines::of(&def.name));
    let deprecated = def.deprecated.then(|| quote!(#[deprecated]));
    let branches = union.branches.iter().map(|branch| {
        let name = format_ident!("{}", branch.name);
        let ty = branch_type(branch);
        let doc = docs::of(&branch.doc, &branch_doc(branch));
        let tags = branch.tags.iter();
        let tags = (union.by != UnionBy::Shape).then(|| quote!(= #(#tags)|*));
        let (must, may): (Vec<&Guard>, Vec<&Guard>) = branch.guards.iter().partition(|guard| guard.strict);
        let (must, may) = (guards(&quote!(must), &must), guards(&quote!(may), &may));
        quote!(#doc #name(#ty) #tags #must #may)
    });
    let (makro, tag) = match &union.by {
        UnionBy::Tag(tag) => (quote!(tagged_union), quote!((#tag))),
        UnionBy::Shape => (quote!(shape_union), quote!()),
    };
    let conversions = union.branches.iter().filter(|branch| is_only(union, branch)).map(|branch| from(def, branch));
    quote! {
        countersign_runtime::#makro! {
            #doc
            #line
            #deprecated
            #[derive(PartialEq)]
            pub enum #name #tag {
                #(#branches,)*
            }
        }
        #(#conversions)*
    }
}

/// Members by whose values a branch is known.
fn guards(word: &TokenStream, guards: &[&Guard]) -> Option<TokenStream> {
    let members = guards.iter().map(|guard| {
        let (wire, values) = (&guard.wire, &guard.values);
        quote!(#wire = #(#values)|*)
    });
    (!guards.is_empty()).then(|| quote!(#word { #(#members),* }))
}

fn branch_doc(branch: &Branch) -> String {
    match branch.tags.as_slice() {
        [] => format!("`{}`.", branch.name),
        tags => format!("{}.", tags.iter().map(|tag| docs::code(tag)).collect::<Vec<_>>().join(" or ")),
    }
}

fn branch_type(branch: &Branch) -> TokenStream {
    let ty = expressions::field(&branch.ty);
    if branch.boxed { quote!(Box<#ty>) } else { ty }
}

/// Whether no other branch holds the same type, so that a conversion can mean only this one. A branch of
/// any JSON value would be in the way of the others.
fn is_only(union: &Union, branch: &Branch) -> bool {
    branch.ty != TypeExpr::Any && union.branches.iter().filter(|other| other.ty == branch.ty).count() == 1
}

fn from(def: &TypeDef, branch: &Branch) -> TokenStream {
    let (union, variant) = (format_ident!("{}", def.name), format_ident!("{}", branch.name));
    let ty = expressions::field(&branch.ty);
    let value = if branch.boxed { quote!(Box::new(value)) } else { quote!(value) };
    let text = (branch.ty == TypeExpr::Text(TextKind::Plain) && !branch.boxed).then(|| {
        quote! {
            impl From<&str> for #union {
                fn from(value: &str) -> Self {
                    Self::#variant(value.to_owned())
                }
            }
        }
    });
    quote! {
        impl From<#ty> for #union {
            fn from(value: #ty) -> Self {
                Self::#variant(#value)
            }
        }
        #text
    }
}
