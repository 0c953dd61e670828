//! `webhook verify|send`: a captured webhook against a provider's recipe, and webhooks for a receiver under test.
//!
//! 1. [`Hook::load`] finds the webhook in the provider's spec, its recipe, and the credentials.
//! 2. `verify` reads a request as text ([`Captured`]), verifies it at a moment, and says why not.
//! 3. `send` signs a body, spoils it as asked ([`Variant`]), and posts it to a [`destination`].
//!
//! Secrets come from the environment or a file, never from an argument: arguments stand in process lists and
//! shell histories. Nothing that is printed holds one ([`Masks`]).

use crate::{verdict, workspace};
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, Subcommand, ValueEnum};
use countersign_auth::recipe::{Expression, JwsPayload, Operation, Output, Recipe, Source, TimeForm};
use countersign_auth::{
    CheckedRecipe, Clock as _, CredentialKind, Credentials, Entropy, Prepared, Refusal, Secret, SignError,
    SignableBody, SignableRequest, SigningInstructions, Stamp, SystemClock, SystemRandom, UnixTime, check,
};
use countersign_codegen::finding::{Sources, printable, render, shortened};
use countersign_codegen::parse::{ReadError, read};
use countersign_codegen::signing::{recipes, security_of};
use countersign_codegen::spec::Node;
use heck::ToShoutySnakeCase as _;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::fmt::Write as _;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Arguments of `webhook`.
#[derive(Args)]
pub(crate) struct Webhook {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Verify a captured request: HTTP/1.1 as text, a blank line, the body's exact bytes.
    ///
    /// Exit code 0: it is valid; 1: it is refused, and why; 2: trouble.
    Verify(Verify),
    /// Sign a body and post it to a receiver under test.
    ///
    /// Exit code 0: the receiver answered as it should; 1: it did not; 2: trouble.
    Send(Send),
}

/// Which webhook, whose secret, when.
#[derive(Args)]
struct Which {
    /// A folder of specs/.
    #[arg(long)]
    provider: String,
    /// A name under `x-webhooks`.
    #[arg(long)]
    webhook: String,
    /// A file with the secret, one a line while it is rotated, newest first; else it comes from the environment.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Unix seconds or RFC 3339 instead of the time now.
    #[arg(long, value_name = "TIME", allow_negative_numbers = true)]
    at: Option<String>,
}

#[derive(Args)]
struct Verify {
    #[command(flatten)]
    which: Which,
    /// How far the receiver's clock may be off, at most 60.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    leeway: u32,
    /// The receiver's URL as the sender knows it, for recipes that cover it; else https and the header Host.
    #[arg(long, value_name = "URL")]
    base: Option<String>,
    /// The request; without it, or as `-`, standard input.
    file: Option<PathBuf>,
}

#[derive(Args)]
struct Send {
    #[command(flatten)]
    which: Which,
    /// Where to: https, or http on this machine.
    #[arg(long, value_name = "URL")]
    to: String,
    /// What is wrong with it.
    #[arg(long, value_enum, default_value_t = Variant::Valid)]
    variant: Variant,
    /// The body; without it, or as `-`, standard input.
    file: Option<PathBuf>,
}

/// What is wrong with a webhook that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Variant {
    /// Nothing.
    Valid,
    /// It was signed too long ago.
    Expired,
    /// The body got one byte more after it was signed.
    Tampered,
    /// The same request comes twice.
    Replayed,
}

/// Verifies or sends.
///
/// # Errors
/// If the webhook, the credentials or the request can't be read, or nobody answers.
pub(crate) fn run(arguments: &Webhook) -> Result<ExitCode> {
    match &arguments.task {
        Task::Verify(arguments) => verify(arguments),
        Task::Send(arguments) => send(arguments),
    }
}

