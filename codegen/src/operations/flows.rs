//! Calls that follow one another: methods on the call, and what the runtime needs to know of the bodies.

mod batch;
mod pages;
mod poll;

use crate::docs;
use crate::features::Features;
use crate::ir::{Condition, Ir, Operation, OtherOperation, ParameterPlace, TypeExpr, Way};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// The methods and the glue of an operation's flows.
pub fn of(ir: &Ir, operation: &Operation) -> TokenStream {
    let flows = &operation.flows;
    let pages = flows.pages.as_ref().map(|pages| pages::pages(ir, operation, pages));
    let poll = flows.poll.as_ref().map(|poll| poll::poll(ir, operation, poll));
    let batch = flows.batch.as_ref().map(|batch| batch::batch(ir, operation, batch));
    quote!(#pages #poll #batch)
}

/// What the operation's own page says of them.
pub fn lines(operation: &Operation) -> Vec<String> {
    let flows = &operation.flows;
    let pages = flows.pages.as_ref().map(|_| "`.pages()` and `.items()` follow the pages to the last one.");
    let poll = flows.poll.as_ref().map(|_| "`.poll()` asks until the result is there.");
    let batch =
        flows.batch.as_ref().map(|_| "`.batch(records)` sends any number of records, in as many calls as it takes.");
    [pages, poll, batch].into_iter().flatten().map(str::to_owned).collect()
}

/// Types that the glue names.
pub fn types(operation: &Operation) -> impl Iterator<Item = &TypeExpr> {
    let flows = &operation.flows;
    let batch = flows.batch.iter().flat_map(|batch| [&batch.record, &batch.rejected]);
    flows.pages.iter().map(|pages| &pages.item).chain(batch)
}

/// A method's page: a sentence and an example.
fn page(sentence: &str, example: Vec<String>) -> TokenStream {
    let mut page = docs::Page(vec![sentence.to_owned()]);
    page.paragraph(["# Example".to_owned()]);
    page.paragraph(example);
    docs::attributes(&page.0)
}

/// The marker type of another operation, from this one's module.
fn marker_of(operation: &Operation, other: &OtherOperation) -> TokenStream {
    let marker = format_ident!("{}", other.marker);
    let module = format_ident!("{}", other.module);
    match operation.module == other.module {
        true => quote!(#marker),
        false => quote!(crate::operations::#module::#marker),
    }
}

/// When the other operation is there, where that is not always.
fn gate(ir: &Ir, operation: &Operation, other: &OtherOperation) -> Option<TokenStream> {
    match operation.module == other.module {
        true => None,
        false => Features::of(ir).of_tag(&other.module),
    }
}

/// The text of a member, in a function that yields an option.
fn text_of(way: &Way, body: &TokenStream) -> TokenStream {
    let value = borrowed(way, body);
    quote!(Some(runtime::ParameterValue::text(#value).into_owned()))
}

/// A reference to a member; `?` where it may be absent.
fn borrowed(way: &Way, body: &TokenStream) -> TokenStream {
    let mut value = body.clone();
    for (at, step) in way.steps.iter().enumerate() {
        let field = format_ident!("{}", step.field);
        value = quote!(#value.#field);
        for _ in 0..step.options {
            value = quote!(#value.as_ref()?);
        }
        if at + 1 == way.steps.len() && step.options == 0 {
            value = quote!(&#value);
        }
    }
    value
}

/// Whether a member has one of some values, in a function that yields a boolean.
fn holds(condition: &Condition, body: &TokenStream) -> TokenStream {
    let value = text_of(&condition.at, body);
    let values = condition.values.iter().map(|value| match value {
        serde_json::Value::String(text) => text.clone(),
        value => value.to_string(),
    });
    let not = (!condition.equals).then(|| quote!(!));
    quote! {
        let value = || #value;
        value().is_some_and(|value: String| #not [#(#values),*].contains(&value.as_str()))
    }
}

/// A parameter as the runtime fills it.
fn parameter(place: ParameterPlace, name: &str) -> TokenStream {
    let place = match place {
        ParameterPlace::Path => quote!(Path),
        ParameterPlace::Header => quote!(Header),
        ParameterPlace::Query | ParameterPlace::Cookie => quote!(Query),
    };
    quote!(runtime::pages::CursorParameter::#place(#name))
}
