//! Parameters whose values are objects, lists or unions, and styles beside the usual one of their place.
//!
//! 1. The value is written as JSON, so that its type needs one way to be written only and exact numbers stay exact.
//! 2. Its first level becomes one text, items, or pairs. Null is left out, and so is what holds nothing.
//! 3. The style joins them as RFC 6570 does. Text is percent-encoded before it is joined, so a delimiter in a value
//!    is told from one between values.
//!
//! Where OpenAPI is silent, this is taken: a list or an object inside of a list or an object is JSON text, but for
//! a list in an exploded object of the query, whose items repeat the name, and for `deepObject`, where it goes on
//! in brackets: `a[b][c]=1`, `a[b][]=1`, and `a[b][0][c]=1` for objects in lists.
//!
//! Three styles can't tell a delimiter in a value from their own: `spaceDelimited`, `pipeDelimited`, and lists in
//! headers, which are not encoded. Such a value is refused.

use crate::error::RequestError;
use crate::members;
use crate::parameters::ALL_BUT_UNRESERVED;
use percent_encoding::{AsciiSet, utf8_percent_encode};
use serde::Serialize;
use serde_json::value::RawValue;

/// How a parameter's value is written: OpenAPI's `style`, and `explode` and `allowReserved` beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterStyle {
    /// The style.
    pub style: Style,
    /// Whether each item or member stands by itself.
    pub explode: bool,
    /// Whether reserved characters in values of the query stay as they are: all but `&`, `#`, `+`, `=`, `'`, and the
    /// comma where it stands between items.
    pub reserved: bool,
}

/// The styles of OpenAPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `a,b` in paths and headers.
    Simple,
    /// `.a,b` in paths.
    Label,
    /// `;name=a,b` in paths.
    Matrix,
    /// `name=a&name=b`, or `name=a,b`, in queries and cookies.
    Form,
    /// `name=a%20b` in queries.
    SpaceDelimited,
    /// `name=a%7Cb` in queries.
    PipeDelimited,
    /// `name[key]=a` in queries.
    DeepObject,
    /// JSON text: a parameter with `content`.
    Json,
}

/// The first level of a value.
enum Parts {
    Nothing,
    One(String),
    Items(Vec<String>),
    Pairs(Vec<(String, String)>),
}

/// Why a value can't be written.
type Why = &'static str;

const NO_JSON: Why = "can't be written as JSON";
const DELIMITER: Why = "has the delimiter of its style in a value";

fn refused(name: &str, why: Why) -> RequestError {
    RequestError::Parameter { name: name.to_owned(), why }
}

/// The value for a variable of a path; nothing if it holds nothing.
pub(crate) fn path(
    name: &str,
    style: ParameterStyle,
    value: &(impl Serialize + ?Sized),
) -> Result<Option<String>, RequestError> {
    let json = json(name, value)?;
    if style.style == Style::Json {
        return Ok(Some(encoded(&json, &ALL_BUT_UNRESERVED)));
    }
    let parts = parts(&json, false).map_err(|why| refused(name, why))?;
    // A dot is as good as any letter, but between the items of an exploded label.
    let set = match (style.style, &parts) {
        (Style::Label, Parts::Items(_) | Parts::Pairs(_)) if style.explode => &ALL_BUT_DOTLESS,
        _ => &ALL_BUT_UNRESERVED,
    };
    let parts = parts.map(|text| encoded(text, set));
    Ok(match style.style {
        Style::Label => {
            let separator = if style.explode { "." } else { "," };
            list(parts, style.explode, separator).map(|text| format!(".{text}"))
        }
        Style::Matrix => matrix(&encoded(name, &ALL_BUT_UNRESERVED), style.explode, parts),
        _ => list(parts, style.explode, ","),
    })
}

/// Items or pairs with something between them.
fn list(parts: Parts, explode: bool, separator: &str) -> Option<String> {
    match parts {
        Parts::Nothing => None,
        Parts::One(text) => Some(text),
        Parts::Items(items) => Some(items.join(separator)),
        Parts::Pairs(pairs) => {
            let between = if explode { "=" } else { separator };
            let pairs: Vec<String> = pairs.into_iter().map(|(key, value)| format!("{key}{between}{value}")).collect();
            Some(pairs.join(separator))
        }
    }
}

/// `;name=value`; an empty value has no `=`.
fn matrix(name: &str, explode: bool, parts: Parts) -> Option<String> {
    let pair = |name: &str, value: &str| if value.is_empty() { format!(";{name}") } else { format!(";{name}={value}") };
    match parts {
        Parts::Items(items) if explode => Some(items.iter().map(|item| pair(name, item)).collect()),
        Parts::Pairs(pairs) if explode => Some(pairs.iter().map(|(key, value)| pair(key, value)).collect()),
        parts => list(parts, false, ",").map(|text| pair(name, &text)),
    }
}

