//! Names that are chosen from a schema's place and own text, never from its order or its neighbours.
//!
//! 1. [`pascal`] and [`snake`] turn any text into ASCII words in the case rules of heck; both are fixpoints.
//! 2. [`type_name`], [`variant_name`], [`field_name`] and their kin make identifiers of it.
//! 3. [`distinct`] tells equal ones apart by marks from their own text, then by a hash of it.
//!
//! Where a schema stands is the business of [`super::places`]; wire names are never made from names here.

use heck::{ToSnakeCase, ToUpperCamelCase};
use std::collections::{BTreeMap, BTreeSet};

/// Longest identifier that is made; longer ones are cut and get a hash of the whole.
const LONGEST: usize = 120;

/// How names of one kind are written, and what is added where one is taken.
#[derive(Clone, Copy)]
pub(super) enum Style {
    /// `UpperCamelCase`, with the word that is added to a name that is taken.
    Pascal(&'static str),
    /// `snake_case`, with the word that is added to a name that is taken.
    Snake(&'static str),
}

/// The words of `text` in `UpperCamelCase`; empty if it has no letters and digits.
pub(super) fn pascal(text: &str) -> String {
    let mut name = words(text).to_upper_camel_case();
    // `LL` gives `Ll`, `Self_` gives `Self`: what is left must not change again.
    for _ in 0..4 {
        let again = name.to_upper_camel_case();
        if again == name {
            break;
        }
        name = again;
    }
    name
}

/// The words of `text` in `snake_case`; empty if it has no letters and digits.
pub(super) fn snake(text: &str) -> String {
    let mut name = words(text).to_snake_case();
    for _ in 0..4 {
        let again = name.to_snake_case();
        if again == name {
            break;
        }
        name = again;
    }
    name
}

/// Name of a type that stands for a component or tag with this key.
pub(super) fn type_name(text: &str) -> String {
    let name = cut(&upper_identifier(text), text, Style::Pascal(""));
    if is_taken(&name) { format!("{name}Model") } else { name }
}

/// Whether a type's name means something else in generated code.
pub(super) fn is_taken(name: &str) -> bool {
    TAKEN_TYPES.binary_search(&name).is_ok()
}

/// Name of a variant for this value.
pub(super) fn variant_name(text: &str) -> String {
    cut(&upper_identifier(&with_signs(text)), text, Style::Pascal(""))
}

/// Name of a member of an object.
pub(super) fn field_name(text: &str) -> String {
    lower_identifier(text)
}

/// Name of a method, or of a module.
pub(super) fn method_name(text: &str) -> String {
    lower_identifier(text)
}

/// An owner's name and what is added to it, each word once where they overlap in full.
pub(super) fn joined(owner: &str, part: &str) -> String {
    let part = pascal(part);
    let part = if part.is_empty() { "Member".to_owned() } else { part };
    // Digits on both sides would run together, a boundary that heck can't see: `A1` + `2` is not `A12`.
    let name = match (owner.ends_with(|c: char| c.is_ascii_digit()), part.starts_with(|c: char| c.is_ascii_digit())) {
        (true, true) => format!("{owner}N{part}"),
        _ => format!("{owner}{part}"),
    };
    let name = pascal(&name);
    cut(&name, &name, Style::Pascal(""))
}

/// A stable hash of `text`: FNV-1a, 64 bits, in hexadecimal.
pub(super) fn hash(text: &str, digits: usize) -> String {
    let mut state: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in text.bytes() {
        state ^= u64::from(byte);
        state = state.wrapping_mul(0x0100_0000_01b3);
    }
    // The low bits of FNV depend on few bytes; folding brings the high ones in.
    let folded = state ^ (state >> 32);
    let text = format!("{folded:016x}");
    text[16 - digits.min(16)..].to_owned()
}

/// Names for texts of one scope, all different and none of `taken`.
///
/// `named` gives each text with the name it would like. Of equal names the one that is its text letter by
/// letter keeps it; all others are marked from their own text.
pub(super) fn distinct(named: &[(String, String)], taken: &BTreeSet<String>, style: Style) -> Vec<String> {
    let mut levels = vec![0_usize; named.len()];
    loop {
        let names: Vec<String> = named
            .iter()
            .zip(&levels)
            .enumerate()
            .map(|(i, (entry, level))| at_level(entry, *level, i, taken, style))
            .collect();
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, name) in names.iter().enumerate() {
            groups.entry(name).or_default().push(index);
        }
        let mut raised = false;
        for (name, members) in groups {
            let occupied = taken.contains(name);
            if members.len() == 1 && !occupied {
                continue;
            }
            let stays = if occupied { None } else { owner_of_name(&members, named) };
            for index in members.into_iter().filter(|index| Some(*index) != stays) {
                levels[index] += 1;
                raised = true;
            }
        }
        if !raised {
            return names;
        }
    }
}

/// Which of several with one name keeps it: the one whose text is the name that all of them would like.
fn owner_of_name(members: &[usize], named: &[(String, String)]) -> Option<usize> {
    let capitalized = |text: &str| {
        let mut letters = text.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    let mut all = members.iter().copied();
    let exact = all.clone().find(|index| named[*index].0 == named[*index].1);
    exact.or_else(|| all.find(|index| capitalized(&named[*index].0).as_deref() == Some(&named[*index].1)))
}

/// The name of an entry after so many collisions.
fn at_level(entry: &(String, String), level: usize, index: usize, taken: &BTreeSet<String>, style: Style) -> String {
    let (text, base) = entry;
    let mark = match level {
        0 => return base.clone(),
        1 if taken.contains(base) => match style {
            Style::Pascal(word) | Style::Snake(word) => word.to_owned(),
        },
        1 => case_mark(text).to_owned(),
        2 => hash(text, 6),
        3 => hash(text, 16),
        // Equal texts: only their number is left. Callers report those before.
        _ => format!("{}_{index}_{level}", hash(text, 16)),
    };
    match style {
        Style::Pascal(_) => joined(base, &mark),
        Style::Snake(_) => format!("{}_{}", base.trim_end_matches('_'), snake(&mark)),
    }
}

/// `Upper`, `Lower` or `Mixed`: what tells `SPE` from `spe`.
fn case_mark(text: &str) -> &'static str {
    let upper = text.chars().any(|c| c.is_ascii_uppercase());
    let lower = text.chars().any(|c| c.is_ascii_lowercase());
    match (upper, lower) {
        (true, false) => "Upper",
        (false, true) => "Lower",
        _ => "Mixed",
    }
}

fn upper_identifier(text: &str) -> String {
    let name = pascal(text);
    let name = if name.is_empty() { pascal(&spelled(text)) } else { name };
    let name = if name.starts_with(|c: char| c.is_ascii_digit()) { format!("N{name}") } else { name };
    if name == "Self" { "SelfValue".to_owned() } else { name }
}

fn lower_identifier(text: &str) -> String {
    let name = snake(text);
    let name = if name.is_empty() { snake(&spelled(text)) } else { name };
    let name = if name.starts_with(|c: char| c.is_ascii_digit()) { format!("n{name}") } else { name };
    let name = cut(&name, text, Style::Snake(""));
    if is_keyword(&name) { format!("{name}_") } else { name }
}

fn cut(name: &str, text: &str, style: Style) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    // Names are ASCII, so any length is a boundary.
    let head = &name[..LONGEST - 8];
    match style {
        Style::Pascal(_) => pascal(&format!("{head}_{}", hash(text, 6))),
        Style::Snake(_) => snake(&format!("{head}_{}", hash(text, 6))),
    }
}