fn verify(arguments: &Verify) -> Result<ExitCode> {
    let hook = Hook::load(&arguments.which)?;
    let now = moment(arguments.which.at.as_deref())?;
    let captured = Captured::parse(&input(arguments.file.as_deref())?)?;
    let (base, target) = captured.place(arguments.base.as_deref())?;
    let request = SignableRequest {
        method: &captured.method,
        base: &base,
        target: &target,
        headers: &captured.headers,
        body: captured.signable_body(),
    };
    let prepared = hook.prepared.clone().with_leeway(arguments.leeway)?;
    let mut report = String::new();
    let valid = match prepared.verify(&request, now) {
        Ok(verified) => {
            let _ = writeln!(report, "valid: {}", hook.title);
            section(&mut report, "steps", hook.steps(|step| verified.value(step).map(str::to_owned)));
            let once = verified.single_use().map(|(name, value)| (name.to_owned(), hook.masks.text(value)));
            section(&mut report, "to be seen once only", once);
            true
        }
        Err(error) => {
            if let Refusal::Recompute(error @ SignError::Base { .. }) = error.cause() {
                bail!("{error}; give the receiver's URL with --base");
            }
            let _ = writeln!(report, "refused: {}: {}", hook.title, hook.masks.text(&error.cause().to_string()));
            section(&mut report, "the request says (not verified)", hook.claims(&captured.headers));
            section(&mut report, "steps that this request and these credentials yield", hook.constant_steps(&request));
            if let Some(hint) = hint(error.cause()) {
                let _ = writeln!(report, "help: {hint}");
            }
            false
        }
    };
    let _ = writeln!(report, "verified at {}", shown_time(now));
    for remark in captured.remarks() {
        let _ = writeln!(report, "note: {remark}");
    }
    workspace::print(&report)?;
    Ok(verdict(valid))
}

fn hint(cause: &Refusal) -> Option<&'static str> {
    match cause {
        Refusal::Expired { .. } | Refusal::NotFresh { .. } | Refusal::TooFarAhead { .. } => {
            Some("for a request that was captured earlier, give the moment of its arrival with --at")
        }
        Refusal::Signature => Some("the secret is another one, or what was signed was changed on the way"),
        Refusal::Differs { .. } => {
            Some("compare what the request says with what this body and these credentials yield")
        }
        _ => None,
    }
}

fn section(report: &mut String, title: &str, lines: impl IntoIterator<Item = (String, String)>) {
    let lines: Vec<(String, String)> = lines.into_iter().collect();
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    if !lines.is_empty() {
        let _ = writeln!(report, "{title}:");
    }
    for (name, value) in lines {
        let _ = writeln!(report, "  {name:width$}  {value}");
    }
}

/// A webhook of a provider, ready to be verified and signed.
struct Hook {
    /// Provider, webhook, recipe: how it is printed.
    title: String,
    recipe: Recipe,
    prepared: Prepared,
    masks: Masks,
}

impl Hook {
    fn load(which: &Which) -> Result<Hook> {
        let root = workspace::root()?;
        let file = workspace::spec_of(&root, &which.provider)?;
        let spec = match read(&file) {
            Ok(spec) => spec,
            Err(ReadError::Findings(findings)) => bail!("{}", render(&findings, &Sources::default()).trim_end()),
            Err(error) => return Err(error.into()),
        };
        let all = spec.root.get("x-webhooks").into_iter().flat_map(Node::members);
        let names: Vec<&str> = all.map(|(name, _)| name.text.as_str()).collect();
        ensure!(!names.is_empty(), "{} has no webhooks", which.provider);
        let webhook = spec.root.get("x-webhooks").and_then(|webhooks| webhooks.get(&which.webhook)?.get("post"));
        let webhook = webhook.with_context(|| {
            format!("there is no such webhook; those of {} are: {}", which.provider, names.join(", "))
        })?;
        let security = security_of(&spec, webhook);
        let [schemes] = security.as_slice() else { bail!("the webhook is not signed in exactly one way") };
        let [scheme] = schemes.as_slice() else { bail!("the webhook is not signed by exactly one scheme") };
        let all = recipes(&spec).map_err(|findings| anyhow!("{}", render(&findings, &Sources::default())))?;
        let recipe = all.into_iter().find(|recipe| recipe.name == *scheme);
        let recipe = recipe.with_context(|| format!("the scheme `{}` has no recipe", printable(scheme)))?;
        let title = format!("{} {}, recipe `{}`", which.provider, which.webhook, recipe.name);
        let checked = check(recipe.clone()).map_err(|errors| anyhow!("recipe `{}`: {}", recipe.name, errors[0]))?;
        let (credentials, masks) = credentials(&checked, which)?;
        let prepared = checked.prepare(&credentials)?;
        Ok(Hook { title, recipe, prepared, masks })
    }

