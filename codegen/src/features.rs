//! Cargo features of large crates: one for each tag, and types by what reaches them.
//!
//! A crate with many operations or types compiles only what its user asks for: the operations of a tag when the
//! tag's feature is on, a type when a tag is on whose operations reach it. All tags are on by default, so that who
//! does not choose can call everything. Types that no operation reaches, often half of a large document, have the
//! feature `unreferenced`, which is off. What a webhook holds is always there, as webhooks are. Small crates have no
//! such features.

use crate::expressions;
use crate::ir::{Ir, Tag, TypeDef};
use crate::operations::{parameters, responses};
use crate::sent;
use proc_macro2::TokenStream;
use quote::quote;
use std::collections::{BTreeMap, BTreeSet};

/// More operations than this make a crate large.
const MANY_OPERATIONS: usize = 100;
/// More types than this make a crate large.
const MANY_TYPES: usize = 500;

/// The feature of types that no operation reaches.
pub const UNREFERENCED: &str = "unreferenced";
/// The feature of all tags.
pub const ALL_TAGS: &str = "all-tags";

/// Features that mean something else.
const TAKEN: [&str; 12] = [
    ALL_TAGS,
    "axum",
    "blocking",
    "default",
    "gzip",
    "jiff",
    "native-tls",
    "redis",
    "rustls",
    "tracing",
    UNREFERENCED,
    "uuid",
];

/// Whether a crate is large: its types are split into several files.
pub fn is_large(ir: &Ir) -> bool {
    ir.operations.len() > MANY_OPERATIONS || ir.types.len() > MANY_TYPES
}

/// What is compiled when.
#[derive(Debug, Default)]
pub struct Features<'i> {
    /// Features by module, sorted; none in a crate that always compiles everything.
    pub tags: BTreeMap<&'i str, String>,
    /// Modules of the operations that reach a type, by its name.
    reach: BTreeMap<&'i str, BTreeSet<&'i str>>,
    /// Types that are always there.
    always: BTreeSet<&'i str>,
}

impl<'i> Features<'i> {
    /// The features of a crate.
    pub fn of(ir: &'i Ir) -> Self {
        let modules: BTreeSet<&str> = ir.operations.iter().map(|operation| operation.module.as_str()).collect();
        if !is_large(ir) || modules.len() < 2 {
            return Self::default();
        }
        let types: BTreeMap<&str, &TypeDef> = ir.types.iter().map(|def| (def.name.as_str(), def)).collect();
        let mut roots: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for operation in &ir.operations {
            let open = roots.entry(operation.module.as_str()).or_default();
            for ty in parameters::types(operation).chain(responses::content_types(operation)) {
                expressions::names(ty, &mut |name| open.push(name));
            }
        }
        let mut reach: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (module, open) in roots {
            for name in reached(open, &types) {
                reach.entry(name).or_default().insert(module);
            }
        }
        let mut events = Vec::new();
        for webhook in &ir.webhooks {
            expressions::names(&webhook.event, &mut |name| events.push(name));
        }
        let tags = modules.into_iter().map(|module| (module, feature(module))).collect();
        Self { tags, reach, always: reached(events, &types) }
    }

    /// When a tag's operations are there.
    pub fn of_tag(&self, module: &str) -> Option<TokenStream> {
        let feature = self.tags.get(module)?;
        Some(quote!(#[cfg(feature = #feature)]))
    }

    /// When a type is there.
    pub fn of_type(&self, name: &str) -> Option<TokenStream> {
        if self.tags.is_empty() || self.always.contains(name) {
            return None;
        }
        let features: Vec<&str> = match self.reach.get(name) {
            Some(modules) => modules.iter().filter_map(|module| self.tags.get(module)).map(String::as_str).collect(),
            None => vec![UNREFERENCED],
        };
        Some(match features.as_slice() {
            [only] => quote!(#[cfg(feature = #only)]),
            features => quote!(#[cfg(any(#(feature = #features),*))]),
        })
    }

    /// Whether a type is compiled only when it is asked for, as no operation reaches it.
    pub fn is_unreferenced(&self, name: &str) -> bool {
        !self.tags.is_empty() && !self.always.contains(name) && !self.reach.contains_key(name)
    }

    /// The module whose operations alone reach a type.
    pub fn only_module(&self, name: &str) -> Option<&'i str> {
        let modules = self.reach.get(name).filter(|_| !self.always.contains(name))?;
        modules.first().copied().filter(|_| modules.len() == 1)
    }
}

/// When types are there that no operation reaches.
pub fn unreferenced() -> TokenStream {
    quote!(#[cfg(feature = #UNREFERENCED)])
}

/// The feature of a tag: its module in kebab case.
fn feature(module: &str) -> String {
    let name = module.trim_matches('_').replace('_', "-");
    if TAKEN.contains(&name.as_str()) { format!("{name}-operations") } else { name }
}

/// Every type that these are made of, through every member and branch.
fn reached<'i>(mut open: Vec<&'i str>, types: &BTreeMap<&'i str, &'i TypeDef>) -> BTreeSet<&'i str> {
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        if let Some(def) = types.get(name)
            && found.insert(name)
        {
            sent::parts(&def.kind).for_each(|ty| expressions::names(ty, &mut |inner| open.push(inner)));
        }
    }
    found
}

/// Tags that have operations, in their order.
pub fn used_tags(ir: &Ir) -> Vec<&Tag> {
    ir.api.tags.iter().filter(|tag| ir.operations.iter().any(|operation| operation.module == tag.module)).collect()
}
