//! OpenAPI's own security schemes as recipes of the signing engine.
//!
//! 1. [`described`] reads what a scheme says of itself: `http`, `apiKey`, `oauth2`, `openIdConnect`, `mutualTLS`.
//! 2. [`Names`] chooses its credentials' names, so that they do not depend on the order of the document.
//! 3. [`Described::recipe`] makes the recipe: a constant header, query pair or cookie.
//!
//! What is sent is therefore injected, redacted, repeated, verified and compared like any other recipe.

use crate::ir::{ClientCredentials, OAuth2};
use crate::spec::Node;
use countersign_auth::recipe::{
    Carrier, Expression, Output, Recipe, Rules, Send, Source, Step, Template, TemplatePart, Text,
};
use heck::{ToShoutySnakeCase, ToSnakeCase};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// What a scheme says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Described {
    /// `http` with `basic`: RFC 7617.
    Basic,
    /// Another scheme of `http`: its word, then a text.
    Http(String),
    /// `apiKey` in a header.
    Header(String),
    /// `apiKey` in the query.
    Query(String),
    /// `apiKey` in a cookie.
    Cookie(String),
    /// `oauth2` or `openIdConnect`: a bearer token.
    Token {
        /// Whether there are flows that end in a token of the user's, or may be.
        brought: bool,
        /// `tokenUrl` of the flow of client credentials.
        token_url: Option<String>,
    },
    /// `mutualTLS`: nothing in the request.
    MutualTls,
}

/// Reads a scheme; in words, why it can't be sent.
pub(super) fn described(scheme: &Node) -> Result<Described, String> {
    let text = |key: &str| scheme.get(key).and_then(Node::text);
    match text("type") {
        Some("http") => http(text("scheme")),
        Some("apiKey") => api_key(text("in"), text("name")),
        Some("oauth2") => {
            let flows = scheme.get("flows");
            let client = flows.and_then(|flows| flows.get("clientCredentials")?.get("tokenUrl")?.text());
            let others = ["authorizationCode", "implicit", "password"];
            let others = others.iter().any(|flow| flows.is_some_and(|flows| flows.get(flow).is_some()));
            Ok(Described::Token { brought: others || client.is_none(), token_url: client.map(str::to_owned) })
        }
        Some("openIdConnect") => Ok(Described::Token { brought: true, token_url: None }),
        Some("mutualTLS") => Ok(Described::MutualTls),
        Some(other) => Err(format!("`{}` is no type of a scheme", crate::finding::shortened(other, 40))),
        None => Err("the scheme has no `type`".to_owned()),
    }
}

fn http(scheme: Option<&str>) -> Result<Described, String> {
    let Some(word) = scheme else { return Err("a scheme of type `http` needs `scheme`".to_owned()) };
    if word.eq_ignore_ascii_case("basic") {
        return Ok(Described::Basic);
    }
    if word.is_empty() || !word.bytes().all(is_token) {
        return Err(format!("`{}` is no authentication scheme", crate::finding::shortened(word, 40).escape_debug()));
    }
    // The word is compared without case; this is how everybody spells it.
    let word = if word.eq_ignore_ascii_case("bearer") { "Bearer" } else { word };
    Ok(Described::Http(word.to_owned()))
}

fn api_key(place: Option<&str>, name: Option<&str>) -> Result<Described, String> {
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Err("a scheme of type `apiKey` needs `name`".to_owned());
    };
    let token = name.bytes().all(is_token);
    match place {
        Some("query") => Ok(Described::Query(name.to_owned())),
        Some("header") if token => Ok(Described::Header(name.to_owned())),
        Some("cookie") if token => Ok(Described::Cookie(name.to_owned())),
        Some("header" | "cookie") => {
            let name = crate::finding::shortened(name, 40);
            Err(format!("`{}` is no name of a header or cookie", name.escape_debug()))
        }
        Some(_) | None => Err("a scheme of type `apiKey` needs `in`: `header`, `query` or `cookie`".to_owned()),
    }
}

/// Characters of a token (RFC 9110, section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

