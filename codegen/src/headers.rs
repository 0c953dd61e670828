//! Headers that responses declare, as methods of the map of headers: `response.headers().retry_after()?`.
//!
//! One trait for the whole crate, since the same headers stand on most responses of an API. It is sealed: another header
//! is then another method, and breaks nobody.

use crate::ir::{Ir, ResponseHeader};
use crate::{docs, expressions};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// `headers.rs`.
pub fn emit(ir: &Ir) -> TokenStream {
    let signatures = ir.headers.iter().map(|header| {
        let doc = docs::of(&header.doc, &format!("Header {}.", docs::code(&header.wire)));
        let signature = signature(header);
        quote!(#doc #signature;)
    });
    let methods = ir.headers.iter().map(|header| {
        let (signature, wire) = (signature(header), &header.wire);
        quote!(#signature { runtime::header(self, #wire) })
    });
    quote! {
        //! Headers of responses.

        use countersign_runtime as runtime;

        /// Headers that responses declare, on what `headers()` of a response or an error gives.
        ///
        /// One that did not come is `None`; one that is not what the spec says is an error of the access alone.
        #[allow(clippy::missing_errors_doc, reason = "all of them fail in the same way, as said above")]
        pub trait ResponseHeaders: sealed::Sealed {
            #(#signatures)*
        }

        mod sealed {
            pub trait Sealed {}

            impl Sealed for countersign_runtime::http::HeaderMap {}
        }

        impl ResponseHeaders for runtime::http::HeaderMap {
            #(#methods)*
        }
    }
}

fn signature(header: &ResponseHeader) -> TokenStream {
    let (name, ty) = (format_ident!("{}", header.name), expressions::outside(&header.ty));
    quote!(fn #name(&self) -> Result<Option<#ty>, runtime::HeaderError>)
}
