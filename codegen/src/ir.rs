//! What a client crate is made of, with every name chosen: the form that all emitters read.
//!
//! [`crate::normalize`] makes an [`Ir`] from a [`crate::spec::Spec`]; [`crate::structs`], [`crate::enums`],
//! [`crate::unions`], [`crate::operations`] and [`crate::manifest`] turn it into files. A name here is final:
//! emitters write it as it stands, and nothing is looked up in the document again.

use crate::spec::Mark;
use countersign_auth::recipe::Recipe;

/// A client crate, before it becomes text.
#[derive(Clone, Debug)]
pub struct Ir {
    /// The service and the crate.
    pub api: Api,
    /// Security schemes that operations use or that declare `x-signing`, sorted by name.
    pub schemes: Vec<Scheme>,
    /// Recipes that end in `give`: functions of the crate.
    pub tokens: Vec<Recipe>,
    /// Sessions whose token operations need, sorted by name.
    pub sessions: Vec<Session>,
    /// Types, sorted by name.
    pub types: Vec<TypeDef>,
    /// Operations, sorted by path, then by method.
    pub operations: Vec<Operation>,
    /// What the provider sends, sorted by name.
    pub webhooks: Vec<Webhook>,
    /// Headers that responses declare, each once, by name.
    pub headers: Vec<ResponseHeader>,
}

/// The service and the crate.
#[derive(Clone, Debug)]
pub struct Api {
    /// The provider: the spec's folder, `acme`.
    pub provider: String,
    /// `info.title`.
    pub title: String,
    /// `info.version`: the provider's.
    pub version: String,
    /// `info.description`.
    pub doc: Doc,
    /// `info.x-crate.name`.
    pub crate_name: String,
    /// `info.x-crate.version`.
    pub crate_version: String,
    /// The spec's path as headers and links print it: `specs/acme/openapi.yaml`.
    pub spec_path: String,
    /// Other files that the document consists of, by their way from its folder; [`Mark::file`] counts them from 1.
    pub other_files: Vec<String>,
    /// `externalDocs.url` of the document.
    pub docs_url: Option<String>,
    /// Whether one redirect to the same origin is followed (`x-redirects: one`).
    pub redirects: bool,
    /// `servers`, at least one unless the document has none.
    pub servers: Vec<Server>,
    /// Tags that operations use, sorted by module.
    pub tags: Vec<Tag>,
}

/// Descriptive text as the document has it; emitters make it safe for rustdoc.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doc {
    /// `summary` or `title`.
    pub summary: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `externalDocs.url`.
    pub url: Option<String>,
    /// Limits and marks in words, one sentence each: `At most 36 characters.`, `Assumed: …`.
    pub notes: Vec<String>,
}

/// One entry of `servers`.
#[derive(Clone, Debug)]
pub struct Server {
    /// Variant name: from `x-name`, else from the description, else from the host.
    pub name: String,
    /// The URL, variables filled with their defaults, no trailing slash; a path if the document names no host.
    pub url: String,
    /// The URL in pieces, if it has variables.
    pub template: Option<ServerTemplate>,
    /// `description`.
    pub doc: Doc,
}

/// A server's URL with variables that a caller may set.
#[derive(Clone, Debug, Default)]
pub struct ServerTemplate {
    /// Name of the type that holds the values: `ProductionServer`.
    pub type_name: String,
    /// Texts and variables in turn, in the order of the URL.
    pub pieces: Vec<ServerPiece>,
    /// The variables, each once, in the order of the URL.
    pub variables: Vec<ServerVariable>,
}

/// A part of a server's URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerPiece {
    /// Text as it stands.
    Text(String),
    /// The value of the variable with this Rust name.
    Variable(String),
}

/// A variable of a server's URL.
#[derive(Clone, Debug)]
pub struct ServerVariable {
    /// Rust name of the setter, unique in its server.
    pub name: String,
    /// Name in the URL.
    pub wire: String,
    /// The value at first; without one the variable must be set.
    pub default: Option<String>,
    /// The values that the document lists.
    pub values: Vec<String>,
    /// `description`.
    pub doc: Doc,
}

/// A tag: one file of operations.
#[derive(Clone, Debug)]
pub struct Tag {
    /// Module name.
    pub module: String,
    /// The tag as written.
    pub name: String,
    /// Its description.
    pub doc: Doc,
}

