//! Text of a document as documentation that rustdoc and Markdown readers take without complaint.
//!
//! 1. [`plain_line`] makes one line of any text; [`markdown`] keeps its paragraphs, lists and code.
//! 2. Both keep `[text](http…)`, code spans and emphasis, wrap bare addresses in `<>`, and escape the rest:
//!    brackets, tags, odd backticks, control and direction characters. Code blocks become ```` ```text ````,
//!    so no text of a document is ever compiled; headings become paragraphs.
//! 3. [`attributes`] turns lines into `#[doc = "…"]`; nothing here writes a comment.
//!
//! Text is taken line by line: what a line opens it must close, or it is escaped. That is stricter than
//! Markdown and can only show more punctuation than the author meant, never less text.

use crate::ir::Doc;
use proc_macro2::TokenStream;
use quote::quote;

/// Lines as `#[doc]` attributes, in order.
pub fn attributes<L: AsRef<str>>(lines: &[L]) -> TokenStream {
    let lines = lines.iter().map(|line| match line.as_ref() {
        "" => String::new(),
        line => format!(" {line}"),
    });
    quote!(#(#[doc = #lines])*)
}

/// The documentation of an item: what the document says, or else `fallback`.
pub fn of(doc: &Doc, fallback: &str) -> TokenStream {
    attributes(&lines(doc, fallback))
}

/// What the document says of something, as lines of Markdown; `fallback`, which is ours and taken as it
/// is, if it says nothing.
pub fn lines(doc: &Doc, fallback: &str) -> Vec<String> {
    let mut page = Page::default();
    let summary = doc.summary.as_deref().map(plain_line).filter(|line| !line.is_empty());
    let description = doc.description.as_deref().map(markdown).unwrap_or_default();
    match summary {
        Some(summary) => {
            page.paragraph([sentence(&summary)]);
            if description.first() != Some(&summary) {
                page.paragraph(description);
            }
        }
        None if description.is_empty() => page.paragraph([fallback.to_owned()]),
        None => page.paragraph(description),
    }
    for note in &doc.notes {
        page.paragraph([sentence(&plain_line(note))]);
    }
    if let Some(url) = doc.url.as_deref().and_then(address) {
        page.paragraph([format!("See <{url}>.")]);
    }
    page.0
}

/// Lines that grow by paragraphs, one empty line between two.
#[derive(Debug, Default)]
pub struct Page(pub Vec<String>);

impl Page {
    /// Adds a paragraph; nothing if it has no line.
    pub fn paragraph(&mut self, lines: impl IntoIterator<Item = String>) {
        let mut lines = lines.into_iter().peekable();
        if lines.peek().is_some() && !self.0.is_empty() {
            self.0.push(String::new());
        }
        self.0.extend(lines);
    }
}

/// A line that ends like a sentence.
pub fn sentence(line: &str) -> String {
    match line.chars().next_back() {
        Some('.' | '!' | '?' | ':' | '…' | '。') | None => line.to_owned(),
        Some(_) => format!("{line}."),
    }
}

/// Any text as one line of Markdown.
pub fn plain_line(text: &str) -> String {
    let text = visible(text);
    let words: Vec<&str> = text.split_whitespace().collect();
    unblocked(&words.join(" "))
}

/// Any text as code; backticks in it become apostrophes.
pub fn code(text: &str) -> String {
    let text = visible(text).replace('\n', " ").replace('`', "'");
    match text.trim().is_empty() {
        true => format!("“{text}”"),
        false => format!("`{text}`"),
    }
}

/// Code in a cell of a table, where a bar would end it.
pub fn cell(text: &str) -> String {
    match text.contains('|') {
        true => plain_line(text),
        false => code(text),
    }
}

/// The text as an address that can stand in `<>`, if it is one of the web.
pub fn address(text: &str) -> Option<String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let fits = !rest.is_empty() && rest.chars().all(|c| c.is_ascii_graphic() && !"<>\\\"`{}|^".contains(c));
    fits.then(|| text.to_owned())
}

