//! Which finding of ours explains which lint of cargo-semver-checks, and which findings its lints do not see.
//!
//! A row holds for items of one kind: that an operation is gone explains that its method is missing, and not that a
//! credential is. Rows say what generating does with a change; that both are about the same item is looked up besides.

use super::items::Kind;

/// What a row of [`EXPLAINS`] says: any of these findings can make any of these lints fail, on items of this kind.
struct Row {
    of: Kind,
    lints: &'static [&'static str],
    ids: &'static [&'static str],
}

const fn row(of: Kind, lints: &'static [&'static str], ids: &'static [&'static str]) -> Row {
    Row { of, lints, ids }
}

/// A type that is gone, or has another name.
const TYPE_GONE: &[&str] = &["struct_missing", "enum_missing"];
/// A field that is gone, with its setter.
const FIELD_GONE: &[&str] = &["struct_pub_field_missing", "inherent_method_missing"];
/// A constructor with another number of arguments; a setter that became one of them; `Default` is then lost.
const MADE_OTHERWISE: &[&str] =
    &["method_parameter_count_changed", "inherent_method_missing", "derive_trait_impl_removed"];
/// What an operation has: its method, its marker, the enums of its results, its module.
const OPERATION_GONE: &[&str] = &["inherent_method_missing", "struct_missing", "enum_missing", "module_missing"];
/// Another number of arguments; a setter that went or became an argument.
const CALLED_OTHERWISE: &[&str] = &["method_parameter_count_changed", "inherent_method_missing"];
/// An enum of several results or bodies has a variant less, or is no longer needed.
const CHOICE_LESS: &[&str] = &["enum_missing", "enum_variant_missing", "inherent_method_missing"];

