//! Values of the types that `openapi.yaml` becomes, read and written again.

use acme_client::types::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a value that comes back as it was.
#[track_caller]
fn same<T: DeserializeOwned + Serialize>(text: &str) -> T {
    other(text, text)
}

/// Reads a value that comes back as another one.
#[track_caller]
fn other<T: DeserializeOwned + Serialize>(text: &str, expected: &str) -> T {
    let value: T = serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let again = serde_json::to_value(&value).unwrap();
    assert_eq!(again, serde_json::from_str::<Value>(expected).unwrap(), "{text}");
    value
}

/// Refuses a value.
#[track_caller]
fn refused<T: DeserializeOwned>(text: &str) {
    assert!(serde_json::from_str::<T>(text).is_err(), "{text}");
}

#[test]
fn json_types_tell_branches_apart() {
    assert!(matches!(same::<Id>("7"), Id::Integer(7)));
    assert!(matches!(same::<Id>("\"7\""), Id::Text(text) if text == "7"));
    assert!(matches!(same::<Id>("[7]"), Id::Unrecognized(_)));
    assert!(same::<Option<Id>>("null").is_none());
    assert!(matches!(same::<Anything>("true"), Anything::Bool(true)));
    assert!(matches!(same::<Anything>("1.5"), Anything::Number(_)));
    assert!(matches!(same::<Anything>(r#"["a"]"#), Anything::List(_)));
    assert!(matches!(same::<Anything>(r#"{"a":1}"#), Anything::Object(object) if object.a == Some(1)));
    assert!(matches!(same::<Anything>("\"text\""), Anything::Unrecognized(_)));
}

#[test]
fn a_declared_tag_is_honoured() {
    assert!(matches!(same::<Pet>(r#"{"kind":"cat","lives":9}"#), Pet::Cat(cat) if cat.lives == 9));
    assert!(matches!(same::<Pet>(r#"{"kind":"dog"}"#), Pet::Dog(_)));
    assert!(matches!(same::<Pet>(r#"{"kind":"wolf","tricks":["howl"]}"#), Pet::Dog(_)));
    assert!(matches!(same::<Pet>(r#"{"kind":"axolotl","gills":[1]}"#), Pet::Unrecognized(_)));
    refused::<Pet>(r#"{"kind":"cat","lives":"nine"}"#);
    assert!(matches!(same::<Side>(r#"{"@side":"Right","r":1}"#), Side::Right(right) if right.r == Some(1)));
    assert!(matches!(same::<Side>(r#"{"@side":"Up"}"#), Side::Unrecognized(_)));
}

#[test]
fn tags_that_are_not_declared_are_found() {
    assert!(matches!(same::<Step>(r#"{"type":"wait","seconds":3}"#), Step::Wait(_)));
    assert!(matches!(same::<Step>(r#"{"type":"call","number":"1"}"#), Step::Call(_)));
    assert!(matches!(same::<Step>(r#"{"type":"dance","seconds":3}"#), Step::Unrecognized(_)));
    assert!(matches!(same::<StepOrName>(r#"{"type":"call"}"#), StepOrName::Call(_)));
    assert!(matches!(same::<StepOrName>(r#"{"type":"wait"}"#), StepOrName::Wait(_)));
    assert!(matches!(same::<StepOrName>(r#"{"type":"dance"}"#), StepOrName::Unrecognized(_)));
    assert!(matches!(same::<StepOrName>("\"wait\""), StepOrName::Text(_)));
    assert!(matches!(same::<PetOrId>(r#"{"kind":"dog"}"#), PetOrId::Pet(Pet::Dog(_))));
    assert!(matches!(same::<PetOrId>(r#"{"kind":"newt"}"#), PetOrId::Unrecognized(_)));
    assert!(matches!(same::<PetOrId>("1"), PetOrId::Integer(1)));
    assert!(matches!(same::<PetOrId>("\"1\""), PetOrId::Unrecognized(_)));
}

#[test]
fn members_and_their_values_tell_branches_apart() {
    let yes = same::<Answer>(r#"{"ok":true,"data":"x"}"#);
    let no = same::<Answer>(r#"{"ok":false,"data":"x"}"#);
    assert_ne!(std::mem::discriminant(&yes), std::mem::discriminant(&no));
    assert!(matches!(same::<ByMember>(r#"{"email":"e","name":"n"}"#), ByMember::Email(_)));
    assert!(matches!(same::<ByMember>(r#"{"phone":"p","name":"n"}"#), ByMember::Phone(_)));
    assert!(matches!(same::<Both>(r#"{"a":"1","b":"2"}"#), Both::WithB(both) if both.a == "1"));
    assert!(matches!(same::<Both>(r#"{"a":"1","c":"2"}"#), Both::WithC(_)));
    assert!(matches!(same::<Vague>(r#"{"a":"1"}"#), Vague::Small(_)));
    assert!(matches!(same::<Vague>(r#"{"a":"1","b":"2"}"#), Vague::Large(_)));
    assert!(matches!(same::<SmallOrAny>(r#"{"b":"2"}"#), SmallOrAny::Large(_)));
    assert!(matches!(same::<SmallOrAny>("[1]"), SmallOrAny::Unrecognized(_)));
    let either = same::<Either>(r#"{"b":"2"}"#);
    assert_eq!((either.a, either.b.as_deref()), (None, Some("2")));
}

#[test]
fn a_base_stands_for_its_children() {
    assert!(matches!(same::<Animal>(r#"{"kind":"bird","name":"n","wings":2}"#), Animal::Bird(bird) if bird.wings == Some(2)));
    assert!(matches!(same::<Animal>(r#"{"kind":"fish","fins":7}"#), Animal::Fish(_)));
    assert!(matches!(same::<Animal>(r#"{"kind":"worm","rings":7}"#), Animal::Unrecognized(_)));
}

#[test]
fn values_of_enums_survive() {
    for text in ["", "a-b", "a_b", "+", "-", "self", "Self", "SPE", "spe", "Unrecognized", "new"] {
        let colour = same::<Colour>(&serde_json::to_string(text).unwrap());
        assert_eq!(colour.as_str(), text);
        assert_eq!(matches!(colour, Colour::Unrecognized(_)), text == "new");
    }
    assert_eq!(same::<Code>("525"), Code::Invalid);
    assert_eq!(same::<Code>("1").as_i64(), 1);
    assert_eq!((same::<Level>("1"), same::<Level>("2")), (Level::Low, Level::High));
    assert_eq!(same::<Open>("\"x\""), Open::X);
    assert_eq!(same::<Open>("\"z\"").as_str(), "z");
}

#[test]
fn absent_null_and_a_value_are_kept_apart_where_the_schema_does() {
    let least = same::<Record>(r#"{"must":"a","must_null":null}"#);
    assert_eq!((least.must_null, least.may, least.may_null), (None, None, None));
    let null = same::<Record>(r#"{"must":"a","must_null":"b","may_null":null}"#);
    assert_eq!(null.may_null, Some(None));
    // Null where the schema has no null is as good as absent.
    assert_eq!(other::<Record>(r#"{"must":"a","must_null":null,"may":null}"#, r#"{"must":"a","must_null":null}"#).may, None);
    refused::<Record>(r#"{"must":null,"must_null":null}"#);
    refused::<Record>(r#"{"must_null":null}"#);
    let lists = same::<Record>(r#"{"must":"a","must_null":null,"list":[1,null],"map":{"x":null,"y":2},"any":null}"#);
    assert_eq!(lists.list, Some(vec![Some(1), None]));
    assert_eq!(lists.any, Some(Value::Null));
}

#[test]
fn texts_and_numbers_keep_their_form() {
    let record = same::<Record>(
        r#"{"must":"a","must_null":null,"at":"2026-11-21 20:03","uuid":"not one","big":9007199254740993,
            "ratio":0.5,"data":"not base64 \/","blob":"\u0000","pair":["a",1,"b"]}"#,
    );
    assert_eq!(record.big, Some(9_007_199_254_740_993));
    refused::<Record>(r#"{"must":"a","must_null":null,"ratio":"0.5"}"#);
}

#[test]
fn members_without_a_name_are_kept_where_the_schema_speaks_of_them() {
    assert_eq!(same::<Extra>(r#"{"a":"1","b":[2],"c":null}"#).extra.len(), 2);
    assert_eq!(same::<Typed>(r#"{"a":"1","b":2}"#).extra["b"], 2);
    let _ = same::<std::collections::BTreeMap<String, i64>>(r#"{"x-a":1}"#);
    let conditional = same::<Conditional>(r#"{"kind":"card","number":"1"}"#);
    assert_eq!((conditional.number.as_deref(), conditional.iban), (Some("1"), None));
    let _ = same::<Conditional>(r#"{"iban":"1"}"#);
    let _ = same::<Tree>(r#"{"children":[{"parent":{"parent":null}},{}]}"#);
}
