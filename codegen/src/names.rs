//! Names and shapes as the emitters need them: checked once, so that nothing after this can fail on them.
//!
//! Names come from `normalize`, which makes them right. What is found here is a fault of the generator or a
//! shape that it does not support yet; it is reported, not guessed around.

use crate::credentials;
use crate::finding::{Finding, Level};
use crate::ir::{Ir, Operation, ResponseContent, Session, TypeExpr, TypeKind, UnionBy};
use crate::operations::{bodies, clients, parameters, responses, sessions};
use crate::spec::Mark;
use crate::{expressions, sent, tokens, webhooks};
use std::collections::BTreeSet;

/// Type names that mean something else in generated code.
const RESERVED: [&str; 16] = [
    "Box", "Clone", "Copy", "Debug", "Default", "Err", "From", "Into", "None", "Ok", "Option", "Result", "Self",
    "Some", "String", "Vec",
];

/// Findings on names and shapes that no crate can be made of.
pub fn check(ir: &Ir) -> Vec<Finding> {
    let mut check = Check { ir, findings: Vec::new() };
    check.api();
    check.types();
    for operation in &ir.operations {
        check.operation(operation);
    }
    check.webhooks();
    check.together();
    check.findings
}

struct Check<'i> {
    ir: &'i Ir,
    findings: Vec<Finding>,
}

