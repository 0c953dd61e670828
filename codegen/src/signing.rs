//! What a document says of signing: schemes, tokens, sessions, and which of them an operation needs.
//!
//! 1. `shape` holds `x-signing`, `x-signing-recipes` and `x-signing-sessions` against the JSON Schema of the
//!    extension (specs/x-signing.schema.json).
//! 2. [`countersign_auth::document`] resolves `use` and `with`, and checks order, types and completeness.
//! 3. Sessions are joined with the operations that they name.
//! 4. `standard` gives OpenAPI's own schemes their recipes.
//! 5. [`security_of`] resolves OpenAPI's `security`.
//!
//! Errors come back with JSON Pointers; here they become findings with lines. Running recipes against
//! vectors is [`crate::vectors`]' part.

mod shape;
mod standard;

use crate::finding::{Finding, has_errors, shortened};
use crate::ir::{Doc, Scheme, Session, SessionKind};
use crate::lint::extensions::has_member;
use crate::lint::operations::METHODS;
use crate::lint::rules::{self, Rule};
use crate::normalize::rules::SCHEME_CERTIFICATE;
use crate::references::{References, escape_token};
use crate::spec::{Mark, Node, Spec, Value};
use countersign_auth::custom;
use countersign_auth::document::{self, DocumentError};
use countersign_auth::recipe::{Output, Recipe};
use standard::{Described, Names};
use std::collections::BTreeSet;

/// Everything that a document declares with `x-signing`.
#[derive(Clone, Debug, Default)]
pub struct Signing {
    /// Security schemes with a recipe, in the order of the document.
    pub schemes: Vec<Scheme>,
    /// Names of schemes that are met by a client certificate, and add nothing to a request.
    pub mutual_tls: Vec<String>,
    /// Shared recipes without holes that end in `give`.
    pub tokens: Vec<Recipe>,
    /// `x-signing-sessions`, in the order of the document.
    pub sessions: Vec<Session>,
    /// What the author should look at although the recipes are right.
    pub warnings: Vec<Finding>,
}

/// Reads the signing of a document.
///
/// # Errors
/// Every finding in the extension, with its place.
pub fn signing(spec: &Spec) -> Result<Signing, Vec<Finding>> {
    let references = References::new(spec);
    let mut reader = Reader { references: &references, findings: Vec::new() };
    let recipes = reader.recipes();
    let sessions = reader.sessions();
    let mut signing = Signing { sessions, ..Signing::default() };
    for declared in &recipes.recipes {
        let recipe = declared.recipe.clone();
        match (&recipe.output, declared.scheme) {
            (Output::Give(_), false) => signing.tokens.push(recipe),
            (Output::Send(_) | Output::Custom(_), false) => {}
            (_, true) => signing.schemes.push(reader.scheme(recipe, &declared.pointer)),
        }
    }
    reader.standard_schemes(&mut signing);
    name_constants(&mut signing);
    if has_errors(&reader.findings) {
        return Err(reader.findings);
    }
    signing.warnings = reader.findings;
    Ok(signing)
}

/// The recipes of a document with `components`: all of its schemes and complete shared recipes.
///
/// # Errors
/// Every finding in them, with its place.
pub fn recipes(spec: &Spec) -> Result<Vec<Recipe>, Vec<Finding>> {
    let references = References::new(spec);
    let mut reader = Reader { references: &references, findings: Vec::new() };
    let recipes = reader.recipes();
    if has_errors(&reader.findings) {
        return Err(reader.findings);
    }
    Ok(recipes.recipes.into_iter().map(|declared| declared.recipe).collect())
}

/// The recipes of a document as they are written, for a review, and what is wrong with them, in words.
pub(crate) fn recipes_as_written(spec: &Spec) -> (Vec<Recipe>, Vec<String>) {
    let (recipes, errors) = document::recipes_as_written(&signing_part(spec));
    let recipes = recipes.recipes.into_iter().map(|declared| declared.recipe).collect();
    (recipes, errors.iter().map(sentence).collect())
}