/// ASCII words: other letters are transliterated or spelled by code point, all else separates.
fn words(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            _ if c.is_ascii_alphanumeric() => words.push(c),
            '\'' => {}
            _ if c.is_ascii() => words.push('_'),
            _ => match LATIN.iter().find(|(letters, _)| letters.contains(c)) {
                Some((_, plain)) => words.push_str(plain),
                None if c.is_alphanumeric() => words.push_str(&format!("_u{:04x}_", u32::from(c))),
                None => words.push('_'),
            },
        }
    }
    words
}

/// Letters of western languages and what they are without marks.
const LATIN: &[(&str, &str)] = &[
    ("àáâãåāăą", "a"),
    ("ä", "ae"),
    ("æ", "ae"),
    ("ÀÁÂÃÅĀĂĄ", "A"),
    ("Ä", "Ae"),
    ("çćč", "c"),
    ("ÇĆČ", "C"),
    ("èéêëēęě", "e"),
    ("ÈÉÊËĒĘĚ", "E"),
    ("ìíîïī", "i"),
    ("ÌÍÎÏĪ", "I"),
    ("ñńň", "n"),
    ("ÑŃŇ", "N"),
    ("òóôõøō", "o"),
    ("ö", "oe"),
    ("ÒÓÔÕØŌ", "O"),
    ("Ö", "Oe"),
    ("œ", "oe"),
    ("ùúûū", "u"),
    ("ü", "ue"),
    ("ÙÚÛŪ", "U"),
    ("Ü", "Ue"),
    ("ýÿ", "y"),
    ("ß", "ss"),
    ("šś", "s"),
    ("ŠŚ", "S"),
    ("žźż", "z"),
    ("ł", "l"),
];

