//! Choices of types: told apart by a tag, or by what fits.
//!
//! A union is decoded from the exact text of its value, so exact numbers survive inside it. What no branch
//! takes is kept in `Unrecognized` and goes back as it came.
//!
//! A union by shape may stand inside itself, and trying every branch at every level would double the work with
//! each level. So a branch is tried with the unions inside it left as raw values, which always fit; only the
//! branch that is chosen is decoded in full.

use crate::json::{self, DecodeError};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::Serialize;
use serde_json::{Number, Value};
use std::cell::Cell;
use std::fmt;

/// An enum whose branch is chosen by the text of one member, the tag, or by its digits where it is an integer; an
/// unknown tag is kept.
///
/// The tag stays a member of the branch's struct. A value with a known tag that its branch can't read is an
/// error; one without a tag is `Unrecognized`. Derives `Clone` and `Debug`; add others as attributes.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// pub struct Wait { r#type: String, seconds: i64 }
///
/// countersign_runtime::tagged_union! {
///     /// What to do next.
///     #[derive(PartialEq)]
///     pub enum Action("type") {
///         /// Try again later.
///         Wait(Wait) = "wait" | "pause",
///     }
/// }
///
/// let action: Action = serde_json::from_str(r#"{"type":"pause","seconds":3}"#)?;
/// assert!(matches!(action, Action::Wait(wait) if wait.seconds == 3));
/// let action: Action = serde_json::from_str(r#"{"type":"dance"}"#)?;
/// assert_eq!(serde_json::to_string(&action)?, r#"{"type":"dance"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! tagged_union {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident($tag:literal) {
            $( $(#[$branch_meta:meta])* $branch:ident($ty:ty) = $($value:literal)|+ ),* $(,)?
        }
    ) => {
        $crate::union_enum! { $(#[$meta])* $vis enum $name { $( $(#[$branch_meta])* $branch($ty) ),* } }

        #[allow(deprecated)]
        impl<'de> $crate::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                let text = $crate::unions::Text::read(deserializer)?;
                let tag = text.tag($tag);
                #[allow(clippy::match_single_binding)]
                match tag.as_deref() {
                    $( Some($($value)|+) => text.decode().map(Self::$branch), )*
                    _ => text.decode().map(Self::Unrecognized),
                }
            }
        }
    };
}

/// An enum whose branch is the one that fits best: the first that loses nothing when the value is read and
/// written again, else the one that loses least.
///
/// What no branch reads is `Unrecognized`. Derives `Clone` and `Debug`; add others as attributes.
///
/// A branch may be known by values of its members, as JSON: with `must`, a value without them never is of this
/// branch; with `may`, one that has others is only if nothing of it is lost and no other branch takes it.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # pub struct Door { kind: String }
/// # #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # pub struct Window { kind: String }
/// countersign_runtime::shape_union! {
///     pub enum Part {
///         Door(Door) must { "kind" = "\"door\"" },
///         Window(Window) must { "kind" = "\"window\"" | "\"skylight\"" },
///         Text(String),
///     }
/// }
///
/// assert!(matches!(serde_json::from_str(r#"{"kind":"skylight"}"#)?, Part::Window(_)));
/// assert!(matches!(serde_json::from_str(r#"{"kind":"wall"}"#)?, Part::Unrecognized(_)));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// ```
/// countersign_runtime::shape_union! {
///     /// A number or a text.
///     #[derive(PartialEq)]
///     pub enum Id {
///         /// A number.
///         Integer(i64),
///         /// A text.
///         Text(String),
///     }
/// }
///
/// assert_eq!(serde_json::from_str::<Id>("7")?, Id::Integer(7));
/// assert_eq!(serde_json::from_str::<Id>(r#""7""#)?, Id::Text("7".to_owned()));
/// assert_eq!(serde_json::from_str::<Id>("[]")?, Id::Unrecognized(serde_json::json!([])));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! shape_union {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $(
                $(#[$branch_meta:meta])* $branch:ident($ty:ty)
                $( must { $( $must:literal = $($required:literal)|+ ),+ } )?
                $( may { $( $may:literal = $($usual:literal)|+ ),+ } )?
            ),* $(,)?
        }
    ) => {
        $crate::union_enum! { $(#[$meta])* $vis enum $name { $( $(#[$branch_meta])* $branch($ty) ),* } }

        #[allow(deprecated)]
        impl<'de> $crate::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                $crate::unions::Text::read(deserializer)?.best(Self::Unrecognized, |_best| {
                    $( _best.consider(
                        Self::$branch,
                        &[ $( $( ($must, &[$($required),+]) ),+ )? ],
                        &[ $( $( ($may, &[$($usual),+]) ),+ )? ],
                    ); )*
                })
            }
        }
    };
}