/// A security scheme with the recipe of its `x-signing`, or that of OpenAPI's own words.
#[derive(Clone, Debug)]
pub struct Scheme {
    /// Its name under `securitySchemes`.
    pub name: String,
    /// The name of its constant in `recipes`, unique.
    pub constant: String,
    /// The recipe, `use` and `with` resolved.
    pub recipe: Recipe,
    /// Whether the recipe follows from OpenAPI's own words, without `x-signing`.
    pub standard: bool,
    /// How its tokens are had, for `oauth2` and `openIdConnect`.
    pub oauth2: Option<OAuth2>,
    /// What the document says of it, assumptions included.
    pub doc: Doc,
    /// Where it stands.
    pub at: Mark,
}

/// How the tokens of a scheme are had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuth2 {
    /// The session that its recipe reads.
    pub session: String,
    /// The credential that is a token, unless client credentials are all that there is.
    pub access_token: Option<String>,
    /// The flow of client credentials.
    pub client: Option<ClientCredentials>,
}

/// The flow of client credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCredentials {
    /// `tokenUrl`, as written.
    pub token_url: String,
    /// The credential that is the client's id.
    pub client_id: String,
    /// The credential that is the client's secret.
    pub client_secret: String,
}

/// A session under `x-signing-sessions`.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its name: `user_token`.
    pub name: String,
    /// Its kind.
    pub kind: SessionKind,
    /// The operationId whose response yields the token.
    pub from: String,
    /// JSON Pointer of the token in that response.
    pub at: String,
    /// operationIds that end it.
    pub ends: Vec<String>,
    /// Seconds that it lasts, if the document says so.
    pub lifetime_seconds: Option<u32>,
    /// JSON Pointer of the seconds that a token lasts, in the same response.
    pub lifetime_at: Option<String>,
    /// Whether a rejected token is renewed once.
    pub refresh_once: bool,
    /// Which answers reject it, besides those of status 401: a JSON Pointer in the body, and the values there.
    pub rejected: Option<(String, Vec<serde_json::Value>)>,
}

/// Who holds a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// A user: `client.user(UserToken)`.
    User,
    /// The service: `client.backend(ServiceToken)`.
    Service,
}

/// A named type.
#[derive(Clone, Debug)]
pub struct TypeDef {
    /// The place of its schema: `/components/schemas/Order`; of schemas that are joined, all of them.
    pub pointer: String,
    /// Rust name, a fixpoint of heck's `UpperCamelCase`.
    pub name: String,
    /// What the document says.
    pub doc: Doc,
    /// Where it stands.
    pub at: Mark,
    /// `deprecated`.
    pub deprecated: bool,
    /// Reached from a request body or parameter: callers construct it.
    pub sent: bool,
    /// Reached from a response, an error or a webhook.
    pub received: bool,
    /// What it is.
    pub kind: TypeKind,
}

/// What a named type is.
#[derive(Clone, Debug)]
pub enum TypeKind {
    /// An object with known members.
    Struct(Struct),
    /// A choice of texts; always open.
    Enum(Enum),
    /// A choice of types.
    Union(Union),
}

/// An object with known members.
#[derive(Clone, Debug, Default)]
pub struct Struct {
    /// Members, sorted by Rust name.
    pub fields: Vec<Field>,
    /// Type of members that are not named, if `additionalProperties` is a schema; kept in a field `extra`.
    pub extra: Option<TypeExpr>,
    /// Members of which one is enough (`x-first-of`), sorted by the method's name.
    pub first_of: Vec<FirstOf>,
}

/// Members that say the same: the method that gives the first of them that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstOf {
    /// Name of the method, snake case, unique among the struct's methods.
    pub name: String,
    /// Rust names of the fields: optional, never null or boxed, all of one type.
    pub fields: Vec<String>,
}

/// A member of an object.
#[derive(Clone, Debug)]
pub struct Field {
    /// Rust name, snake case, never a keyword, unique in its struct.
    pub name: String,
    /// Name in JSON.
    pub wire: String,
    /// Type of a value that is there and not null.
    pub ty: TypeExpr,
    /// Whether the member must be there.
    pub required: bool,
    /// Whether it may be null.
    pub nullable: bool,
    /// Whether the field holds its value in a `Box`, to break a cycle.
    pub boxed: bool,
    /// The one value that a required text or integer has, as text: constructors write it by themselves.
    pub constant: Option<String>,
    /// What the document says.
    pub doc: Doc,
    /// `deprecated`.
    pub deprecated: bool,
}

