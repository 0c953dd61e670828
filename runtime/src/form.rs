//! Bodies of type `application/x-www-form-urlencoded`.
//!
//! The body is written as JSON first, so that its types need one way to be written only, and exact numbers stay
//! exact; the members of the object become pairs, in order. How a list or an object becomes pairs is its
//! [`FormStyle`]; without one, lists repeat the name and objects are JSON text. Null is left out everywhere.

use crate::members::{self, Kind};
use crate::parameters::encode_into;
use serde::Serialize;
use serde_json::value::RawValue;

/// How a member of a form that is a list or an object is written: OpenAPI's `encoding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormStyle {
    /// `style: form`, exploded: a pair for each item, and for each member under its own name.
    Exploded,
    /// `style: form`: one pair, joined by commas.
    Commas,
    /// `style: spaceDelimited`: one pair, joined by spaces.
    Spaces,
    /// `style: pipeDelimited`: one pair, joined by bars.
    Pipes,
    /// `style: deepObject`: names like `a[b]`, and `a[0]` for items.
    Deep,
    /// `contentType: application/json`: JSON text.
    Json,
}

/// A body that is no object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotAForm;

/// The pairs of an object.
pub(crate) fn encode(body: &(impl Serialize + ?Sized), styles: &[(&str, FormStyle)]) -> Result<String, NotAForm> {
    let json = serde_json::to_string(body).map_err(|_| NotAForm)?;
    pairs(RawValue::from_string(json).map_err(|_| NotAForm)?, styles)
}

fn pairs(body: Box<RawValue>, styles: &[(&str, FormStyle)]) -> Result<String, NotAForm> {
    let Kind::Object(members) = members::kind(&body) else { return Err(NotAForm) };
    let mut form = String::new();
    for (name, value) in members {
        let style = styles.iter().find(|(member, _)| *member == name).map(|(_, style)| *style);
        member(&name, value, style, &mut form);
    }
    Ok(form)
}

fn member(name: &str, value: &RawValue, style: Option<FormStyle>, form: &mut String) {
    match (members::kind(value), style) {
        (Kind::Null, _) => {}
        (_, Some(FormStyle::Json)) => pair(name, value.get(), form),
        (Kind::Text(text), _) => pair(name, &text, form),
        (Kind::Plain(text), _) => pair(name, text, form),
        (Kind::List(_) | Kind::Object(_), Some(FormStyle::Deep)) => deep(name, value, form),
        (Kind::List(items), None | Some(FormStyle::Exploded)) => {
            items.iter().filter_map(|item| text(item)).for_each(|item| pair(name, &item, form));
        }
        (Kind::Object(members), Some(FormStyle::Exploded)) => {
            for (name, value) in members {
                if let Some(text) = text(value) {
                    pair(&name, &text, form);
                }
            }
        }
        (Kind::Object(_), None) => pair(name, value.get(), form),
        (Kind::List(items), Some(style)) => delimited(name, items.iter().filter_map(|item| text(item)), style, form),
        (Kind::Object(members), Some(style)) => {
            let members = members.into_iter().filter_map(|(name, value)| Some([name, text(value)?])).flatten();
            delimited(name, members, style, form);
        }
    }
}

/// A value inside a list or object: text, or else JSON; nothing for null.
fn text(value: &RawValue) -> Option<String> {
    match members::kind(value) {
        Kind::Null => None,
        Kind::Text(text) => Some(text),
        Kind::Plain(_) | Kind::List(_) | Kind::Object(_) => Some(value.get().to_owned()),
    }
}

fn deep(name: &str, value: &RawValue, form: &mut String) {
    match members::kind(value) {
        Kind::Null => {}
        Kind::Text(text) => pair(name, &text, form),
        Kind::Plain(text) => pair(name, text, form),
        Kind::List(items) => {
            items.iter().enumerate().for_each(|(at, item)| deep(&format!("{name}[{at}]"), item, form));
        }
        Kind::Object(members) => {
            members.iter().for_each(|(member, value)| deep(&format!("{name}[{member}]"), value, form));
        }
    }
}

/// One pair; the items are encoded, and so is the delimiter unless it is a comma.
fn delimited(name: &str, items: impl Iterator<Item = String>, style: FormStyle, form: &mut String) {
    let delimiter = match style {
        FormStyle::Spaces => "%20",
        FormStyle::Pipes => "%7C",
        _ => ",",
    };
    for (at, item) in items.enumerate() {
        if at == 0 {
            begin(name, form);
        } else {
            form.push_str(delimiter);
        }
        encode_into(&item, form);
    }
}