/// The enum itself and how it is written: each branch as itself.
#[doc(hidden)]
#[macro_export]
macro_rules! union_enum {
    ( $(#[$meta:meta])* $vis:vis enum $name:ident { $( $(#[$branch_meta:meta])* $branch:ident($ty:ty) ),* } ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        $vis enum $name {
            $( $(#[$branch_meta])* $branch($ty), )*
            /// A value that no branch of this version takes.
            Unrecognized($crate::serde_json::Value),
        }

        #[allow(deprecated)]
        impl $crate::serde::Serialize for $name {
            fn serialize<S: $crate::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                match self {
                    $( Self::$branch(value) => $crate::serde::Serialize::serialize(value, serializer), )*
                    Self::Unrecognized(value) => $crate::serde::Serialize::serialize(value, serializer),
                }
            }
        }
    };
}

/// The exact text of a union's value.
#[doc(hidden)]
#[derive(Debug)]
pub struct Text(Box<serde_json::value::RawValue>);

impl Text {
    /// Takes the text from a deserializer.
    pub fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        json::raw(deserializer).map(Self)
    }

    /// The text of this member, or its digits, if the value is an object that has it once as a string or an integer.
    pub fn tag(&self, name: &str) -> Option<String> {
        struct Tag<'a>(&'a str);
        impl<'de> Visitor<'de> for Tag<'_> {
            type Value = Option<String>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<String>, A::Error> {
                let mut found = None;
                while let Some(key) = map.next_key::<String>()? {
                    if key != self.0 {
                        map.next_value::<IgnoredAny>()?;
                    } else if found.replace(map.next_value::<Value>()?).is_some() {
                        return Err(A::Error::duplicate_field("tag"));
                    }
                }
                Ok(match found {
                    Some(Value::String(text)) => Some(text),
                    Some(Value::Number(number)) if !number.is_f64() => Some(number.to_string()),
                    _ => None,
                })
            }
        }
        serde_json::Deserializer::from_str(self.0.get()).deserialize_map(Tag(name)).ok().flatten()
    }

    /// Reads the value as the branch that fits best, or as none.
    pub fn best<U, E: serde::de::Error>(
        &self,
        unrecognized: fn(Value) -> U,
        consider_all: impl FnOnce(&mut Best<'_, U>),
    ) -> Result<U, E> {
        let original: Value = self.decode()?;
        if TRYING.get() {
            LEFT_RAW.set(true);
            return Ok(unrecognized(original));
        }
        let mut best = Best { text: self, original, chosen: None };
        consider_all(&mut best);
        let Best { original, chosen, .. } = best;
        match chosen {
            Some(chosen) => (chosen.decode)().map_err(|error| E::custom(error.marked())),
            None => Ok(unrecognized(original)),
        }
    }

    /// Reads the value as this type.
    pub fn decode<T: DeserializeOwned, E: serde::de::Error>(&self) -> Result<T, E> {
        self.decode_here().map_err(|error| E::custom(error.marked()))
    }

    fn decode_here<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        json::decode(self.0.get().as_bytes())
    }
}

/// The best branch so far.
#[doc(hidden)]
pub struct Best<'a, U> {
    text: &'a Text,
    original: Value,
    chosen: Option<Chosen<'a, U>>,
}

struct Chosen<'a, U> {
    /// Whether a member has a value that the branch does not list, and how many values it loses.
    rank: (bool, usize),
    decode: Box<dyn FnOnce() -> Result<U, DecodeError> + 'a>,
}

/// Members by whose values a branch is known, and those values as JSON.
type Known = &'static [(&'static str, &'static [&'static str])];

