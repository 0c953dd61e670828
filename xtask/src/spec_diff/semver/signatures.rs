//! The public signatures of a generated crate, read from its sources: what callers compile against.
//!
//! cargo-semver-checks compares names and counts. Where it has no lint for a change, this shows that there is one: a
//! finding whose reason is that no lint sees it must have changed a signature at its place.

use super::items::Item;
use anyhow::{Context as _, Result};
use countersign_codegen::files::CrateFiles;
use quote::{ToTokens, quote};
use std::collections::BTreeSet;
use std::fmt::Display;

/// What the old crate has and the new one has not, or has otherwise.
///
/// # Errors
/// If a file of a crate is not Rust.
pub(super) fn gone(old: &CrateFiles, new: &CrateFiles) -> Result<Vec<Item>> {
    let kept = read(new)?;
    Ok(read(old)?.into_iter().filter(|item| !kept.contains(item)).collect())
}

fn read(files: &CrateFiles) -> Result<BTreeSet<Item>> {
    let mut found = BTreeSet::new();
    for (path, content) in &files.0 {
        let text = String::from_utf8_lossy(content);
        if path == "Cargo.toml" {
            manifest(&text, &mut found);
        }
        let Some(file) = path.strip_prefix("src/").filter(|file| file.ends_with(".rs") && *file != "lines.rs") else {
            continue;
        };
        let parsed = syn::parse_file(&text).with_context(|| format!("{path} of a generated crate"))?;
        let mut reader = Reader { file, found: &mut found };
        parsed.items.iter().for_each(|item| reader.item(item));
    }
    Ok(found)
}

/// Features and dependencies, a line each.
fn manifest(text: &str, found: &mut BTreeSet<Item>) {
    let lines = text.lines().skip_while(|line| *line != "[features]").filter(|line| line.contains(" = "));
    for line in lines {
        let name = line.split(" = ").next().unwrap_or_default().to_owned();
        found.insert(Item { file: "Cargo.toml".to_owned(), path: vec![name], text: line.to_owned() });
    }
}

struct Reader<'a> {
    file: &'a str,
    found: &'a mut BTreeSet<Item>,
}

fn is_public(visibility: &syn::Visibility) -> bool {
    matches!(visibility, syn::Visibility::Public(_))
}

impl Reader<'_> {
    fn add(&mut self, path: &[&dyn Display], text: impl ToTokens) {
        let path = path.iter().map(|part| part.to_string()).collect();
        let text = text.to_token_stream().to_string();
        self.found.insert(Item { file: self.file.to_owned(), path, text });
    }

    fn item(&mut self, item: &syn::Item) {
        match item {
            syn::Item::Struct(it) if is_public(&it.vis) => {
                let generics = &it.generics;
                self.add(&[&it.ident], quote!(struct #generics));
                self.derives(&it.ident, &it.attrs);
                self.fields(&it.ident, &it.fields);
            }
            syn::Item::Enum(it) if is_public(&it.vis) => {
                self.add(&[&it.ident], quote!(enum));
                self.derives(&it.ident, &it.attrs);
                for variant in &it.variants {
                    self.add(&[&it.ident, &variant.ident], &variant.fields);
                }
            }
            syn::Item::Trait(it) if is_public(&it.vis) => {
                self.add(&[&it.ident], quote!(trait));
                for method in &it.items {
                    if let syn::TraitItem::Fn(method) = method {
                        self.add(&[&it.ident, &method.sig.ident], &method.sig);
                    }
                }
            }
            syn::Item::Impl(it) => self.implementation(it),
            syn::Item::Const(it) if is_public(&it.vis) => {
                let ty = &it.ty;
                self.add(&[&it.ident], quote!(const #ty));
            }
            syn::Item::Type(it) if is_public(&it.vis) => self.add(&[&it.ident], &it.ty),
            syn::Item::Fn(it) if is_public(&it.vis) => self.add(&[&it.sig.ident], &it.sig),
            syn::Item::Mod(it) if is_public(&it.vis) => self.add(&[&it.ident], quote!(mod)),
            // Enums of values stand in a macro of the runtime; what is no item there makes none.
            syn::Item::Macro(it) if it.ident.is_none() => {
                if let Ok(inner) = syn::parse2::<syn::File>(it.mac.tokens.clone()) {
                    inner.items.iter().for_each(|item| self.item(item));
                }
            }
            _ => {}
        }
    }

    fn fields(&mut self, owner: &syn::Ident, fields: &syn::Fields) {
        for (index, field) in fields.iter().enumerate().filter(|(_, field)| is_public(&field.vis)) {
            let name = field.ident.as_ref().map_or_else(|| index.to_string(), ToString::to_string);
            self.add(&[owner, &name], &field.ty);
        }
    }

    fn derives(&mut self, owner: &syn::Ident, attributes: &[syn::Attribute]) {
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("derive")) {
            // What is no list of paths is no derive that compiles.
            let _ = attribute.parse_nested_meta(|meta| {
                self.add(&[owner], &meta.path);
                Ok(())
            });
        }
    }

    /// Methods of a type, and what its traits name: the output and the error of an operation.
    fn implementation(&mut self, it: &syn::ItemImpl) {
        let syn::Type::Path(ty) = it.self_ty.as_ref() else { return };
        let Some(owner) = ty.path.segments.last().map(|segment| &segment.ident) else { return };
        let call = &ty.path.segments.last().map(|segment| &segment.arguments);
        for item in &it.items {
            match item {
                syn::ImplItem::Fn(method) if it.trait_.is_none() && is_public(&method.vis) => {
                    let signature = &method.sig;
                    self.add(&[owner, &signature.ident], quote!(#call #signature));
                }
                syn::ImplItem::Type(named) => self.add(&[owner, &named.ident], &named.ty),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> CrateFiles {
        let mut files = CrateFiles::default();
        files.insert("src/types.rs", text);
        files
    }

    #[test]
    fn only_what_callers_see_counts() {
        let old = "
            /// Old words.
            #[derive(Clone, Default)] pub struct Order { pub note: String, inner: u8 }
            impl Order { pub fn new(note: String) -> Self { todo!() } fn own() {} }
            runtime::open_enum! { pub enum State { Open = \"open\", Done = \"done\" } }
            impl Operation for List { type Output = Order; }";
        let new = "
            /// New words.
            #[derive(Clone)] pub struct Order { pub note: Option<String>, inner: u16 }
            impl Order { pub fn new() -> Self { todo!() } fn other() {} }
            runtime::open_enum! { pub enum State { Open = \"OPEN\" } }
            impl Operation for List { type Output = (); }";
        let shown: Vec<String> = gone(&of(old), &of(new)).expect("Rust").iter().map(Item::shown).collect();
        assert_eq!(shown, ["List::Output", "Order", "Order::new", "Order::note", "State::Done"]);
        assert!(gone(&of(old), &of(old)).expect("Rust").is_empty());
    }
}
