//! From the IR to the files of a crate: modules, marker lines, formatting.
//!
//! 1. [`crate::names::check`] makes sure that every name is one, so that nothing below can fail on it.
//! 2. Each file is tokens from its own module, printed by [`crate::layout`]; text of the spec only ever stands in
//!    string literals.
//! 3. [`CrateFiles`] holds the bytes; writing them is up to [`crate::files`].

use crate::files::CrateFiles;
use crate::finding::{Finding, Level};
use crate::ir::{Ir, Tag, TypeKind};
use crate::spec::Mark;
use crate::{client, credentials, enums, layout, manifest, names, operations, structs, tokens, unions, webhooks};
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
    for (path, tokens) in modules(ir, options)? {
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
    files.insert("Cargo.toml", manifest::cargo_toml(ir, options));
    files.insert("README.md", manifest::readme(ir, options));
    match findings.is_empty() {
        true => Ok(files),
        false => Err(findings),
    }
}

/// Each file of `src` as tokens.
fn modules(ir: &Ir, options: &EmitOptions) -> Result<Vec<(String, TokenStream)>, Vec<Finding>> {
    let tags: Vec<&Tag> =
        ir.api.tags.iter().filter(|tag| ir.operations.iter().any(|o| o.module == tag.module)).collect();
    let mut modules = vec![
        ("src/lib.rs".to_owned(), library(ir)),
        ("src/client.rs".to_owned(), client::emit(ir)),
        ("src/credentials.rs".to_owned(), credentials::emit(ir)),
        ("src/recipes.rs".to_owned(), client::recipes(ir)),
        ("src/types.rs".to_owned(), types(ir)?),
        ("src/operations.rs".to_owned(), operations::index(ir, &tags)),
    ];
    if !ir.tokens.is_empty() {
        modules.push(("src/tokens.rs".to_owned(), tokens::emit(ir)));
    }
    if !ir.webhooks.is_empty() {
        modules.push(("src/webhooks.rs".to_owned(), webhooks::emit(ir)));
    }
    modules.extend(
        tags.iter().map(|tag| (format!("src/operations/{}.rs", tag.module), operations::tag(ir, tag, options))),
    );
    Ok(modules)
}

/// `types.rs`: every named type, sorted by name.
fn types(ir: &Ir) -> Result<TokenStream, Vec<Finding>> {
    let mut structs = structs::emit(ir)?;
    let helpers = structs::helpers(ir);
    let types = ir.types.iter().map(|def| match &def.kind {
        TypeKind::Struct(_) => structs.remove(&def.name).unwrap_or_default(),
        TypeKind::Enum(choice) => enums::emit(def, choice),
        TypeKind::Union(union) => unions::emit(def, union),
    });
    let types: Vec<TokenStream> = types.collect();
    Ok(quote! {
        //! What requests and responses hold.

        #(#types)*
        #helpers
    })
}

/// `lib.rs`.
fn library(ir: &Ir) -> TokenStream {
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
    let unused = ir.operations.is_empty().then(|| quote!(#![allow(dead_code, reason = "the spec has no operation")]));
    quote! {
        #![doc = include_str!("../README.md")]
        #![warn(missing_docs)]
        #unused
        #![allow(deprecated, reason = "what the spec deprecates is still made of its parts here")]
        #![allow(clippy::all, reason = "names, sizes and numbers of arguments are the spec's")]

        mod client;
        mod credentials;
        pub mod operations;
        pub mod recipes;
        #tokens
        pub mod types;
        #webhooks

        pub use client::{#marker, Call, Client, ClientBuilder, Server, #(#sessions)*};
        pub use countersign_runtime as runtime;
        pub use countersign_runtime::{
            BuildError, Error, ErrorKind, Operation, OperationInfo, Repeat, Response, Secret, reqwest,
        };
        pub use credentials::Credentials;
        pub use operations::OPERATIONS;
    }
}

/// Tokens as the text of a file.
fn print(ir: &Ir, options: &EmitOptions, tokens: TokenStream) -> Result<String, String> {
    let [generated, edit] = manifest::header(ir, options);
    Ok(format!("// {generated}\n// {edit}\n\n{}", layout::print(tokens)?))
}