/// A choice of texts or integers.
#[derive(Clone, Debug, Default)]
pub struct Enum {
    /// Variants in the order of the document. `Unrecognized` is not among them.
    pub variants: Vec<Variant>,
    /// Which value may follow which (`x-transitions`).
    pub transitions: Option<Transitions>,
    /// Values that mean the same as another one (`x-synonyms`), and that one: values in JSON.
    pub synonyms: Vec<(String, String)>,
}

/// A state machine over the values of an [`Enum`], all of them as they stand in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transitions {
    /// What may follow each value that leads somewhere, both in the order of the values.
    pub next: Vec<(String, Vec<String>)>,
    /// Values that the provider calls final (`x-final`), or else those that lead nowhere.
    pub finals: Vec<String>,
}

/// One value of an [`Enum`].
#[derive(Clone, Debug)]
pub struct Variant {
    /// Rust name, unique in its enum.
    pub name: String,
    /// Value in JSON: text, or an integer's digits.
    pub wire: String,
    /// Whether the value is an integer in JSON.
    pub integer: bool,
    /// What the document says.
    pub doc: Doc,
}

/// A choice of types.
#[derive(Clone, Debug)]
pub struct Union {
    /// How branches are told apart.
    pub by: UnionBy,
    /// Branches in the order of the document. `Unrecognized` is not among them.
    pub branches: Vec<Branch>,
}

/// How the branches of a union are told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnionBy {
    /// By the text of this member (name in JSON).
    Tag(String),
    /// By what decodes and loses nothing: JSON types, member names or values differ.
    Shape,
}

/// One branch of a [`Union`].
#[derive(Clone, Debug)]
pub struct Branch {
    /// Rust name, unique in its union.
    pub name: String,
    /// What it holds.
    pub ty: TypeExpr,
    /// Values of the tag that select it; empty unless told apart by tag.
    pub tags: Vec<String>,
    /// Members by whose values it is known; only where told apart by shape.
    pub guards: Vec<Guard>,
    /// Whether it holds its value in a `Box`, to break a cycle.
    pub boxed: bool,
    /// What the document says.
    pub doc: Doc,
}

/// A member that has other values in one branch of a union than in others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Guard {
    /// Name in JSON.
    pub wire: String,
    /// The values that it has in this branch, as JSON: `"card"`, `7`, `true`.
    pub values: Vec<String>,
    /// Whether a value without the member, or with another value of it, never is of this branch; else it is only if
    /// nothing is lost and no other branch takes it.
    pub strict: bool,
}

/// A type without a name of its own, or the name of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeExpr {
    /// Any JSON value.
    Any,
    /// A boolean.
    Bool,
    /// An integer; 64 bits unless the format says otherwise.
    Integer(IntegerKind),
    /// A number that may be rounded to a double.
    Float,
    /// A number that must stay exact: the runtime's `Decimal`.
    Decimal,
    /// Text of this kind.
    Text(TextKind),
    /// A [`TypeDef`] by name.
    Named(String),
    /// A list.
    List(Box<TypeExpr>),
    /// A map from text.
    Map(Box<TypeExpr>),
    /// A value that may be null, inside a list or map.
    Nullable(Box<TypeExpr>),
}

/// Width of an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum IntegerKind {
    I32,
    I64,
    U32,
    U64,
}

/// Kinds of text that have a type of their own in the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    /// `String`.
    Plain,
    /// The runtime's `DateTime`: RFC 3339 text.
    DateTime,
    /// The runtime's `Date`.
    Date,
    /// The runtime's `Uuid`.
    Uuid,
    /// The runtime's `Sensitive`: `format: password`, redacted and wiped.
    Sensitive,
}

