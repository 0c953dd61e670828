//! What an operation answers, by status: successes, errors, and whether each side needs an enum.
//!
//! A status with several kinds of content becomes one response for each.
//!
//! Statuses of 2xx are successes. `default` beside one is the error; alone it is both: a success below 400, an
//! error from there on. A redirect is a success if there is no 2xx, else an error, since none is followed. Statuses of
//! 1xx come before the response and are left out.

use super::contents::{self, Content};
use super::document::Document;
use super::headers;
use super::limits::assumed;
use super::names::{Style, distinct};
use super::rules;
use super::schemas::Types;
use crate::ir::{Doc, Response, ResponseContent, StatusPattern};
use crate::spec::Node;
use std::collections::BTreeSet;

/// The responses of an operation.
pub(super) struct Responses {
    pub(super) successes: Vec<Response>,
    pub(super) errors: Vec<Response>,
    /// Whether successes have more than one type.
    pub(super) is_success_enum: bool,
    /// Whether errors have more than one type.
    pub(super) is_error_enum: bool,
}

/// Lowers the responses of an operation.
pub(super) fn responses<'a>(
    document: &Document<'a>,
    types: &mut Types<'_, 'a>,
    operation: &'a Node,
    method: &str,
) -> Responses {
    let mut all: Vec<Response> = Vec::new();
    for (status, node) in operation.get("responses").into_iter().flat_map(Node::members) {
        if status.text.starts_with("x-") {
            continue;
        }
        let Some(pattern) = pattern(&status.text) else {
            let message = format!("`{}` is not a status", status.text.escape_debug());
            document.report(rules::RESPONSE_STATUS, node, &message, "write '200', '4XX' or `default`");
            continue;
        };
        let Some(node) = document.resolve(node) else { continue };
        if class(pattern) == Some(1) {
            document.report(rules::IGNORED_KEY, node, "interim responses are not given to the caller", "");
            continue;
        }
        let has_body = method != "head" && !matches!(pattern, StatusPattern::Exact(204 | 205 | 304));
        all.extend(response(document, types, node, pattern, has_body));
    }
    all.sort_by_key(|response| order(response.status));
    let is_success = |pattern: StatusPattern| class(pattern) == Some(2);
    let has_success = all.iter().any(|response| is_success(response.status));
    let mut successes = Vec::new();
    let mut errors = Vec::new();
    for response in all {
        match class(response.status) {
            Some(2) => successes.push(response),
            Some(3) if !has_success => successes.push(response),
            None if !has_success => {
                errors.push(Response { failure: None, ..response.clone() });
                successes.push(response);
            }
            _ => errors.push(Response { failure: None, ..response }),
        }
    }
    if successes.is_empty() {
        let message = "no success is described; any status of 2xx is one, and its body is not read";
        document.report(rules::LOOSENED_NO_SUCCESS, operation, message, "describe what the operation answers");
        successes.push(any_success());
    }
    let is_success_enum = differ(successes.iter().map(|response| &response.content));
    let failures = successes.iter().filter_map(|response| response.failure.as_ref());
    let failures: Vec<ResponseContent> = failures.map(|failure| ResponseContent::Json(failure.body.clone())).collect();
    let is_error_enum = differ(errors.iter().map(|response| &response.content).chain(&failures));
    Responses { successes, errors, is_success_enum, is_error_enum }
}

fn response<'a>(
    document: &Document<'a>,
    types: &mut Types<'_, 'a>,
    node: &'a Node,
    status: StatusPattern,
    has_body: bool,
) -> Vec<Response> {
    let contents = match has_body {
        true => contents::contents(document, types, node),
        false => vec![no_body(document, node)],
    };
    if let Some(links) = node.get("links").filter(|links| links.members().next().is_some()) {
        document.report(rules::IGNORED_KEY, links, "links are not generated", "");
    }
    let headers = headers::headers(document, types, node);
    let mut notes: Vec<String> = assumed(node).into_iter().collect();
    notes.extend(headers.iter().map(|header| {
        let text = header.doc.description.as_deref().map(str::trim).unwrap_or_default();
        let name = super::limits::code(&header.wire);
        if text.is_empty() { format!("Header {name}.") } else { format!("Header {name}: {text}") }
    }));
    for entry in node.get("content").into_iter().flat_map(Node::members).map(|(_, entry)| entry) {
        notes.extend(assumed(entry));
    }
    let doc =
        Doc { description: node.get("description").and_then(Node::text).map(str::to_owned), notes, ..Doc::default() };
    let variants = variants(status, &contents);
    // JSON, which alone can carry a failure, comes first.
    let mut failure = contents.first().and_then(|first| contents::failure(document, types, node, &first.content));
    let responses = contents.into_iter().zip(variants).map(|(content, variant)| Response {
        status,
        variant,
        media_types: content.media_types,
        content: content.content,
        failure: failure.take(),
        headers: headers.clone(),
        doc: doc.clone(),
    });
    responses.collect()
}