    /// Each step by name, its value where it may be shown.
    fn steps(&self, value: impl Fn(&str) -> Option<String>) -> Vec<(String, String)> {
        let line = |step: &countersign_auth::recipe::Step| {
            let text = value(&step.name);
            let shown = match (&step.value, text) {
                (
                    Expression::Source(
                        Source::Key { .. }
                        | Source::Basic { .. }
                        | Source::Credential { secret: true, .. }
                        | Source::Session { .. },
                    ),
                    _,
                ) => MASK.to_owned(),
                (_, None) => "-".to_owned(),
                (Expression::Operation(Operation::Hmac { .. } | Operation::Jws { .. }), Some(text)) => {
                    self.masks.signature(&text)
                }
                (Expression::Source(Source::Time { form, .. }), Some(text)) => {
                    format!("{}{}", self.masks.text(&text), in_words(&text, *form))
                }
                (_, Some(text)) => self.masks.text(&text),
            };
            (step.name.to_string(), shown)
        };
        self.recipe.steps.iter().map(line).collect()
    }

    /// The steps that neither clock nor random source have a part in: signed twice, they are the same twice.
    fn constant_steps(&self, request: &SignableRequest<'_>) -> Vec<(String, String)> {
        let stamp = |time, byte| Stamp::drawn(UnixTime::from_secs(time), Entropy::new([byte; Entropy::LENGTH]));
        let values = |stamp: &Stamp| -> Option<Vec<(String, String)>> {
            let signed = self.prepared.sign(request, stamp).ok()?;
            let text = |step: countersign_auth::StepValue<'_>| {
                (step.name.into_owned(), String::from_utf8_lossy(&step.bytes).into_owned())
            };
            Some(signed.steps().map(text).collect())
        };
        let (Some(one), Some(other)) = (values(&stamp(1_000_000_000, 1)), values(&stamp(2_000_000_000, 2))) else {
            return Vec::new();
        };
        let same = |name: &str| one.iter().find(|(n, _)| n == name).filter(|pair| other.contains(pair));
        let mut lines = self.steps(|step| same(step).map(|(_, value)| value.clone()));
        lines.retain(|(_, value)| value != "-");
        lines
    }

    /// The recipe's claims as a token in the request has them, signed by whomever.
    fn claims(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        let Output::Send(send) = &self.recipe.output else { return Vec::new() };
        let claims = |header: &str| -> Option<serde_json::Value> {
            let token = headers.get(header)?.to_str().ok()?.split_whitespace().next_back()?;
            let (_, rest) = token.split_once('.')?;
            let (payload, _) = rest.split_once('.')?;
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
        };
        let Some(found) = send.headers.iter().find_map(|(name, _)| claims(name)) else { return Vec::new() };
        let mut lines = Vec::new();
        for step in self.recipe.steps.iter() {
            let Expression::Operation(Operation::Jws { payload: JwsPayload::Claims(claims), .. }) = &step.value else {
                continue;
            };
            for (name, _) in claims.iter() {
                let value = found.get(&**name).map_or("-".to_owned(), ToString::to_string);
                lines.push((format!("claim {name}"), shortened(&self.masks.text(&value), 300)));
            }
        }
        lines
    }
}