impl Described {
    /// What each credential adds to the scheme's name.
    fn suffixes(&self) -> &'static [&'static str] {
        match self {
            Described::Basic => &["username", "password"],
            Described::Http(word) if word == "Bearer" => &["token"],
            Described::Http(_) => &["credentials"],
            Described::Header(_) | Described::Query(_) | Described::Cookie(_) => &[""],
            Described::Token { token_url: None, .. } => &["access_token"],
            Described::Token { brought: false, .. } => &["client_id", "client_secret"],
            Described::Token { .. } => &["client_id", "client_secret", "access_token"],
            Described::MutualTls => &[],
        }
    }

    /// How the tokens of a scheme are had.
    pub(super) fn oauth2(&self, scheme: &str, credentials: &[String]) -> Option<OAuth2> {
        let Described::Token { brought, token_url } = self else { return None };
        let client = match (token_url, credentials) {
            (Some(url), [id, secret, ..]) => {
                Some(ClientCredentials { token_url: url.clone(), client_id: id.clone(), client_secret: secret.clone() })
            }
            _ => None,
        };
        let access_token = credentials.last().filter(|_| *brought).cloned();
        Some(OAuth2 { session: session(scheme), access_token, client })
    }

    /// The recipe of a scheme, and nothing for one that adds nothing to a request.
    pub(super) fn recipe(&self, scheme: &str, credentials: &[String]) -> Option<Recipe> {
        let credential = |at: usize| Text::from(credentials.get(at).cloned().unwrap_or_default());
        let value = match self {
            Described::MutualTls => return None,
            Described::Basic => Source::Basic { username: credential(0), password: credential(1) },
            Described::Token { .. } => Source::Session { name: session(scheme).into() },
            _ => Source::Credential { name: credential(0), secret: true },
        };
        let step = match self {
            Described::Basic => "credentials",
            Described::Token { .. } => "token",
            Described::Http(word) if word == "Bearer" => "token",
            Described::Http(_) => "credentials",
            _ => "key",
        };
        let header = |name: &str, start: &str| Send {
            headers: vec![(name.to_owned().into(), carrier(start, step))].into(),
            ..Send::default()
        };
        let send = match self {
            Described::Basic => header("Authorization", "Basic "),
            Described::Http(word) => header("Authorization", &format!("{word} ")),
            Described::Token { .. } => header("Authorization", "Bearer "),
            Described::Header(name) => header(name, ""),
            Described::Cookie(name) => header("Cookie", &format!("{name}=")),
            Described::Query(name) => {
                Send { query: vec![(name.clone().into(), carrier("", step))].into(), ..Send::default() }
            }
            Described::MutualTls => return None,
        };
        Some(Recipe {
            name: scheme.to_owned().into(),
            steps: vec![Step { name: step.into(), value: Expression::Source(value), settable: Cow::Borrowed(&[]) }]
                .into(),
            output: Output::Send(send),
            rules: Rules::default(),
        })
    }
}

fn carrier(start: &str, step: &'static str) -> Carrier {
    let mut parts = vec![TemplatePart::Step(step.into())];
    if !start.is_empty() {
        parts.insert(0, TemplatePart::Text(start.to_owned().into()));
    }
    Carrier::One(Template { parts: parts.into() })
}

/// Names that are taken.
#[derive(Default)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    pub(super) fn take(&mut self, name: &str) {
        self.0.insert(name.to_owned());
    }

    /// The names of a scheme's credentials: `petstore_auth` has `petstore_access_token`, `BasicAuth` has
    /// `basic_username` and `basic_password`. Where short ones are taken, the scheme's whole name is used.
    pub(super) fn credentials(&mut self, scheme: &str, described: &Described) -> Vec<String> {
        let whole = snake(scheme);
        let short = described.suffixes().iter().map(|suffix| joined(&stem(&whole), suffix));
        let long = described.suffixes().iter().map(|suffix| joined(&whole, suffix));
        let (short, long): (Vec<String>, Vec<String>) = (short.collect(), long.collect());
        let free = |names: &[String]| names.iter().all(|name| !self.0.contains(name));
        let names = if free(&short) {
            short
        } else if free(&long) {
            long
        } else {
            let numbered = |at: u32| -> Vec<String> { long.iter().map(|name| format!("{name}_{at}")).collect() };
            (2..).map(numbered).find(|names| free(names)).unwrap_or(long)
        };
        self.0.extend(names.iter().cloned());
        names
    }
}

/// The session of a scheme's tokens.
fn session(scheme: &str) -> String {
    format!("oauth2_{}", snake(scheme))
}

/// Letters and digits in snake case, beginning with a letter.
fn snake(name: &str) -> String {
    // heck takes the capitals of OAuth apart.
    let name: String = name.replace("OAuth", "Oauth").chars().take(48).collect();
    let plain: String = name.to_snake_case().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    match plain.trim_matches('_') {
        "" => "scheme".to_owned(),
        plain if plain.starts_with(|c: char| c.is_ascii_digit()) => format!("scheme_{plain}"),
        plain => plain.to_owned(),
    }
}

