//! `Cargo.toml` and `README.md` of a client crate.
//!
//! Both carry text of the spec: [`toml_text`] quotes it for TOML, [`crate::docs`] makes it safe Markdown. The
//! README is the crate's front page, too, so its Rust compiles.

use crate::credentials::{self, CredentialKind};
use crate::docs::{self, Page, cell};
use crate::emit::EmitOptions;
use crate::expressions;
use crate::features::{self, Features};
use crate::ir::{Ir, Operation, Repeat, ResponseContent, Webhook};
use crate::operations::{client_of, clients, examples, sessions};
use heck::ToShoutySnakeCase;
use quote::{format_ident, quote};
use std::collections::BTreeSet;

/// `Cargo.toml`.
pub fn cargo_toml(ir: &Ir, options: &EmitOptions) -> String {
    let api = &ir.api;
    let description = match api.doc.summary.as_deref() {
        Some(summary) => summary.to_owned(),
        None => format!("Client of {}, every request signed", api.title),
    };
    let runtime = &options.runtime;
    let mut lines = header(ir, options).map(|line| format!("# {line}")).to_vec();
    let mut table = |name: &str, members: &[(&str, String)]| {
        lines.push(String::new());
        lines.push(format!("[{name}]"));
        lines.extend(members.iter().map(|(key, value)| format!("{key} = {value}")));
    };
    // The first table follows the header without a gap of its own.
    table(
        "package",
        &[
            ("name", toml_text(&api.crate_name)),
            ("version", toml_text(&api.crate_version)),
            ("edition", toml_text("2024")),
            ("rust-version", toml_text("1.95")),
            ("license", toml_text("MIT OR Apache-2.0")),
            ("description", toml_text(&one_line(&description))),
            ("readme", toml_text("README.md")),
            ("repository", toml_text(&options.repository)),
        ],
    );
    // Named, so that cargo reads the workspace, and `codegen` runs, also when the file is gone.
    table("lib", &[("path", toml_text("src/lib.rs"))]);
    let features = feature_table(ir);
    let features: Vec<(&str, String)> = features.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    table("features", &features);
    let version = toml_text(&runtime.version);
    let path = runtime.path.as_deref().map(|path| format!(", path = {}", toml_text(path))).unwrap_or_default();
    // What a client without a certain custom scheme does not need, it does not link.
    let custom = ir.schemes.iter().filter_map(|scheme| countersign_auth::custom::feature(&scheme.recipe));
    let needed: BTreeSet<&str> = custom.collect();
    let needed = match needed.is_empty() {
        true => String::new(),
        false => {
            let names: Vec<String> = needed.into_iter().map(toml_text).collect();
            format!(", features = [{}]", names.join(", "))
        }
    };
    table(
        "dependencies",
        &[
            ("countersign-runtime", format!("{{ version = {version}{path}, default-features = false{needed} }}")),
            ("serde", format!("{{ version = {}, features = [{}] }}", toml_text("1"), toml_text("derive"))),
            ("serde_json", toml_text("1")),
        ],
    );
    if options.standalone {
        table("workspace", &[]);
    }
    lines.push(String::new());
    lines.join("\n")
}

/// The names of the crate's features.
pub fn features(ir: &Ir) -> BTreeSet<String> {
    feature_table(ir).into_iter().map(|(name, _)| name).collect()
}