/// The requirements of an operation, alternatives in order, each a set of scheme names that all apply.
///
/// The operation's own `security` comes before the document's. Nothing, or an empty list, means unsigned.
pub fn security_of(spec: &Spec, operation: &Node) -> Vec<Vec<String>> {
    let security = operation.get("security").or_else(|| spec.root.get("security"));
    let alternatives = security.map(Node::items).unwrap_or_default();
    let names = |requirement: &Node| requirement.members().map(|(name, _)| name.text.clone()).collect();
    alternatives.iter().map(names).collect()
}

/// Every operation of the document's paths.
fn operations<'a>(references: &References<'a>) -> impl Iterator<Item = &'a Node> {
    let items = references.spec().root.get("paths").into_iter().flat_map(Node::members);
    let items = items.map(|(_, item)| references.resolve(item).map_or(item, |resolved| resolved.node));
    let methods = items.flat_map(Node::members);
    methods.filter(|(method, _)| METHODS.contains(&method.text.as_str())).map(|(_, operation)| operation)
}

/// The JSON Pointer under which a scheme's or shared recipe's own steps stand, `use` followed.
pub(crate) fn recipe_pointer(spec: &Spec, name: &str) -> Option<String> {
    let name = escape_token(name);
    let shared = format!("/components/x-signing-recipes/{name}");
    let scheme = format!("/components/securitySchemes/{name}/x-signing");
    let Some(signing) = spec.root.at_pointer(&scheme) else {
        return spec.root.at_pointer(&shared).map(|_| shared);
    };
    let used = signing.get("use").and_then(Node::text).map(escape_token);
    Some(used.map_or(scheme, |used| format!("/components/x-signing-recipes/{used}")))
}

struct Reader<'r, 'a> {
    references: &'r References<'a>,
    findings: Vec<Finding>,
}

