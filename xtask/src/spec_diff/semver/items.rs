//! Public items of a crate that a lint or a signature names, and whether a finding of ours touches them.
//!
//! What stands in `types.rs` comes from the place of its schema and from the operations that use it; what stands in
//! `operations/` from the operations; the rest from the document as a whole.

use anyhow::{Result, bail};
use countersign_codegen::diff::{Change, Report};
use countersign_codegen::ir::{BodyContent, Ir, Operation, TypeExpr, TypeKind};
use countersign_codegen::operations::{parameters, responses};
use countersign_codegen::references::escape_token;
use std::collections::{BTreeMap, BTreeSet};

/// What an item is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A type of requests and responses.
    Type,
    /// A method of the client, its call and the types beside it.
    Operation,
    /// `Credentials`.
    Credentials,
    /// The constants of recipes.
    Recipes,
    /// The choice of servers.
    Server,
    /// The trait of response headers.
    Headers,
    /// What the provider sends.
    Webhooks,
    /// `Cargo.toml`: features and dependencies.
    Manifest,
}

/// A public item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Item {
    /// Below `src`: `types.rs`; or `Cargo.toml`.
    pub(super) file: String,
    /// Its owner, and the member of it: `Order::with_note`.
    pub(super) path: Vec<String>,
    /// How it is written; nothing where a lint names it.
    pub(super) text: String,
}

impl Item {
    /// Reads a line of the program: `field note of struct Order, previously in file order/src/types.rs:7`.
    ///
    /// # Errors
    /// If it names no file or no item: then the program writes otherwise than it did.
    pub(super) fn of_lint(line: &str) -> Result<Self> {
        let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_end_matches([',', '.'])).collect();
        let file = words.iter().find_map(|word| Some(word.split_once("/src/")?.1.split(':').next()?.to_owned()));
        let path: Option<Vec<&str>> = match words.as_slice() {
            ["trait", "method", path, ..] => Some(path.split("::").collect()),
            [kind, member, "of", _, owner, ..] if is_kind(kind) => Some(vec![*owner, *member]),
            [kind, path, ..] if is_kind(kind) => Some(path.split("::").collect()),
            [path, ..] => Some(path.split("::").collect()),
            [] => None,
        };
        let (Some(file), Some(path)) = (file, path) else { bail!("cargo-semver-checks says something new: {line}") };
        Ok(Item { file, path: without_modules(&path), text: String::new() })
    }

    /// What it is part of.
    pub(super) fn kind(&self) -> Kind {
        match self.file.split(['/', '.']).next() {
            Some("operations") => Kind::Operation,
            Some("credentials") => Kind::Credentials,
            Some("recipes") => Kind::Recipes,
            Some("headers") => Kind::Headers,
            Some("webhooks") => Kind::Webhooks,
            Some("Cargo") => Kind::Manifest,
            Some("client") => Kind::Server,
            _ => Kind::Type,
        }
    }

    fn owner(&self) -> &str {
        self.path.first().map_or("", String::as_str)
    }

    /// As it is shown.
    pub(super) fn shown(&self) -> String {
        self.path.join("::")
    }
}

fn is_kind(word: &str) -> bool {
    ["field", "method", "struct", "enum", "trait", "mod", "variant", "type", "const"].contains(&word)
}

/// `acme::types::Order::new` is `Order::new`; of a module its own name is left.
fn without_modules(path: &[&str]) -> Vec<String> {
    let first = path.iter().position(|part| part.starts_with(|c: char| c.is_ascii_uppercase()));
    path[first.unwrap_or(path.len() - 1)..].iter().map(|part| (*part).to_owned()).collect()
}

/// Method and path.
type Key = (String, String);

/// Where types and operations of both crates come from.
#[derive(Default)]
pub(super) struct Origins {
    types: BTreeMap<String, Origin>,
    operations: Vec<Method>,
}

#[derive(Default)]
struct Origin {
    pointers: BTreeSet<String>,
    users: BTreeSet<Key>,
}

struct Method {
    key: Key,
    name: String,
    marker: String,
    module: String,
    setters: BTreeSet<String>,
}

impl Origins {
    /// Of both crates of a pair.
    pub(super) fn of(old: &Ir, new: &Ir) -> Self {
        let mut origins = Origins::default();
        for ir in [old, new] {
            for def in &ir.types {
                let origin = origins.types.entry(def.name.clone()).or_default();
                origin.pointers.insert(def.pointer.clone());
            }
            for operation in &ir.operations {
                let key = (operation.method.clone(), operation.path.clone());
                for name in used(ir, operation) {
                    origins.types.entry(name).or_default().users.insert(key.clone());
                }
                let setters = parameters::setters(ir, operation);
                origins.operations.push(Method {
                    key,
                    name: operation.name.clone(),
                    marker: operation.marker.clone(),
                    module: operation.module.clone(),
                    setters: setters.iter().map(|setter| setter.argument.method.to_string()).collect(),
                });
            }
        }
        origins
    }

