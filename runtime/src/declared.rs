//! The responses that an operation declares, as a table, and which of them a response is.
//!
//! 1. The status decides: an exact one before a class before any.
//! 2. Among the media types of that status, the content type decides. A missing one is taken as the first that is
//!    declared; one that no declaration fits is an error that keeps the body.
//! 3. [`accept`] says to the server which media types are understood, best first.

use crate::members::{essence, is_json};

/// One media type of one response that an operation declares; no media type is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declared {
    status: Statuses,
    media_type: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Statuses {
    Exact(u16),
    Class(u16),
    Below(u16),
    Any,
}

/// How a body is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Empty,
    Json,
    Text,
    Bytes,
    Stream,
}

impl Declared {
    /// A response of this status, without a body so far.
    pub const fn on(status: u16) -> Self {
        Self { status: Statuses::Exact(status), media_type: "", kind: Kind::Empty }
    }

    /// Of a status with this first digit.
    pub const fn on_class(digit: u16) -> Self {
        Self { status: Statuses::Class(digit), ..Self::on(0) }
    }

    /// Of any status below this one.
    pub const fn below(status: u16) -> Self {
        Self { status: Statuses::Below(status), ..Self::on(0) }
    }

    /// Of any status.
    pub const fn otherwise() -> Self {
        Self { status: Statuses::Any, ..Self::on(0) }
    }

    /// Holds JSON.
    pub const fn json(self) -> Self {
        self.json_as("application/json")
    }

    /// Holds JSON of another media type.
    pub const fn json_as(self, media_type: &'static str) -> Self {
        Self { media_type, kind: Kind::Json, ..self }
    }

    /// Holds text.
    pub const fn text(self, media_type: &'static str) -> Self {
        Self { media_type, kind: Kind::Text, ..self }
    }

    /// Holds bytes that are read whole.
    pub const fn bytes(self, media_type: &'static str) -> Self {
        Self { media_type, kind: Kind::Bytes, ..self }
    }

    /// Holds bytes, lines or events that are handed on as they arrive.
    pub const fn stream(self, media_type: &'static str) -> Self {
        Self { media_type, kind: Kind::Stream, ..self }
    }

    /// Whether it is handed on as it arrives.
    pub(crate) const fn streams(&self) -> bool {
        matches!(self.kind, Kind::Stream)
    }

    fn covers(&self, status: u16) -> bool {
        match self.status {
            Statuses::Exact(exact) => exact == status,
            Statuses::Class(digit) => digit == status / 100,
            Statuses::Below(end) => status < end,
            Statuses::Any => true,
        }
    }

    /// How well a content type fits: the smaller, the better.
    fn fit(&self, came: &str) -> Option<u8> {
        let declared = essence(self.media_type);
        if declared == came || self.kind == Kind::Empty {
            return Some(0);
        }
        let (main, subtype) = declared.split_once('/')?;
        let (came_main, _) = came.split_once('/').unwrap_or((came, ""));
        if subtype == "*" && main == came_main {
            return Some(1);
        }
        match self.kind {
            Kind::Json => is_json(came).then_some(2),
            Kind::Text => (main == "text" && came_main == "text" && came != "text/html").then_some(2),
            Kind::Stream if is_lines(&declared) => is_lines(came).then_some(2),
            Kind::Stream if declared == "text/event-stream" => None,
            _ if matches!(declared.as_str(), "*/*" | "application/octet-stream") => Some(3),
            _ => same_file(main, came_main, came).then_some(3),
        }
    }
}

/// Whether a file of one kind may come under another name for its type.
fn same_file(main: &str, came_main: &str, came: &str) -> bool {
    let octets = matches!(came, "application/octet-stream" | "binary/octet-stream");
    octets || (main == came_main && !is_json(came) && came != "text/html" && !came.ends_with("xml"))
}

/// The names that JSON values, one to a line, go by.
fn is_lines(essence: &str) -> bool {
    let (_, subtype) = essence.split_once('/').unwrap_or_default();
    matches!(
        subtype,
        "x-ndjson" | "ndjson" | "jsonl" | "x-jsonl" | "jsonlines" | "x-jsonlines" | "x-json-stream" | "stream+json"
    )
}

/// What is known of a response before its body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The declaration at this index.
    Case(usize),
    /// A declared status, with a media type that is not declared for it.
    MediaType,
    /// A status that is not declared.
    Status,
}