impl<'a> Reader<'_, 'a> {
    fn spec(&self) -> &'a Spec {
        self.references.spec()
    }

    fn report(&mut self, rule: Rule, at: Mark, pointer: String, message: String, help: Option<String>) {
        let mut finding = Finding::new(self.spec(), rule.level, rule.id, at, pointer, message);
        finding.help = help;
        self.findings.push(finding);
    }

    /// Shape first; then what the engine says of recipes whose shape is right.
    fn recipes(&mut self) -> document::Recipes {
        self.findings.extend(shape::findings(self.references));
        let wrong: Vec<String> = self.findings.iter().filter_map(|finding| recipe_of(&finding.pointer)).collect();
        let errors = match document::recipes_from_components(&signing_part(self.spec())) {
            Ok(recipes) => return recipes,
            Err(errors) => errors,
        };
        for error in errors {
            let shape_is_wrong = recipe_of(&error.pointer).is_some_and(|recipe| wrong.contains(&recipe));
            if !shape_is_wrong {
                self.document_error(error);
            }
        }
        // A shape that the schema refuses and the engine takes still counts; the reverse must not pass either.
        if self.findings.is_empty() {
            let message = "the recipes of this document can't be read".to_owned();
            self.report(rules::SIGNING_RECIPE, Mark::new(1, 1), String::new(), message, None);
        }
        document::Recipes::default()
    }

    fn document_error(&mut self, error: DocumentError) {
        let (_, at) = self.references.nearest(&error.pointer);
        let message = sentence(&error);
        self.report(rules::SIGNING_RECIPE, at, error.pointer, message, error.help);
    }

    /// A scheme, and whether its own type tells the truth about where the signature goes.
    fn scheme(&mut self, recipe: Recipe, pointer: &str) -> Scheme {
        let name = recipe.name.to_string();
        let declaration = pointer.strip_suffix("/x-signing").unwrap_or(pointer);
        let (node, at) = self.references.nearest(declaration);
        match &recipe.output {
            Output::Give(_) => {
                let message = format!("the scheme `{name}` gives a token, and sends nothing");
                let help = "move the recipe to `x-signing-recipes`, or let it `send`".to_owned();
                self.report(rules::SIGNING_RECIPE, at, pointer.to_owned(), message, Some(help));
            }
            Output::Send(_) | Output::Custom(_) => {
                let text = |key| node.get(key).and_then(Node::text).unwrap_or_default();
                let (headers, query) = carriers(&recipe);
                let (carriers, carrier) = match (text("type"), text("in")) {
                    ("apiKey", "header") => (headers, text("name")),
                    ("apiKey", "query") => (query, text("name")),
                    ("http", _) => (headers, "Authorization"),
                    _ => (headers, ""),
                };
                if !carriers.iter().any(|name| name.eq_ignore_ascii_case(carrier)) {
                    let message = format!("the recipe sends nothing in the place that `{name}` itself names");
                    let help = "for `type: apiKey`, `in` and `name` say where the signature goes; `type: http` means \
                                `Authorization`";
                    self.report(rules::SIGNING_SCHEME, at, declaration.to_owned(), message, Some(help.to_owned()));
                }
            }
        }
        let doc = Doc {
            summary: None,
            description: node.get("description").and_then(Node::text).map(str::to_owned),
            url: None,
            notes: self.assumptions(&name, node),
        };
        Scheme { name, constant: String::new(), recipe, standard: false, oauth2: None, doc, at }
    }

    /// Every `x-assumed` of a scheme and of the shared recipe that it uses.
    fn assumptions(&self, name: &str, scheme: &'a Node) -> Vec<String> {
        let shared = recipe_pointer(self.spec(), name).and_then(|pointer| self.spec().root.at_pointer(&pointer));
        let shared = shared.filter(|_| scheme.at_pointer("/x-signing/use").is_some());
        let mut notes = Vec::new();
        for node in [Some(scheme), shared].into_iter().flatten() {
            assumptions(node, &mut notes);
        }
        notes
    }

    fn sessions(&mut self) -> Vec<Session> {
        let Some(sessions) = self.spec().root.at_pointer("/components/x-signing-sessions") else { return Vec::new() };
        sessions.members().map(|(key, node)| self.session(&key.text, node)).collect()
    }

    fn session(&mut self, name: &str, node: &'a Node) -> Session {
        let text = |key: &str| node.get(key).and_then(Node::text).unwrap_or_default().to_owned();
        let from = self.named_operation(node.get("from"));
        let ends = node.get("ends").map(Node::items).unwrap_or_default();
        for end in ends {
            self.named_operation(Some(end));
        }
        for (key, holds) in [("at", "the token"), ("lifetime-at", "the seconds that it lasts")] {
            if let (Some(operation), Some(at)) = (from, node.get(key))
                && let Some(pointer) = at.text()
                && !self.yields(operation, pointer, |status| status.starts_with('2') || status == "default")
            {
                let message = format!("no response of `{}` has a member at `{}`", text("from"), shortened(pointer, 80));
                let help = format!("name the property of the response that holds {holds}");
                let place = self.references.pointer_of(at);
                self.report(rules::SESSION, at.at, place, message, Some(help));
            }
        }
        let rejected = node.get("rejected").and_then(|rejected| self.rejected(rejected));
        Session {
            name: name.to_owned(),
            kind: if text("kind") == "service" { SessionKind::Service } else { SessionKind::User },
            from: text("from"),
            at: text("at"),
            ends: ends.iter().filter_map(|end| end.text().map(str::to_owned)).collect(),
            lifetime_seconds: seconds(&text("lifetime")),
            lifetime_at: node.get("lifetime-at").and_then(Node::text).map(str::to_owned),
            refresh_once: text("on-reject") == "refresh-once",
            rejected,
        }
    }

    /// The operation that a session names.
    fn named_operation(&mut self, node: Option<&'a Node>) -> Option<&'a Node> {
        let (node, id) = node.and_then(|node| node.text().map(|id| (node, id)))?;
        let id_of = |operation: &'a Node| operation.get("operationId").and_then(Node::text);
        let found = operations(self.references).find(|operation| id_of(operation) == Some(id));
        if found.is_none() {
            let similar = crate::finding::similar(id, operations(self.references).filter_map(id_of));
            let help = similar.map(|id| format!("did you mean `{id}`?"));
            let message = format!("there is no operation `{}`", shortened(id, 60));
            self.report(rules::SESSION, node.at, self.references.pointer_of(node), message, help);
        }
        found
    }

    /// A rejection is told in some answer of the API.
    fn rejected(&mut self, node: &'a Node) -> Option<(String, Vec<serde_json::Value>)> {
        let (at, values) = (node.get("at")?, node.get("equals")?);
        let pointer = at.text()?;
        if !operations(self.references).any(|operation| self.yields(operation, pointer, |_| true)) {
            let message = format!("no response of any operation has a member at `{}`", shortened(pointer, 80));
            let help = "name the property of the responses that says so".to_owned();
            self.report(rules::SESSION, at.at, self.references.pointer_of(at), message, Some(help));
        }
        Some((pointer.to_owned(), values.items().iter().map(Node::to_json).collect()))
    }

    /// Whether some response of an operation, of these statuses, has a member at a pointer.
    fn yields(&self, operation: &'a Node, pointer: &str, of: impl Fn(&str) -> bool) -> bool {
        let responses = operation.get("responses").into_iter().flat_map(Node::members);
        let responses = responses.filter(|(status, _)| of(&status.text));
        let mut schemas = responses.filter_map(|(_, response)| {
            let response = self.references.resolve(response).ok()?.node;
            let contents = response.get("content")?.members();
            contents.filter(|(media, _)| media.text.contains("json")).find_map(|(_, content)| content.get("schema"))
        });
        schemas.any(|schema| has_member(self.references, schema, pointer))
    }

    /// Gives schemes that operations use and that declare no signing the recipe of their own words.
    fn standard_schemes(&mut self, signing: &mut Signing) {
        let Some(schemes) = self.spec().root.at_pointer("/components/securitySchemes") else { return };
        let used = self.used_schemes();
        let mut names = taken(signing);
        let mut found: Vec<(String, &'a Node, &'a Node, Mark)> = Vec::new();
        for (key, declared) in schemes.members() {
            if declared.get("x-signing").is_some() {
                continue;
            }
            // A reference that leads nowhere has a finding of its own.
            let resolved = self.references.resolve(declared).map_or(declared, |resolved| resolved.node);
            if used.contains(&key.text) {
                found.push((key.text.clone(), declared, resolved, key.at));
            } else {
                self.unused_scheme(&key.text, declared, resolved, key.at);
            }
        }
        // Names do not depend on the order of the document.
        found.sort_by(|one, other| one.0.cmp(&other.0));
        for (name, declared, scheme, at) in found {
            self.standard_scheme(signing, &mut names, name, declared, scheme, at);
        }
    }

    fn unused_scheme(&mut self, name: &str, declared: &'a Node, scheme: &'a Node, at: Mark) {
        let (name, pointer) = (shortened(name, 60), self.references.pointer_of(declared));
        if let Err(why) = standard::described(scheme) {
            let message = format!("nothing can be signed with `{name}`: {why}");
            self.report(rules::SCHEME_UNUSABLE, at, pointer.clone(), message, None);
        }
        let message = format!("no operation uses the scheme `{name}`, so the client does not know it");
        let help = "name it under `security`, or remove it".to_owned();
        self.report(rules::SCHEME_UNUSED, at, pointer, message, Some(help));
    }

    /// A server that anyone on the way can listen to.
    fn clear_server(&self) -> Option<&'a str> {
        let servers = self.spec().root.get("servers").map(Node::items).unwrap_or_default();
        let urls = servers.iter().filter_map(|server| server.get("url")?.text());
        let local = ["localhost", "127.0.0.1", "[::1]"];
        urls.into_iter().find(|url| match url.strip_prefix("http://") {
            Some(rest) => !local.iter().any(|host| {
                rest.strip_prefix(host).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
            }),
            None => false,
        })
    }

    fn standard_scheme(
        &mut self,
        signing: &mut Signing,
        names: &mut Names,
        name: String,
        declared: &'a Node,
        scheme: &'a Node,
        at: Mark,
    ) {
        let pointer = self.references.pointer_of(declared);
        let described = match standard::described(scheme) {
            Ok(described) => described,
            Err(why) => {
                let message = format!("calls that need `{}` can't be signed: {why}", shortened(&name, 60));
                let help = "mend the scheme; until then, the client's builder takes a signer for it".to_owned();
                return self.report(rules::SCHEME_UNUSABLE, at, pointer, message, Some(help));
            }
        };
        let credentials = names.credentials(&name, &described);
        let Some(recipe) = described.recipe(&name, &credentials) else {
            let message =
                format!("`{}` is a client certificate, which adds nothing to a request", shortened(&name, 60));
            let help = "bring the certificate with `ClientBuilder::reqwest`".to_owned();
            self.report(SCHEME_CERTIFICATE, at, pointer, message, Some(help));
            return signing.mutual_tls.push(name);
        };
        let recipe = match countersign_auth::check(recipe) {
            Ok(checked) => checked.recipe().clone(),
            Err(errors) => {
                let why = errors.first().map(|error| error.message.clone()).unwrap_or_default();
                let message = format!("calls that need `{}` can't be signed: {why}", shortened(&name, 60));
                return self.report(rules::SCHEME_UNUSABLE, at, pointer, message, None);
            }
        };
        if let Some(server) = self.clear_server() {
            let server = shortened(server, 80);
            let message = format!("what `{}` sends can be read on the way to {server}", shortened(&name, 60));
            let help = "write `https`, or leave the server out".to_owned();
            self.report(rules::SCHEME_IN_CLEAR, at, pointer.clone(), message, Some(help));
        }
        if let Described::Http(word) = &described
            && CHALLENGES.iter().any(|challenge| challenge.eq_ignore_ascii_case(word))
        {
            let message = format!("`{word}` answers a challenge of the server, and only a fixed text is sent");
            let help = "give the credentials as they stand in `Authorization`, or bring a signer".to_owned();
            self.report(rules::SCHEME_CHALLENGE, at, pointer, message, Some(help));
        }
        if let Described::Token { token_url: Some(url), .. } = &described
            && url.contains(['{', '}'])
        {
            let message = format!("tokens can't be fetched from `{}`: it is a template", shortened(url, 80));
            let help = "write the URL as it is; until then, the client's builder takes one with `oauth2`".to_owned();
            let node = scheme.at_pointer("/flows/clientCredentials/tokenUrl").unwrap_or(scheme);
            let place = self.references.pointer_of(node);
            self.report(rules::SCHEME_TOKEN_URL, node.at, place, message, Some(help));
        }
        let doc = Doc {
            summary: None,
            description: scheme.get("description").and_then(Node::text).map(str::to_owned),
            url: None,
            notes: self.assumptions(&name, scheme),
        };
        let oauth2 = described.oauth2(&name, &credentials);
        signing.schemes.push(Scheme { name, constant: String::new(), recipe, standard: true, oauth2, doc, at });
    }

    /// Schemes that some operation or webhook names.
    fn used_schemes(&self) -> BTreeSet<String> {
        let webhooks = self.spec().root.get("x-webhooks").into_iter().flat_map(Node::members);
        let webhooks = webhooks.filter_map(|(_, webhook)| webhook.get("post"));
        let operations = operations(self.references).chain(webhooks);
        operations.flat_map(|operation| security_of(self.spec(), operation)).flatten().collect()
    }
}