impl<'a, U: 'a> Best<'a, U> {
    /// Tries a branch, unless one is found that loses nothing.
    pub fn consider<T: DeserializeOwned + Serialize + 'a>(&mut self, branch: fn(T) -> U, must: Known, may: Known) {
        if self.chosen.as_ref().is_some_and(|chosen| chosen.rank == (false, 0)) {
            return;
        }
        let has = |name: &str| self.original.as_object().and_then(|members| members.get(name));
        let is_one = |value: &Value, values: &[&str]| {
            let text = value.to_string();
            values.iter().any(|known| *known == text)
        };
        if !must.iter().all(|(name, values)| has(name).is_some_and(|value| is_one(value, values))) {
            return;
        }
        let strange = may.iter().any(|(name, values)| has(name).is_some_and(|value| !is_one(value, values)));
        let text = self.text;
        let (tried, unions_inside) = trying(|| text.decode_here::<T>());
        let Ok(value) = tried else { return };
        let Ok(again) = serde_json::to_value(&value) else { return };
        if std::mem::discriminant(&self.original) != std::mem::discriminant(&again) {
            // serde's structs also read arrays; a schema that says object does not.
            return;
        }
        let lost = lost(&self.original, &again);
        if strange && lost > 0 {
            return;
        }
        let rank = (strange, lost);
        if self.chosen.as_ref().is_none_or(|chosen| rank < chosen.rank) {
            let decode: Box<dyn FnOnce() -> Result<U, DecodeError> + 'a> = if unions_inside {
                Box::new(move || text.decode_here().map(branch))
            } else {
                Box::new(move || Ok(branch(value)))
            };
            self.chosen = Some(Chosen { rank, decode });
        }
    }
}

thread_local! {
    /// Whether a branch is being tried on this thread.
    static TRYING: Cell<bool> = const { Cell::new(false) };
    /// Whether a union inside it was left as a raw value.
    static LEFT_RAW: Cell<bool> = const { Cell::new(false) };
}

/// Runs a trial; also says whether it left a union raw. Trials do not nest, since unions inside one are raw.
fn trying<T>(trial: impl FnOnce() -> T) -> (T, bool) {
    /// Ends the trial even where a `Deserialize` of a consumer's panics.
    struct Ending;
    impl Drop for Ending {
        fn drop(&mut self) {
            TRYING.set(false);
        }
    }
    TRYING.set(true);
    LEFT_RAW.set(false);
    let ending = Ending;
    let result = trial();
    drop(ending);
    (result, LEFT_RAW.get())
}

/// How many values of the original are not in what was written again.
fn lost(original: &Value, again: &Value) -> usize {
    match (original, again) {
        (Value::Object(original), Value::Object(again)) => original
            .iter()
            .map(|(key, value)| match again.get(key) {
                Some(again) => lost(value, again),
                // An absent member says what null says, wherever both are allowed.
                None if value.is_null() => 0,
                None => size(value),
            })
            .sum(),
        (Value::Array(original), Value::Array(again)) => {
            let common: usize = original.iter().zip(again).map(|(original, again)| lost(original, again)).sum();
            let missing: usize = original.iter().skip(again.len()).map(size).sum();
            common + missing + again.len().saturating_sub(original.len())
        }
        (Value::Number(original), Value::Number(again)) if equal_numbers(original, again) => 0,
        (original, again) if original == again => 0,
        (original, _) => size(original),
    }
}

/// Values in a value, itself included.
fn size(value: &Value) -> usize {
    match value {
        Value::Object(members) => 1 + members.values().map(size).sum::<usize>(),
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        _ => 1,
    }
}

/// `1` and `1.0` are the same number; 2^53 + 1 and its nearest double are not.
fn equal_numbers(a: &Number, b: &Number) -> bool {
    let integer = |number: &Number| number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    match (integer(a), integer(b)) {
        (Some(a), Some(b)) => a == b,
        (None, None) => a.as_f64() == b.as_f64(),
        (Some(integer), None) => is_exactly(b, integer),
        (None, Some(integer)) => is_exactly(a, integer),
    }
}