/// Any text as lines of Markdown: paragraphs, lists and code blocks stay.
pub fn markdown(text: &str) -> Vec<String> {
    let text = visible(text);
    let source: Vec<&str> = text.lines().collect();
    let mut out: Vec<String> = Vec::new();
    let mut list = false;
    let mut at = 0;
    while at < source.len() {
        let line = source[at].trim_end();
        if let Some(end) = code_block(&source, at, list, out.last().is_none_or(String::is_empty)) {
            push_code(&mut out, &source[end.inner.0..end.inner.1]);
            at = end.next;
            continue;
        }
        at += 1;
        let trimmed = line.trim_start();
        if trimmed.is_empty() || is_rule(trimmed) {
            if out.last().is_some_and(|last| !last.is_empty()) {
                out.push(String::new());
            }
            continue;
        }
        let indent = line.len() - trimmed.len();
        match list_item(trimmed) {
            Some((marker, rest)) => {
                list = true;
                let depth = indent.min(3);
                out.push(format!("{}{marker} {}", " ".repeat(depth), unblocked(rest)).trim_end().to_owned());
            }
            None => {
                list = list && indent > 0;
                let heading = trimmed.starts_with('#');
                out.push(format!("{}{}", if list { "  " } else { "" }, unblocked(trimmed)));
                if heading {
                    out.push(String::new());
                }
            }
        }
    }
    while out.last().is_some_and(String::is_empty) {
        out.pop();
    }
    out
}

/// The lines of a code block or table, and where the text goes on.
struct Block {
    inner: (usize, usize),
    next: usize,
}

/// The block that begins on line `at`: fenced, indented, or a table.
fn code_block(source: &[&str], at: usize, list: bool, fresh: bool) -> Option<Block> {
    let line = source[at];
    let trimmed = line.trim_start();
    let fence = ['`', '~'].into_iter().find_map(|mark| {
        let run = trimmed.chars().take_while(|c| *c == mark).count();
        (run >= 3 && !(mark == '`' && trimmed[run..].contains('`'))).then_some((mark, run))
    });
    if let Some((mark, run)) = fence {
        let closes = |line: &&str| {
            let line = line.trim();
            line.len() >= run && line.chars().all(|c| c == mark)
        };
        let end = source[at + 1..].iter().position(closes).map_or(source.len(), |offset| at + 1 + offset);
        return Some(Block { inner: (at + 1, end), next: (end + 1).min(source.len()) });
    }
    let indented = |line: &str| line.starts_with("    ") && !line.trim().is_empty();
    if indented(line) && fresh && !list {
        let end = source[at..].iter().position(|line| !indented(line)).map_or(source.len(), |offset| at + offset);
        return Some(Block { inner: (at, end), next: end });
    }
    let table = line.contains('|') && source.get(at + 1).is_some_and(|next| is_table_rule(next));
    table.then(|| {
        let end = source[at..].iter().position(|line| line.trim().is_empty());
        let end = end.map_or(source.len(), |offset| at + offset);
        Block { inner: (at, end), next: end }
    })
}

/// Adds a block of text that is shown as it is; the fence is longer than any inside.
fn push_code(out: &mut Vec<String>, lines: &[&str]) {
    let spaces = |line: &&str| line.len() - line.trim_start_matches(' ').len();
    let indent = lines.iter().filter(|line| !line.trim().is_empty()).map(spaces).min().unwrap_or(0);
    let longest = lines.iter().flat_map(|line| line.split(|c| c != '`')).map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    if out.last().is_some_and(|last| !last.is_empty()) {
        out.push(String::new());
    }
    out.push(format!("{fence}text"));
    out.extend(lines.iter().map(|line| line.get(indent..).unwrap_or("").trim_end().to_owned()));
    out.push(fence);
    out.push(String::new());
}

/// A thematic break or the underline of a heading.
fn is_rule(line: &str) -> bool {
    let mut chars = line.chars().filter(|c| *c != ' ');
    let first = chars.next().unwrap_or(' ');
    "-=_*".contains(first) && chars.clone().count() >= 1 && chars.all(|c| c == first)
}

/// The line under a table's head.
fn is_table_rule(line: &str) -> bool {
    line.contains('-') && line.contains(['|', ':']) && line.chars().all(|c| "|-: ".contains(c))
}