/// `http` schemes whose credentials depend on what the server has sent before.
const CHALLENGES: [&str; 6] = ["Digest", "HOBA", "Mutual", "Negotiate", "SCRAM-SHA-1", "SCRAM-SHA-256"];

/// Names of credentials that recipes of the document use already.
fn taken(signing: &Signing) -> Names {
    let mut names = Names::default();
    let recipes = signing.schemes.iter().map(|scheme| &scheme.recipe).chain(&signing.tokens);
    for checked in recipes.filter_map(|recipe| countersign_auth::check(recipe.clone()).ok()) {
        for field in checked.credentials() {
            names.take(&field.name);
        }
    }
    names
}

/// Chooses the constants of schemes: unlike, and none like that of a shared recipe.
fn name_constants(signing: &mut Signing) {
    let mut taken: BTreeSet<String> = signing.tokens.iter().map(|recipe| standard::constant(&recipe.name)).collect();
    let mut order: Vec<usize> = (0..signing.schemes.len()).collect();
    order.sort_by(|one, other| signing.schemes[*one].name.cmp(&signing.schemes[*other].name));
    for at in order {
        let plain = standard::constant(&signing.schemes[at].name);
        let numbered = (2..).map(|number| format!("{plain}_{number}"));
        let name = std::iter::once(plain.clone()).chain(numbered).find(|name| !taken.contains(name));
        let name = name.unwrap_or(plain);
        taken.insert(name.clone());
        signing.schemes[at].constant = name;
    }
}