/// Lints, and the findings that explain them.
const EXPLAINS: &[Row] = &[
    // An operation goes with all that it has, and with the types of its inline schemas.
    row(
        Kind::Operation,
        OPERATION_GONE,
        &["path-removed", "operation-removed", "removed-after-sunset", "removed-before-sunset"],
    ),
    row(Kind::Type, TYPE_GONE, &["path-removed", "operation-removed", "removed-after-sunset", "removed-before-sunset"]),
    // Its id names its method, its marker and the types of its inline schemas; its tag the module (and in large crates
    // the client) of its method.
    row(
        Kind::Operation,
        OPERATION_GONE,
        &["operation-id-changed", "first-tag-changed", "method-names-collide", "method-moved"],
    ),
    row(Kind::Type, TYPE_GONE, &["operation-id-changed", "method-names-collide"]),
    // Required parameters and bodies are arguments, optional ones are setters.
    row(
        Kind::Operation,
        CALLED_OTHERWISE,
        &[
            "required-parameter-added",
            "required-parameter-with-default-added",
            "path-parameter-added",
            "parameter-removed",
            "deprecated-parameter-removed",
            "parameter-removed-before-sunset",
            "parameter-became-required",
            "parameter-became-optional",
            "parameter-renamed",
            "required-body-added",
            "request-body-removed",
            "body-became-required",
            "body-became-optional",
            "argument-changed",
            "member-renamed",
        ],
    ),
    row(
        Kind::Type,
        TYPE_GONE,
        &[
            "parameter-removed",
            "deprecated-parameter-removed",
            "parameter-removed-before-sunset",
            "parameter-renamed",
            "request-body-removed",
        ],
    ),
    // Several media types of a body are an enum, or setters.
    row(Kind::Operation, CHOICE_LESS, &["request-media-type-removed", "body-kind-changed", "first-media-type-changed"]),
    row(
        Kind::Type,
        TYPE_GONE,
        &["request-media-type-removed", "body-kind-changed", "body-schema-removed", "first-media-type-changed"],
    ),
    // Pages, polls and batches are methods of calls.
    row(Kind::Operation, &["inherent_method_missing"], &["call-flow-removed", "call-flow-changed"]),
    // Several successes are an enum, and so are several errors: one less is a variant less, or no enum at all.
    row(
        Kind::Operation,
        CHOICE_LESS,
        &[
            "success-status-removed",
            "error-status-removed",
            "default-response-removed",
            "response-body-removed",
            "response-media-type-removed",
            "streaming-changed",
            "return-type-changed",
            "error-type-changed",
        ],
    ),
    row(
        Kind::Type,
        TYPE_GONE,
        &[
            "success-status-removed",
            "error-status-removed",
            "default-response-removed",
            "response-body-removed",
            "response-media-type-removed",
            "response-schema-removed",
            "streaming-changed",
        ],
    ),
    // Headers are methods of one trait, which goes with the last of them.
    row(
        Kind::Headers,
        &["trait_missing", "trait_method_missing"],
        &[
            "required-response-header-removed",
            "optional-response-header-removed",
            "steering-header-removed",
            "member-renamed",
            "path-removed",
            "operation-removed",
            "removed-after-sunset",
            "removed-before-sunset",
            "success-status-removed",
            "error-status-removed",
            "default-response-removed",
        ],
    ),
    // A value that is no longer an object, a list of values or a choice has no type of its own.
    row(
        Kind::Type,
        TYPE_GONE,
        &[
            "type-changed",
            "type-widened",
            "type-added",
            "type-removed",
            "type-unset",
            "scalar-array-changed",
            "object-map-changed",
            "no-longer-enum",
            "enum-type-changed",
            "integer-type-changed",
            "const-added",
            "choice-reduced",
            "wrapped-in-choice",
            "branch-removed",
            "empty-schema",
            "discriminator-added",
            "discriminator-removed",
            "field-shape-changed",
            "tuple-item-removed",
        ],
    ),
    // Types are called after their component, or after the place where they stand.
    row(
        Kind::Type,
        TYPE_GONE,
        &[
            "schema-renamed",
            "schema-removed",
            "schema-became-named",
            "schema-became-inline",
            "schemas-merged",
            "type-renamed",
            "inline-type-renamed",
            "all-of-parent-flattened",
        ],
    ),
    // A property is a field with a setter, and an inline one has a type of its own.
    row(
        Kind::Type,
        FIELD_GONE,
        &[
            "required-property-removed",
            "optional-property-removed",
            "closed-property-removed",
            "deep-object-member-removed",
            "property-renamed",
            "property-moved",
            "member-renamed",
            "object-map-changed",
            "additional-properties-typed",
            "additional-properties-untyped",
            "all-of-constrains",
            "all-of-freed",
            "field-shape-changed",
        ],
    ),
    row(
        Kind::Type,
        TYPE_GONE,
        &[
            "required-property-removed",
            "optional-property-removed",
            "closed-property-removed",
            "deep-object-member-removed",
            "property-renamed",
            "property-moved",
        ],
    ),
    // What a request must have is an argument of `new`, and what it may have a setter.
    row(
        Kind::Type,
        MADE_OTHERWISE,
        &[
            "required-property-added",
            "required-property-with-default-added",
            "required-property-removed",
            "property-became-required",
            "property-with-default-became-required",
            "property-became-optional",
            "property-renamed",
            "property-moved",
            "deep-object-member-required",
            "const-added",
            "const-removed",
            "all-of-constrains",
            "all-of-freed",
            "required-property-became-read-only",
            "property-became-read-only",
            "required-property-no-longer-read-only",
            "constructor-changed",
            "derive-lost",
            "method-removed",
        ],
    ),
    row(Kind::Type, &["derive_trait_impl_removed"], &["type-changed", "field-type-changed", "field-shape-changed"]),
    row(Kind::Type, &["auto_trait_impl_removed"], &["auto-trait-lost"]),
    row(Kind::Type, &["type_requires_more_generic_type_params"], &["generic-parameters-changed"]),
    // Values and branches are variants, called after what they are.
    row(
        Kind::Type,
        &["enum_variant_missing"],
        &[
            "enum-value-removed",
            "enum-value-renamed",
            "enum-type-changed",
            "variant-names-changed",
            "member-renamed",
            "branch-removed",
            "discriminator-added",
            "discriminator-removed",
            "discriminator-mapping-removed",
            "discriminator-mapping-changed",
            "field-shape-changed",
        ],
    ),
    // A scheme has credentials and the constant of its recipe. What is required of all is an argument of `new`.
    row(
        Kind::Credentials,
        &["struct_pub_field_missing", "inherent_method_missing", "method_parameter_count_changed"],
        &[
            "security-added",
            "security-alternative-removed",
            "security-scheme-required-too",
            "security-scheme-type-changed",
            "security-scheme-renamed",
            "security-scheme-unused",
            "http-scheme-changed",
            "oauth-flow-removed",
            "signing-added",
            "signing-became-mandatory",
            "signing-kind-changed",
            "signing-recipe-removed",
            "signed-credential-changed",
            "session-changed",
            "constructor-changed",
            "method-removed",
        ],
    ),
    row(
        Kind::Recipes,
        &["pub_module_level_const_missing"],
        &[
            "security-scheme-renamed",
            "security-scheme-unused",
            "security-scheme-type-changed",
            "http-scheme-changed",
            "oauth-flow-removed",
            "signing-recipe-removed",
        ],
    ),
    // A server is a variant; one with variables has a type, and so has a variable with values.
    row(
        Kind::Server,
        &["enum_variant_missing", "enum_missing", "struct_missing"],
        &["server-removed", "server-variable-value-removed", "server-variables-changed", "member-renamed"],
    ),
    row(
        Kind::Webhooks,
        &["struct_missing", "enum_missing", "enum_variant_missing", "inherent_method_missing"],
        &["webhook-removed", "webhook-renamed", "webhook-answer-removed", "webhook-signing-changed"],
    ),
];