fn is_exactly(double: &Number, integer: i128) -> bool {
    // Doubles within 128 bits that have no fraction convert without rounding.
    double.as_f64().is_some_and(|double| double.fract() == 0.0 && double.abs() < 1e37 && double as i128 == integer)
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "written as a client crate would")]
mod tests {
    use crate::Decimal;
    use serde::{Deserialize, Serialize};
    use serde_json::{Value, json};

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct Card {
        kind: String,
        amount: Decimal,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct Group {
        kind: String,
        #[serde(default)]
        items: Vec<Payment>,
    }

    crate::tagged_union! {
        /// Payments.
        #[derive(PartialEq)]
        pub enum Payment("kind") {
            /// By card.
            Card(Card) = "card" | "debit",
            /// Several.
            #[deprecated]
            Group(Box<Group>) = "group",
        }
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct Small {
        a: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        b: Option<String>,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct Large {
        a: f64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        c: Option<Vec<Shape>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        d: Option<Decimal>,
    }

    crate::shape_union! {
        /// Shapes.
        #[derive(PartialEq)]
        pub enum Shape {
            /// Small.
            Small(Small),
            /// Large.
            Large(Box<Large>),
            /// Exact.
            Number(Decimal),
            /// Text.
            Text(String),
        }
    }

    crate::shape_union! { #[derive(PartialEq)] pub enum Number { Float(f64), Integer(i64) } }
    crate::shape_union! { #[derive(PartialEq)] pub enum Nothing {} }

    fn round_trip<T: Serialize + for<'de> Deserialize<'de>>(text: &str) -> T {
        let value: T = crate::json::decode(text.as_bytes()).unwrap();
        assert_eq!(serde_json::to_value(&value).unwrap(), serde_json::from_str::<Value>(text).unwrap());
        value
    }

    #[test]
    #[allow(deprecated)]
    fn tags_choose() {
        let card: Payment = round_trip(r#"{"kind":"debit","amount":10.50}"#);
        assert!(matches!(card, Payment::Card(card) if card.amount.as_str() == "10.50"));
        let group: Payment =
            round_trip(r#"{"kind":"group","items":[{"kind":"card","amount":0.10},{"kind":"wire","bic":["x"]}]}"#);
        assert!(serde_json::to_string(&group).unwrap().contains(r#""amount":0.10"#));
        let Payment::Group(group) = group else { panic!() };
        assert!(matches!(&group.items[1], Payment::Unrecognized(value) if value["bic"] == json!(["x"])));
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct Ping {
        r#type: i64,
    }

    crate::tagged_union! {
        /// By number.
        #[derive(PartialEq)]
        pub enum Numbered("type") {
            /// One, or minus one.
            Ping(Ping) = "1" | "-1",
        }
    }

    #[test]
    fn an_integer_tag_chooses_by_its_digits() {
        assert!(matches!(round_trip(r#"{"type":1}"#), Numbered::Ping(_)));
        assert!(matches!(round_trip(r#"{"type":-1}"#), Numbered::Ping(_)));
        for text in [r#"{"type":1.0}"#, r#"{"type":2}"#, r#"{"type":[1]}"#, r#"{"type":null}"#] {
            assert!(matches!(round_trip(text), Numbered::Unrecognized(_)), "{text}");
        }
    }

    #[test]
    fn what_has_no_known_tag_is_kept() {
        for text in
            [r#"{"kind":"wire","amount":"x"}"#, r#"{"amount":1}"#, r#"{"kind":7}"#, "[1]", "null", "\"card\"", "{}"]
        {
            assert!(matches!(round_trip::<Payment>(text), Payment::Unrecognized(_)), "{text}");
        }
        let twice: Payment = serde_json::from_str(r#"{"kind":"card","kind":"card","amount":1}"#).unwrap();
        assert!(matches!(twice, Payment::Unrecognized(_)));
    }

    #[test]
    fn an_error_inside_a_branch_has_its_whole_path() {
        let text = r#"{"kind":"group","items":[{"kind":"card","amount":"canary"}]}"#;
        let error = crate::json::decode::<Vec<Payment>>(format!("[{text}]").as_bytes()).unwrap_err();
        assert_eq!(error.path(), "[0].items[0].amount");
        assert_eq!(error.message(), "invalid type: string, expected a number");
        assert!(!error.to_string().contains("canary"));
    }

    #[test]
    fn the_branch_that_loses_nothing_wins() {
        assert!(matches!(round_trip(r#"{"a":1}"#), Shape::Small(_)));
        assert!(matches!(round_trip(r#"{"a":1,"b":"x"}"#), Shape::Small(_)));
        assert!(matches!(round_trip(r#"{"a":1.5}"#), Shape::Large(_)));
        assert!(matches!(round_trip(r#"{"a":1.0,"c":["x",{"a":2}],"d":0.10}"#), Shape::Large(_)));
        assert!(matches!(round_trip("0.10"), Shape::Number(number) if number.as_str() == "0.10"));
        assert!(matches!(round_trip("\"x\""), Shape::Text(_)));
        assert!(matches!(round_trip(r#"[{"a":1}]"#), Shape::Unrecognized(_)));
        assert!(matches!(round_trip(r#"{"z":1}"#), Shape::Unrecognized(_)));
        assert!(matches!(round_trip("true"), Nothing::Unrecognized(Value::Bool(true))));
    }

    #[test]
    fn else_the_branch_that_loses_least() {
        let shape: Shape = serde_json::from_str(r#"{"a":1,"b":"x","z":0}"#).unwrap();
        assert!(matches!(shape, Shape::Small(_)));
        let shape: Shape = serde_json::from_str(r#"{"a":1,"c":[],"d":1,"z":0}"#).unwrap();
        assert!(matches!(shape, Shape::Large(_)));
        let shape: Shape = serde_json::from_str(r#"{"a":1,"b":null}"#).unwrap();
        assert!(matches!(shape, Shape::Small(_)), "null and absent are one here");
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert_eq!(serde_json::from_str::<Number>("1").unwrap(), Number::Float(1.0));
        assert_eq!(serde_json::from_str::<Number>("9007199254740993").unwrap(), Number::Integer(9_007_199_254_740_993));
        assert_eq!(serde_json::from_str::<Number>("0.5").unwrap(), Number::Float(0.5));
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct And {
        of: Vec<Filter>,
        and: bool,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct Or {
        of: Vec<Filter>,
        or: bool,
    }

    crate::shape_union! {
        /// Filters within filters.
        #[derive(PartialEq)]
        pub enum Filter {
            /// All.
            And(And),
            /// Any.
            Or(Or),
            /// A word.
            Word(String),
        }
    }

    #[test]
    fn unions_within_themselves_take_no_time() {
        // The branch that fits is the second one at every level: two trials a level, 2^60 of them if they nested.
        let text = format!("{}\"x\"{}", r#"{"of":["#.repeat(60), r#"],"or":true}"#.repeat(60));
        let mut filter: Filter = round_trip(&text);
        for _ in 0..60 {
            let Filter::Or(mut or) = filter else { panic!("{filter:?}") };
            filter = or.of.remove(0);
        }
        assert_eq!(filter, Filter::Word("x".to_owned()));
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct Coded {
        kind: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<i64>,
    }

    crate::shape_union! {
        /// Known by values.
        #[derive(PartialEq)]
        pub enum Known {
            /// By one value.
            One(Coded) must { "kind" = "\"one\"", "code" = "1" },
            /// By one of two.
            Two(Coded) may { "kind" = "\"two\"" | "\"zwei\"" },
            /// As text.
            Text(String),
        }
    }

    #[test]
    fn values_of_members_tell_branches_apart() {
        assert!(matches!(round_trip(r#"{"kind":"one","code":1}"#), Known::One(_)));
        assert!(matches!(round_trip(r#"{"kind":"zwei","code":1}"#), Known::Two(_)));
        assert!(matches!(round_trip(r#"{"kind":"drei"}"#), Known::Two(_)), "nothing is lost, no other takes it");
        assert!(matches!(round_trip(r#"{"kind":"drei","x":1}"#), Known::Unrecognized(_)));
        assert!(matches!(round_trip(r#"{"kind":"one"}"#), Known::Two(_)), "the other one must have a code");
        assert!(matches!(round_trip("\"one\""), Known::Text(_)));
    }

    #[test]
    fn arrays_do_not_pass_for_structs() {
        let shape: Shape = serde_json::from_str(r#"[1,"x"]"#).unwrap();
        assert!(matches!(shape, Shape::Unrecognized(_)));
    }

    #[test]
    fn unions_decode_from_buffered_values() {
        #[derive(Deserialize)]
        struct Extra {
            #[serde(flatten)]
            extra: std::collections::BTreeMap<String, Payment>,
        }
        let decoded: Extra = serde_json::from_str(r#"{"p":{"kind":"card","amount":2.5}}"#).unwrap();
        assert!(matches!(&decoded.extra["p"], Payment::Card(card) if card.amount.as_str() == "2.5"));
        assert!(serde_json::from_value::<Payment>(json!({"kind":"card","amount":1})).is_ok());
    }
}