/// One method on one path.
#[derive(Clone, Debug)]
pub struct Operation {
    /// operationId as written.
    pub id: String,
    /// Method name on the client, snake case, unique.
    pub name: String,
    /// Name of the marker type, `UpperCamelCase`, unique, never that of a [`TypeDef`].
    pub marker: String,
    /// Module of the tag.
    pub module: String,
    /// `GET`.
    pub method: String,
    /// Path template as written: `/profile/token/{tokenID}`.
    pub path: String,
    /// The template that is filled: the path as it goes on the wire, and pairs of the query that never change.
    pub target: String,
    /// The server of this operation, if it has one of its own: a base URL, or a path on the client's host.
    pub server: Option<String>,
    /// What the document says.
    pub doc: Doc,
    /// Where it stands.
    pub at: Mark,
    /// `deprecated`.
    pub deprecated: bool,
    /// `x-repeat`.
    pub repeat: Repeat,
    /// `x-limits`, of the operation or its path.
    pub limits: Option<Limits>,
    /// Alternatives, each a set of scheme names that all apply; empty means unsigned.
    pub security: Vec<Vec<String>>,
    /// The scopes that each scheme of OAuth2 has to give, where there are any.
    pub scopes: Vec<(String, Vec<String>)>,
    /// The session that must be there, if any.
    pub session: Option<String>,
    /// Parameters: required ones first; those of the path in its order, the others by name.
    pub parameters: Vec<Parameter>,
    /// Parameters of which exactly one is given (`x-one-of-parameters`), as an enum argument.
    pub choices: Vec<ParameterChoice>,
    /// The body.
    pub body: Option<Body>,
    /// Success responses: exact status before range before default.
    pub successes: Vec<Response>,
    /// Error responses: exact status before range before default.
    pub errors: Vec<Response>,
    /// Name of the enum of successes, if they have more than one type.
    pub success_type: Option<String>,
    /// Name of the enum of errors, if they have more than one type.
    pub error_type: Option<String>,
    /// What its calls do together with others.
    pub flows: Flows,
}

/// A request that the provider sends to the user of the crate.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Its name under `x-webhooks`: `reward`.
    pub name: String,
    /// operationId as written.
    pub id: String,
    /// Name of the marker type, `UpperCamelCase`, unique: `RewardWebhook`.
    pub marker: String,
    /// What the document says.
    pub doc: Doc,
    /// Where it stands.
    pub at: Mark,
    /// `deprecated`.
    pub deprecated: bool,
    /// Name of the security scheme whose recipe verifies it.
    pub scheme: String,
    /// JSON Pointer of the member by which a redelivery is known (`dedupe`).
    pub dedupe: Option<String>,
    /// Type of its JSON body.
    pub event: TypeExpr,
}

/// Calls that belong together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flows {
    /// Pages that follow one another (`x-pages`).
    pub pages: Option<Pages>,
    /// A result that is asked for until it is there (`x-poll`).
    pub poll: Option<Poll>,
    /// Records that go out in several calls (`x-batch`).
    pub batch: Option<Batch>,
}

impl Flows {
    /// Methods that a call has for them.
    pub fn methods(&self) -> Vec<&'static str> {
        let pages: &[_] = if self.pages.is_some() { &["pages", "pages_from", "items", "items_from"] } else { &[] };
        let poll: &[_] = if self.poll.is_some() { &["poll", "poll_from"] } else { &[] };
        let batch: &[_] = if self.batch.is_some() { &["batch", "batch_stream"] } else { &[] };
        [pages, poll, batch].concat()
    }
}

/// Another operation, or the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherOperation {
    /// Its operationId.
    pub id: String,
    /// Its marker type.
    pub marker: String,
    /// Its module.
    pub module: String,
}

/// Pages that follow one another.
#[derive(Clone, Debug, PartialEq)]
pub struct Pages {
    /// The operation that gives the pages that follow.
    pub next: OtherOperation,
    /// Where the cursor goes, and its name there.
    pub parameter: (ParameterPlace, String),
    /// Whether the first answer is a page itself; else it only leads to the first one.
    pub first_is_page: bool,
    /// Whether the call has a cursor of its own in any case.
    pub begins_at_cursor: bool,
    /// The cursor in the first answer.
    pub first_cursor: Way,
    /// The cursor in a page.
    pub cursor: Way,
    /// The items in a page.
    pub items: Way,
    /// The type of an item.
    pub item: TypeExpr,
}