/// The credentials that a recipe reads: by the names that the generated client uses, secret ones from a file too.
fn credentials(checked: &CheckedRecipe, which: &Which) -> Result<(Credentials, Masks)> {
    let fields = checked.credentials();
    let secrets = fields.iter().filter(|field| field.kind != CredentialKind::Text).count();
    let mut from_file = match &which.secret_file {
        None => None,
        Some(_) if secrets != 1 => bail!("the recipe has {secrets} secrets: give them in the environment"),
        Some(file) => Some(secrets_in(file)?),
    };
    let mut credentials = Credentials::new();
    let mut masks = Masks(Vec::new());
    let mut missing = Vec::new();
    for field in fields {
        let variable = format!("{}_{}", which.provider.to_shouty_snake_case(), field.name.to_shouty_snake_case());
        let of_file = if field.kind == CredentialKind::Text { None } else { from_file.take() };
        let values = match of_file {
            Some(values) => values,
            None => match std::env::var(&variable) {
                Ok(value) if !value.is_empty() => vec![Secret::new(value)],
                Err(std::env::VarError::NotUnicode(_)) => bail!("{variable} is not UTF-8"),
                _ => {
                    missing.push(variable);
                    continue;
                }
            },
        };
        credentials = match field.kind {
            CredentialKind::Text => credentials.text(field.name.to_string(), values[0].expose()),
            CredentialKind::SecretText => credentials.secret(field.name.to_string(), values[0].clone()),
            CredentialKind::Key => credentials.keys(field.name.to_string(), values.iter().cloned()),
        };
        if field.kind != CredentialKind::Text {
            masks.0.extend(values);
        }
    }
    ensure!(missing.is_empty(), "not set: {} (a secret may stand in a file: --secret-file)", missing.join(", "));
    Ok((credentials, masks))
}

/// A secret a line; line breaks belong to none.
fn secrets_in(file: &Path) -> Result<Vec<Secret>> {
    let trouble = || format!("can't read the secret in {}", file.display());
    let text = Secret::new(std::fs::read_to_string(file).with_context(trouble)?);
    let secrets: Vec<Secret> = text.expose().lines().filter(|line| !line.is_empty()).map(Secret::from).collect();
    ensure!(!secrets.is_empty(), "there is no secret in {}", file.display());
    Ok(secrets)
}

const MASK: &str = "[secret]";

/// What must not be printed.
struct Masks(Vec<Secret>);

impl Masks {
    /// A text that is shown, unless it holds a secret.
    fn text(&self, text: &str) -> String {
        if self.0.iter().any(|secret| text.contains(secret.expose())) { MASK.to_owned() } else { printable(text) }
    }

    /// The beginning of a signature or token: who has all of it can send it again while it holds.
    fn signature(&self, text: &str) -> String {
        let length = text.chars().count();
        let start: String = text.chars().take(8).collect();
        if length <= 16 { MASK.to_owned() } else { format!("{}… ({length} characters)", self.text(&start)) }
    }
}

/// A request as text.
struct Captured {
    method: String,
    target: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Captured {
    fn parse(text: &[u8]) -> Result<Captured> {
        let mut rest = text;
        let line = take_line(&mut rest)?;
        let mut words = std::str::from_utf8(line).unwrap_or_default().split(' ');
        let (method, target) = match (words.next(), words.next(), words.next(), words.next()) {
            (Some(method), Some(target), Some(version), None) if version.starts_with("HTTP/") => (method, target),
            _ => bail!("line 1 is not a request line such as `POST /hooks HTTP/1.1`"),
        };
        let mut headers = HeaderMap::new();
        for number in 2.. {
            let line = take_line(&mut rest)?;
            if line.is_empty() {
                break;
            }
            let (name, value) = header(line).with_context(|| format!("line {number} is not a header"))?;
            headers.append(name, value);
        }
        Ok(Captured { method: method.to_owned(), target: target.to_owned(), headers, body: rest.to_vec() })
    }

    fn signable_body(&self) -> SignableBody<'_> {
        let none = self.body.is_empty() && matches!(self.method.as_str(), "GET" | "HEAD");
        if none { SignableBody::None } else { SignableBody::Bytes(&self.body) }
    }

