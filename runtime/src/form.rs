//! Bodies of type `application/x-www-form-urlencoded`.
//!
//! The body is written as JSON first, so that its types need one way to be written only, and exact numbers stay
//! exact; the members of the object become pairs, in order.

use crate::parameters::encode_into;
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// A body that is no flat object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotAForm;

/// Null members are left out; lists repeat the name.
pub(crate) fn encode(body: &(impl Serialize + ?Sized)) -> Result<String, NotAForm> {
    let json = serde_json::to_string(body).map_err(|_| NotAForm)?;
    let Members(members) = serde_json::from_str(&json).map_err(|_| NotAForm)?;
    let mut form = String::new();
    for (name, value) in &members {
        if value.get().starts_with('[') {
            let items: Vec<&RawValue> = serde_json::from_str(value.get()).map_err(|_| NotAForm)?;
            for item in items {
                pair_into(name, item, &mut form)?;
            }
        } else {
            pair_into(name, value, &mut form)?;
        }
    }
    Ok(form)
}

fn pair_into(name: &str, value: &RawValue, form: &mut String) -> Result<(), NotAForm> {
    let text = match value.get().as_bytes().first() {
        Some(b'n') => return Ok(()),
        Some(b'"') => serde_json::from_str(value.get()).map_err(|_| NotAForm)?,
        Some(b'{' | b'[') | None => return Err(NotAForm),
        Some(_) => value.get().to_owned(),
    };
    if !form.is_empty() {
        form.push('&');
    }
    encode_into(name, form);
    form.push('=');
    encode_into(&text, form);
    Ok(())
}

/// An object's members in their order.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Decimal;

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
        assert_eq!(encode(&body).unwrap(), "z=a%20b%26c%3D%C3%BC%22&a=0.10&list=1&list=2&flag=true");
        assert_eq!(encode(&serde_json::json!({})).unwrap(), "");
    }

    #[test]
    fn only_flat_objects_are_forms() {
        for body in [
            serde_json::json!(1),
            serde_json::json!([1]),
            serde_json::json!({"a": {}}),
            serde_json::json!({"a": [[1]]}),
        ] {
            assert_eq!(encode(&body), Err(NotAForm), "{body}");
        }
    }
}