/// A result that is asked for until it is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Poll {
    /// The operation that gives the result.
    pub next: OtherOperation,
    /// The id in the first answer, and where it goes; nothing if the same call is made again.
    pub id: Option<(Way, ParameterPlace, String)>,
    /// Whether the first answer may be the result itself.
    pub first_is_result: bool,
    /// What is true of an answer while the work goes on.
    pub pending: Condition,
    /// Seconds of the first pause.
    pub interval_seconds: u32,
    /// Seconds of the longest pause.
    pub longest_seconds: u32,
    /// Seconds after which to give up.
    pub deadline_seconds: u32,
}

/// Records that go out in several calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// JSON Pointer of the list in the body.
    pub records: String,
    /// The type of a record.
    pub record: TypeExpr,
    /// The most records of a call.
    pub limit: u32,
    /// The most bytes of a body.
    pub bytes: Option<u32>,
    /// Smaller limits of calls with certain records: JSON Pointer in a record, values, limit.
    pub smaller: Vec<(String, Vec<serde_json::Value>, u32)>,
    /// What an answer of success says.
    pub answer: BatchAnswer,
    /// What a declared error says, if it speaks of records.
    pub failure: Option<BatchAnswer>,
    /// The type of a rejection.
    pub rejected: TypeExpr,
    /// Which record a rejection means.
    pub which: Option<BatchWhich>,
    /// Which rejections may pass.
    pub again: Option<Condition>,
}

/// What an answer says of the records of its call.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchAnswer {
    /// How many were accepted.
    pub accepted: Option<Way>,
    /// What is true if all others were accepted.
    pub complete: Option<Condition>,
    /// The list of rejections.
    pub rejected: Option<Way>,
}

/// How a rejection names its record.
#[derive(Clone, Debug, PartialEq)]
pub enum BatchWhich {
    /// By its place, from 0.
    Index(Way),
    /// By the record itself.
    Echo(Way),
}

/// A member that has one of some values.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The member.
    pub at: Way,
    /// The values: texts, integers, booleans.
    pub values: Vec<serde_json::Value>,
    /// Whether it must have one of them, or another one than these. An absent member is neither.
    pub equals: bool,
}

/// The way to a member of a body, through fields of structs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The fields, from the outside in.
    pub steps: Vec<WayStep>,
    /// The type of the member, if it is there and not null.
    pub ty: TypeExpr,
}

/// A field on a way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayStep {
    /// Its Rust name.
    pub field: String,
    /// How many `Option`s its value stands in: 2 where absent and null are told apart.
    pub options: usize,
}

/// How many calls an API takes at once: `x-limits: {concurrent: 3, api: counts}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The name that its operations share; their path template, if they have none.
    pub api: String,
    /// How many at once, if there is a limit.
    pub concurrent: Option<u32>,
}

/// May a call be repeated?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// After any transient failure.
    Safe,
    /// Only when it surely was not processed; the default.
    Unsafe,
    /// Not even then.
    Never,
}

/// A parameter of an operation.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Rust name, unique among the operation's arguments.
    pub name: String,
    /// Name on the wire.
    pub wire: String,
    /// Where it goes.
    pub place: ParameterPlace,
    /// How it is written there.
    pub style: ParameterStyle,
    /// Its type.
    pub ty: TypeExpr,
    /// Positional if so, else a setter.
    pub required: bool,
    /// What the document says.
    pub doc: Doc,
    /// `deprecated`.
    pub deprecated: bool,
}

/// Where a parameter goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterPlace {
    /// A variable of the path.
    Path,
    /// Query pairs.
    Query,
    /// A header.
    Header,
    /// The `Cookie` header, which all cookies of a request share.
    Cookie,
}

impl ParameterPlace {
    /// How parameters are written there unless the document says otherwise.
    pub fn usual(self) -> ParameterStyle {
        let (style, explode) = match self {
            ParameterPlace::Path | ParameterPlace::Header => (Style::Simple, false),
            ParameterPlace::Query | ParameterPlace::Cookie => (Style::Form, true),
        };
        ParameterStyle { style, explode, reserved: false }
    }
}

/// How a parameter is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterStyle {
    /// The style.
    pub style: Style,
    /// Whether each item or member stands by itself.
    pub explode: bool,
    /// Whether reserved characters stay as they are (`allowReserved`).
    pub reserved: bool,
}

