//! Tokens as text for people: prettyplease, an empty line between items, enums of the runtime's macros as enums.
//!
//! prettyplease prints no empty lines, and the tokens of a macro it doesn't know as they come. What
//! `open_enum!` and its siblings take is an enum, so it is printed as one; the result is read again, and
//! stands only if it is the same macro.

use crate::docs::is_hidden;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::quote;

/// The tokens of a file as text.
///
/// # Errors
/// If they are not a file of Rust.
pub fn print(tokens: TokenStream) -> Result<String, String> {
    let text = printed(tokens.clone())?;
    // Few documents hold such text, and looking for it in tokens copies all of them.
    if text.contains(is_hidden) { printed(visible(tokens)) } else { Ok(text) }
}

fn printed(tokens: TokenStream) -> Result<String, String> {
    let file: syn::File = syn::parse2(tokens).map_err(|error| error.to_string())?;
    let head = syn::File { shebang: None, frontmatter: None, attrs: file.attrs, items: Vec::new() };
    let mut out = prettyplease::unparse(&head);
    let mut before: Option<Group> = None;
    for item in file.items {
        let group = group(&item);
        // Modules and imports stand together.
        if !out.is_empty() && (before != Some(group) || group == Group::Other) {
            out.push('\n');
        }
        before = Some(group);
        let text = match &item {
            syn::Item::Macro(item) => enumeration(item),
            _ => None,
        };
        out.push_str(&text.unwrap_or_else(|| spaced(&one(item))));
    }
    Ok(out)
}

/// Literals with characters that hide or change the direction of text spelled as escapes: rustc refuses some.
fn visible(tokens: TokenStream) -> TokenStream {
    let tokens = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) => {
            let mut same = proc_macro2::Group::new(group.delimiter(), visible(group.stream()));
            same.set_span(group.span());
            TokenTree::Group(same)
        }
        TokenTree::Literal(literal) => {
            let text = literal.to_string();
            if !text.contains(is_hidden) {
                return TokenTree::Literal(literal);
            }
            let escape = |c: char| if is_hidden(c) { c.escape_unicode().to_string() } else { c.to_string() };
            let escaped: String = text.chars().map(escape).collect();
            TokenTree::Literal(escaped.parse().unwrap_or(literal))
        }
        token => token,
    });
    tokens.collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Group {
    Modules,
    Imports,
    Exports,
    Other,
}

fn group(item: &syn::Item) -> Group {
    match item {
        syn::Item::Mod(_) => Group::Modules,
        syn::Item::Use(item) if matches!(item.vis, syn::Visibility::Inherited) => Group::Imports,
        syn::Item::Use(_) => Group::Exports,
        _ => Group::Other,
    }
}

fn one(item: syn::Item) -> String {
    prettyplease::unparse(&syn::File { shebang: None, frontmatter: None, attrs: Vec::new(), items: vec![item] })
}

/// The same with an empty line after each method but the last.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let more = lines.peek().is_some_and(|next| next.starts_with("    "));
        if line == "    }" && more {
            out.push('\n');
        }
    }
    out
}

/// A macro that takes an enum, as text.
fn enumeration(item: &syn::ItemMacro) -> Option<String> {
    let mut tag = None;
    let mut tokens = Vec::new();
    for token in item.mac.tokens.clone() {
        match token {
            // The member that tells the branches apart: `pub enum Action("type")`.
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
                tag = Some(TokenTree::Group(group))
            }
            token => tokens.push(token),
        }
    }
    let inner: syn::ItemEnum = syn::parse2(tokens.into_iter().collect()).ok()?;
    let name = inner.ident.to_string();
    let path = &item.mac.path;
    let path = quote!(#path).to_string().replace(' ', "");
    let mut out = attributes(&item.attrs);
    out.push_str(&format!("{path}! {{\n"));
    for line in one(syn::Item::Enum(inner)).lines() {
        let head = format!("pub enum {name} {{");
        match (&tag, line == head) {
            (Some(tag), true) => out.push_str(&format!("    pub enum {name}{} {{\n", quote!(#tag))),
            _ => out.push_str(&format!("    {line}\n")),
        }
    }
    out.push_str("}\n");
    let again: syn::ItemMacro = syn::parse_str(&out).ok()?;
    // The last comma is optional in the macros and always printed.
    (comparable(&again.mac.tokens) == comparable(&item.mac.tokens)).then_some(out)
}

/// Attributes as lines.
fn attributes(attributes: &[syn::Attribute]) -> String {
    let text = one(syn::parse_quote!(#(#attributes)* struct Marked;));
    text.strip_suffix("struct Marked;\n").unwrap_or_default().to_owned()
}

fn comparable(tokens: &TokenStream) -> String {
    tokens.to_string().replace(", }", "}").replace([' ', '\n'], "")
}