/// The names of the headers and of the query pairs that a recipe sends.
fn carriers(recipe: &Recipe) -> (Vec<&str>, Vec<&str>) {
    match &recipe.output {
        Output::Send(send) => {
            let headers = send.headers.iter().map(|(name, _)| &**name);
            (headers.collect(), send.query.iter().map(|(name, _)| &**name).collect())
        }
        Output::Custom(_) => (custom::headers(recipe), Vec::new()),
        Output::Give(_) => (Vec::new(), Vec::new()),
    }
}

/// An error's message; those that begin with their predicate get their subject, the last name of the pointer.
pub(crate) fn sentence(error: &DocumentError) -> String {
    let predicate = ["is ", "reads ", "does "].iter().any(|verb| error.message.starts_with(verb));
    match error.pointer.rsplit('/').next() {
        Some(subject) if predicate && !subject.is_empty() => format!("`{}` {}", shortened(subject, 60), error.message),
        _ if predicate => format!("this {}", error.message),
        _ => error.message.clone(),
    }
}

/// The recipe, scheme or session that a pointer leads into.
fn recipe_of(pointer: &str) -> Option<String> {
    let mut tokens = pointer.split('/').skip(1);
    match (tokens.next(), tokens.next(), tokens.next()) {
        (Some("components"), Some(place), Some(name)) => Some(format!("/components/{place}/{name}")),
        _ => None,
    }
}