/// A list item's marker and text.
fn list_item(line: &str) -> Option<(String, &str)> {
    let digits = line.chars().take_while(char::is_ascii_digit).count();
    let marker = match digits {
        0 => line.starts_with(['-', '*', '+']).then_some(1)?,
        1..=9 => line[digits..].starts_with(['.', ')']).then_some(digits + 1)?,
        _ => return None,
    };
    let rest = line[marker..].strip_prefix(' ')?.trim_start();
    Some((line[..marker].to_owned(), rest))
}

/// A line's text with nothing at its start that would open a block.
fn unblocked(line: &str) -> String {
    let line = line.trim();
    let heading = line.trim_start_matches('#');
    let line = match heading.len() < line.len() && (heading.is_empty() || heading.starts_with(' ')) {
        true => heading.trim_end_matches('#').trim(),
        false => line,
    };
    let safe = inline(line);
    match list_item(line) {
        Some((marker, _)) => {
            let (digits, sign) = marker.split_at(marker.len() - 1);
            format!("{digits}\\{sign}{}", &safe[skip_marker(&safe, marker.len())..])
        }
        None if safe.starts_with(['>', '~', '+', '#', '=', '-', ':']) => format!("\\{safe}"),
        None => safe,
    }
}

/// Where the text after a list marker begins once the line is escaped; none of a marker's characters is.
fn skip_marker(safe: &str, marker: usize) -> usize {
    match safe.is_char_boundary(marker) {
        true => marker,
        false => 0,
    }
}

