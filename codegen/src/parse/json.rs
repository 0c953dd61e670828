//! JSON (RFC 8259) to a tree.
//!
//! The syntax tree behind this is built by recursion and is a little more liberal than the RFC, so a scan
//! goes before it that holds depth, size and the characters between tokens to the letter.

use super::{Cursor, DEEPEST, MOST_NODES, Members, Problem, START, Tree, duplicate_key, too_deep, too_many_nodes};
use crate::lint::rules;
use crate::spec::{Key, Mark, Node, Value};
use jsonc_parser::ast;
use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};

/// The tree of the one value in `text`.
pub(super) fn tree(text: &str) -> Result<Tree, Vec<Problem>> {
    scan(text).map_err(|problem| vec![problem])?;
    let collect = CollectOptions { comments: CommentCollectionStrategy::Off, tokens: false };
    let parsed = parse_to_ast(text, &collect, &STRICT).map_err(|error| {
        let at = Cursor::new(text).mark(error.range().start);
        vec![Problem::new(rules::SYNTAX, at, format!("this is not JSON: {}", lower(&error.kind().to_string())))]
    })?;
    let Some(root) = parsed.value else {
        return Err(vec![Problem::new(rules::SYNTAX, START, "the file holds no document")]);
    };
    let mut builder = Builder { cursor: Cursor::new(text), problems: Vec::new() };
    let root = builder.node(root);
    if builder.problems.is_empty() { Ok(Tree { root, notes: Vec::new() }) } else { Err(builder.problems) }
}

const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

fn lower(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// Depth, number of values, and the characters that may stand inside and between tokens.
fn scan(text: &str) -> Result<(), Problem> {
    let fail = |offset: usize, problem: fn(Mark) -> Problem| Err(problem(Cursor::new(text).mark(offset)));
    let (mut depth, mut values) = (0_usize, 1_usize);
    let (mut quoted, mut escaped) = (false, false);
    // Bytes do: what is not ASCII may stand in quotes only.
    for (offset, c) in text.bytes().enumerate() {
        if quoted {
            match c {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = false,
                c if c.is_ascii_control() => return fail(offset, control_in_text),
                _ => {}
            }
            continue;
        }
        match c {
            b'"' => quoted = true,
            b'{' | b'[' => {
                depth += 1;
                values += 1;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' | b':' => values += 1,
            c if !c.is_ascii() => return fail(offset, outside_text),
            _ => {}
        }
        if depth > DEEPEST {
            return fail(offset, too_deep);
        }
        if values > MOST_NODES {
            return fail(offset, too_many_nodes);
        }
    }
    Ok(())
}

fn control_in_text(at: Mark) -> Problem {
    Problem::new(rules::SYNTAX, at, "this is not JSON: a control character stands in text without an escape")
}

fn outside_text(at: Mark) -> Problem {
    Problem::new(rules::SYNTAX, at, "this is not JSON: this character may stand in quotes only")
}

struct Builder<'t> {
    cursor: Cursor<'t>,
    problems: Vec<Problem>,
}

impl Builder<'_> {
    /// The scan has limited the depth of this recursion.
    fn node(&mut self, value: ast::Value<'_>) -> Node {
        let at = self.cursor.mark(value.start());
        let value = match value {
            ast::Value::NullKeyword(_) => Value::Null,
            ast::Value::BooleanLit(literal) => Value::Bool(literal.value),
            ast::Value::StringLit(literal) => Value::Text(literal.value.into_owned()),
            ast::Value::NumberLit(literal) => {
                if serde_json::from_str::<&serde_json::value::RawValue>(literal.value).is_err() {
                    let message = format!("`{}` is not a number of JSON", literal.value);
                    self.problems.push(Problem::new(rules::SYNTAX, at, message));
                }
                Value::Number(literal.value.to_owned())
            }
            ast::Value::Array(array) => Value::List(array.elements.into_iter().map(|item| self.node(item)).collect()),
            ast::Value::Object(object) => {
                let mut members = Members::default();
                for property in object.properties {
                    let key_at = self.cursor.mark(property.name.start());
                    let key = Key { text: property.name.into_string(), at: key_at };
                    let node = self.node(property.value);
                    match members.place(&key.text) {
                        Some(first) => self.problems.push(duplicate_key(&key, first)),
                        None => members.push(key, node),
                    }
                }
                Value::Map(members.list)
            }
        };
        Node { value, at }
    }
}
