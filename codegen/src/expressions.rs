//! Types without a name of their own, as Rust.
//!
//! One function for each place: [`field`] inside `types.rs`, [`outside`] in every other module, where a
//! named type is written `types::Name` and the runtime `runtime`; [`borrowed`] is what a method takes as an argument.

use crate::ir::{IntegerKind, TextKind, TypeExpr};
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

/// The type as a field of a struct in `types.rs` has it.
pub fn field(ty: &TypeExpr) -> TokenStream {
    rust(ty, &quote!(), &quote!(countersign_runtime))
}

/// The type as other modules of the crate write it.
pub fn outside(ty: &TypeExpr) -> TokenStream {
    rust(ty, &quote!(types::), &quote!(runtime))
}

/// A value of a scalar that is no text, as a literal; nothing for types that have none.
pub(crate) fn constant(ty: &TypeExpr, text: &str) -> Option<TokenStream> {
    let literal = match ty {
        TypeExpr::Bool => {
            let value: bool = text.parse().ok()?;
            return Some(quote!(#value));
        }
        TypeExpr::Integer(IntegerKind::I32) => Literal::i32_unsuffixed(text.parse().ok()?),
        TypeExpr::Integer(IntegerKind::I64) => Literal::i64_unsuffixed(text.parse().ok()?),
        TypeExpr::Integer(IntegerKind::U32) => Literal::u32_unsuffixed(text.parse().ok()?),
        TypeExpr::Integer(IntegerKind::U64) => Literal::u64_unsuffixed(text.parse().ok()?),
        TypeExpr::Float => Literal::f64_unsuffixed(text.parse().ok().filter(|value: &f64| value.is_finite())?),
        _ => return None,
    };
    Some(quote!(#literal))
}

/// The type of an argument that is only read: references to what is large, values of what is small.
pub fn borrowed(ty: &TypeExpr) -> TokenStream {
    match ty {
        TypeExpr::Bool | TypeExpr::Integer(_) | TypeExpr::Float => outside(ty),
        TypeExpr::Text(TextKind::Plain) => quote!(&str),
        TypeExpr::List(item) => {
            let item = outside(item);
            quote!(&[#item])
        }
        TypeExpr::Nullable(inner) => {
            let inner = borrowed(inner);
            quote!(Option<#inner>)
        }
        _ => {
            let ty = outside(ty);
            quote!(&#ty)
        }
    }
}

/// Whether [`borrowed`] takes the value itself, so that who wants a reference writes `&`.
pub fn is_by_value(ty: &TypeExpr) -> bool {
    matches!(ty, TypeExpr::Bool | TypeExpr::Integer(_) | TypeExpr::Float)
}

fn rust(ty: &TypeExpr, types: &TokenStream, runtime: &TokenStream) -> TokenStream {
    match ty {
        TypeExpr::Any => quote!(serde_json::Value),
        TypeExpr::Bool => quote!(bool),
        TypeExpr::Integer(IntegerKind::I32) => quote!(i32),
        TypeExpr::Integer(IntegerKind::I64) => quote!(i64),
        TypeExpr::Integer(IntegerKind::U32) => quote!(u32),
        TypeExpr::Integer(IntegerKind::U64) => quote!(u64),
        TypeExpr::Float => quote!(f64),
        TypeExpr::Decimal => quote!(#runtime::Decimal),
        TypeExpr::Text(TextKind::Plain) => quote!(String),
        TypeExpr::Text(TextKind::DateTime) => quote!(#runtime::DateTime),
        TypeExpr::Text(TextKind::Date) => quote!(#runtime::Date),
        TypeExpr::Text(TextKind::Uuid) => quote!(#runtime::Uuid),
        TypeExpr::Text(TextKind::Sensitive) => quote!(#runtime::Sensitive),
        TypeExpr::Named(name) => {
            let name = format_ident!("{name}");
            quote!(#types #name)
        }
        TypeExpr::List(item) => {
            let item = rust(item, types, runtime);
            quote!(Vec<#item>)
        }
        TypeExpr::Map(value) if **value == TypeExpr::Any => quote!(serde_json::Map<String, serde_json::Value>),
        TypeExpr::Map(value) => {
            let value = rust(value, types, runtime);
            quote!(std::collections::BTreeMap<String, #value>)
        }
        // `null` is a JSON value already.
        TypeExpr::Nullable(inner) if **inner == TypeExpr::Any => quote!(serde_json::Value),
        TypeExpr::Nullable(inner) => {
            let inner = rust(inner, types, runtime);
            quote!(Option<#inner>)
        }
    }
}

/// Names of the [`crate::ir::TypeDef`]s in an expression.
pub fn names<'t>(ty: &'t TypeExpr, found: &mut dyn FnMut(&'t str)) {
    match ty {
        TypeExpr::Named(name) => found(name),
        TypeExpr::List(inner) | TypeExpr::Map(inner) | TypeExpr::Nullable(inner) => names(inner, found),
        _ => {}
    }
}
