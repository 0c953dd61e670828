//! Members for which absent, null and a value are three things: `Option<Option<T>>`.
//!
//! ```
//! # use serde::{Deserialize, Serialize};
//! # use countersign_runtime as runtime;
//! #[derive(Debug, PartialEq, Serialize, Deserialize)]
//! struct Patch {
//!     #[serde(default, skip_serializing_if = "Option::is_none", with = "runtime::double_option")]
//!     name: Option<Option<String>>,
//! }
//!
//! assert_eq!(serde_json::from_str::<Patch>("{}")?, Patch { name: None });
//! assert_eq!(serde_json::from_str::<Patch>(r#"{"name":null}"#)?, Patch { name: Some(None) });
//! assert_eq!(serde_json::to_string(&Patch { name: Some(None) })?, r#"{"name":null}"#);
//! assert_eq!(serde_json::to_string(&Patch { name: None })?, "{}");
//! # Ok::<(), serde_json::Error>(())
//! ```

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Reads a member that is there: null or a value.
///
/// # Errors
/// Those of the value.
pub fn deserialize<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Writes a member; an absent one is skipped by `skip_serializing_if`, and is null without it.
///
/// # Errors
/// Those of the value.
pub fn serialize<S: Serializer, T: Serialize>(value: &Option<Option<T>>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => value.serialize(serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Patch {
        #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::double_option")]
        a: Option<Option<i64>>,
    }

    #[test]
    fn three_states_survive() {
        for (text, value) in [("{}", None), (r#"{"a":null}"#, Some(None)), (r#"{"a":1}"#, Some(Some(1)))] {
            let patch: Patch = serde_json::from_str(text).unwrap();
            assert_eq!(patch, Patch { a: value });
            assert_eq!(serde_json::to_string(&patch).unwrap(), text);
        }
    }
}
