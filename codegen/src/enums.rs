//! Enums, open ones: a value that the document does not know survives and round-trips.
//!
//! The code is the runtime's `open_enum!` and `open_integer_enum!`; what is written here is names, values
//! and documentation. A life cycle that the document declares becomes methods beside it.

use crate::ir::{Enum, Transitions, TypeDef};
use crate::{docs, lines};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// The enum as a call of the runtime's macro.
pub fn emit(def: &TypeDef, choice: &Enum) -> TokenStream {
    let name = format_ident!("{}", def.name);
    let (doc, line) = (docs::of(&def.doc, &format!("`{}`.", def.name)), lines::of(&def.name));
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
    let life_cycle = life_cycle(&name, choice);
    let makro = if integers { quote!(open_integer_enum) } else { quote!(open_enum) };
    quote! {
        countersign_runtime::#makro! {
            #doc
            #line
            #deprecated
            pub enum #name {
                #(#variants,)*
            }
        }
        #life_cycle
    }
}

/// What `x-synonyms` and `x-transitions` say. Values are compared as text, as everywhere in an open enum: one that is
/// read from elsewhere as `Unrecognized` means what its text means.
fn life_cycle(name: &Ident, choice: &Enum) -> Option<TokenStream> {
    let transitions = choice.transitions.as_ref();
    if transitions.is_none() && choice.synonyms.is_empty() {
        return None;
    }
    let known: Vec<&(String, String)> =
        choice.synonyms.iter().filter(|(_, same)| choice.variants.iter().any(|v| v.wire == *same)).collect();
    let canonical = (!known.is_empty()).then(|| canonical(choice, &known));
    let transitions = transitions.map(|transitions| self::transitions(choice, transitions, &known));
    (canonical.is_some() || transitions.is_some()).then(|| {
        quote! {
            impl #name {
                #canonical
                #transitions
            }
        }
    })
}

/// One word of several for a value.
fn canonical(choice: &Enum, synonyms: &[&(String, String)]) -> TokenStream {
    let mut lines = vec![
        "The value by the word that others are told by, where the provider has several words for it.".to_owned(),
        String::new(),
        "| word | means |".to_owned(),
        "|---|---|".to_owned(),
    ];
    lines.extend(synonyms.iter().map(|(word, same)| format!("| {} | {} |", docs::cell(word), docs::cell(same))));
    let doc = docs::attributes(&lines);
    let arms = synonyms.iter().filter_map(|(word, same)| {
        let variant = choice.variants.iter().find(|variant| variant.wire == *same)?;
        let variant = format_ident!("{}", variant.name);
        Some(quote!(#word => Self::#variant))
    });
    quote! {
        #doc
        pub fn canonical(&self) -> Self {
            match self.as_str() {
                #(#arms,)*
                _ => self.clone(),
            }
        }
    }
}

/// The state machine.
fn transitions(choice: &Enum, transitions: &Transitions, synonyms: &[&(String, String)]) -> TokenStream {
    let cells = |values: &[String]| values.iter().map(|value| docs::cell(value)).collect::<Vec<_>>().join(", ");
    let mut table = vec!["| value | may become | final |".to_owned(), "|---|---|---|".to_owned()];
    let is_word = |value: &str| synonyms.iter().any(|(word, _)| word == value);
    table.extend(choice.variants.iter().filter(|variant| !is_word(&variant.wire)).map(|variant| {
        let next = transitions.next.iter().find(|(from, _)| *from == variant.wire);
        let next = next.map_or_else(|| "—".to_owned(), |(_, next)| cells(next));
        let end = if transitions.finals.contains(&variant.wire) { "yes" } else { "no" };
        format!("| {} | {next} | {end} |", docs::cell(&variant.wire))
    }));
    let mut may =
        vec!["Whether the provider describes that this value is followed by `next`.".to_owned(), String::new()];
    may.extend(table);
    may.push(String::new());
    may.push(
        "A value does not follow itself unless the table says so, and of one that this version does not know".into(),
    );
    may.push(
        "nothing is described: then the answer is `false`. Deliveries may come out of order, so `false` is a".into(),
    );
    may.push("reason to look twice, not proof of a fault.".into());
    let may = docs::attributes(&may);
    let ends = docs::attributes(&[
        "Whether the provider calls this value final; `false` for one that this version does not know.",
    ]);
    let (this, that) = match synonyms.is_empty() {
        true => (quote!(self.as_str()), quote!(next.as_str())),
        false => (quote!(self.canonical().as_str()), quote!(next.canonical().as_str())),
    };
    let arms = transitions.next.iter().map(|(from, next)| quote!((#from, #(#next)|*) => true));
    let may_body = match transitions.next.is_empty() {
        true => quote! {
            let _ = next;
            false
        },
        false => quote! {
            match (#this, #that) {
                #(#arms,)*
                _ => false,
            }
        },
    };
    let finals = &transitions.finals;
    let is_final = match finals.is_empty() {
        true => quote!(false),
        false => quote!(matches!(#this, #(#finals)|*)),
    };
    quote! {
        #may
        pub fn may_become(&self, next: &Self) -> bool {
            #may_body
        }

        #ends
        pub fn is_final(&self) -> bool {
            #is_final
        }
    }
}

/// Whether all values are integers in JSON.
pub fn is_integer(choice: &Enum) -> bool {
    !choice.variants.is_empty()
        && choice.variants.iter().all(|variant| variant.integer && variant.wire.parse::<i64>().is_ok())
}
