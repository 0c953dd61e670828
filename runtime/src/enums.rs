//! Choices of texts and of integers that stay open.
//!
//! A server may add a value tomorrow. Such a value must not make a whole body unreadable, and must go back as
//! it came, so every enum has a variant that keeps what it does not know.

use serde::{Deserializer, de};
use std::fmt;
use std::marker::PhantomData;

/// An enum over text: known values as variants, all others in `Unrecognized(String)`.
///
/// Equality and hash are those of the text, so `Unrecognized("apns".to_owned())` equals the variant for
/// `"apns"`, and a newer version of a crate that knows more values compares as before.
///
/// ```
/// countersign_runtime::open_enum! {
///     /// Where a push token comes from.
///     pub enum PushTokenType {
///         /// Apple.
///         Apns = "apns",
///         /// Google.
///         Gcm = "gcm",
///     }
/// }
///
/// let known: PushTokenType = serde_json::from_str(r#""apns""#)?;
/// assert_eq!(known, PushTokenType::Apns);
/// let unknown: PushTokenType = serde_json::from_str(r#""hms""#)?;
/// assert!(matches!(&unknown, PushTokenType::Unrecognized(text) if text == "hms"));
/// assert_eq!(serde_json::to_string(&unknown)?, r#""hms""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident = $text:literal ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone)]
        #[non_exhaustive]
        $vis enum $name {
            $( $(#[$variant_meta])* $variant, )*
            /// A value that this version does not know.
            Unrecognized(::std::string::String),
        }

        #[allow(deprecated)]
        impl $name {
            /// The value as it stands in JSON.
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $text, )*
                    Self::Unrecognized(text) => text,
                }
            }
        }

        #[allow(deprecated)]
        impl ::std::convert::From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $( $text => Self::$variant, )*
                    _ => Self::Unrecognized(text.to_owned()),
                }
            }
        }

        #[allow(deprecated)]
        impl ::std::convert::From<::std::string::String> for $name {
            fn from(text: ::std::string::String) -> Self {
                Self::from(text.as_str())
            }
        }

        #[allow(deprecated)]
        impl ::std::str::FromStr for $name {
            type Err = ::std::convert::Infallible;
            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                Ok(Self::from(text))
            }
        }

        #[allow(deprecated)]
        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    $( Self::$variant => f.write_str(stringify!($variant)), )*
                    Self::Unrecognized(text) => f.debug_tuple("Unrecognized").field(text).finish(),
                }
            }
        }

        #[allow(deprecated)]
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        #[allow(deprecated)]
        impl ::std::convert::AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        #[allow(deprecated)]
        impl ::std::cmp::PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }

        #[allow(deprecated)]
        impl ::std::cmp::Eq for $name {}

        #[allow(deprecated)]
        impl ::std::hash::Hash for $name {
            fn hash<H: ::std::hash::Hasher>(&self, state: &mut H) {
                ::std::hash::Hash::hash(self.as_str(), state)
            }
        }

        #[allow(deprecated)]
        impl $crate::serde::Serialize for $name {
            fn serialize<S: $crate::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        #[allow(deprecated)]
        impl<'de> $crate::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                $crate::text::from_text(deserializer)
            }
        }

        #[allow(deprecated)]
        impl $crate::ParameterValue for $name {
            fn text(&self) -> ::std::borrow::Cow<'_, str> {
                ::std::borrow::Cow::Borrowed(self.as_str())
            }
        }
    };
}

/// An enum over integers: known values as variants, all others in `Unrecognized(i64)`.
///
/// Equality and hash are those of the integer.
///
/// ```
/// countersign_runtime::open_integer_enum! {
///     /// How urgent a message is.
///     pub enum Priority {
///         /// Delivered when the device wakes.
///         Normal = 5,
///         /// Delivered at once.
///         High = 10,
///     }
/// }
///
/// assert_eq!(serde_json::from_str::<Priority>("10")?, Priority::High);
/// assert_eq!(serde_json::from_str::<Priority>("7")?.as_i64(), 7);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! open_integer_enum {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident = $integer:literal ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy)]
        #[non_exhaustive]
        $vis enum $name {
            $( $(#[$variant_meta])* $variant, )*
            /// A value that this version does not know.
            Unrecognized(i64),
        }

        #[allow(deprecated)]
        impl $name {
            /// The value as it stands in JSON.
            pub const fn as_i64(&self) -> i64 {
                match self {
                    $( Self::$variant => $integer, )*
                    Self::Unrecognized(integer) => *integer,
                }
            }
        }

        #[allow(deprecated)]
        impl ::std::convert::From<i64> for $name {
            fn from(integer: i64) -> Self {
                match integer {
                    $( $integer => Self::$variant, )*
                    _ => Self::Unrecognized(integer),
                }
            }
        }

        #[allow(deprecated)]
        impl ::std::str::FromStr for $name {
            type Err = ::std::num::ParseIntError;
            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                text.parse::<i64>().map(Self::from)
            }
        }

        #[allow(deprecated)]
        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    $( Self::$variant => f.write_str(stringify!($variant)), )*
                    Self::Unrecognized(integer) => f.debug_tuple("Unrecognized").field(integer).finish(),
                }
            }
        }

        #[allow(deprecated)]
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.as_i64(), f)
            }
        }

        #[allow(deprecated)]
        impl ::std::cmp::PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.as_i64() == other.as_i64()
            }
        }

        #[allow(deprecated)]
        impl ::std::cmp::Eq for $name {}

        #[allow(deprecated)]
        impl ::std::hash::Hash for $name {
            fn hash<H: ::std::hash::Hasher>(&self, state: &mut H) {
                ::std::hash::Hash::hash(&self.as_i64(), state)
            }
        }

        #[allow(deprecated)]
        impl $crate::serde::Serialize for $name {
            fn serialize<S: $crate::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_i64(self.as_i64())
            }
        }

        #[allow(deprecated)]
        impl<'de> $crate::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                $crate::enums::from_integer(deserializer)
            }
        }

        #[allow(deprecated)]
        impl $crate::ParameterValue for $name {
            fn text(&self) -> ::std::borrow::Cow<'_, str> {
                ::std::borrow::Cow::Owned(self.as_i64().to_string())
            }
        }
    };
}

