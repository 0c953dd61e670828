//! Results that are asked for until they are there.

use super::{gate, holds, marker_of, page, parameter, text_of};
use crate::docs;
use crate::ir::{Ir, Operation, Poll};
use crate::operations::examples;
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

/// Methods and glue of `x-poll`.
pub(super) fn poll(ir: &Ir, operation: &Operation, poll: &Poll) -> TokenStream {
    let marker = format_ident!("{}", operation.marker);
    let gate = gate(ir, operation, &poll.next);
    let call = examples::invocation(ir, operation);
    let example = examples::fenced(
        ir,
        operation,
        quote! {
            let result = #call.poll().deadline(std::time::Duration::from_secs(300)).await?;
            println!("{:?}", result);
        },
    );
    let Poll { interval_seconds, longest_seconds, deadline_seconds, .. } = poll;
    let sentence = format!(
        "Asks until the result is there: after {interval_seconds} s, then ever less often, up to {longest_seconds} s apart, and for at most {deadline_seconds} s. All three can be set."
    );
    let of_poll = page(&sentence, example);
    let from = poll.id.as_ref().map(|_| {
        let line =
            "Asks for a result whose work was started before, by its id; this call itself is not made.".to_owned();
        let doc = docs::attributes(&[line]);
        quote! {
            #doc
            pub fn poll_from(self, id: impl ToString) -> runtime::Polling<#marker> {
                runtime::Polling::from_id(self.into_request(), id.to_string())
            }
        }
    });
    let glue = polled(operation, poll);
    quote! {
        #gate
        impl client::Call<#marker> {
            #of_poll
            pub fn poll(self) -> runtime::Polling<#marker> {
                runtime::Polling::new(self.into_request())
            }

            #from
        }

        #gate
        #glue
    }
}

fn polled(operation: &Operation, poll: &Poll) -> TokenStream {
    let marker = format_ident!("{}", operation.marker);
    let next = marker_of(operation, &poll.next);
    let (id_parameter, id) = match &poll.id {
        None => (
            quote!(None),
            quote!({
                let _ = answer;
                None
            }),
        ),
        Some((way, place, name)) => {
            let parameter = parameter(*place, name);
            (quote!(Some(#parameter)), text_of(way, &quote!(answer)))
        }
    };
    let result = match poll.first_is_result {
        true => quote!((!Self::is_pending(&answer)).then_some(answer)),
        false => quote!({
            drop(answer);
            None
        }),
    };
    let pending = holds(&poll.pending, &quote!(answer));
    let [interval, longest, deadline] = [poll.interval_seconds, poll.longest_seconds, poll.deadline_seconds]
        .map(Literal::u32_unsuffixed)
        .map(|seconds| quote!(std::time::Duration::from_secs(#seconds)));
    quote! {
        impl runtime::poll::Polled for #marker {
            type Next = #next;
            const POLL: runtime::poll::PollInfo = runtime::poll::PollInfo {
                id: #id_parameter,
                interval: #interval,
                longest_interval: #longest,
                deadline: #deadline,
            };

            fn id(answer: &Self::Output) -> Option<String> {
                #id
            }

            fn result(
                answer: runtime::Response<Self::Output>,
            ) -> Option<runtime::Response<runtime::poll::PollResult<Self>>> {
                #result
            }

            fn is_pending(answer: &runtime::poll::PollResult<Self>) -> bool {
                #pending
            }
        }
    }
}