fn pair(name: &str, text: &str, form: &mut String) {
    begin(name, form);
    encode_into(text, form);
}

/// The name of the next pair, encoded, brackets included: servers decode names before they look at them.
fn begin(name: &str, form: &mut String) {
    if !form.is_empty() {
        form.push('&');
    }
    encode_into(name, form);
    form.push('=');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Decimal;
    use serde_json::json;

    #[derive(Serialize)]
    struct Body {
        z: &'static str,
        a: Decimal,
        list: Vec<i64>,
        none: Option<bool>,
        flag: bool,
    }

    #[test]
    fn members_become_pairs_in_order() {
        let body =
            Body { z: "a b&c=\u{fc}\"", a: Decimal::new("0.10").unwrap(), list: vec![1, 2], none: None, flag: true };
        assert_eq!(encode(&body, &[]).unwrap(), "z=a%20b%26c%3D%C3%BC%22&a=0.10&list=1&list=2&flag=true");
        assert_eq!(encode(&json!({}), &[]).unwrap(), "");
    }

    #[test]
    fn only_objects_are_forms() {
        for body in [json!(1), json!([1]), json!(null), json!("a=b")] {
            assert_eq!(encode(&body, &[]), Err(NotAForm), "{body}");
        }
    }

    #[test]
    fn styles() {
        let list = json!(["a,b", "c d", 1, null]);
        let object = json!({"x": "1&2", "y": [true], "z": {"w": "ü"}, "n": null});
        let tags = json!([{"k": "a"}, {"k": "b"}]);
        let table = [
            (&list, None, "m=a%2Cb&m=c%20d&m=1"),
            (&list, Some(FormStyle::Exploded), "m=a%2Cb&m=c%20d&m=1"),
            (&list, Some(FormStyle::Commas), "m=a%2Cb,c%20d,1"),
            (&list, Some(FormStyle::Spaces), "m=a%2Cb%20c%20d%201"),
            (&list, Some(FormStyle::Pipes), "m=a%2Cb%7Cc%20d%7C1"),
            (&list, Some(FormStyle::Deep), "m%5B0%5D=a%2Cb&m%5B1%5D=c%20d&m%5B2%5D=1"),
            (&list, Some(FormStyle::Json), "m=%5B%22a%2Cb%22%2C%22c%20d%22%2C1%2Cnull%5D"),
            (
                &object,
                None,
                "m=%7B%22x%22%3A%221%262%22%2C%22y%22%3A%5Btrue%5D%2C%22z%22%3A%7B%22w%22%3A%22%C3%BC%22%7D%2C%22n%22%3Anull%7D",
            ),
            (&object, Some(FormStyle::Exploded), "x=1%262&y=%5Btrue%5D&z=%7B%22w%22%3A%22%C3%BC%22%7D"),
            (&object, Some(FormStyle::Commas), "m=x,1%262,y,%5Btrue%5D,z,%7B%22w%22%3A%22%C3%BC%22%7D"),
            (&object, Some(FormStyle::Pipes), "m=x%7C1%262%7Cy%7C%5Btrue%5D%7Cz%7C%7B%22w%22%3A%22%C3%BC%22%7D"),
            (&object, Some(FormStyle::Deep), "m%5Bx%5D=1%262&m%5By%5D%5B0%5D=true&m%5Bz%5D%5Bw%5D=%C3%BC"),
            (&tags, None, "m=%7B%22k%22%3A%22a%22%7D&m=%7B%22k%22%3A%22b%22%7D"),
            (&tags, Some(FormStyle::Deep), "m%5B0%5D%5Bk%5D=a&m%5B1%5D%5Bk%5D=b"),
        ];
        for (value, style, expected) in table {
            let styles: Vec<(&str, FormStyle)> = style.into_iter().map(|style| ("m", style)).collect();
            // The order of members is that of the text, whatever a map makes of it.
            let text = format!("{{\"m\":{}}}", in_order(value));
            let body: Box<RawValue> = RawValue::from_string(text).unwrap();
            assert_eq!(encode(&body, &styles).unwrap(), expected, "{style:?}");
        }
    }

    fn in_order(value: &serde_json::Value) -> String {
        match value.as_object() {
            Some(_) => r#"{"x":"1&2","y":[true],"z":{"w":"ü"},"n":null}"#.to_owned(),
            None => value.to_string(),
        }
    }
}
