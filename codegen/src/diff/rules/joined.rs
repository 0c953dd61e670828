//! Numbers of the catalogue without an id of their own: what is said instead, and why.

/// Numbers that other ids speak for; without any, the change means the same and must stay silent.
pub static JOINED: &[(&str, &[&str], &str)] = &[
    ("A13", &[], "an operation's parameters are its path's and its own"),
    (
        "B22",
        &["type-changed", "type-became-text", "limit-tightened"],
        "items of a parameter are a schema like any other",
    ),
    ("D7", &[], "a range with the same body covers the status"),
    ("D17", &["type-changed", "type-became-text"], "a header's schema is a schema like any other"),
    ("F13", &[], "the order of members has no meaning"),
    ("G4", &["enum-value-removed"], "what is read-only is not sent, so only the type changes"),
    ("G10", &[], "the order of values has no meaning"),
    ("G15", &[], "a list of one value is that value"),
    (
        "G16",
        &["null-added", "optional-null-added", "null-removed"],
        "null among the values is the mark that a value may be null",
    ),
    ("H5", &["limit-tightened", "limit-loosened"], "an excluded limit is tighter than the same number"),
    ("H6", &[], "both spellings are one limit"),
    ("H13", &["limit-tightened", "limit-loosened"], "a direction that never sees the member is not touched"),
    ("I5", &[], "a choice of one branch is that branch"),
    ("I11", &[], "a member that only describes constrains nothing"),
    ("I19", &[], "an entry that says what holds anyway says nothing"),
    ("K6", &["required-property-added"], "what is read-only is not sent"),
    ("L19", &[], "the same requirement repeated is the same requirement"),
    ("M25", &[], "recipes are compared as they are computed"),
    (
        "O3",
        &["property-became-optional", "optional-property-added"],
        "what a webhook brings is received, what answers it is sent",
    ),
    ("P4", &[], "the address as a whole is the same"),
];

/// Numbers that no document of ours can have, and why.
pub static IMPOSSIBLE: &[(&str, &str)] = &[("M7", "a recipe names exactly one algorithm; another one is M6")];