/// Styles of parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `a,b` in paths and headers.
    Simple,
    /// `.a,b` in paths.
    Label,
    /// `;name=a,b` in paths.
    Matrix,
    /// `name=a&name=b` or `name=a,b` in queries and cookies.
    Form,
    /// `name=a%20b` in queries.
    SpaceDelimited,
    /// `name=a%7Cb` in queries.
    PipeDelimited,
    /// `name[key]=a` in queries.
    DeepObject,
    /// JSON text: `content`.
    Json,
}

/// Parameters of which exactly one is given.
#[derive(Clone, Debug)]
pub struct ParameterChoice {
    /// Argument name.
    pub name: String,
    /// Name of the enum.
    pub type_name: String,
    /// The parameters, as variants.
    pub variants: Vec<(String, Parameter)>,
}

/// The body of a request.
#[derive(Clone, Debug)]
pub struct Body {
    /// Whether it must be there; else it is a setter.
    pub required: bool,
    /// Its media type as sent: `application/json`.
    pub media_type: String,
    /// What it holds.
    pub content: BodyContent,
    /// Name of its variant where there is an enum: `Json`.
    pub variant: String,
    /// Other media types that the operation takes: variants of the enum, or else setters.
    pub alternatives: Vec<BodyAlternative>,
    /// Name of the enum, if the media types hold different things.
    pub type_name: Option<String>,
    /// What the document says.
    pub doc: Doc,
}

/// Another media type of a request body.
#[derive(Clone, Debug)]
pub struct BodyAlternative {
    /// Name of its variant: `Form`; the setter is called `body_as_form`.
    pub variant: String,
    /// Its media type as sent.
    pub media_type: String,
    /// What it holds.
    pub content: BodyContent,
}

impl Body {
    /// What it may hold, the preferred one first.
    pub fn contents(&self) -> impl Iterator<Item = &BodyContent> {
        std::iter::once(&self.content).chain(self.alternatives.iter().map(|other| &other.content))
    }

    /// The same, to be changed.
    pub fn contents_mut(&mut self) -> impl Iterator<Item = &mut BodyContent> {
        std::iter::once(&mut self.content).chain(self.alternatives.iter_mut().map(|other| &mut other.content))
    }
}

/// What a request body holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyContent {
    /// JSON of this type.
    Json(TypeExpr),
    /// `application/x-www-form-urlencoded` of this type, with the members that have a style.
    Form(TypeExpr, Vec<(String, FormStyle)>),
    /// `multipart/*`.
    Multipart(Multipart),
    /// Text.
    Text,
    /// Bytes or a stream; the media type may be a range, and then the caller says which one it is.
    Bytes,
}

impl BodyContent {
    /// Its types.
    pub fn types(&self) -> Vec<&TypeExpr> {
        match self {
            BodyContent::Json(ty) | BodyContent::Form(ty, _) => vec![ty],
            BodyContent::Multipart(form) => form.parts.iter().filter_map(|part| part.content.ty()).collect(),
            BodyContent::Text | BodyContent::Bytes => Vec::new(),
        }
    }

    /// The same, to be changed.
    pub fn types_mut(&mut self) -> Vec<&mut TypeExpr> {
        match self {
            BodyContent::Json(ty) | BodyContent::Form(ty, _) => vec![ty],
            BodyContent::Multipart(form) => form.parts.iter_mut().filter_map(|part| part.content.ty_mut()).collect(),
            BodyContent::Text | BodyContent::Bytes => Vec::new(),
        }
    }
}

/// How a member of a form is written: the runtime's `FormStyle`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum FormStyle {
    Exploded,
    Commas,
    Spaces,
    Pipes,
    Deep,
    Json,
}

/// A body of parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Multipart {
    /// Name of the type that builds it; without one the caller names the parts.
    pub type_name: Option<String>,
    /// Its parts in the order of the document.
    pub parts: Vec<Part>,
}

/// A part of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Rust name, unique among the form's methods.
    pub name: String,
    /// Name on the wire.
    pub wire: String,
    /// What it holds.
    pub content: PartContent,
    /// Its media type, if it is not the usual one of what it holds.
    pub media_type: Option<String>,
    /// An argument of the constructor if so, else a setter.
    pub required: bool,
    /// The one value that it has, as text.
    pub constant: Option<String>,
    /// Headers of its own: Rust name of the setter, name on the wire, and what the document says.
    pub headers: Vec<(String, String, Doc)>,
    /// What the document says.
    pub doc: Doc,
    /// `deprecated`.
    pub deprecated: bool,
}

