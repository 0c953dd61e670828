//! From the IR to the files of a crate: modules, marker lines, formatting.
//!
//! 1. [`crate::names::check`] makes sure that every name is one, so that nothing below can fail on it.
//! 2. Each file is tokens from its own module, printed by [`crate::layout`]; text of the spec only ever stands in
//!    string literals.
//! 3. [`CrateFiles`] holds the bytes; writing them is up to [`crate::files`].

use crate::features::{Features, is_large};
use crate::files::CrateFiles;
use crate::finding::{Finding, Level};
use crate::ir::Ir;
use crate::spec::Mark;
use crate::{
    client, credentials, features, headers, layout, lines, manifest, names, operations, tokens, types, webhooks,
};
use proc_macro2::TokenStream;
use quote::quote;

/// What the crate's text depends on besides the spec.
#[derive(Clone, Debug)]
pub struct EmitOptions {
    /// Where the runtime is.
    pub runtime: RuntimeLocation,
    /// Whether the crate stands outside any workspace: adds an empty `[workspace]` table.
    pub standalone: bool,
    /// The command that makes the crate, for the head of each file: `cargo xtask codegen acme`.
    pub command: String,
    /// `package.repository` of the crate.
    pub repository: String,
    /// Address of the spec in a browser, without a line; operations link to it.
    pub spec_url: Option<String>,
}

/// The runtime as a dependency.
#[derive(Clone, Debug)]
pub struct RuntimeLocation {
    /// The version that is asked for.
    pub version: String,
    /// Its folder, relative to the crate or absolute, with `/`.
    pub path: Option<String>,
}

/// The files of the crate.
///
/// # Errors
/// Names that cannot stand in Rust, shapes that are not supported yet, and structs that progenitor makes
/// otherwise than asked.
pub fn emit(ir: &Ir, options: &EmitOptions) -> Result<CrateFiles, Vec<Finding>> {
    let findings = names::check(ir);
    if !findings.is_empty() {
        return Err(findings);
    }
    let mut files = CrateFiles::default();
    let mut findings = Vec::new();
    for (path, tokens) in modules(ir)? {
        match print(ir, options, tokens) {
            Ok(text) => files.insert(path, text),
            Err(message) => findings.push(Finding {
                file: ir.api.spec_path.clone().into(),
                at: Mark::default(),
                level: Level::Error,
                rule: "emitted-code",
                pointer: String::new(),
                message: format!("`{path}` would not be Rust: {message}"),
                help: Some("this is a fault of the generator: report it with the spec".into()),
            }),
        }
    }
    files.insert("src/lines.rs", lines::file(ir, options));
    files.insert("Cargo.toml", manifest::cargo_toml(ir, options));
    files.insert("README.md", manifest::readme(ir, options));
    match findings.is_empty() {
        true => Ok(files),
        false => Err(findings),
    }
}

/// Each file of `src` as tokens.
fn modules(ir: &Ir) -> Result<Vec<(String, TokenStream)>, Vec<Finding>> {
    let (tags, features) = (features::used_tags(ir), Features::of(ir));
    let mut modules = vec![
        ("src/lib.rs".to_owned(), library(ir, &features)),
        ("src/client.rs".to_owned(), client::emit(ir)),
        ("src/credentials.rs".to_owned(), credentials::emit(ir)),
        ("src/recipes.rs".to_owned(), client::recipes(ir)),
        ("src/operations.rs".to_owned(), operations::index(ir, &tags, &features)),
    ];
    modules.extend(types::emit(ir, &features)?);
    if !ir.headers.is_empty() {
        modules.push(("src/headers.rs".to_owned(), headers::emit(ir)));
    }
    if !ir.tokens.is_empty() {
        modules.push(("src/tokens.rs".to_owned(), tokens::emit(ir)));
    }
    if !ir.webhooks.is_empty() {
        modules.push(("src/webhooks.rs".to_owned(), webhooks::emit(ir)));
    }
    modules.extend(tags.iter().map(|tag| (format!("src/operations/{}.rs", tag.module), operations::tag(ir, tag))));
    Ok(modules)
}

/// `lib.rs`.
fn library(ir: &Ir, features: &Features<'_>) -> TokenStream {
    let sessions = operations::clients(ir);
    let sessions = sessions.iter().filter(|client| client.session.is_some()).map(|client| {
        let (name, token) = (&client.name, &client.token);
        quote!(#name, #token,)
    });
    let marker = client::marker(ir);
    let tokens = (!ir.tokens.is_empty()).then(|| {
        quote!(
            pub mod tokens;
        )
    });
    let webhooks = (!ir.webhooks.is_empty()).then(|| {
        quote!(
            pub mod webhooks;
        )
    });
    let headers = (!ir.headers.is_empty()).then(|| {
        quote!(
            mod headers;
        )
    });
    let header_methods = (!ir.headers.is_empty()).then(|| {
        quote!(
            pub use headers::ResponseHeaders;
        )
    });
    let unused = ir.operations.is_empty().then(|| quote!(#![allow(dead_code, reason = "the spec has no operation")]));
    let imports = is_large(ir).then(|| quote!(#![allow(unused_imports, reason = "each file of types sees all types")]));
    let alone = (!features.tags.is_empty())
        .then(|| quote!(#![allow(dead_code, reason = "what one tag needs, another one may not")]));
    quote! {
        #![doc = include_str!("../README.md")]
        #![warn(missing_docs)]
        #unused
        #imports
        #alone
        #![allow(deprecated, reason = "what the spec deprecates is still made of its parts here")]
        #![allow(clippy::all, reason = "names, sizes and numbers of arguments are the spec's")]

        #[macro_use]
        #[allow(unused_macros, reason = "what is not compiled has no documentation")]
        mod lines;
        mod client;
        mod credentials;
        #headers
        pub mod operations;
        pub mod recipes;
        #tokens
        pub mod types;
        #webhooks

        pub use client::{#marker, Call, Client, ClientBuilder, Server, #(#sessions)*};
        pub use countersign_runtime as runtime;
        pub use countersign_runtime::{
            BuildError, Error, ErrorKind, Operation, OperationInfo, Repeat, Response, RetryBudget, RetryOptions, Secret,
            reqwest,
        };
        pub use credentials::Credentials;
        #header_methods
        pub use operations::OPERATIONS;
    }
}

/// Tokens as the text of a file.
fn print(ir: &Ir, options: &EmitOptions, tokens: TokenStream) -> Result<String, String> {
    let [generated, edit] = manifest::header(ir, options);
    Ok(format!("// {generated}\n// {edit}\n\n{}", layout::print(tokens)?))
}