/// The features and what each turns on.
fn feature_table(ir: &Ir) -> Vec<(String, String)> {
    let passed = |feature: &str| format!("[{}]", toml_text(&format!("countersign-runtime/{feature}")));
    let tags = Features::of(ir).tags;
    let mut features = vec![
        ("default", format!("[{}]", ["rustls", "tracing"].map(toml_text).join(", "))),
        ("rustls", passed("rustls")),
        ("native-tls", passed("native-tls")),
        ("jiff", passed("jiff")),
        ("uuid", passed("uuid")),
        ("tracing", passed("tracing")),
        ("gzip", passed("gzip")),
        ("blocking", passed("blocking")),
    ];
    if !ir.webhooks.is_empty() {
        features.extend(WEBHOOK_FEATURES.map(|(feature, _)| (feature, passed(feature))));
    } else if fetches_tokens(ir) {
        features.push((SESSION_FEATURE.0, passed(SESSION_FEATURE.0)));
    }
    let all: String = tags.values().map(|feature| format!("    {},\n", toml_text(feature))).collect();
    if !tags.is_empty() {
        let default = [features::ALL_TAGS, "rustls", "tracing"].map(toml_text);
        features[0].1 = format!("[{}]", default.join(", "));
        features.push((features::ALL_TAGS, format!("[\n{all}]")));
        features.push((features::UNREFERENCED, "[]".to_owned()));
        features.extend(tags.values().map(|feature| (feature.as_str(), "[]".to_owned())));
        features[1..].sort();
    }
    features.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Features of the runtime that only crates with webhooks pass on.
const WEBHOOK_FEATURES: [(&str, &str); 2] = [
    ("axum", "webhooks as arguments of axum's handlers."),
    ("redis", "what was handled is remembered in Redis, for several receivers at once."),
];

/// The feature that crates with tokens of their own pass on.
const SESSION_FEATURE: (&str, &str) = ("redis", "tokens are kept in Redis, for a fleet that shares one.");

/// Whether the client fetches tokens through its own operations.
fn fetches_tokens(ir: &Ir) -> bool {
    let clients = clients(ir);
    clients.iter().filter_map(|client| client.session).any(|session| sessions::is_fetched(ir, session))
}

/// The two lines at the head of every file, without comment signs.
pub fn header(ir: &Ir, options: &EmitOptions) -> [String; 2] {
    [
        format!("@generated by `{}` from {}.", one_line(&options.command), one_line(&ir.api.spec_path)),
        "Edit the spec, then run the command again.".to_owned(),
    ]
}

/// Text without line breaks or control characters.
fn one_line(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() || docs::is_hidden(c) { ' ' } else { c }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A TOML basic string.
pub fn toml_text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() || docs::is_hidden(c) => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// `README.md`.
pub fn readme(ir: &Ir, options: &EmitOptions) -> String {
    let api = &ir.api;
    let [generated, edit] = header(ir, options);
    let mut page = Page(vec![format!("<!-- {} {} -->", comment(&generated), edit)]);
    page.paragraph([format!("# {}", api.crate_name)]);
    let about = docs::lines(&api.doc, "");
    let about: Vec<String> = about.into_iter().skip_while(String::is_empty).collect();
    let title = docs::plain_line(&api.title);
    let version = docs::code(&api.version);
    page.paragraph([format!("A client of {title} (version {version}) that signs every request as the API asks.")]);
    page.paragraph(about);
    if let Some(url) = api.docs_url.as_deref().and_then(docs::address) {
        page.paragraph([format!("The provider's documentation: <{url}>.")]);
    }
    page.paragraph(usage(ir));
    credentials(ir, &mut page);
    servers(ir, &mut page);
    operations(ir, &mut page);
    webhooks(ir, &mut page);
    page.paragraph(["## Features".to_owned()]);
    let mut features = vec![
        "- `rustls` (default): TLS in Rust.".to_owned(),
        "- `native-tls`: the operating system's TLS.".to_owned(),
        "- `jiff`, `uuid`: conversions of dates and of UUIDs.".to_owned(),
        "- `tracing` (default): spans of calls and attempts.".to_owned(),
        "- `gzip`: responses may come compressed.".to_owned(),
        "- `blocking`: `send_blocking()` on calls, for threads without an async runtime.".to_owned(),
    ];
    if !ir.webhooks.is_empty() {
        features.extend(WEBHOOK_FEATURES.map(|(feature, text)| format!("- `{feature}`: {text}")));
    } else if fetches_tokens(ir) {
        features.push(format!("- `{}`: {}", SESSION_FEATURE.0, SESSION_FEATURE.1));
    }
    let tags = Features::of(ir).tags;
    if !tags.is_empty() {
        features.push(format!("- `{}` (default): the operations of all tags.", features::ALL_TAGS));
        features.push(format!("- `{}`: types that no operation needs.", features::UNREFERENCED));
        features.push("- One for each tag: its operations, and the types that they need:".to_owned());
        features.extend(tags.values().map(|feature| format!("  `{feature}`")));
    }
    page.paragraph(features);
    page.paragraph(["## License".to_owned()]);
    page.paragraph(["MIT or Apache-2.0, at your option.".to_owned()]);
    page.0.push(String::new());
    page.0.join("\n")
}

/// Text that can't end an HTML comment.
fn comment(text: &str) -> String {
    text.replace("--", "- -").replace(['<', '>'], "")
}

/// Ten lines that make a call.
fn usage(ir: &Ir) -> Vec<String> {
    let crate_name = format_ident!("{}", ir.api.crate_name.replace('-', "_"));
    let credentials = credentials::all(ir);
    let values = credentials.iter().filter(|credential| credential.required).map(|credential| &credential.name);
    let values: Vec<&String> = values.collect();
    let call = simplest(ir).map(|operation| {
        let statements = examples::statements(ir, operation);
        let client = client_of(ir, operation);
        let session = client.session.map(|session| {
            let (method, token) = (&client.method, &session.name);
            quote!(let client = client.#method(#token);)
        });
        quote!(#session #statements)
    });
    let build = quote! {
        let credentials = Credentials::new(#(#values),*);
        let client = Client::builder().credentials(credentials).build()?;
        #call
    };
    let types = examples::uses_types(&build).then(|| quote!(types));
    let imports = examples::items(&quote!(use #crate_name::{Client, Credentials, #types};));
    let mut out = vec!["```rust,no_run".to_owned()];
    out.extend(imports);
    out.push(String::new());
    if let Some(feature) = simplest(ir).and_then(|operation| Features::of(ir).tags.remove(operation.module.as_str())) {
        out.push(format!("# #[cfg(feature = \"{feature}\")]"));
    }
    out.push("# async fn example() -> Result<(), Box<dyn std::error::Error>> {".to_owned());
    out.extend(examples::lines(&build));
    out.extend(["# Ok(())", "# }", "```"].map(str::to_owned));
    out
}

/// The operation that is easiest to show: signed, safe, few arguments.
fn simplest(ir: &Ir) -> Option<&Operation> {
    ir.operations.iter().min_by_key(|operation| {
        let unsigned = operation.security.is_empty();
        let opaque = !operation.successes.iter().any(|response| matches!(response.content, ResponseContent::Json(_)));
        let needs = operation.parameters.iter().filter(|parameter| parameter.required).count();
        let body = usize::from(operation.body.is_some());
        (
            operation.deprecated,
            operation.session.is_some(),
            unsigned,
            operation.repeat != Repeat::Safe,
            opaque,
            needs + body + operation.choices.len(),
        )
    })
}

fn credentials(ir: &Ir, page: &mut Page) {
    let credentials = credentials::all(ir);
    page.paragraph(["## Credentials".to_owned()]);
    let prefix = ir.api.provider.to_shouty_snake_case();
    if credentials.is_empty() {
        page.paragraph(["None.".to_owned()]);
    } else {
        page.paragraph(["`Client::from_env()` reads them from these variables.".to_owned()]);
        let mut table = vec!["| credential | variable | |".to_owned(), "|---|---|---|".to_owned()];
        table.extend(credentials.iter().map(|credential| {
            let kind = match credential.kind {
                CredentialKind::Text => "text",
                CredentialKind::Secret => "secret text",
                CredentialKind::Password => "password",
                CredentialKind::Key => "key",
            };
            let optional = if credential.required { "" } else { ", optional" };
            format!("| `{}` | `{prefix}_{}` | {kind}{optional} |", credential.field, credential.variable)
        }));
        page.paragraph(table);
    }
    page.paragraph([format!("`{prefix}_BASE_URL`, if set, takes the place of the server's URL.")]);
}

fn servers(ir: &Ir, page: &mut Page) {
    if ir.api.servers.is_empty() {
        return;
    }
    page.paragraph(["## Servers".to_owned()]);
    let mut table = vec!["| `Server` | URL | |".to_owned(), "|---|---|---|".to_owned()];
    table.extend(ir.api.servers.iter().map(|server| {
        let text = docs::lines(&server.doc, "");
        let text = text.first().map(String::as_str).unwrap_or("");
        format!("| `{}` | {} | {} |", server.name, cell(&server.url), text)
    }));
    page.paragraph(table);
}

fn operations(ir: &Ir, page: &mut Page) {
    page.paragraph(["## Operations".to_owned()]);
    let mut table =
        vec!["| method of the client | operation | signed by | repeat |".to_owned(), "|---|---|---|---|".to_owned()];
    table.extend(ir.operations.iter().map(|operation| {
        let client = client_of(ir, operation);
        let client = client.session.map(|_| format!("{}(…).", client.method)).unwrap_or_default();
        let schemes: Vec<String> = operation
            .security
            .iter()
            .map(|schemes| schemes.iter().map(|s| cell(s)).collect::<Vec<_>>().join(" and "))
            .collect();
        let repeat = match operation.repeat {
            Repeat::Safe => "safe",
            Repeat::Unsafe => "unsafe",
            Repeat::Never => "never",
        };
        format!(
            "| `{client}{}` | {} | {} | {repeat} |",
            operation.name,
            cell(&format!("{} {}", operation.method, operation.path)),
            if schemes.is_empty() { "—".to_owned() } else { schemes.join(" or ") },
        )
    }));
    page.paragraph(table);
}

/// What comes in, and the lines of a receiver.
fn webhooks(ir: &Ir, page: &mut Page) {
    let Some(first) = ir.webhooks.first() else { return };
    page.paragraph(["## Webhooks".to_owned()]);
    let mut table =
        vec!["| `webhooks` | event | signed by | known again by |".to_owned(), "|---|---|---|---|".to_owned()];
    table.extend(ir.webhooks.iter().map(|webhook| {
        let event = expressions::outside(&webhook.event).to_string().replace(' ', "");
        let dedupe = webhook.dedupe.as_deref().map_or_else(|| "—".to_owned(), cell);
        format!("| `{}` | `{event}` | {} | {dedupe} |", webhook.marker, cell(&webhook.scheme))
    }));
    page.paragraph(table);
    page.paragraph([
        "A receiver verifies first, and only then reads the event. It runs the handler once for each event: an event"
            .to_owned(),
        "that was handled is acknowledged and not handled again, one whose handler failed may come again. Everything"
            .to_owned(),
        "whose signature does not hold gets the same answer.".to_owned(),
    ]);
    page.paragraph(receiver(ir, first));
    page.paragraph([
        "The credentials are those of the webhook. A key may have several values, such as the new and the old one: each".to_owned(),
        "is accepted. Several processes share what was handled through a store of the feature `redis`, and with `axum`".to_owned(),
        "a receiver is a handler of a route.".to_owned(),
    ]);
}

/// Lines that receive a webhook.
fn receiver(ir: &Ir, webhook: &Webhook) -> Vec<String> {
    let crate_name = format_ident!("{}", ir.api.crate_name.replace('-', "_"));
    let marker = format_ident!("{}", webhook.marker);
    let credentials = credentials::all(ir);
    let credentials = credentials.iter().filter(|credential| credential.schemes.contains(&webhook.scheme));
    let credentials = credentials.map(|credential| {
        let name = &credential.name;
        match credential.kind {
            CredentialKind::Text => quote!(.text(#name, #name)),
            CredentialKind::Secret | CredentialKind::Password => quote!(.secret(#name, #name)),
            CredentialKind::Key => quote!(.key(#name, #name)),
        }
    });
    let setup = quote! {
        let credentials = auth::Credentials::new() #(#credentials)*;
        let receiver = Receiver::<#marker>::builder()
            .credentials(credentials)
            .replay(MemoryReplayStore::with_capacity(100_000))
            .build()?;
    };
    let answer = quote! {
        let response = receiver
            .handle(request, |event| async move {
                println!("{event:?}");
                Ok::<(), std::io::Error>(())
            })
            .await;
    };
    let mut out = vec!["```rust,no_run".to_owned()];
    out.extend(examples::items(&quote! {
        use #crate_name::runtime::auth;
        use #crate_name::webhooks::{MemoryReplayStore, Receiver, #marker};
    }));
    out.push(String::new());
    let runtime = format!("{crate_name}::runtime");
    out.push("# async fn example(".to_owned());
    out.push(format!("#     request: {runtime}::http::Request<{runtime}::bytes::Bytes>,"));
    let response = format!("{runtime}::http::Response<{runtime}::bytes::Bytes>");
    out.push(format!("# ) -> Result<{response}, Box<dyn std::error::Error>> {{"));
    out.push("// Once, when the service starts.".to_owned());
    out.extend(examples::lines(&setup));
    out.push(String::new());
    out.push("// For each request.".to_owned());
    out.extend(examples::lines(&answer));
    out.extend(["# Ok(response)", "# }", "```"].map(str::to_owned));
    out
}