/// Why a change of types is not seen.
const TYPES: &str = "it compares names of fields, not their types";
/// Why a change of results is not seen.
const RESULTS: &str = "it compares neither types of arguments nor what a call gives";

/// Findings that no lint need see, of items whose signature changed, each with the reason.
const UNSEEN: &[(Kind, &[&str], &str)] = &[
    (Kind::Type, CHANGES_OF_TYPES, TYPES),
    (Kind::Operation, CHANGES_OF_TYPES, RESULTS),
    (Kind::Headers, CHANGES_OF_TYPES, "it compares names of a trait's methods, not what they give"),
    (Kind::Operation, &["parameters-reordered"], "it counts arguments, and does not compare their order"),
    (
        Kind::Type,
        &["required-property-added", "required-property-with-default-added", "required-property-removed"],
        "it counts arguments of a constructor: one came, and another went",
    ),
    (
        Kind::Operation,
        &[
            "parameter-became-enum",
            "parameter-became-list",
            "request-media-type-removed",
            "body-schema-added",
            "body-schema-removed",
            "body-kind-changed",
            "first-media-type-changed",
            "success-status-added",
            "success-status-removed",
            "error-status-removed",
            "default-response-removed",
            "response-body-added",
            "response-body-removed",
            "response-media-type-removed",
            "response-schema-added",
            "response-schema-removed",
            "streaming-changed",
            "call-flow-changed",
            "argument-changed",
            "error-type-changed",
            "return-type-changed",
        ],
        RESULTS,
    ),
    (Kind::Type, &["error-schema-changed"], "what changed in the type is a finding of its own"),
    (
        Kind::Type,
        &[
            "schemas-merged",
            "schema-became-named",
            "schema-became-inline",
            "property-became-required",
            "property-with-default-became-required",
            "property-became-optional",
            "required-property-became-write-only",
            "property-became-write-only",
            "additional-properties-typed",
            "additional-properties-untyped",
            "box-changed",
        ],
        TYPES,
    ),
    (
        Kind::Type,
        &["discriminator-mapping-removed", "discriminator-mapping-changed"],
        "it compares names of variants, not what they hold",
    ),
    (Kind::Credentials, &["signing-setting-changed"], "it compares names of fields, not their types"),
    (
        Kind::Manifest,
        &["crate-renamed", "feature-removed", "feature-needed", "public-dependency-moved"],
        "rustdoc's JSON says nothing of Cargo.toml",
    ),
];

/// Findings by which a value has another type in Rust under the same name.
const CHANGES_OF_TYPES: &[&str] = &[
    "type-changed",
    "type-widened",
    "type-narrowed",
    "type-added",
    "type-removed",
    "type-set",
    "type-unset",
    "type-became-text",
    "text-became-typed",
    "scalar-array-changed",
    "format-widened",
    "format-narrowed",
    "format-added",
    "format-removed",
    "parsed-format-removed",
    "format-changed",
    "null-added",
    "null-removed",
    "optional-null-added",
    "object-map-changed",
    "content-encoding-changed",
    "number-as-text",
    "became-enum",
    "no-longer-enum",
    "enum-type-changed",
    "integer-type-changed",
    "const-added",
    "const-removed",
    "empty-schema",
    "empty-schema-filled",
    "wrapped-in-choice",
    "choice-reduced",
    "all-of-constrains",
    "all-of-freed",
    "tuple-item-added",
    "tuple-item-removed",
    "field-type-changed",
    "field-shape-changed",
];

/// Whether a finding can make a lint fail on an item of this kind.
pub(super) fn explains(id: &str, lint: &str, kind: Kind) -> bool {
    EXPLAINS.iter().any(|row| row.of == kind && row.lints.contains(&lint) && row.ids.contains(&id))
}

/// Why no lint need see a finding about an item of this kind whose signature changed.
pub(super) fn unseen(id: &str, kind: Kind) -> Option<&'static str> {
    UNSEEN.iter().find(|(of, ids, _)| *of == kind && ids.contains(&id)).map(|(.., reason)| *reason)
}

#[cfg(test)]
mod tests;