/// Text with control, direction and line-separating characters spelled out; `\n` ends every line.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").replace('\r', "\n").chars() {
        match c {
            '\n' => out.push('\n'),
            '\t' => out.push_str("    "),
            '\u{85}' | '\u{2028}' | '\u{2029}' => out.push('\n'),
            c if c.is_control() || is_hidden(c) => out.push_str(&format!("U+{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// Characters that end lines in some readers, change the order in which others are shown, or can't be seen.
pub fn is_hidden(c: char) -> bool {
    let formats = '\u{2060}'..='\u{206F}';
    let directions = '\u{2028}'..='\u{202E}';
    let widths = '\u{200B}'..='\u{200F}';
    matches!(c, '\u{85}' | '\u{AD}' | '\u{61C}' | '\u{FEFF}')
        || formats.contains(&c)
        || directions.contains(&c)
        || widths.contains(&c)
}

/// Text within a line.
fn inline(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let used = match c {
            '`' => code_span(rest, &mut out),
            '\\' => escape(rest, &mut out),
            '[' => link(rest, &mut out),
            '<' => autolink(rest, &mut out),
            'h' => bare_address(rest, &mut out),
            '&' => entity(rest, &mut out),
            _ => None,
        };
        let used = used.unwrap_or_else(|| {
            literal(c, &mut out);
            c.len_utf8()
        });
        rest = &rest[used..];
    }
    out
}

/// A character as itself.
fn literal(c: char, out: &mut String) {
    if matches!(c, '[' | ']' | '<' | '`' | '\\' | '|') {
        out.push('\\');
    }
    out.push(c);
}

/// A backslash keeps its meaning before punctuation.
fn escape(rest: &str, out: &mut String) -> Option<usize> {
    let next = rest[1..].chars().next().filter(char::is_ascii_punctuation)?;
    match matches!(next, '[' | ']' | '<' | '`' | '\\' | '|') {
        true => literal(next, out),
        false => out.extend(['\\', next]),
    }
    Some(1 + next.len_utf8())
}

/// Code between equal runs of backticks; a run without an equal one is text, as a whole.
fn code_span(rest: &str, out: &mut String) -> Option<usize> {
    let run = rest.len() - rest.trim_start_matches('`').len();
    let mut at = run;
    while let Some(start) = rest[at..].find('`').map(|offset| at + offset) {
        let length = rest[start..].len() - rest[start..].trim_start_matches('`').len();
        if length == run {
            let content = &rest[run..start];
            if content.trim().is_empty() || content.contains("``") || content.contains('|') {
                out.push_str(&inline(content));
            } else {
                let fence = if content.contains('`') { "``" } else { "`" };
                out.push_str(&format!("{fence}{content}{fence}"));
            }
            return Some(start + length);
        }
        at = start + length;
    }
    out.push_str(&"\\`".repeat(run));
    Some(run)
}

/// `[text](http…)`, also with a title, which is dropped.
fn link(rest: &str, out: &mut String) -> Option<usize> {
    let rest = near(rest);
    let middle = rest.find("](")?;
    let text = &rest[1..middle];
    let end = middle + 2 + rest[middle + 2..].find(')')?;
    let target = rest[middle + 2..end].split_whitespace().next()?;
    let url = address(target.trim_start_matches('<').trim_end_matches('>'))?;
    if text.contains(['[', ']', '`', '<', '\\']) || text.trim().is_empty() || url.contains('(') {
        return None;
    }
    if out.ends_with('!') {
        out.pop();
    }
    out.push_str(&format!("[{}]({url})", text.replace('|', "\\|")));
    Some(end + 1)
}

/// `<http…>`.
fn autolink(rest: &str, out: &mut String) -> Option<usize> {
    let rest = near(rest);
    let end = rest.find('>')?;
    let url = address(&rest[1..end])?;
    out.push_str(&format!("<{url}>"));
    Some(end + 1)
}

/// An address without anything around it.
fn bare_address(rest: &str, out: &mut String) -> Option<usize> {
    if !rest.starts_with("http://") && !rest.starts_with("https://") {
        return None;
    }
    let end = rest.find(|c: char| !c.is_ascii_graphic() || "<>\\\"`{}|^[]".contains(c)).unwrap_or(rest.len());
    let url = rest[..end].trim_end_matches(|c: char| ".,;:!?)'*_".contains(c));
    out.push_str(&format!("<{}>", address(url)?));
    Some(url.len())
}

/// As much of the text as a link may take: a look further ahead at each bracket would cost a hostile
/// text's length squared.
fn near(rest: &str) -> &str {
    &rest[..rest.floor_char_boundary(rest.len().min(2048))]
}

/// An ampersand that begins an entity is shown as it is written.
fn entity(rest: &str, out: &mut String) -> Option<usize> {
    let end = near(rest).find(';')?;
    let name = &rest[1..end];
    let is_entity = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '#');
    is_entity.then(|| {
        out.push_str("&amp;");
        1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rustdoc_understands_stays() {
        for text in [
            "Plain text, with *stress* and `code[0]`.",
            "See [the manual](https://acme.example/a?b=c#d) for more.",
            "See <https://acme.example/>.",
            "Tom & Jerry, 1 > 0.",
        ] {
            assert_eq!(plain_line(text), text);
        }
    }

    #[test]
    fn the_rest_is_escaped() {
        for (text, want) in [
            ("a [b] c", r"a \[b\] c"),
            ("[x](javascript:alert(1))", r"\[x\](javascript:alert(1))"),
            ("[x][y]", r"\[x\]\[y\]"),
            ("Vec<T> </div>", r"Vec\<T> \</div>"),
            ("a ` b", r"a \` b"),
            ("``` x", r"\`\`\` x"),
            ("at https://acme.example/a.", "at <https://acme.example/a>."),
            ("![i](https://acme.example/i.png)", "[i](https://acme.example/i.png)"),
            ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
            ("a\u{202E}b\u{7}", "aU+202EbU+0007"),
            ("# Head #", "Head"),
            ("- [ ] x", r"\- \[ \] x"),
            ("1. x", r"1\. x"),
            ("> x", r"\> x"),
            ("a\r\nb", "a b"),
            (r"\[x\]", r"\[x\]"),
            ("*/ /* `]]` ${}", "*/ /* `]]` ${}"),
        ] {
            assert_eq!(plain_line(text), want, "{text:?}");
        }
    }

    #[test]
    fn blocks_become_text() {
        let text = "# Title\nOne.\n\n    let x = 1;\n\n```rust\nfn main() {}\n```\n- a\n      deep\n- b\n\n|a|b|\n|-|-|\n|[c]|d|\n\n~~~\n```\n";
        let want = "Title\n\nOne.\n\n```text\nlet x = 1;\n```\n\n```text\nfn main() {}\n```\n\n- a\n  deep\n- b\n\n```text\n|a|b|\n|-|-|\n|[c]|d|\n```\n\n````text\n```\n````";
        assert_eq!(markdown(text).join("\n"), want);
    }
}