/// Adds the pairs of a query parameter.
pub(crate) fn query(
    name: &str,
    style: ParameterStyle,
    value: &(impl Serialize + ?Sized),
    query: &mut String,
) -> Result<(), RequestError> {
    let json = json(name, value)?;
    let fail = |why| refused(name, why);
    let set = match (style.reserved, style.explode || style.style == Style::DeepObject) {
        (false, _) => &ALL_BUT_UNRESERVED,
        (true, true) => &RESERVED_STAYS,
        (true, false) => &RESERVED_BUT_COMMA_STAYS,
    };
    let mut add = |key: &str, value: &str| {
        if !query.is_empty() {
            query.push('&');
        }
        query.extend(utf8_percent_encode(key, &ALL_BUT_UNRESERVED));
        query.push('=');
        query.push_str(value);
    };
    if style.style == Style::Json {
        add(name, &encoded(&json, set));
        return Ok(());
    }
    if style.style == Style::DeepObject {
        let mut pairs = Vec::new();
        deep(name, raw(&json).map_err(fail)?, &mut pairs).map_err(fail)?;
        pairs.iter().for_each(|(key, value)| add(key, &encoded(value, set)));
        return Ok(());
    }
    let delimiter = match style.style {
        Style::SpaceDelimited => ' ',
        Style::PipeDelimited => '|',
        _ => ',',
    };
    match parts(&json, style.explode).map_err(fail)? {
        Parts::Nothing => {}
        Parts::One(text) => add(name, &encoded(&text, if style.reserved { &RESERVED_STAYS } else { set })),
        Parts::Items(items) if style.explode => items.iter().for_each(|item| add(name, &encoded(item, set))),
        Parts::Pairs(pairs) if style.explode => {
            pairs.iter().for_each(|(key, value)| add(key, &encoded(value, set)));
        }
        parts => {
            if delimiter != ',' && parts.has(delimiter) {
                return Err(fail(DELIMITER));
            }
            let separator = if delimiter == ',' { ",".to_owned() } else { encoded(&delimiter.to_string(), set) };
            if let Some(text) = list(parts.map(|text| encoded(text, set)), false, &separator) {
                add(name, &text);
            }
        }
    }
    Ok(())
}

/// The value of a header; nothing if it holds nothing.
pub(crate) fn header(
    name: &str,
    style: ParameterStyle,
    value: &(impl Serialize + ?Sized),
) -> Result<Option<String>, RequestError> {
    let json = json(name, value)?;
    if style.style == Style::Json {
        return Ok(Some(ascii(&json)));
    }
    let parts = parts(&json, false).map_err(|why| refused(name, why))?;
    if parts.has(',') {
        return Err(refused(name, DELIMITER));
    }
    Ok(list(parts, style.explode, ","))
}

/// JSON in ASCII: other characters are escaped.
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut units = [0; 2];
    for c in json.chars() {
        if c.is_ascii() && c != '\u{7f}' {
            out.push(c);
        } else {
            c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        }
    }
    out
}

/// The pairs of a cookie parameter.
///
/// Characters that RFC 6265 takes in a value stay as they are, but for `%`; others are percent-encoded.
pub(crate) fn cookies(
    name: &str,
    style: ParameterStyle,
    value: &(impl Serialize + ?Sized),
) -> Result<Vec<String>, RequestError> {
    let json = json(name, value)?;
    let pair = |name: &str, value: &str| format!("{}={value}", encoded(name, &NOT_IN_COOKIE_NAMES));
    if style.style == Style::Json {
        return Ok(vec![pair(name, &encoded(&json, &NOT_IN_COOKIES))]);
    }
    let parts = parts(&json, style.explode).map_err(|why| refused(name, why))?;
    Ok(match parts {
        Parts::Items(items) if style.explode => {
            items.iter().map(|item| pair(name, &encoded(item, &NOT_IN_COOKIES))).collect()
        }
        Parts::Pairs(pairs) if style.explode => {
            pairs.iter().map(|(key, value)| pair(key, &encoded(value, &NOT_IN_COOKIES))).collect()
        }
        parts => {
            let text = list(parts.map(|text| encoded(text, &NOT_IN_COOKIES)), false, ",");
            text.map(|text| pair(name, &text)).into_iter().collect()
        }
    })
}

impl Parts {
    fn map(self, encode: impl Fn(&str) -> String) -> Self {
        match self {
            Parts::Nothing => Parts::Nothing,
            Parts::One(text) => Parts::One(encode(&text)),
            Parts::Items(items) => Parts::Items(items.iter().map(|item| encode(item)).collect()),
            Parts::Pairs(pairs) => {
                Parts::Pairs(pairs.iter().map(|(key, value)| (encode(key), encode(value))).collect())
            }
        }
    }