    /// Whether a change stands where an item comes from: at its place, around it, inside of it, or in what the
    /// operations reach that have it. A signature is touched with the types that it names, the trait of headers by
    /// headers and by what has them; what comes from the document as a whole is touched by each.
    pub(super) fn touches(&self, report: &Report, change: &Change, item: &Item) -> bool {
        let places: BTreeSet<&str> =
            [&change.old, &change.new].into_iter().flatten().map(|place| place.pointer.as_str()).collect();
        let reached: BTreeSet<(&str, &str)> = change
            .operations
            .iter()
            .filter_map(|index| report.operations.get(*index))
            .map(|operation| (operation.method.as_str(), operation.path.as_str()))
            .collect();
        let is_reached = |key: &Key| reached.contains(&(key.0.as_str(), key.1.as_str()));
        let stands_at =
            |origin: &Origin| origin.pointers.iter().any(|pointer| places.iter().any(|place| meet(place, pointer)));
        let mut named = item.text.split(|c: char| !c.is_ascii_alphanumeric()).filter_map(|name| self.types.get(name));
        if named.any(stands_at) {
            return true;
        }
        match item.kind() {
            Kind::Type => self
                .types
                .get(item.owner())
                .is_some_and(|origin| stands_at(origin) || origin.users.iter().any(is_reached)),
            Kind::Operation => self.methods(item).iter().any(|method| {
                let pointer = format!("/paths/{}/{}", escape_token(&method.key.1), method.key.0.to_lowercase());
                is_reached(&method.key) || places.iter().any(|place| meet(place, &pointer))
            }),
            // A header, or a response, operation or path, which are not deeper than `/paths/PATH/METHOD/responses/200`.
            Kind::Headers => places.iter().any(|place| {
                place.contains("/headers/") || (place.starts_with("/paths/") && place.split('/').count() <= 6)
            }),
            _ => true,
        }
    }

    /// The operations that an item may be of: a setter stands in one `impl` of many.
    fn methods(&self, item: &Item) -> Vec<&Method> {
        let file = item.file.rsplit('/').next().and_then(|name| name.strip_suffix(".rs")).unwrap_or_default();
        // `operations.rs` has the modules.
        let module = if item.file == "operations.rs" { item.owner() } else { file };
        let here: Vec<&Method> = self.operations.iter().filter(|method| method.module == module).collect();
        let is_it = |method: &&&Method| match item.path.as_slice() {
            [client, name] if client.ends_with("Client") => method.name == *name,
            [call, name] if call == "Call" => method.setters.contains(name),
            [owner, ..] => owner.starts_with(&method.marker),
            [] => false,
        };
        let found: Vec<&Method> = here.iter().filter(is_it).copied().collect();
        // A module, or a method of calls that no parameter made.
        if found.is_empty() { here } else { found }
    }
}

/// Whether one of two places is the other, or stands in it. The document itself is the place of nothing.
fn meet(place: &str, other: &str) -> bool {
    let inside = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
    !place.is_empty() && !other.is_empty() && (place == other || inside(place, other) || inside(other, place))
}

/// Names of all types that an operation uses, through fields and branches.
fn used(ir: &Ir, operation: &Operation) -> BTreeSet<String> {
    let mut open: Vec<&TypeExpr> = parameters::types(operation).chain(responses::content_types(operation)).collect();
    open.extend(operation.body.iter().flat_map(|body| body.contents()).flat_map(BodyContent::types));
    let mut found = BTreeSet::new();
    while let Some(ty) = open.pop() {
        match ty {
            TypeExpr::List(inner) | TypeExpr::Map(inner) | TypeExpr::Nullable(inner) => open.push(inner),
            TypeExpr::Named(name) if found.insert(name.clone()) => {
                let def = ir.types.iter().find(|def| def.name == *name);
                match def.map(|def| &def.kind) {
                    Some(TypeKind::Struct(object)) => {
                        open.extend(object.fields.iter().map(|field| &field.ty).chain(&object.extra));
                    }
                    Some(TypeKind::Union(union)) => open.extend(union.branches.iter().map(|branch| &branch.ty)),
                    Some(TypeKind::Enum(_)) | None => {}
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_program_are_read() {
        let cases = [
            ("Client::list, previously in file a/src/operations/shop.rs:42", Kind::Operation, "Client::list"),
            ("KEY_AUTH in file a/src/recipes.rs:10", Kind::Recipes, "KEY_AUTH"),
            (
                "field key of struct Credentials, previously in file a/src/credentials.rs:13",
                Kind::Credentials,
                "Credentials::key",
            ),
            ("struct a::types::Order, previously in file a/src/types.rs:135", Kind::Type, "Order"),
            ("variant Server::Unset, previously in file a/src/client.rs:72", Kind::Server, "Server::Unset"),
            ("mod a::operations::shop, previously in file a/src/operations/shop.rs:4", Kind::Operation, "shop"),
            ("trait method a::ResponseHeaders::age in file a/src/headers.rs:9", Kind::Headers, "ResponseHeaders::age"),
            ("trait a::ResponseHeaders, previously in file a/src/headers.rs:15", Kind::Headers, "ResponseHeaders"),
            (
                "a::types::Order::new takes 0 parameters in a/src/types.rs:19, but now takes 1 parameters in a/src/types.rs:18",
                Kind::Type,
                "Order::new",
            ),
        ];
        for (line, kind, shown) in cases {
            let item = Item::of_lint(line).expect(line);
            assert_eq!((item.kind(), item.shown().as_str()), (kind, shown), "{line}");
        }
        assert!(Item::of_lint("something else").is_err());
    }

    #[test]
    fn places_meet_at_whole_names() {
        assert!(meet("/components/schemas/Order", "/components/schemas/Order/properties/note"));
        assert!(!meet("/components/schemas/Order", "/components/schemas/OrderLine"));
        assert!(!meet("", "/components/schemas/Order"));
    }
}
