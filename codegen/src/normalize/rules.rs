//! Every rule that a finding of this half can carry, beside those of [`crate::lint::rules`] that it shares.

use crate::finding::Level;
pub(super) use crate::lint::rules::{
    BATCH, CRATE, DANGLING_REF, FAILURE, FIRST_OF, HEADER_NAME, MISSING_KEY, ONE_OF_PARAMETERS, PAGES, PARAMETER_SHAPE,
    PATH_SYNTAX, POLL, REF_CYCLE, REF_SIBLINGS, RESERVED_HEADER, RESPONSE_STATUS, Rule, SCHEMA_TYPE, UNKNOWN_KEY,
    UNKNOWN_SCHEME, UNKNOWN_VALUE, UNSUPPORTED_VERSION, WEBHOOK, WRONG_TYPE,
};

macro_rules! rules {
    ($($name:ident = $level:ident $id:literal $sentence:literal;)*) => {
        $(
            #[doc = $sentence]
            pub const $name: Rule = Rule { id: $id, level: Level::$level, sentence: $sentence };
        )*
        /// All rules of this half, in alphabetical order.
        pub const ALL: &[Rule] = &[$($name),*];
    };
}

rules! {
    ALL_OF_CYCLE = Error "all-of-cycle" "No schema is part of itself through `allOf`.";
    AMBIGUOUS_UNION = Warning "ambiguous-union" "Branches of `oneOf` and `anyOf` can be told apart.";
    ASSUMED_PARAMETER_STYLE = Note "assumed-parameter-style" "OpenAPI defines how a parameter's values are written: lists and objects hold text.";
    IGNORED_DISCRIMINATOR = Note "ignored-discriminator" "A discriminator has schemas to choose from.";
    IGNORED_ENCODING = Note "ignored-encoding" "`encoding` names properties of the body.";
    IGNORED_KEY = Note "ignored-key" "Callbacks, links and webhooks of OpenAPI 3.1 are not generated.";
    IGNORED_KEYWORD = Note "ignored-keyword" "Keywords of a schema are those of OpenAPI, and have its types.";
    IGNORED_MAPPING = Note "ignored-mapping" "A discriminator's mapping leads to branches.";
    IGNORED_PATH_PARAMETER = Warning "ignored-path-parameter" "A path parameter stands in its path.";
    IGNORED_SERVER = Note "ignored-server" "A server has a URL of http or https without user, query and fragment.";
    IGNORED_SIGNED_PARAMETER = Note "ignored-signed-parameter" "What the security of an operation sends is no parameter of it.";
    LOOSENED_ALL_OF = Note "loosened-all-of" "Schemas joined by `allOf` allow a common value.";
    LOOSENED_ALLOW_RESERVED = Note "loosened-allow-reserved" "Reserved characters are kept in queries only.";
    LOOSENED_CONDITION = Note "loosened-condition" "Conditions on members and items are not checked.";
    LOOSENED_CONST = Note "loosened-const" "A constant is text, an integer or a boolean.";
    LOOSENED_DISCRIMINATOR = Note "loosened-discriminator" "A discriminator's branches are objects.";
    LOOSENED_DYNAMIC_REF = Note "loosened-dynamic-ref" "A `$dynamicRef` leads to one schema, whatever uses it.";
    LOOSENED_ENUM_VALUE = Note "loosened-enum-value" "Values of a text enum are text.";
    LOOSENED_FALSE = Note "loosened-false" "A schema allows some value.";
    LOOSENED_FORM = Note "loosened-form" "Forms and bodies of parts are objects.";
    LOOSENED_FORMAT = Note "loosened-format" "A format stands beside a type.";
    LOOSENED_HEADER = Note "loosened-header" "A response's header has a name that a header can have.";
    LOOSENED_INTEGER = Note "loosened-integer" "Integers fit into 64 bits.";
    LOOSENED_MEDIA_TYPE = Note "loosened-media-type" "Bodies are JSON, forms, parts, text or bytes; others are text or bytes to the caller.";
    LOOSENED_MEDIA_TYPES = Note "loosened-media-types" "One schema is offered as one media type.";
    LOOSENED_MIXED_ENUM = Note "loosened-mixed-enum" "Values of an enum have one type.";
    LOOSENED_NO_SUCCESS = Note "loosened-no-success" "An operation describes its success.";
    LOOSENED_NOT = Note "loosened-not" "`not` is not checked.";
    LOOSENED_NULL = Note "loosened-null" "A schema allows more than null.";
    LOOSENED_PARAMETER = Note "loosened-parameter" "A parameter has one type.";
    LOOSENED_PARAMETER_STYLE = Note "loosened-parameter-style" "A parameter has a style of its place.";
    LOOSENED_PATH = Note "loosened-path" "A path is written as it goes on the wire, without query and fragment.";
    LOOSENED_PATH_PARAMETER = Note "loosened-path-parameter" "Every variable of a path is a required parameter.";
    LOOSENED_PATTERN_PROPERTIES = Note "loosened-pattern-properties" "Members that a pattern names have one type.";
    LOOSENED_RECURSIVE_LIST = Note "loosened-recursive-list" "A list or map is not its own item.";
    LOOSENED_REPEATED_VALUE = Note "loosened-repeated-value" "A value stands once in an enum.";
    LOOSENED_SERVER = Note "loosened-server" "A server's variables have defaults, and an operation has one server.";
    LOOSENED_TUPLE = Note "loosened-tuple" "Items of a list have one type, wherever they stand.";
    LOOSENED_UNDECLARED_PROPERTY = Note "loosened-undeclared-property" "Required members and tags are described.";
    LOOSENED_UNION = Note "loosened-union" "Branches of a union are told apart by what is always there.";
    LOOSENED_VALIDATION_BRANCHES = Note "loosened-validation-branches" "Branches of `oneOf` and `anyOf` are schemas of their own.";
    NAMED_BY_PLACE = Note "named-by-place" "An operation has an operationId of its own.";
    NAMES_FILE = Warning "names-file" "Names in the names file are names in Rust, each once where it stands.";
    NEWER_KEYWORD = Note "newer-keyword" "Keywords of OpenAPI 3.1 stand in documents of 3.1.";
    OPTIONAL_TAG = Note "optional-tag" "A member that tells schemas from others is required in each.";
    PATH_COLON = Warning "path-colon" "Variables of a path stand in braces.";
    RELATIVE_SERVER = Warning "relative-server" "A document names a host.";
    RENAMED = Warning "renamed" "What had a name once keeps it.";
    RENAMED_ARGUMENT = Note "renamed-argument" "Names of parameters are different, and none that a call has.";
    RENAMED_OPERATION = Note "renamed-operation" "An operation's name is none that the client has.";
    RUST_NAME = Error "rust-name" "`x-rust-name` is a name in Rust's case, and means nothing else there.";
    SCHEME_CERTIFICATE = Note "scheme-certificate" "A client certificate is brought by the user's `reqwest::ClientBuilder`.";
    SECURITY_CONFLICT = Warning "security-conflict" "Schemes that apply together write different places.";
    TOO_MANY_BRANCHES = Note "too-many-branches" "Several choices joined make at most 64 variants.";
    TOO_MANY_JOINS = Error "too-many-joins" "Schemas joined by `allOf` don't make thousands of others, each joined of members of those before.";
    TOO_NESTED = Error "too-nested" "Schemas are joined and nested at most some hundred times.";
    UNSUPPORTED_SESSIONS = Error "unsupported-sessions" "An operation needs at most one session.";
    VANISHED_NAME = Note "vanished-name" "What the names file names is in the document.";
}