    /// Base URL, and the target below it.
    fn place(&self, base: Option<&str>) -> Result<(String, String)> {
        let absolute = self.target.split_once("://").and_then(|(scheme, rest)| {
            let (host, path) = rest.split_at(rest.find('/')?);
            Some((format!("{scheme}://{host}"), path.to_owned()))
        });
        let (own, target) = absolute.unwrap_or_else(|| {
            let host = self.headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
            (host.map(|host| format!("https://{host}")).unwrap_or_default(), self.target.clone())
        });
        let Some(base) = base else { return Ok((own, target)) };
        let base = base.trim_end_matches('/');
        let url = reqwest::Url::parse(base).context("--base is not an absolute URL")?;
        let path = url.path().trim_end_matches('/');
        let below = target.strip_prefix(path).filter(|rest| rest.starts_with('/'));
        let below =
            below.with_context(|| format!("the request does not go below --base: its target is not in `{path}/`"))?;
        Ok((base.to_owned(), below.to_owned()))
    }

    /// What often explains a body that differs.
    fn remarks(&self) -> Vec<String> {
        let text = |name| self.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let mut remarks = Vec::new();
        if let Some(length) = text(http::header::CONTENT_LENGTH)
            && length.parse() != Ok(self.body.len())
        {
            let end = if self.body.ends_with(b"\n") { ", and a line break at its end" } else { "" };
            let length = printable(length);
            remarks.push(format!("Content-Length says {length}, and the body has {} bytes{end}", self.body.len()));
        }
        if text(http::header::TRANSFER_ENCODING).is_some() {
            remarks.push("the body was sent in chunks; it must stand here without their lines".to_owned());
        }
        if text(http::header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            remarks.push("the body has a Content-Encoding; the bytes are verified as they stand".to_owned());
        }
        remarks
    }
}

/// A line without its end; the text must go on after it.
fn take_line<'t>(rest: &mut &'t [u8]) -> Result<&'t [u8]> {
    let end = rest.iter().position(|byte| *byte == b'\n');
    let end = end.context("there is no blank line after the headers")?;
    let line = &rest[..end];
    *rest = &rest[end + 1..];
    Ok(line.strip_suffix(b"\r").unwrap_or(line))
}

fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(&line[..colon]).ok()?;
    Some((name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?))
}

fn send(arguments: &Send) -> Result<ExitCode> {
    let hook = Hook::load(&arguments.which)?;
    let url = destination(&arguments.to)?;
    let now = moment(arguments.which.at.as_deref())?;
    let now = match arguments.variant {
        Variant::Expired => now.plus_seconds(-hold(&hook.recipe)? - 60),
        _ => now,
    };
    let body = input(arguments.file.as_deref())?;
    let signed = signed(&hook, &url, &body, now)?;
    let mut sent = signed.body().map_or(body, |bytes| bytes.to_vec());
    if arguments.variant == Variant::Tampered {
        // White space after JSON: nothing but the signature shows that it was not there.
        sent.push(b' ');
    }
    let mut to = url;
    if let Some(query) = signed.query() {
        let all = to.query().map_or(query.to_owned(), |before| format!("{before}&{query}"));
        to.set_query(Some(&all));
    }
    let times = if arguments.variant == Variant::Replayed { 2 } else { 1 };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("can't start a runtime")?;
    let mut as_it_should = true;
    for copy in 0..times {
        let (status, text) = runtime.block_on(post(&to, &signed, &sent))?;
        as_it_should &= fits(arguments.variant, copy, status);
        let text = hook.masks.text(&shortened(&text, 300));
        workspace::print(&format!("{status} {}\n", if text.is_empty() { "(no text)" } else { &text }))?;
    }
    let should = match arguments.variant {
        Variant::Valid => "accepted",
        Variant::Expired | Variant::Tampered => "refused with 401 or 403",
        Variant::Replayed => {
            "accepted, and then known or refused; whether it was handled once, only the receiver can tell"
        }
    };
    let line = if as_it_should { "as it should be" } else { "not as it should be" };
    workspace::print(&format!("{line}: {}, sent {}; it is to be {should}\n", hook.title, name(arguments.variant)))?;
    Ok(verdict(as_it_should))
}