/// Signs that carry meaning inside values: a sign before a word, comparisons, stars.
fn with_signs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before: Option<char> = None;
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        let leads = before.is_none_or(|b| !b.is_alphanumeric()) && letters.peek().is_some_and(|n| n.is_alphanumeric());
        let word = match c {
            '-' if leads => Some("Minus"),
            '+' | '<' | '>' | '=' | '!' | '*' => symbol(c),
            _ => None,
        };
        match word {
            Some(word) => {
                out.push('_');
                out.push_str(word);
                out.push('_');
            }
            None => out.push(c),
        }
        before = Some(c);
    }
    out
}

/// A text without letters and digits, symbol by symbol.
fn spelled(text: &str) -> String {
    if text.is_empty() {
        return "Empty".to_owned();
    }
    let words: Vec<String> =
        text.chars().map(|c| symbol(c).map_or_else(|| format!("U{:04X}", u32::from(c)), str::to_owned)).collect();
    words.join("_")
}

fn symbol(c: char) -> Option<&'static str> {
    Some(match c {
        '+' => "Plus",
        '-' => "Minus",
        '<' => "Lt",
        '>' => "Gt",
        '=' => "Eq",
        '!' => "Not",
        '*' => "Star",
        '/' => "Slash",
        '\\' => "Backslash",
        '%' => "Percent",
        '&' => "And",
        '|' => "Or",
        '^' => "Caret",
        '~' => "Tilde",
        '#' => "Hash",
        '@' => "At",
        '$' => "Dollar",
        '?' => "Question",
        '.' => "Dot",
        ',' => "Comma",
        ':' => "Colon",
        ';' => "Semicolon",
        '_' => "Underscore",
        ' ' => "Space",
        '(' => "ParenLeft",
        ')' => "ParenRight",
        '[' => "BracketLeft",
        ']' => "BracketRight",
        '{' => "BraceLeft",
        '}' => "BraceRight",
        '"' => "Quote",
        '\'' => "Apostrophe",
        '`' => "Backtick",
        _ => return None,
    })
}

/// Whether Rust keeps the word for itself, in any edition.
pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.binary_search(&word).is_ok()
}

const KEYWORDS: &[&str] = &[
    "_", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super",
    "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Names that mean something else in generated code: Rust's prelude, derives, and what each crate defines itself.
const TAKEN_TYPES: &[&str] = &[
    "Arc",
    "AsMut",
    "AsRef",
    "AsyncFn",
    "Binary",
    "Body",
    "Box",
    "ByteStream",
    "Bytes",
    "Call",
    "CallFuture",
    "Client",
    "ClientBuilder",
    "Clone",
    "Copy",
    "Core",
    "Cow",
    "Credentials",
    "Date",
    "DateTime",
    "Debug",
    "Decimal",
    "Default",
    "Deserialize",
    "Display",
    "DoubleEndedIterator",
    "Drop",
    "Eq",
    "Err",
    "Error",
    "ErrorKind",
    "ExactSizeIterator",
    "Extend",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "FromIterator",
    "FromStr",
    "Future",
    "Hash",
    "Into",
    "IntoFuture",
    "IntoIterator",
    "Iterator",
    "None",
    "Ok",
    "Operation",
    "Option",
    "Ord",
    "Outcome",
    "PartialEq",
    "PartialOrd",
    "Provider",
    "Reply",
    "Response",
    "Result",
    "Self",
    "Send",
    "Sensitive",
    "Serialize",
    "Server",
    "Sized",
    "Some",
    "String",
    "Sync",
    "ToOwned",
    "ToString",
    "TryFrom",
    "TryInto",
    "Unpin",
    "Uuid",
    "Vec",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        assert!(KEYWORDS.is_sorted());
        assert!(TAKEN_TYPES.is_sorted());
    }
}