/// Finds the declaration of a response.
pub(crate) fn choose(declared: &[Declared], status: u16, content_type: Option<&str>) -> Choice {
    let Some(best) = declared.iter().filter(|one| one.covers(status)).map(|one| one.status).min() else {
        return Choice::Status;
    };
    let came = content_type.map(essence).filter(|came| !came.is_empty());
    let candidates = declared.iter().enumerate().filter(|(_, one)| one.status == best);
    let fitting = candidates.filter_map(|(at, one)| match &came {
        None => Some((0, at)),
        Some(came) => Some((one.fit(came)?, at)),
    });
    fitting.min().map_or(Choice::MediaType, |(_, at)| Choice::Case(at))
}

/// The header `Accept`: the declared media types in their order, successes first; nothing if none is declared.
pub(crate) fn accept(declared: &[Declared]) -> Option<String> {
    let is_success = |one: &&Declared| {
        matches!(one.status, Statuses::Exact(200..=399) | Statuses::Class(2 | 3) | Statuses::Below(_))
    };
    let successes = declared.iter().filter(is_success);
    let errors = declared.iter().filter(|one| !is_success(one));
    let mut types: Vec<&str> = Vec::new();
    for one in successes.chain(errors).filter(|one| one.kind != Kind::Empty) {
        if !types.iter().any(|known| known.eq_ignore_ascii_case(one.media_type)) {
            types.push(one.media_type);
        }
    }
    if types.is_empty() {
        return None;
    }
    let weighted = types.iter().enumerate().map(|(at, media_type)| match at {
        0 => (*media_type).to_owned(),
        1..=8 => format!("{media_type};q=0.{}", 10 - at),
        _ => format!("{media_type};q=0.1"),
    });
    Some(weighted.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[Declared] = &[
        Declared::on(200).json(),
        Declared::on(200).text("text/csv"),
        Declared::on(200).stream("text/event-stream"),
        Declared::on(200).stream("application/x-ndjson"),
        Declared::on(201).bytes("image/*"),
        Declared::on(204),
        Declared::on(206).stream("application/octet-stream"),
        Declared::on(207).bytes("application/pdf"),
        Declared::on_class(4).json_as("application/problem+json"),
        Declared::otherwise().text("text/plain; charset=utf-8"),
    ];

    #[test]
    fn status_then_content_type() {
        for (status, content_type, expected) in [
            (200, Some("Application/JSON; charset=utf-8"), Choice::Case(0)),
            (200, Some("application/vnd.acme+json"), Choice::Case(0)),
            (200, None, Choice::Case(0)),
            (200, Some(" "), Choice::Case(0)),
            (200, Some("text/csv"), Choice::Case(1)),
            (200, Some("text/plain"), Choice::Case(1)),
            (200, Some("text/html"), Choice::MediaType),
            (200, Some("text/event-stream"), Choice::Case(2)),
            (200, Some("application/jsonl"), Choice::Case(3)),
            (200, Some("application/xml"), Choice::MediaType),
            (201, Some("image/webp"), Choice::Case(4)),
            (201, Some("application/octet-stream"), Choice::Case(4)),
            (201, Some("application/json"), Choice::MediaType),
            (204, Some("text/html"), Choice::Case(5)),
            (206, Some("text/html"), Choice::Case(6)),
            (207, Some("application/x-pdf"), Choice::Case(7)),
            (207, Some("application/problem+json"), Choice::MediaType),
            (404, Some("application/json"), Choice::Case(8)),
            (404, Some("text/html"), Choice::MediaType),
            (500, Some("text/plain"), Choice::Case(9)),
            (500, Some("text/html"), Choice::MediaType),
            (500, None, Choice::Case(9)),
        ] {
            assert_eq!(choose(TABLE, status, content_type), expected, "{status} {content_type:?}");
        }
        let only = [Declared::on(200).json(), Declared::below(400), Declared::on_class(5)];
        assert_eq!(choose(&only, 302, None), Choice::Case(1));
        assert_eq!(choose(&only, 404, None), Choice::Status);
        assert_eq!(choose(&only, 200, None), Choice::Case(0));
    }

    #[test]
    fn accept_lists_what_is_declared() {
        assert_eq!(
            accept(TABLE).unwrap(),
            "application/json, text/csv;q=0.9, text/event-stream;q=0.8, application/x-ndjson;q=0.7, image/*;q=0.6, \
             application/octet-stream;q=0.5, application/pdf;q=0.4, application/problem+json;q=0.3, \
             text/plain; charset=utf-8;q=0.2"
        );
        assert_eq!(accept(&[Declared::on(204)]), None);
        let errors = [Declared::on(204), Declared::on(400).json()];
        assert_eq!(accept(&errors).unwrap(), "application/json");
    }
}
