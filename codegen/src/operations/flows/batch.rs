//! Records that go out in several calls.

use super::{borrowed, holds, page, text_of};
use crate::expressions;
use crate::ir::{Batch, BatchAnswer, BatchWhich, Ir, Operation, Way};
use crate::operations::{examples, responses};
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

/// Methods and glue of `x-batch`.
pub(super) fn batch(ir: &Ir, operation: &Operation, batch: &Batch) -> TokenStream {
    let marker = format_ident!("{}", operation.marker);
    let record = expressions::outside(&batch.record);
    let sentence = format!(
        "Sends any number of records, at most {} in a call. What this call has besides goes with each; records in its own body go first.",
        batch.limit
    );
    let call = examples::invocation(ir, operation);
    let value = examples::value(ir, &batch.record);
    let example = examples::fenced(
        ir,
        operation,
        quote! {
            let records = vec![#value];
        let report = #call.batch(records).await;
            println!("{report}");
            for rejected in report.rejected() {
                println!("record {}: {:?}", rejected.index, rejected.why);
            }
        },
    );
    let of_batch = page(&sentence, example);
    let glue = batched(operation, batch);
    quote! {
        impl client::Call<#marker> {
            #of_batch
            pub fn batch(
                self,
                records: impl IntoIterator<Item = #record, IntoIter: runtime::batches::Source>,
            ) -> runtime::Batch<#marker> {
                runtime::Batch::new(self.into_request(), records)
            }

            /// The same for records that arrive one by one.
            pub fn batch_stream(
                self,
                records: impl runtime::Stream<Item = #record> + runtime::batches::Source,
            ) -> runtime::Batch<#marker> {
                runtime::Batch::of_stream(self.into_request(), records)
            }
        }

        #glue
    }
}

fn batched(operation: &Operation, batch: &Batch) -> TokenStream {
    let marker = format_ident!("{}", operation.marker);
    let (record, rejected) = (expressions::outside(&batch.record), expressions::outside(&batch.rejected));
    let info = info(batch);
    let answer = answer(&batch.answer, &quote!(answer));
    let failure = match &batch.failure {
        None => quote!({
            let _ = error;
            None
        }),
        Some(failure) => {
            let answer = self::answer(failure, &quote!(error));
            quote!(Some(#answer))
        }
    };
    let which = match &batch.which {
        None => quote!({
            let _ = rejected;
            runtime::batches::Which::Untold
        }),
        Some(BatchWhich::Index(way)) => {
            let value = text_of(way, &quote!(rejected));
            quote! {
                let index = || { #value.and_then(|index: String| index.parse().ok()) };
                index().map_or(runtime::batches::Which::Untold, runtime::batches::Which::Index)
            }
        }
        Some(BatchWhich::Echo(way)) => {
            let value = borrowed(way, &quote!(rejected));
            quote! {
                let echo = || serde_json::to_value(#value).ok();
                echo().map_or(runtime::batches::Which::Untold, runtime::batches::Which::Echo)
            }
        }
    };
    let may_pass = match &batch.again {
        None => quote!({
            let _ = rejected;
            false
        }),
        Some(condition) => holds(condition, &quote!(rejected)),
    };
    quote! {
        impl runtime::batches::Batched for #marker {
            type Record = #record;
            type Rejected = #rejected;
            const BATCH: runtime::batches::BatchInfo = #info;

            fn answer(answer: Self::Output) -> runtime::batches::BatchAnswer<Self::Rejected> {
                let answer = &answer;
                #answer
            }

            fn failure(error: &Self::Error) -> Option<runtime::batches::BatchAnswer<Self::Rejected>> {
                #failure
            }

            fn which(rejected: &Self::Rejected) -> runtime::batches::Which {
                #which
            }

            fn may_pass(rejected: &Self::Rejected) -> bool {
                #may_pass
            }
        }
    }
}

fn info(batch: &Batch) -> TokenStream {
    let records = &batch.records;
    let limit = Literal::u32_unsuffixed(batch.limit);
    let bytes = match batch.bytes {
        None => quote!(None),
        Some(bytes) => {
            let bytes = Literal::u32_unsuffixed(bytes);
            quote!(Some(#bytes))
        }
    };
    let smaller = batch.smaller.iter().map(|(at, values, limit)| {
        let values = values.iter().filter_map(responses::constant);
        let limit = Literal::u32_unsuffixed(*limit);
        quote!(runtime::batches::SmallerLimit { at: #at, equals: &[#(#values),*], limit: #limit })
    });
    quote! {
        runtime::batches::BatchInfo { records: #records, limit: #limit, bytes: #bytes, smaller: &[#(#smaller),*] }
    }
}

/// What an answer says, read from a reference to it.
fn answer(answer: &BatchAnswer, body: &TokenStream) -> TokenStream {
    let accepted = match &answer.accepted {
        None => quote!(None),
        Some(way) => {
            let value = text_of(way, body);
            quote! {
                {
                    let accepted = || #value;
                    accepted().and_then(|accepted: String| accepted.parse().ok())
                }
            }
        }
    };
    let complete = match &answer.complete {
        None => quote!(None),
        Some(condition) => {
            let holds = holds(condition, body);
            quote!(Some({ #holds }))
        }
    };
    let rejected = answer.rejected.as_ref().map_or_else(|| quote!(Vec::new()), |way| list(way, body));
    quote! {
        runtime::batches::BatchAnswer { accepted: #accepted, is_complete: #complete, rejected: #rejected }
    }
}

/// A copy of a list; none is an empty one.
fn list(way: &Way, body: &TokenStream) -> TokenStream {
    let value = borrowed(way, body);
    quote! {
        {
            let rejected = || Some((#value).clone());
            rejected().unwrap_or_default()
        }
    }
}