    /// Whether a text that is to be joined with others has this character.
    fn has(&self, delimiter: char) -> bool {
        match self {
            Parts::Nothing | Parts::One(_) => false,
            Parts::Items(items) => items.iter().any(|item| item.contains(delimiter)),
            Parts::Pairs(pairs) => {
                pairs.iter().any(|(key, value)| key.contains(delimiter) || value.contains(delimiter))
            }
        }
    }
}

fn encoded(text: &str, set: &'static AsciiSet) -> String {
    utf8_percent_encode(text, set).to_string()
}

fn json(name: &str, value: &(impl Serialize + ?Sized)) -> Result<String, RequestError> {
    serde_json::to_string(value).map_err(|_| refused(name, NO_JSON))
}

fn raw(json: &str) -> Result<&RawValue, Why> {
    serde_json::from_str(json).map_err(|_| NO_JSON)
}

/// The first level of a JSON text. `repeat` lets a list that is a member stand as one pair for each item.
fn parts(json: &str, repeat: bool) -> Result<Parts, Why> {
    Ok(match json.as_bytes().first() {
        Some(b'[') => {
            let items: Vec<String> =
                items(json)?.into_iter().map(text).filter_map(Result::transpose).collect::<Result<_, _>>()?;
            if items.is_empty() { Parts::Nothing } else { Parts::Items(items) }
        }
        Some(b'{') => {
            let mut pairs = Vec::new();
            for (key, value) in members(json)? {
                match value.get().as_bytes().first() {
                    Some(b'[') if repeat => {
                        for item in items(value.get())? {
                            pairs.extend(text(item)?.map(|text| (key.clone(), text)));
                        }
                    }
                    _ => pairs.extend(text(value)?.map(|text| (key, text))),
                }
            }
            if pairs.is_empty() { Parts::Nothing } else { Parts::Pairs(pairs) }
        }
        _ => text(raw(json)?)?.map_or(Parts::Nothing, Parts::One),
    })
}

/// A value as text; nothing for null.
fn text(value: &RawValue) -> Result<Option<String>, Why> {
    match value.get().as_bytes().first() {
        Some(b'n') => Ok(None),
        Some(b'"') => serde_json::from_str(value.get()).map(Some).map_err(|_| NO_JSON),
        _ => Ok(Some(value.get().to_owned())),
    }
}

/// The pairs of `deepObject`.
fn deep(name: &str, value: &RawValue, pairs: &mut Vec<(String, String)>) -> Result<(), Why> {
    match value.get().as_bytes().first() {
        Some(b'{') => {
            members(value.get())?.into_iter().try_for_each(|(key, value)| deep(&format!("{name}[{key}]"), value, pairs))
        }
        Some(b'[') => {
            let items = items(value.get())?;
            let nested = |item: &&RawValue| item.get().starts_with(['{', '[']);
            let has_nested = items.iter().any(nested);
            items.into_iter().enumerate().try_for_each(|(at, item)| match has_nested {
                true => deep(&format!("{name}[{at}]"), item, pairs),
                false => deep(&format!("{name}[]"), item, pairs),
            })
        }
        _ => {
            pairs.extend(text(value)?.map(|text| (name.to_owned(), text)));
            Ok(())
        }
    }
}

fn items(json: &str) -> Result<Vec<&RawValue>, Why> {
    serde_json::from_str(json).map_err(|_| NO_JSON)
}

fn members(json: &str) -> Result<Vec<(String, &RawValue)>, Why> {
    match members::kind(raw(json)?) {
        members::Kind::Object(members) => Ok(members),
        _ => Err(NO_JSON),
    }
}

const ALL_BUT_DOTLESS: AsciiSet = ALL_BUT_UNRESERVED.add(b'.');

/// `allowReserved`: RFC 3986's reserved characters stay, but for those that end a pair, a name or the query, that
/// are read as a space, or that URLs write differently.
const RESERVED_STAYS: AsciiSet = ALL_BUT_UNRESERVED
    .remove(b':')
    .remove(b'/')
    .remove(b'?')
    .remove(b'[')
    .remove(b']')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b';');

const RESERVED_BUT_COMMA_STAYS: AsciiSet = RESERVED_STAYS.add(b',');

/// All but RFC 6265's `cookie-octet`, and `%`.
const NOT_IN_COOKIES: AsciiSet =
    percent_encoding::CONTROLS.add(b' ').add(b'"').add(b',').add(b';').add(b'\\').add(b'%');

/// All but RFC 9110's `token`, and `%`.
const NOT_IN_COOKIE_NAMES: AsciiSet = ALL_BUT_UNRESERVED
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'*')
    .remove(b'+')
    .remove(b'^')
    .remove(b'`')
    .remove(b'|');
