//! The `x-signing` vocabulary as types.
//!
//! A [`Recipe`] is plain data: every part can stand in a `const`, which is how generated crates carry
//! theirs, and can be built at run time, which is how vector files and tools do it. Nothing here checks
//! or computes; see [`crate::check()`] for what makes a recipe valid and [`crate::prepare`] for what makes
//! it run. `use`/`with` and `bind` are resolved before a recipe gets this form.

use std::borrow::Cow;

/// Text that is `'static` in generated crates and owned elsewhere.
pub type Text = Cow<'static, str>;
/// A list that is `'static` in generated crates and owned elsewhere.
pub type List<T> = Cow<'static, [T]>;

/// How one scheme signs: named steps in order, what leaves with the request, what a receiver checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// Name of the security scheme or of the shared recipe.
    pub name: Text,
    /// The steps, in the order in which they are computed.
    pub steps: List<Step>,
    /// What the recipe yields.
    pub output: Output,
    /// What only a receiver needs.
    pub rules: Rules,
}

/// One named step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The step's name: what vectors, explanations and errors show.
    pub name: Text,
    /// What the step yields.
    pub value: Expression,
    /// Which options a user may change, because the provider's documents leave them open.
    pub settable: List<Setting>,
}

/// An option that a recipe lets a user change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Setting {
    /// `arrays` of `php-json`.
    Arrays,
    /// `only` of `{request: headers}`.
    Only,
    /// `without-body` of an operation.
    WithoutBody,
    /// `empty` of an operation.
    Empty,
    /// `header` of `send`.
    Header,
    /// `query` of `send`.
    Query,
    /// `body` of `send`.
    Body,
}

/// A source or an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// A value that no other step feeds.
    Source(Source),
    /// A value computed from earlier steps and inline sources.
    Operation(Operation),
}

/// What an operation reads: an earlier step by name, or a source that stands inline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// An earlier step.
    Step(Text),
    /// A source without a name of its own.
    Source(Source),
}

/// A value that comes from outside the recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A text field of the credentials.
    Credential {
        /// Name of the field.
        name: Text,
        /// Whether it is redacted everywhere.
        secret: bool,
    },
    /// User name and password as RFC 7617 sends them: joined by a colon, in base64; always secret.
    Basic {
        /// Name of the field with the user name.
        username: Text,
        /// Name of the field with the password, which may be empty.
        password: Text,
    },
    /// A key; always secret.
    Key {
        /// Name of the field of the credentials.
        name: Text,
        /// How its text becomes bytes.
        decode: KeyEncoding,
        /// A prefix that is taken off before decoding.
        strip_prefix: Option<Text>,
    },
    /// A random value, drawn anew for each attempt.
    Random {
        /// Its form.
        form: RandomForm,
        /// The longest text that the provider takes.
        max_length: Option<u32>,
    },
    /// The clock's reading, taken anew for each attempt.
    Time {
        /// Its form.
        form: TimeForm,
        /// Seconds added to the reading.
        plus_seconds: i64,
    },
    /// A value that the caller gives for each signature.
    Argument {
        /// Its name.
        name: Text,
        /// Whether it may be left out, together with its claim.
        optional: bool,
    },
    /// A part of the request.
    Request(RequestPart),
    /// A token that the session machinery holds.
    Session {
        /// Name under `x-signing-sessions`.
        name: Text,
    },
    /// A fixed text.
    Literal(Text),
}

/// A part of a request, as it goes on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestPart {
    /// The method, upper case.
    Method,
    /// The path, percent-encoding included.
    Path(TargetFrom),
    /// The query without `?`, empty if there is none.
    Query,
    /// Path and query.
    Target(TargetFrom),
    /// The authority.
    Host,
    /// The absolute URL.
    Url,
    /// The exact bytes of the body.
    Body,
    /// One header.
    Header {
        /// Its name.
        name: Text,
    },
    /// Chosen headers as a map, names spelled and ordered as here, absent ones left out.
    Headers {
        /// Their names.
        only: List<Text>,
    },
}

/// Where `path` and `target` begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetFrom {
    /// After the base URL's own path.
    Base,
    /// At the root of the host.
    Root,
}

/// How the text of a key becomes bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyEncoding {
    /// The text's own bytes.
    Utf8,
    /// Hexadecimal, either case.
    Hex,
    /// RFC 4648 section 4, with padding.
    Base64,
    /// RFC 4648 section 5, without padding.
    Base64Url,
}

/// The form of a random value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RandomForm {
    /// RFC 9562 version 4, lower case.
    UuidV4,
    /// This many bytes in lower-case hexadecimal.
    Hex(u16),
    /// This many bytes in base64url without padding.
    Base64Url(u16),
}

/// The form of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeForm {
    /// Whole seconds since 1970.
    UnixSeconds,
    /// Whole milliseconds since 1970.
    UnixMilliseconds,
    /// RFC 3339 in UTC, whole seconds, `Z`.
    Rfc3339,
    /// RFC 9110 IMF-fixdate.
    HttpDate,
}

/// A hash algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashAlgorithm {
    /// MD5; not for `hmac`.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// How a digest or MAC becomes text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Lower-case hexadecimal.
    Hex,
    /// Upper-case hexadecimal.
    HexUpper,
    /// RFC 4648 section 4, with padding.
    Base64,
    /// RFC 4648 section 5, without padding.
    Base64Url,
    /// The bytes themselves; the step's type is then `bytes`.
    Raw,
}