fn name(variant: Variant) -> String {
    variant.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// Whether a strict receiver answers so.
fn fits(variant: Variant, copy: usize, status: u16) -> bool {
    let accepted = (200..300).contains(&status);
    let refused = matches!(status, 401 | 403);
    match (variant, copy) {
        (Variant::Valid, _) | (Variant::Replayed, 0) => accepted,
        (Variant::Expired | Variant::Tampered, _) => refused,
        (Variant::Replayed, _) => accepted || refused || status == 409,
    }
}

/// How long a signature holds at most, in seconds.
fn hold(recipe: &Recipe) -> Result<i64> {
    let window = recipe.rules.freshness.as_ref().map(|rule| rule.window_seconds);
    let longest = recipe.rules.lifetime.as_ref().map(|rule| rule.max_seconds);
    let longest = window.max(longest).context("signatures of this recipe do not expire")?;
    Ok(i64::from(longest))
}

/// Where a webhook may be sent to: what is signed must not travel in the clear.
fn destination(url: &str) -> Result<reqwest::Url> {
    let url = reqwest::Url::parse(url).context("--to is not an absolute URL")?;
    ensure!(url.username().is_empty() && url.password().is_none(), "--to must not hold credentials");
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let loopback = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        "http" => bail!("http goes to this machine only; use https"),
        other => bail!("`{}` is neither https nor http", printable(other)),
    }
}

fn signed(hook: &Hook, url: &reqwest::Url, body: &[u8], now: UnixTime) -> Result<SigningInstructions> {
    let headers = HeaderMap::from_iter([(http::header::CONTENT_TYPE, HeaderValue::from_static(JSON))]);
    let base = url.origin().ascii_serialization();
    let target = url.query().map_or(url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let body = SignableBody::Bytes(body);
    let request = SignableRequest { method: "POST", base: &base, target: &target, headers: &headers, body };
    let stamp = Stamp::drawn(now, Entropy::draw(&SystemRandom)?);
    hook.prepared.sign(&request, &stamp).context("failed to sign")
}

const JSON: &str = "application/json";

async fn post(url: &reqwest::Url, signed: &SigningInstructions, body: &[u8]) -> Result<(u16, String)> {
    let builder =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(30));
    // A proxy of the environment has no business with what stays on this machine.
    let builder = if url.scheme() == "http" { builder.no_proxy() } else { builder };
    let mut headers = HeaderMap::from_iter([(http::header::CONTENT_TYPE, HeaderValue::from_static(JSON))]);
    headers.extend(signed.headers());
    let request = builder.build()?.post(url.clone()).headers(headers).body(body.to_vec());
    let trouble = || format!("nobody answers at {}", url.origin().ascii_serialization());
    let response = request.send().await.map_err(reqwest::Error::without_url).with_context(trouble)?;
    let status = response.status().as_u16();
    Ok((status, response.text().await.map_err(reqwest::Error::without_url).unwrap_or_default()))
}

/// A file, or standard input.
fn input(file: Option<&Path>) -> Result<Vec<u8>> {
    if let Some(file) = file.filter(|file| *file != Path::new("-")) {
        return std::fs::read(file).with_context(|| format!("can't read {}", file.display()));
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).context("can't read standard input")?;
    Ok(bytes)
}

fn moment(at: Option<&str>) -> Result<UnixTime> {
    let Some(text) = at else { return Ok(SystemClock.now()) };
    if let Ok(seconds) = text.parse() {
        return Ok(UnixTime::from_secs(seconds));
    }
    let time: jiff::Timestamp = text.parse().ok().context("--at is neither Unix seconds nor RFC 3339")?;
    Ok(UnixTime::from_millis(time.as_millisecond()))
}

fn shown_time(time: UnixTime) -> String {
    let words = jiff::Timestamp::from_millisecond(time.as_millis());
    words.map_or_else(|_| time.as_secs().to_string(), |words| format!("{words} ({})", time.as_secs()))
}

