//! What the provider sends: one marker type for each webhook, which names its event and what verifies it.
//!
//! The receiver lies in the runtime; the README shows one.

use crate::client::constant;
use crate::ir::{Ir, Webhook};
use crate::{docs, expressions};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// What the module offers beside the markers; none of these names ends like a marker's.
pub const EXPORTS: [&str; 7] =
    ["Delivery", "MemoryReplayStore", "Receiver", "ReceiverBuilder", "ReceiverError", "Rejection", "ReplayStore"];

/// `webhooks.rs`.
pub fn emit(ir: &Ir) -> TokenStream {
    let title = docs::plain_line(&ir.api.title);
    let head = format!(" What {title} sends: events, verified before they are read.");
    let markers = ir.webhooks.iter().map(|webhook| marker(ir, webhook));
    let infos = ir.webhooks.iter().map(|webhook| {
        let marker = format_ident!("{}", webhook.marker);
        quote!(<#marker as webhooks::Webhook>::INFO)
    });
    let exports = EXPORTS.map(|name| format_ident!("{name}"));
    let types = ir.webhooks.iter().any(|webhook| {
        let mut found = false;
        expressions::names(&webhook.event, &mut |_| found = true);
        found
    });
    let types = types.then(|| {
        quote!(
            use crate::types;
        )
    });
    quote! {
        #![doc = #head]

        use crate::recipes;
        #types
        use countersign_runtime as runtime;
        use countersign_runtime::webhooks;

        pub use countersign_runtime::webhooks::{#(#exports),*};

        /// All webhooks by name.
        pub const WEBHOOKS: &[&webhooks::WebhookInfo] = &[#(#infos),*];

        #(#markers)*
    }
}

fn marker(ir: &Ir, webhook: &Webhook) -> TokenStream {
    let Webhook { name, scheme, .. } = webhook;
    let provider = &ir.api.provider;
    let marker = format_ident!("{}", webhook.marker);
    let mut lines = docs::lines(&webhook.doc, &format!("{}.", docs::code(name)));
    lines.push(String::new());
    lines.push(format!("`Receiver<{marker}>` verifies it by {}.", docs::code(scheme)));
    if let Some(dedupe) = &webhook.dedupe {
        lines.push(format!("What was handled is known again by the member at {}.", docs::code(dedupe)));
    }
    let doc = docs::attributes(&lines);
    let deprecated = webhook.deprecated.then(|| quote!(#[deprecated]));
    let event = expressions::outside(&webhook.event);
    let dedupe = match &webhook.dedupe {
        Some(dedupe) => quote!(Some(#dedupe)),
        None => quote!(None),
    };
    let recipe = constant(scheme);
    quote! {
        #doc
        #deprecated
        #[derive(Clone, Copy, Debug)]
        pub struct #marker;

        impl webhooks::Webhook for #marker {
            type Event = #event;
            const INFO: &'static webhooks::WebhookInfo = &webhooks::WebhookInfo {
                provider: #provider,
                event: #name,
                scheme: #scheme,
                dedupe: #dedupe,
            };

            fn recipe() -> runtime::auth::recipe::Recipe {
                recipes::#recipe
            }
        }
    }
}
