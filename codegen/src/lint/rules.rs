//! Every rule that a finding of this crate's front half can carry: id, level, one sentence.
//!
//! The constants are what the code reports with, so a rule that is not in [`ALL`] can't be reported.

use crate::finding::Level;

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name in findings, kebab case.
    pub id: &'static str,
    /// How much its findings weigh.
    pub level: Level,
    /// What it demands, in one sentence.
    pub sentence: &'static str,
}

macro_rules! rules {
    ($($name:ident = $level:ident $id:literal $sentence:literal;)*) => {
        $(
            #[doc = $sentence]
            pub const $name: Rule = Rule { id: $id, level: Level::$level, sentence: $sentence };
        )*
        /// All rules, in the order in which a document is looked at.
        pub const ALL: &[Rule] = &[$($name),*];
    };
}

rules! {
    // Reading: crate::parse.
    FILE_TOO_LARGE = Error "file-too-large" "A file has at most 64 MiB.";
    ENCODING = Error "encoding" "A file is UTF-8.";
    CONTROL_CHARACTER = Error "control-character" "A file holds no control characters but tabs and line breaks.";
    SYNTAX = Error "syntax" "A file is YAML 1.2 or JSON.";
    TOO_DEEP = Error "too-deep" "Lists and maps are nested at most 128 deep.";
    TOO_LARGE = Error "too-large" "A document has at most a million values and keys.";
    ALIAS_BOMB = Error "alias-bomb" "Anchors and aliases copy at most 100,000 values and 8 MiB of text.";
    ANCHOR_INSIDE_ITSELF = Error "anchor-inside-itself" "An alias does not stand inside its own anchor.";
    DUPLICATE_KEY = Error "duplicate-key" "A key stands once in its map.";
    MERGE_KEY = Note "merge-key" "Merge keys (`<<`) are YAML 1.1; they are merged.";
    YAML_TAG = Error "yaml-tag" "YAML tags are not used.";
    COMPLEX_KEY = Error "complex-key" "Keys are text.";
    SEVERAL_DOCUMENTS = Error "several-documents" "A file holds one YAML document.";

    // References: crate::references.
    INVALID_REF = Error "invalid-ref" "A `$ref` is a JSON Pointer in a URI fragment, or names one `$anchor` or `$id`.";
    DANGLING_REF = Error "dangling-ref" "A `$ref` names something that exists.";
    EXTERNAL_REF = Error "external-ref" "A `$ref` leads to files in the spec's folder only; nothing is fetched.";
    REF_CYCLE = Error "ref-cycle" "A chain of `$ref`s ends somewhere.";
    REF_KIND = Error "ref-kind" "A `$ref` names a thing of the kind that is needed.";
    REF_SIBLINGS = Warning "ref-siblings" "Nothing stands beside a `$ref` where OpenAPI ignores it.";
    PATH_ITEM_CONFLICT = Error "path-item-conflict" "No field of a path item stands both beside its `$ref` and in what that names.";

    // Shape of the document.
    UNSUPPORTED_VERSION = Error "unsupported-version" "The document is OpenAPI 3.0.x or 3.1.x.";
    UNSUPPORTED = Error "unsupported" "What is not supported yet is not used.";
    UNKNOWN_KEY = Error "unknown-key" "Every key is one of OpenAPI's, or begins with `x-`.";
    MISSING_KEY = Error "missing-key" "What OpenAPI requires is there.";
    WRONG_TYPE = Error "wrong-type" "Every value has the type that OpenAPI gives it.";
    UNKNOWN_VALUE = Error "unknown-value" "A value that OpenAPI chooses from a list is in that list.";
    COMPONENT_NAME = Error "component-name" "Names of components are letters, digits, `.`, `-` and `_`.";
    DIRECTION_CONTROL = Warning "direction-control" "No text changes the direction of what stands around it.";

    // Operations that are left out: crate::skip.
    SKIPPED = Note "skipped" "What is to be left out is not in the crate.";
    SKIP_UNKNOWN = Error "skip-unknown" "What is to be left out is an operation of the document.";

    // Extensions of ours.
    MISSPELLED_EXTENSION = Error "misspelled-extension" "No `x-` key is almost one of ours.";
    MISPLACED_EXTENSION = Warning "misplaced-extension" "Our extensions stand where they mean something.";
    CRATE = Error "crate" "`info.x-crate` gives the crate's name and version.";
    REPEAT_MISSING = Warning "repeat-missing" "Every operation says with `x-repeat` whether it may be repeated.";
    FAILURE = Error "failure" "`x-failure` names a member of the body and the values that mean failure.";
    LIMITS = Error "limits" "`x-limits` gives a number of calls at once that is possible, and one for each API.";
    ONE_OF_PARAMETERS = Error "one-of-parameters" "`x-one-of-parameters` names optional parameters of its operation.";
    PAGES = Error "pages" "`x-pages` names the list of items and the cursor in a page, and the parameter that takes the cursor.";
    POLL = Error "poll" "`x-poll` says what an answer looks like while work goes on, and which operation gives the result.";
    BATCH = Error "batch" "`x-batch` names the list of records in the body, their limit, and what the answer says of them.";

    WEBHOOK = Error "webhook" "A webhook is a POST of JSON, signed by one scheme that needs no session; `dedupe` points into its body.";
    WEBHOOK_WEAK = Warning "webhook-weak" "A webhook's signature covers its body, and `dedupe` names a required member of it.";
    FOREIGN_WEBHOOKS = Note "foreign-webhooks" "`x-webhooks` of a document that signs nothing is not ours, and is left out.";
    TRANSITIONS = Error "transitions" "`x-transitions`, `x-final` and `x-synonyms` name values of the text enum beside them.";
    FIRST_OF = Error "first-of" "`x-first-of` names optional properties of one type.";

    // Servers and paths.
    SERVER_MISSING = Warning "server-missing" "The document has a server.";
    SERVER_URL = Error "server-url" "A server's URL is absolute, http or https, and its variables are declared.";
    SERVER_INSECURE = Warning "server-insecure" "A server is reached through https.";
    PATH_SYNTAX = Error "path-syntax" "A path begins with `/` and stays below the server: no `.` or `..`, no query, no control characters.";
    PATH_AMBIGUOUS = Warning "path-ambiguous" "No two paths differ only by the names of their variables.";
    PATH_VARIABLE_UNDECLARED = Error "path-variable-undeclared" "Every variable of a path is declared as a parameter.";
    PATH_VARIABLE_ABSENT = Error "path-variable-absent" "Every path parameter stands in its path.";

    // Operations.
    OPERATION_ID_MISSING = Error "operation-id-missing" "Every operation has an operationId.";
    OPERATION_ID_DUPLICATE = Error "operation-id-duplicate" "An operationId names one operation.";
    OPERATION_ID_STYLE = Warning "operation-id-style" "An operationId is snake case: verb_noun.";
    ONE_TAG = Warning "one-tag" "Every operation has exactly one tag.";
    TAG_UNDECLARED = Warning "tag-undeclared" "Every tag of an operation is declared in the document's `tags`.";
    TAG_DUPLICATE = Error "tag-duplicate" "A tag is declared once.";
    DUPLICATE_PARAMETER = Error "duplicate-parameter" "A name stands once among the parameters of one place.";
    PARAMETER_SHAPE = Error "parameter-shape" "A parameter has either a schema or one content, and a path parameter is required.";
    RESERVED_HEADER = Warning "reserved-header" "`Accept`, `Content-Type` and `Authorization` are not parameters.";
    HEADER_NAME = Error "header-name" "Header names are tokens of RFC 9110.";
    MEDIA_TYPE = Error "media-type" "Contents are named by media types or ranges.";
    RESPONSE_MISSING = Error "response-missing" "Every operation has a response.";
    RESPONSE_STATUS = Error "response-status" "Responses are named by a status, a range such as `4XX`, or `default`.";
    SCHEMA_MISSING = Warning "schema-missing" "Every content has a schema.";

    // Schemas.
    SCHEMA_TYPE = Error "schema-type" "A schema's type is one of OpenAPI's.";
    ENUM_DUPLICATE = Error "enum-duplicate" "A value stands once in an enum.";
    ENUM_EMPTY = Error "enum-empty" "An enum has a value.";
    VALUE_TYPE = Error "value-type" "Values of `enum` and `default` are of the schema's type, and the default is in the enum.";
    REQUIRED_UNDECLARED = Warning "required-undeclared" "`required` names declared properties.";
    BOUNDS = Error "bounds" "No minimum is above its maximum.";
    DISCRIMINATOR = Error "discriminator" "A discriminator's mapping leads to schemas.";

    // Security and signing: crate::signing.
    UNKNOWN_SCHEME = Warning "unknown-scheme" "Security names declared schemes.";
    SCHEME_UNUSABLE = Warning "scheme-unusable" "A security scheme says what is sent and where, and contradicts nothing.";
    SCHEME_UNUSED = Warning "scheme-unused" "Every declared security scheme is used.";
    SCHEME_IN_CLEAR = Warning "scheme-in-clear" "Passwords, keys and tokens do not go over plain http.";
    SCHEME_CHALLENGE = Warning "scheme-challenge" "An `http` scheme sends a text that is known beforehand.";
    SCHEME_TOKEN_URL = Warning "scheme-token-url" "The URL that tokens are fetched from has no variables.";
    SIGNING_SHAPE = Error "signing-shape" "`x-signing` and its companions follow specs/x-signing.schema.json.";
    SIGNING_STEP = Error "signing-step" "A step is one of the sources and operations of x-signing.";
    SIGNING_RECIPE = Error "signing-recipe" "A recipe is complete and its types fit: every step is used, and names what stands before it.";
    SIGNING_SCHEME = Warning "signing-scheme" "A signing scheme's own type stays true for tools that do not know x-signing.";
    SESSION = Error "session" "A session names operations of the document and a member of the response.";

    // Vectors: crate::vectors.
    VECTORS_MISSING = Error "vectors-missing" "A spec that signs has a vectors.json beside it, with a vector for each recipe.";
    VECTORS_SHAPE = Error "vectors-shape" "vectors.json has the form of a vector file.";
    VECTOR_FAILED = Error "vector-failed" "Every vector passes.";
}
