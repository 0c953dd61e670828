//! Where each operation and each type stands in the spec: the file `lines.rs` of a crate.
//!
//! Line numbers move whenever something is added above, so they stand in one place, one macro a line, and the
//! documentation of each item ends with its macro. All other files of a crate stay as they are when lines move.

use crate::docs;
use crate::emit::EmitOptions;
use crate::ir::Ir;
use crate::manifest;
use crate::spec::Mark;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use std::collections::BTreeMap;

/// The last paragraph of an item's documentation; methods and types are told apart by their first letter.
pub fn of(name: &str) -> TokenStream {
    let name = format_ident!("line_of_{name}");
    quote!(#[doc = ""] #[doc = #name!()])
}

/// The text of `lines.rs`.
pub fn file(ir: &Ir, options: &EmitOptions) -> String {
    let [generated, edit] = manifest::header(ir, options);
    let mut out = format!("// {generated}\n// {edit}\n\n//! Where operations and types stand in the spec.\n\n");
    out.push_str(&at(ir, options));
    let mut places: BTreeMap<&str, Mark> = ir.types.iter().map(|def| (def.name.as_str(), def.at)).collect();
    places.extend(ir.operations.iter().map(|operation| (operation.name.as_str(), operation.at)));
    for (name, mark) in places {
        let place = match other_file(ir, mark) {
            Some(file) => format!("{:?}, {}", docs::code(file).trim_matches('`'), mark.line),
            None => mark.line.to_string(),
        };
        out.push_str(&format!("macro_rules! line_of_{name} {{ () => {{ at!({place}) }} }}\n"));
    }
    out
}

/// The way to another file than the spec's own.
fn other_file(ir: &Ir, mark: Mark) -> Option<&str> {
    let at = usize::from(mark.file).checked_sub(1)?;
    ir.api.other_files.get(at).map(String::as_str)
}

/// The macro that makes a sentence of a line.
fn at(ir: &Ir, options: &EmitOptions) -> String {
    let spec = docs::code(&ir.api.spec_path);
    let spec = spec.trim_matches('`');
    let own = match options.spec_url.as_deref().and_then(docs::address) {
        Some(url) => {
            format!("concat!(\" Declared at [`\", {spec:?}, \":\", $line, \"`](\", {url:?}, \"#L\", $line, \").\")")
        }
        None => format!("concat!(\" Declared at `\", {spec:?}, \":\", $line, \"`.\")"),
    };
    let mut arms = format!("    ($line:literal) => {{\n        {own}\n    }};\n");
    if !ir.api.other_files.is_empty() {
        arms.push_str("    ($file:literal, $line:literal) => {\n");
        arms.push_str("        concat!(\" Declared at `\", $file, \":\", $line, \"`.\")\n    };\n");
    }
    format!("macro_rules! at {{\n{arms}}}\n\n")
}