/// What a part holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartContent {
    /// Bytes or a stream.
    File,
    /// Several of them, a part each.
    Files,
    /// Text, or JSON, or a part for each item of a list.
    Value(TypeExpr),
}

impl PartContent {
    fn ty(&self) -> Option<&TypeExpr> {
        match self {
            PartContent::Value(ty) => Some(ty),
            PartContent::File | PartContent::Files => None,
        }
    }

    fn ty_mut(&mut self) -> Option<&mut TypeExpr> {
        match self {
            PartContent::Value(ty) => Some(ty),
            PartContent::File | PartContent::Files => None,
        }
    }
}

/// One declared response, or one of several kinds of content that a response may have.
#[derive(Clone, Debug)]
pub struct Response {
    /// Which statuses it stands for.
    pub status: StatusPattern,
    /// Name of its variant where an enum is needed: `Ok`, `NotFound`, `Status4xx`, `Default`; with the kind of
    /// content where one status has several: `OkJson`.
    pub variant: String,
    /// Media types of this content, the preferred one first; none is no body.
    pub media_types: Vec<String>,
    /// What it holds.
    pub content: ResponseContent,
    /// Failure inside success (`x-failure`).
    pub failure: Option<Failure>,
    /// Headers.
    pub headers: Vec<ResponseHeader>,
    /// What the document says.
    pub doc: Doc,
}

/// A header that a response declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHeader {
    /// Name of the method that reads it, unique in the crate; empty until all are known.
    pub name: String,
    /// Name on the wire.
    pub wire: String,
    /// Its type: scalars, lists of them, and maps of texts.
    pub ty: TypeExpr,
    /// What the document says.
    pub doc: Doc,
}

/// Which statuses a response stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusPattern {
    /// One status.
    Exact(u16),
    /// `4XX`: the first digit.
    Range(u8),
    /// `default`.
    Default,
}

/// What a response holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponseContent {
    /// Nothing.
    Empty,
    /// JSON of this type.
    Json(TypeExpr),
    /// Text.
    Text,
    /// Bytes with their media type, at hand: images and other files.
    Binary,
    /// Bytes as a stream.
    Stream,
    /// JSON values that arrive one by one.
    JsonLines(TypeExpr),
    /// Server-sent events.
    Events(TypeExpr, EventShape),
}

impl ResponseContent {
    /// Its type.
    pub fn ty(&self) -> Option<&TypeExpr> {
        match self {
            ResponseContent::Json(ty) | ResponseContent::JsonLines(ty) | ResponseContent::Events(ty, _) => Some(ty),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub fn ty_mut(&mut self) -> Option<&mut TypeExpr> {
        match self {
            ResponseContent::Json(ty) | ResponseContent::JsonLines(ty) | ResponseContent::Events(ty, _) => Some(ty),
            _ => None,
        }
    }

    /// Whether it is handed on as it arrives.
    pub fn streams(&self) -> bool {
        matches!(self, ResponseContent::Stream | ResponseContent::JsonLines(_) | ResponseContent::Events(..))
    }
}

/// What the type of an event describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventShape {
    /// Its data, which is JSON.
    Data,
    /// Its data, which is text.
    Text,
    /// An object with `event`, `data` and so on.
    Whole,
}

/// Which values of a member mean failure.
#[derive(Clone, Debug, PartialEq)]
pub enum FailureWhen {
    /// `equals`: these.
    Equals(Vec<serde_json::Value>),
    /// `not-equals`: all but these.
    NotEquals(Vec<serde_json::Value>),
}

impl FailureWhen {
    /// The values that are compared.
    pub fn values(&self) -> &[serde_json::Value] {
        match self {
            FailureWhen::Equals(values) | FailureWhen::NotEquals(values) => values,
        }
    }
}

/// When a success status carries a failure: `x-failure: {at: /success, equals: [false]}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// JSON Pointer in the body; an absent member means success.
    pub at: String,
    /// Which values mean failure.
    pub when: FailureWhen,
    /// Type of the body then; the response's own type if nothing else is declared.
    pub body: TypeExpr,
}
