//! Streams of pages and items.

use super::{gate, marker_of, page, parameter, text_of};
use crate::ir::{Ir, Operation, Pages, Way};
use crate::operations::examples;
use crate::{docs, expressions};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// Methods and glue of `x-pages`.
pub(super) fn pages(ir: &Ir, operation: &Operation, pages: &Pages) -> TokenStream {
    let marker = format_ident!("{}", operation.marker);
    let gate = gate(ir, operation, &pages.next);
    let example = |method: &str, name: &str| {
        let (method, name) = (format_ident!("{method}"), format_ident!("{name}"));
        let plural = format_ident!("{name}s");
        let call = examples::invocation(ir, operation);
        examples::fenced(
            ir,
            operation,
            quote! {
                let mut #plural = #call.#method();
                while let Some(#name) = #plural.next().await? {
                    println!("{:?}", #name);
                }
            },
        )
    };
    let of_pages =
        page("The pages that begin with this call, each fetched when it is asked for.", example("pages", "page"));
    let of_items = page("The items of the pages that begin with this call, in their order.", example("items", "item"));
    let from = (!pages.begins_at_cursor).then(|| {
        let line = match pages.first_is_page {
            true => "with the options of this call",
            false => "with the options of this call, which itself is not made",
        };
        let of_pages = docs::attributes(&[format!("The pages from a cursor on that was saved, {line}.")]);
        let of_items = docs::attributes(&[format!("The items from a cursor on that was saved, {line}.")]);
        quote! {
            #of_pages
            pub fn pages_from(self, cursor: impl Into<String>) -> runtime::Pages<#marker> {
                runtime::Pages::from_cursor(self.into_request(), cursor)
            }

            #of_items
            pub fn items_from(self, cursor: impl Into<String>) -> runtime::Items<#marker> {
                self.pages_from(cursor).items()
            }
        }
    });
    let glue = paged(operation, pages);
    quote! {
        #gate
        impl client::Call<#marker> {
            #of_pages
            pub fn pages(self) -> runtime::Pages<#marker> {
                runtime::Pages::new(self.into_request())
            }

            #of_items
            pub fn items(self) -> runtime::Items<#marker> {
                self.pages().items()
            }

            #from
        }

        #gate
        #glue
    }
}

/// How the pages of an operation hang together.
fn paged(operation: &Operation, pages: &Pages) -> TokenStream {
    let marker = format_ident!("{}", operation.marker);
    let next = marker_of(operation, &pages.next);
    let item = expressions::outside(&pages.item);
    let (place, name) = &pages.parameter;
    let parameter = parameter(*place, name);
    let first_page = match pages.first_is_page {
        true => quote!(Some(answer)),
        false => quote!({
            drop(answer);
            None
        }),
    };
    let first_cursor = text_of(&pages.first_cursor, &quote!(answer));
    let cursor = text_of(&pages.cursor, &quote!(page));
    let items = list_of(&pages.items, &quote!(page));
    quote! {
        impl runtime::pages::Paged for #marker {
            type Next = #next;
            type Item = #item;
            const CURSOR: runtime::pages::CursorParameter = #parameter;

            fn first_cursor(answer: &Self::Output) -> Option<String> {
                #first_cursor
            }

            fn first_page(answer: runtime::Response<Self::Output>) -> Option<runtime::Response<runtime::pages::Page<Self>>> {
                #first_page
            }

            fn cursor(page: &runtime::pages::Page<Self>) -> Option<String> {
                #cursor
            }

            fn items(page: runtime::pages::Page<Self>) -> Vec<Self::Item> {
                #items
            }
        }
    }
}

/// A list, taken out of its body; none is an empty one.
fn list_of(way: &Way, body: &TokenStream) -> TokenStream {
    let mut value = body.clone();
    for step in &way.steps {
        let field = format_ident!("{}", step.field);
        value = quote!(#value.#field);
        for _ in 0..step.options {
            value = quote!(#value?);
        }
    }
    match way.steps.iter().any(|step| step.options > 0) {
        false => value,
        true => quote! {
            let items = || Some(#value);
            items().unwrap_or_default()
        },
    }
}