impl Check<'_> {
    fn report(&mut self, at: Mark, pointer: &str, message: String) {
        self.findings.push(Finding {
            file: self.ir.api.spec_path.clone().into(),
            at,
            level: Level::Error,
            rule: "rust-name",
            pointer: pointer.to_owned(),
            message,
            help: Some("set `x-rust-name`, or report it if the name is not the spec's".into()),
        });
    }

    /// A Rust identifier that is no keyword.
    fn name(&mut self, at: Mark, pointer: &str, what: &str, name: &str) {
        if syn::parse_str::<syn::Ident>(name).is_err() {
            self.report(at, pointer, format!("{what} `{}` is not a Rust name", name.escape_debug()));
        }
    }

    fn type_name(&mut self, at: Mark, pointer: &str, what: &str, name: &str) {
        self.name(at, pointer, what, name);
        if RESERVED.contains(&name) {
            self.report(at, pointer, format!("{what} `{name}` means something else in Rust"));
        }
    }

    /// Names of which each may be there once.
    fn unique<'n>(&mut self, at: Mark, pointer: &str, what: &str, names: impl IntoIterator<Item = &'n str>) {
        let mut seen = BTreeSet::new();
        for name in names {
            if !seen.insert(name) {
                self.report(at, pointer, format!("two {what} are called `{name}`"));
            }
        }
    }

    fn unsupported(&mut self, at: Mark, pointer: &str, message: String) {
        self.report(at, pointer, message);
        if let Some(finding) = self.findings.last_mut() {
            finding.rule = "unsupported";
            finding.help = None;
        }
    }

    fn api(&mut self) {
        let (ir, top) = (self.ir, Mark::default());
        let api = &ir.api;
        let plain = |text: &str| {
            !text.is_empty()
                && text.starts_with(|c: char| c.is_ascii_alphabetic())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        };
        if !plain(&api.crate_name) || syn::parse_str::<syn::Ident>(&api.crate_name.replace('-', "_")).is_err() {
            let name = api.crate_name.escape_debug();
            self.report(top, "/info/x-crate/name", format!("`{name}` is not a name of a crate"));
        }
        if !plain(&api.provider) {
            self.report(top, "", format!("`{}` is not a name of a provider", api.provider.escape_debug()));
        }
        if !is_version(&api.crate_version) {
            let version = api.crate_version.escape_debug();
            self.report(top, "/info/x-crate/version", format!("`{version}` is not a version of a crate"));
        }
        for server in &api.servers {
            self.type_name(top, "/servers", "server", &server.name);
            if let Some(template) = &server.template {
                self.type_name(top, "/servers", "server type", &template.type_name);
                for variable in &template.variables {
                    self.name(top, "/servers", "server variable", &variable.name);
                }
            }
        }
        self.unique(top, "/servers", "servers", api.servers.iter().map(|server| server.name.as_str()));
        for tag in &api.tags {
            self.name(top, "/tags", "module", &tag.module);
        }
        self.unique(top, "/tags", "modules", api.tags.iter().map(|tag| tag.module.as_str()));
        let fields = credentials::all(ir);
        for credential in &fields {
            self.name(top, "/components/securitySchemes", "credential", &credential.field);
        }
        self.unique(top, "/components/securitySchemes", "credentials", fields.iter().map(|c| c.field.as_str()));
        let constants = ir.schemes.iter().map(|scheme| (scheme.at, scheme.constant.clone()));
        let tokens = ir.tokens.iter().map(|token| (top, crate::client::constant(&token.name).to_string()));
        let constants: Vec<(Mark, String)> = constants.chain(tokens).collect();
        for (at, constant) in &constants {
            self.name(*at, "/components/securitySchemes", "recipe", constant);
        }
        self.unique(top, "/components/securitySchemes", "recipes", constants.iter().map(|(_, name)| name.as_str()));
        for session in &ir.sessions {
            self.name(top, "/components/x-signing-sessions", "session", &session.name);
        }
        for session in clients(ir).iter().filter_map(|client| client.session) {
            self.session(session);
        }
        let clients: Vec<String> = clients(ir).iter().flat_map(|c| [c.name.to_string(), c.token.to_string()]).collect();
        self.unique(top, "/components/x-signing-sessions", "sessions", clients.iter().map(String::as_str));
    }

    /// The pointers of a session lead to a text and to whole seconds, through members that have types.
    fn session(&mut self, session: &Session) {
        let ir = self.ir;
        let Some(operation) = sessions::from(ir, session) else { return };
        let pointer = format!("/components/x-signing-sessions/{}", session.name);
        let Session { name, from, .. } = session;
        if sessions::token(ir, operation, &session.at).is_none() {
            let at = &session.at;
            let message =
                format!("the token of `{name}`, at `{at}` in the answer of `{from}`, is no plain text of one type");
            self.unsupported(operation.at, &format!("{pointer}/at"), message);
        }
        if let Some(at) = &session.lifetime_at
            && sessions::lifetime(ir, operation, at).is_none()
        {
            let message =
                format!("how long the token of `{name}` lasts, at `{at}` in the answer of `{from}`, is no integer");
            self.unsupported(operation.at, &format!("{pointer}/lifetime-at"), message);
        }
    }

    fn types(&mut self) {
        let ir = self.ir;
        let known: BTreeSet<&str> = ir.types.iter().map(|def| def.name.as_str()).collect();
        self.unique(Mark::default(), "/components/schemas", "types", ir.types.iter().map(|def| def.name.as_str()));
        for def in &ir.types {
            let pointer = format!("/components/schemas/{}", def.name);
            self.type_name(def.at, &pointer, "type", &def.name);
            let mut missing = Vec::new();
            for ty in sent::parts(&def.kind) {
                expressions::names(ty, &mut |name| missing.extend((!known.contains(name)).then(|| name.to_owned())));
            }
            for name in missing {
                self.report(def.at, &pointer, format!("`{}` holds `{name}`, which is no type", def.name));
            }
            let names: Vec<&str> = match &def.kind {
                TypeKind::Struct(object) => {
                    let extra = object.extra.iter().map(|_| "extra");
                    object.fields.iter().map(|field| field.name.as_str()).chain(extra).collect()
                }
                TypeKind::Enum(choice) => {
                    choice.variants.iter().map(|v| v.name.as_str()).chain(["Unrecognized"]).collect()
                }
                TypeKind::Union(union) => {
                    union.branches.iter().map(|b| b.name.as_str()).chain(["Unrecognized"]).collect()
                }
            };
            self.unique(def.at, &pointer, &format!("members of `{}`", def.name), names.iter().copied());
            for name in names {
                self.name(def.at, &pointer, "member", name);
            }
            if let TypeKind::Struct(object) = &def.kind {
                let methods: Vec<&str> = object.first_of.iter().map(|first_of| first_of.name.as_str()).collect();
                for name in &methods {
                    self.name(def.at, &pointer, "method", name);
                }
                self.unique(def.at, &pointer, &format!("methods of `{}`", def.name), methods);
            }
            if let TypeKind::Union(union) = &def.kind
                && union.by != UnionBy::Shape
                && union.branches.iter().any(|branch| branch.tags.is_empty())
            {
                self.report(def.at, &pointer, format!("a branch of `{}` has no value of its tag", def.name));
            }
            if let TypeKind::Struct(object) = &def.kind
                && object.extra.as_ref().is_some_and(holds_exact_number)
            {
                // serde buffers such members, and a buffered number has lost its text.
                self.unsupported(
                    def.at,
                    &pointer,
                    format!("exact numbers among the unnamed members of `{}`", def.name),
                );
            }
        }
    }

    fn operation(&mut self, operation: &Operation) {
        let ir = self.ir;
        let (at, pointer) = (operation.at, format!("/paths/{}", operation.path.replace('~', "~0").replace('/', "~1")));
        self.name(at, &pointer, "method", &operation.name);
        self.type_name(at, &pointer, "operation", &operation.marker);
        if !ir.api.tags.iter().any(|tag| tag.module == operation.module) {
            self.report(at, &pointer, format!("operation `{}` is in no module", operation.id.escape_debug()));
        }
        if let Some(session) = operation.session.as_deref()
            && !ir.sessions.iter().any(|known| known.name == session)
        {
            self.report(at, &pointer, format!("operation `{}` needs an unknown session", operation.id.escape_debug()));
        }
        let parameters = operation.parameters.iter().map(|parameter| parameter.name.as_str());
        let choices = operation.choices.iter().map(|choice| choice.name.as_str());
        let arguments: Vec<&str> = parameters.chain(choices).collect();
        for name in &arguments {
            self.name(at, &pointer, "parameter", name);
        }
        self.unique(at, &pointer, "parameters", arguments);
        for choice in &operation.choices {
            self.type_name(at, &pointer, "parameter type", &choice.type_name);
            for (variant, _) in &choice.variants {
                self.name(at, &pointer, "parameter variant", variant);
            }
        }
        self.named(operation, &pointer);
        self.responses(operation, &pointer);
    }

    /// Every type that an operation names is there.
    fn named(&mut self, operation: &Operation, pointer: &str) {
        let mut unknown = Vec::new();
        let known: BTreeSet<&str> = self.ir.types.iter().map(|def| def.name.as_str()).collect();
        for ty in parameters::types(operation).chain(responses::content_types(operation)) {
            expressions::names(ty, &mut |name| unknown.extend((!known.contains(name)).then(|| name.to_owned())));
        }
        for name in unknown {
            self.report(
                operation.at,
                pointer,
                format!("operation `{}` names `{name}`, which is no type", operation.id),
            );
        }
    }

    fn responses(&mut self, operation: &Operation, pointer: &str) {
        let sides = [("successes", &operation.successes), ("errors", &operation.errors)];
        for (what, responses) in sides {
            for response in responses {
                self.name(operation.at, pointer, "response", &response.variant);
            }
            self.unique(operation.at, pointer, what, responses.iter().map(|response| response.variant.as_str()));
        }
        for response in operation.successes.iter().chain(&operation.errors) {
            let Some(failure) = &response.failure else { continue };
            if !matches!(response.content, ResponseContent::Json(_)) {
                self.unsupported(operation.at, pointer, "`x-failure` beside a body that is not JSON".into());
            }
            if failure.when.values().iter().any(|value| responses::constant(value).is_none()) {
                self.unsupported(operation.at, pointer, "`x-failure` with a list, an object or a fraction".into());
            }
        }
        if operation.errors.iter().any(|response| response.failure.is_some()) {
            self.unsupported(operation.at, pointer, "`x-failure` on a response that is an error already".into());
        }
    }

    fn webhooks(&mut self) {
        let ir = self.ir;
        let known: BTreeSet<&str> = ir.types.iter().map(|def| def.name.as_str()).collect();
        for webhook in &ir.webhooks {
            let pointer = format!("/x-webhooks/{}", webhook.name.replace('~', "~0").replace('/', "~1"));
            self.type_name(webhook.at, &pointer, "webhook", &webhook.marker);
            if !ir.schemes.iter().any(|scheme| scheme.name == webhook.scheme) {
                let (name, scheme) = (webhook.name.escape_debug(), webhook.scheme.escape_debug());
                self.report(
                    webhook.at,
                    &pointer,
                    format!("webhook `{name}` is signed by `{scheme}`, which is no recipe"),
                );
            }
            let mut unknown = Vec::new();
            expressions::names(&webhook.event, &mut |name| unknown.extend((!known.contains(name)).then_some(name)));
            for name in unknown {
                self.report(webhook.at, &pointer, format!("an event is a `{name}`, which is no type"));
            }
        }
        let kept = webhooks::EXPORTS.into_iter();
        let names = ir.webhooks.iter().map(|webhook| webhook.marker.as_str()).chain(kept);
        self.unique(Mark::default(), "/x-webhooks", "webhooks", names);
    }

    /// Names that share a scope across operations.
    fn together(&mut self) {
        let ir = self.ir;
        let mut methods: Vec<String> = ir.operations.iter().map(|operation| operation.name.clone()).collect();
        methods.extend(ir.tokens.iter().map(tokens::method));
        let own = ["builder", "from_env", "refresh_credentials", "request_of", "set_credentials"];
        methods.extend(own.map(str::to_owned));
        let mut fetches = false;
        for client in clients(ir) {
            let Some(session) = client.session else { continue };
            if sessions::is_fetched(ir, session) {
                methods.push(format!("{}_from", client.method));
                fetches = true;
            }
            methods.push(client.method.to_string());
        }
        if fetches {
            methods.extend(["token_lifetime", "rejected_when"].map(str::to_owned));
        }
        for (at, name) in ir.tokens.iter().map(|token| (Mark::default(), tokens::method(token))) {
            self.name(at, "/components/x-signing-recipes", "function", &name);
        }
        self.unique(Mark::default(), "/paths", "methods", methods.iter().map(String::as_str));
        for tag in &ir.api.tags {
            let operations = ir.operations.iter().filter(|operation| operation.module == tag.module);
            let types: Vec<String> = operations
                .flat_map(|operation| {
                    let choices = operation.choices.iter().map(|choice| choice.type_name.clone());
                    let enums = responses::names(operation).into_iter().map(|name| name.to_string());
                    let bodies = bodies::names(operation).into_iter().map(|name| name.to_string());
                    choices.chain(enums).chain(bodies).chain([operation.marker.clone()])
                })
                .collect();
            self.unique(
                Mark::default(),
                "/paths",
                &format!("types of `{}`", tag.module),
                types.iter().map(String::as_str),
            );
        }
    }
}

/// Digits and dots as Cargo takes them, with an optional pre-release.
fn is_version(version: &str) -> bool {
    let (numbers, rest) = match version.split_once('-') {
        Some((numbers, rest)) => (numbers, Some(rest)),
        None => (version, None),
    };
    let number = |part: &str| {
        !part.is_empty()
            && part.len() < 19
            && part.chars().all(|c| c.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    let word = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric());
    numbers.split('.').count() == 3
        && numbers.split('.').all(number)
        && rest.is_none_or(|rest| {
            rest.split('.').all(|part| word(part) && (number(part) || !part.chars().all(|c| c.is_ascii_digit())))
        })
}

fn holds_exact_number(ty: &TypeExpr) -> bool {
    match ty {
        TypeExpr::Decimal => true,
        TypeExpr::List(inner) | TypeExpr::Map(inner) | TypeExpr::Nullable(inner) => holds_exact_number(inner),
        _ => false,
    }
}