/// What has no body whatever is described.
fn no_body(document: &Document<'_>, node: &Node) -> Content {
    if let Some(content) = node.get("content").filter(|content| content.members().next().is_some()) {
        let message = "a response to HEAD, and one of 204, 205 or 304, has no body";
        document.report(rules::LOOSENED_MEDIA_TYPE, content, message, "take `content` away");
    }
    Content { media_types: Vec::new(), word: String::new(), content: ResponseContent::Empty }
}

/// The status alone, or with the kind of content where there are several.
fn variants(status: StatusPattern, contents: &[Content]) -> Vec<String> {
    let status = variant(status);
    if contents.len() == 1 {
        return vec![status];
    }
    let wishes: Vec<(String, String)> =
        contents.iter().map(|content| (content.media_types.concat(), format!("{status}{}", content.word))).collect();
    distinct(&wishes, &BTreeSet::new(), Style::Pascal("Content"))
}

fn any_success() -> Response {
    let status = StatusPattern::Range(2);
    Response {
        status,
        variant: variant(status),
        media_types: Vec::new(),
        content: ResponseContent::Empty,
        failure: None,
        headers: Vec::new(),
        doc: Doc::default(),
    }
}

fn differ<'r>(mut contents: impl Iterator<Item = &'r ResponseContent>) -> bool {
    let Some(first) = contents.next() else { return false };
    contents.any(|content| content != first)
}

fn pattern(text: &str) -> Option<StatusPattern> {
    if text == "default" {
        return Some(StatusPattern::Default);
    }
    let [class @ b'1'..=b'5', rest @ ..] = text.as_bytes() else { return None };
    match rest {
        [b'X' | b'x', b'X' | b'x'] => Some(StatusPattern::Range(class - b'0')),
        [b'0'..=b'9', b'0'..=b'9'] => text.parse().ok().map(StatusPattern::Exact),
        _ => None,
    }
}

/// The first digit.
fn class(pattern: StatusPattern) -> Option<u16> {
    match pattern {
        StatusPattern::Exact(status) => Some(status / 100),
        StatusPattern::Range(class) => Some(u16::from(class)),
        StatusPattern::Default => None,
    }
}

fn order(pattern: StatusPattern) -> (u8, u16) {
    match pattern {
        StatusPattern::Exact(status) => (0, status),
        StatusPattern::Range(class) => (1, u16::from(class)),
        StatusPattern::Default => (2, 0),
    }
}

/// Name of the variant: the status in words (RFC 9110), as far as it has some.
fn variant(pattern: StatusPattern) -> String {
    let status = match pattern {
        StatusPattern::Default => return "Default".to_owned(),
        StatusPattern::Range(class) => return format!("Status{class}xx"),
        StatusPattern::Exact(status) => status,
    };
    let words = STATUSES.iter().find(|(code, _)| *code == status);
    words.map_or_else(|| format!("Status{status}"), |(_, words)| (*words).to_owned())
}

const STATUSES: [(u16, &str); 41] = [
    (200, "Ok"),
    (201, "Created"),
    (202, "Accepted"),
    (203, "NonAuthoritativeInformation"),
    (204, "NoContent"),
    (205, "ResetContent"),
    (206, "PartialContent"),
    (300, "MultipleChoices"),
    (301, "MovedPermanently"),
    (302, "Found"),
    (303, "SeeOther"),
    (304, "NotModified"),
    (307, "TemporaryRedirect"),
    (308, "PermanentRedirect"),
    (400, "BadRequest"),
    (401, "Unauthorized"),
    (402, "PaymentRequired"),
    (403, "Forbidden"),
    (404, "NotFound"),
    (405, "MethodNotAllowed"),
    (406, "NotAcceptable"),
    (408, "RequestTimeout"),
    (409, "Conflict"),
    (410, "Gone"),
    (411, "LengthRequired"),
    (412, "PreconditionFailed"),
    (413, "ContentTooLarge"),
    (414, "UriTooLong"),
    (415, "UnsupportedMediaType"),
    (416, "RangeNotSatisfiable"),
    (421, "MisdirectedRequest"),
    (422, "UnprocessableContent"),
    (423, "Locked"),
    (424, "FailedDependency"),
    (428, "PreconditionRequired"),
    (429, "TooManyRequests"),
    (500, "InternalServerError"),
    (501, "NotImplemented"),
    (502, "BadGateway"),
    (503, "ServiceUnavailable"),
    (504, "GatewayTimeout"),
];