/// The name of a recipe's constant: a name in Rust, whatever the scheme is called.
pub(super) fn constant(scheme: &str) -> String {
    let name = scheme.to_shouty_snake_case();
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    match plain.trim_matches('_') {
        "" => "SCHEME".to_owned(),
        plain if plain.starts_with(|c: char| c.is_ascii_digit()) => format!("SCHEME_{plain}"),
        plain => plain.to_owned(),
    }
}

/// The name without the words that only say that it is a scheme.
fn stem(whole: &str) -> String {
    const EMPTY_WORDS: [&str; 7] =
        ["_authentication", "_authorization", "_client_credentials", "_auth", "_security", "_scheme", "_header"];
    let mut stem = whole;
    while let Some(rest) = EMPTY_WORDS.iter().find_map(|word| stem.strip_suffix(word)) {
        stem = rest;
    }
    stem.to_owned()
}

/// Stem and suffix, without saying one word twice: `access_token` stays, `client_credentials` gives way.
fn joined(stem: &str, suffix: &str) -> String {
    let last = suffix.rsplit('_').next().unwrap_or_default();
    let says_it = ["token", "key", "secret", "jwt", last].iter().any(|word| !word.is_empty() && stem.ends_with(word));
    match suffix {
        "" => stem.to_owned(),
        "token" | "access_token" | "credentials" if says_it && stem != "credentials" => stem.to_owned(),
        _ if stem == "client_credentials" => suffix.to_owned(),
        _ => format!("{stem}_{suffix}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(scheme: &str, described: &Described) -> Vec<String> {
        Names::default().credentials(scheme, described)
    }

    #[test]
    fn credentials_have_short_names() {
        let bearer = Described::Http("Bearer".to_owned());
        let key = Described::Header("X-Key".to_owned());
        assert_eq!(names("BasicAuth", &Described::Basic), ["basic_username", "basic_password"]);
        for (scheme, name) in [
            ("bearerAuth", "bearer_token"),
            ("bearer", "bearer_token"),
            ("app_key", "app_key"),
            ("access_token", "access_token"),
        ] {
            assert_eq!(names(scheme, &bearer), [name], "{scheme}");
        }
        for (scheme, name) in [
            ("ApiKeyAuth", "api_key"),
            ("api-key", "api_key"),
            ("BotToken", "bot_token"),
            ("X-App-Id", "x_app_id"),
            ("Authorization", "authorization"),
            ("2FA", "scheme_2fa"),
            ("€", "scheme"),
        ] {
            assert_eq!(names(scheme, &key), [name], "{scheme}");
        }
        let token = |brought, url: Option<&str>| Described::Token { brought, token_url: url.map(str::to_owned) };
        assert_eq!(names("OAuth2", &token(true, None)), ["oauth2_access_token"]);
        let client = ["client_id", "client_secret"];
        assert_eq!(names("clientCredentials", &token(false, Some("/token"))), client);
        let both = ["shop_client_id", "shop_client_secret", "shop_access_token"];
        assert_eq!(names("shop_auth", &token(true, Some("/token"))), both);
    }

    #[test]
    fn names_are_given_once() {
        let mut names = Names::default();
        names.take("api_key");
        let key = Described::Header("X-Key".to_owned());
        assert_eq!(names.credentials("ApiKeyAuth", &key), ["api_key_auth"]);
        assert_eq!(names.credentials("api-key", &key), ["api_key_2"]);
        assert_eq!(names.credentials("api_key", &key), ["api_key_3"]);
    }

    #[test]
    fn recipes_hold_together() {
        let all = [
            Described::Basic,
            Described::Http("Bearer".to_owned()),
            Described::Http("Token".to_owned()),
            Described::Header("X-Key".to_owned()),
            Described::Query("api key".to_owned()),
            Described::Cookie("session".to_owned()),
        ];
        for described in all {
            let credentials = names("acme", &described);
            let recipe = described.recipe("acme", &credentials).unwrap();
            let checked = countersign_auth::check(recipe).unwrap();
            let read: Vec<String> = checked.credentials().into_iter().map(|field| field.name.into_owned()).collect();
            assert_eq!(read, credentials, "{described:?}");
        }
        assert_eq!(Described::MutualTls.recipe("acme", &[]), None);
        let token = Described::Token { brought: true, token_url: None };
        let checked = countersign_auth::check(token.recipe("acme", &[]).unwrap()).unwrap();
        assert_eq!(checked.sessions(), ["oauth2_acme"]);
    }
}
