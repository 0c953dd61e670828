//! The methods of a generated crate, counted in its Rust: a public method that returns `Call<Operation>`.

use anyhow::{Context as _, Result};
use countersign_codegen::files::CrateFiles;
use std::collections::BTreeSet;

/// The methods that call an operation, and the operations that they call.
#[derive(Default)]
pub(crate) struct Methods {
    /// How many methods there are.
    pub(crate) count: usize,
    /// The types of their operations, each once, with the file they are called in.
    pub(crate) operations: BTreeSet<String>,
}

/// Counts them in every file of a crate.
///
/// # Errors
/// If a file is no Rust.
pub(crate) fn of(files: &CrateFiles) -> Result<Methods> {
    let mut methods = Methods::default();
    for (path, content) in files.0.iter().filter(|(path, _)| path.ends_with(".rs")) {
        let text = std::str::from_utf8(content).with_context(|| format!("{path} is no text"))?;
        let file = syn::parse_file(text).with_context(|| format!("{path} is no Rust"))?;
        items(&file.items, path, &mut methods);
    }
    Ok(methods)
}

fn items(all: &[syn::Item], path: &str, methods: &mut Methods) {
    for item in all {
        match item {
            syn::Item::Mod(module) => {
                let inner = module.content.as_ref().map_or(&[][..], |(_, items)| items);
                items(inner, &format!("{path}::{}", module.ident), methods);
            }
            syn::Item::Impl(block) if block.trait_.is_none() => {
                for item in &block.items {
                    if let syn::ImplItem::Fn(method) = item
                        && matches!(method.vis, syn::Visibility::Public(_))
                        && let Some(operation) = called(&method.sig)
                    {
                        methods.count += 1;
                        methods.operations.insert(format!("{path}::{operation}"));
                    }
                }
            }
            _ => {}
        }
    }
}

/// The operation of a method that takes a client and returns `Call<Operation>`.
fn called(signature: &syn::Signature) -> Option<String> {
    signature.receiver()?;
    let syn::ReturnType::Type(_, returned) = &signature.output else { return None };
    let syn::Type::Path(returned) = &**returned else { return None };
    let last = returned.path.segments.last().filter(|last| last.ident == "Call")?;
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    let operation = arguments.args.iter().find_map(|argument| match argument {
        syn::GenericArgument::Type(syn::Type::Path(operation)) => operation.path.segments.last(),
        _ => None,
    })?;
    Some(operation.ident.to_string())
}