/// Reads an integer and makes a value from it; for [`open_integer_enum!`].
#[doc(hidden)]
pub fn from_integer<'de, D: Deserializer<'de>, T: From<i64>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_i64(IntegerVisitor(PhantomData))
}

struct IntegerVisitor<T>(PhantomData<T>);

impl<T: From<i64>> de::Visitor<'_> for IntegerVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer of at most 64 bits")
    }

    fn visit_i64<E: de::Error>(self, integer: i64) -> Result<T, E> {
        Ok(T::from(integer))
    }

    fn visit_u64<E: de::Error>(self, integer: u64) -> Result<T, E> {
        let integer = i64::try_from(integer).map_err(|_| E::invalid_value(de::Unexpected::Unsigned(integer), &self))?;
        Ok(T::from(integer))
    }
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "written as a client crate would")]
mod tests {
    use std::collections::HashSet;

    crate::open_enum! {
        /// Kinds.
        pub enum Kind {
            /// One.
            One = "one",
            /// A value with odd characters.
            Odd = "a \"b\"\n",
            /// Gone soon.
            #[deprecated = "use one"]
            Old = "old",
        }
    }

    crate::open_enum! { pub enum Nothing {} }

    crate::open_integer_enum! {
        /// Levels.
        pub enum Level {
            /// Below zero.
            Minus = -1,
            /// Gone soon.
            #[deprecated]
            Zero = 0,
        }
    }

    #[test]
    fn known_and_unknown_texts_survive() {
        for text in ["one", "a \"b\"\n", "old", "new", "", "One"] {
            let json = serde_json::to_string(text).unwrap();
            let kind: Kind = serde_json::from_str(&json).unwrap();
            assert_eq!(kind.as_str(), text);
            assert_eq!(kind.to_string(), text);
            assert_eq!(serde_json::to_string(&kind).unwrap(), json);
            assert_eq!(serde_json::from_value::<Kind>(text.into()).unwrap(), kind);
            assert_eq!(text.parse::<Kind>().unwrap(), kind);
            assert_eq!(crate::ParameterValue::text(&kind), text);
        }
        assert_eq!(format!("{:?} {:?}", Kind::One, Kind::from("x")), r#"One Unrecognized("x")"#);
        assert!(serde_json::from_str::<Kind>("1").is_err());
        assert_eq!(Nothing::from("x").as_str(), "x");
    }

    #[test]
    fn equality_is_that_of_the_text() {
        let set = HashSet::from([Kind::One, Kind::Unrecognized("one".to_owned())]);
        assert_eq!(set.len(), 1);
    }

    #[test]
    fn known_and_unknown_integers_survive() {
        for integer in [-1, 0, 7, i64::MAX, i64::MIN] {
            let level: Level = serde_json::from_str(&integer.to_string()).unwrap();
            assert_eq!(level.as_i64(), integer);
            assert_eq!(level, Level::Unrecognized(integer));
            assert_eq!(serde_json::to_string(&level).unwrap(), integer.to_string());
            assert_eq!(level.to_string().parse::<Level>().unwrap(), level);
        }
        assert_eq!(format!("{:?}", Level::from(-1)), "Minus");
        for wrong in ["1.5", "\"1\"", "9223372036854775808", "null"] {
            assert!(serde_json::from_str::<Level>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    #[allow(deprecated)]
    fn deprecated_variants_are_there() {
        assert_eq!(Kind::from("old"), Kind::Old);
        assert_eq!(Level::from(0), Level::Zero);
    }
}