/// Which characters JSON text escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// What RFC 8259 demands.
    Minimal,
    /// Also `\/`, and `\uXXXX` beyond ASCII.
    Php,
}

/// What a JSON object becomes when PHP has read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhpArrays {
    /// A PHP array: empty prints `[]`, keys 0..n-1 print a list.
    Assoc,
    /// An object.
    Object,
}

/// Results of an operation that stand in for missing input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Substitutes {
    /// The result when there is no body at all.
    pub without_body: Option<Text>,
    /// The result for a body of zero bytes, or a map without entries.
    pub empty: Option<Text>,
}

/// A computation over earlier steps and inline sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A digest.
    Hash {
        /// The algorithm.
        algorithm: HashAlgorithm,
        /// What is hashed.
        of: Input,
        /// The form of the result.
        encode: Encoding,
        /// Results for missing input.
        substitutes: Substitutes,
    },
    /// A MAC (RFC 2104).
    Hmac {
        /// The algorithm; not MD5.
        algorithm: HashAlgorithm,
        /// The step that holds the key.
        key: Text,
        /// What is authenticated.
        of: Input,
        /// The form of the result.
        encode: Encoding,
        /// Results for missing input.
        substitutes: Substitutes,
    },
    /// Parts one after another.
    Concat {
        /// The parts.
        parts: List<Input>,
        /// What stands between them.
        separator: Text,
        /// Results for missing input.
        substitutes: Substitutes,
    },
    /// A JSON array of strings, no white space.
    JsonArray {
        /// The items.
        items: List<Input>,
        /// Which characters are escaped.
        escape: Escape,
    },
    /// A JSON object of strings, no white space, order as written.
    JsonObject {
        /// Names and values.
        members: List<(Text, Input)>,
        /// Which characters are escaped.
        escape: Escape,
    },
    /// A JSON body or header map as PHP's `json_encode` prints it.
    PhpJson {
        /// The body or the map.
        of: Input,
        /// What objects become.
        arrays: PhpArrays,
        /// Results for missing input.
        substitutes: Substitutes,
    },
    /// Texts and pairs joined by `&`.
    Form {
        /// The parts; empty ones are left out.
        parts: List<FormPart>,
        /// Results for missing input.
        substitutes: Substitutes,
    },
    /// The pairs of a form body, decoded, sorted, joined without separators.
    SortedForm {
        /// The body.
        of: Input,
        /// Results for missing input.
        substitutes: Substitutes,
    },
    /// RFC 7515 compact form.
    Jws {
        /// SHA-256, SHA-384 or SHA-512 for HS256, HS384, HS512.
        algorithm: HashAlgorithm,
        /// The step that holds the key.
        key: Text,
        /// Header members, literals, in order.
        header: List<(Text, Text)>,
        /// What is signed.
        payload: JwsPayload,
        /// Which characters JSON text escapes.
        escape: Escape,
    },
}

/// A part of a `form`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormPart {
    /// Text as it is.
    Text(Input),
    /// A pair, percent-encoded; RFC 3986 unreserved characters are kept.
    Pair(Text, Input),
}

/// What a JWS signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwsPayload {
    /// RFC 7519 claims in the order written.
    Claims(List<(Text, Input)>),
    /// Exact bytes.
    Exact(Input),
}

/// What a recipe yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A step's text is given to the caller; no request is touched.
    Give(Text),
    /// Carriers put steps into a request.
    Send(Send),
    /// A scheme that is written by hand signs the request; the steps are parameters that come from elsewhere, under
    /// the names of the parameters.
    Custom(Custom),
}

/// A scheme that is written by hand; [`mod@crate::custom`] knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Custom {
    /// Its name: `aws-sigv4`.
    pub scheme: Text,
    /// The parameters that stand in the document itself.
    pub with: List<(Text, Fixed)>,
    /// The parameters of `with` that a user may change.
    pub settable: List<Text>,
}

/// The value of a parameter that stands in the document itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fixed {
    /// A text, a word or a length of time.
    Text(Text),
    /// A list of texts.
    List(List<Text>),
    /// `true` or `false`.
    Flag(bool),
}

/// Where steps go in a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Send {
    /// Headers, in order, names as written.
    pub headers: List<(Text, Carrier)>,
    /// Query pairs, in order, after the caller's.
    pub query: List<(Text, Carrier)>,
    /// The step whose text replaces the body.
    pub body: Option<Text>,
    /// Which of the three a user may change.
    pub settable: List<Setting>,
}

/// The value of a header or query pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// One template.
    One(Template),
    /// Several, joined; a receiver splits them and needs one signature that holds.
    Many {
        /// The items.
        items: List<Template>,
        /// What stands between them.
        separator: Text,
    },
}

/// Texts and step names, one after another: `"Bearer {token}"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The parts.
    pub parts: List<TemplatePart>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplatePart {
    /// Text as it is.
    Text(Text),
    /// The text of a step.
    Step(Text),
}

/// What only a receiver checks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Steps whose value may be seen once only; for the replay guard beside `verify`.
    pub single_use: List<Text>,
    /// How far from now a time may lie, past and future.
    pub freshness: Option<Freshness>,
    /// How far ahead an expiry may lie.
    pub lifetime: Option<Lifetime>,
}

/// A window around now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// The step with the time.
    pub of: Text,
    /// Half the window's width, in seconds.
    pub window_seconds: u32,
}

/// A limit on an expiry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// The step with the expiry.
    pub of: Text,
    /// The longest time from now, in seconds.
    pub max_seconds: u32,
}