/// A number of the clock for people.
fn in_words(text: &str, form: TimeForm) -> String {
    let number = text.parse::<i64>().ok();
    let time = match form {
        TimeForm::UnixSeconds => number.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()),
        TimeForm::UnixMilliseconds => number.and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok()),
        _ => None,
    };
    time.map(|time| format!(" ({time})")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_to_the_byte() {
        for text in
            ["POST /h?x=1 HTTP/1.1\r\nA: 1\r\nb:\t2 \r\n\r\n{}\r\n\n", "POST /h?x=1 HTTP/1.1\nA: 1\nb: 2\n\n{}\r\n\n"]
        {
            let captured = Captured::parse(text.as_bytes()).unwrap();
            assert_eq!((captured.method.as_str(), captured.target.as_str()), ("POST", "/h?x=1"));
            assert_eq!(captured.headers["a"], "1");
            assert_eq!(captured.headers["B"], "2");
            assert_eq!(captured.body, b"{}\r\n\n");
        }
        for (text, message) in [
            ("", "there is no blank line after the headers"),
            ("POST /h HTTP/1.1\r\nA: 1\r\n", "there is no blank line after the headers"),
            ("HTTP/1.1 200 OK\r\n\r\n", "line 1 is not a request line such as `POST /hooks HTTP/1.1`"),
            ("POST /h HTTP/1.1\nA: 1\n b\n\n", "line 3 is not a header"),
            ("POST /h HTTP/1.1\nA 1\n\n", "line 2 is not a header"),
        ] {
            assert_eq!(Captured::parse(text.as_bytes()).err().unwrap().to_string(), message);
        }
    }

    #[test]
    fn a_length_that_differs_is_remarked() {
        let captured = Captured::parse(b"POST / HTTP/1.1\nContent-Length: 2\n\n{}\n").unwrap();
        assert_eq!(
            captured.remarks(),
            ["Content-Length says 2, and the body has 3 bytes, and a line break at its end"]
        );
        assert!(Captured::parse(b"POST / HTTP/1.1\nContent-Length: 2\n\n{}").unwrap().remarks().is_empty());
    }

    #[test]
    fn a_request_has_a_place() {
        let captured =
            |target: &str| Captured::parse(format!("POST {target} HTTP/1.1\nHost: a.example\n\n").as_bytes()).unwrap();
        let place = |target: &str, base| captured(target).place(base).map_err(|error| error.to_string());
        let pair = |base: &str, target: &str| Ok((base.to_owned(), target.to_owned()));
        assert_eq!(place("/h?x", None), pair("https://a.example", "/h?x"));
        assert_eq!(place("http://b.example/h", None), pair("http://b.example", "/h"));
        assert_eq!(place("/v1/h", Some("https://c.example/v1/")), pair("https://c.example/v1", "/h"));
        assert!(place("/v2/h", Some("https://c.example/v1")).is_err());
        assert!(place("/v11", Some("https://c.example/v1")).is_err());
    }

    #[test]
    fn nothing_signed_travels_in_the_clear() {
        for good in ["https://a.example/h", "http://localhost:1/h", "http://127.0.0.2:1/", "http://[::1]:1/"] {
            assert!(destination(good).is_ok(), "{good}");
        }
        let bad =
            ["http://a.example/", "http://localhost.a.example/", "http://127.0.0.1.a.example/", "http://0.0.0.0/"];
        for bad in bad.iter().chain(&["ftp://localhost/", "/h", "https://u:p@a.example/", "http://10.0.0.1/"]) {
            assert!(destination(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_holds_a_secret_is_masked() {
        let masks = Masks(vec![Secret::new("s3cr3t")]);
        assert_eq!(masks.text("before s3cr3t after"), MASK);
        assert_eq!(masks.text("plain\n"), "plain\\n");
        assert_eq!(masks.signature("s3cr3t"), MASK);
        assert_eq!(masks.signature("abcdefghijklmnopqrst"), "abcdefgh… (20 characters)");
    }

    #[test]
    fn moments_are_read() {
        assert_eq!(moment(Some("1590597976")).unwrap(), UnixTime::from_secs(1_590_597_976));
        assert_eq!(moment(Some("2020-05-27T18:46:16+02:00")).unwrap(), UnixTime::from_secs(1_590_597_976));
        assert!(moment(Some("yesterday")).is_err());
    }
}
