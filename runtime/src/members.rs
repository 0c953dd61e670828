//! JSON text taken apart without losing a digit or the order of members: what forms and parts are made of.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// What a JSON text is.
pub(crate) enum Kind<'v> {
    Null,
    /// A string, decoded.
    Text(String),
    /// A number or a boolean, as it is written.
    Plain(&'v str),
    List(Vec<&'v RawValue>),
    Object(Vec<(String, &'v RawValue)>),
}

/// Looks at a JSON text. Serde wrote it, so it is one.
pub(crate) fn kind(value: &RawValue) -> Kind<'_> {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'"') => Kind::Text(serde_json::from_str(text).unwrap_or_default()),
        Some(b'[') => Kind::List(serde_json::from_str(text).unwrap_or_default()),
        Some(b'{') => {
            Kind::Object(serde_json::from_str::<Members<'_>>(text).map(|members| members.0).unwrap_or_default())
        }
        Some(b'n') | None => Kind::Null,
        Some(_) => Kind::Plain(text),
    }
}

/// `application/json`, `text/json`, or anything ending in `+json`.
pub(crate) fn is_json(media_type: &str) -> bool {
    let essence = essence(media_type);
    match essence.split_once('/') {
        Some((_, subtype)) => subtype == "json" || subtype.ends_with("+json"),
        None => essence.is_empty(),
    }
}

/// A media type without its parameters, in lower case.
pub(crate) fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// An object's members in their order.
struct Members<'v>(Vec<(String, &'v RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