fn assumptions(node: &Node, notes: &mut Vec<String>) {
    if let Some(why) = node.get("x-assumed").and_then(Node::text) {
        let note = format!("Assumed: {}.", why.trim().trim_end_matches('.'));
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    for (_, child) in node.members() {
        assumptions(child, notes);
    }
    for child in node.items() {
        assumptions(child, notes);
    }
}

/// `30s`, `5m`, `1h`, `1d` in seconds.
pub(crate) fn seconds(duration: &str) -> Option<u32> {
    let unit = match duration.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return None,
    };
    duration[..duration.len() - 1].parse::<u32>().ok()?.checked_mul(unit)
}

/// The part of a document that signing reads, in the form that the engine reads.
fn signing_part(spec: &Spec) -> document::Value {
    let components = spec.root.get("components");
    let mut parts = Vec::new();
    for (key, node) in components.into_iter().flat_map(Node::members) {
        match key.text.as_str() {
            "x-signing-recipes" | "x-signing-sessions" => parts.push((key.text.clone(), value(node))),
            "securitySchemes" => {
                let signing = node.members().filter_map(|(name, scheme)| {
                    let signing = ("x-signing".to_owned(), value(scheme.get("x-signing")?));
                    Some((name.text.clone(), document::Value::Map(vec![signing])))
                });
                parts.push((key.text.clone(), document::Value::Map(signing.collect())));
            }
            _ => {}
        }
    }
    document::Value::Map(vec![("components".to_owned(), document::Value::Map(parts))])
}

/// A node in the form that the engine reads.
pub(crate) fn value(node: &Node) -> document::Value {
    match &node.value {
        Value::Null => document::Value::Null,
        Value::Bool(value) => document::Value::Bool(*value),
        Value::Number(text) => document::Value::Number(text.clone()),
        Value::Text(text) => document::Value::Text(text.clone()),
        Value::List(items) => document::Value::List(items.iter().map(value).collect()),
        Value::Map(members) => {
            document::Value::Map(members.iter().map(|(key, node)| (key.text.clone(), value(node))).collect())
        }
    }
}
