//! Media types: what each means for a body, and the word by which it is told from others.

use super::names::variant_name;
use super::parameters::is_token;

/// What a media type means for a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Media {
    Json,
    Form,
    Multipart,
    Text,
    Xml,
    /// A file that is read whole.
    File,
    /// Bytes of any length.
    Bytes,
    /// JSON values one after another.
    JsonLines,
    /// `text/event-stream`.
    Events,
    /// Not a media type.
    Invalid,
}

/// A media type without its parameters, in lower case.
pub(super) fn essence(text: &str) -> String {
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// What a key of `content` means.
pub(super) fn classify(text: &str) -> Media {
    let essence = essence(text);
    let Some((kind, subtype)) = essence.split_once('/') else { return Media::Invalid };
    let visible = text.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    if !is_token(kind) || !is_token(subtype) || !visible {
        return Media::Invalid;
    }
    match (kind, subtype) {
        (_, "json") => Media::Json,
        (
            _,
            "x-ndjson" | "ndjson" | "jsonl" | "x-jsonl" | "jsonlines" | "x-jsonlines" | "x-json-stream" | "stream+json"
            | "json-seq",
        ) => Media::JsonLines,
        (_, subtype) if subtype.ends_with("+json-seq") => Media::JsonLines,
        (_, subtype) if subtype.ends_with("+json") => Media::Json,
        (_, "xml") => Media::Xml,
        ("text", "event-stream") => Media::Events,
        ("application", "x-www-form-urlencoded") => Media::Form,
        ("multipart", _) => Media::Multipart,
        ("image" | "audio" | "video" | "font", _) => Media::File,
        ("text", _) => Media::Text,
        (_, subtype) if subtype.ends_with("+xml") => Media::Xml,
        ("application", "pdf" | "zip" | "gzip") => Media::File,
        _ => Media::Bytes,
    }
}

/// What is sent for a media type: itself, or for a range one of its types that says what the body is.
pub(super) fn sent(text: &str, kind: Media) -> String {
    let sent = match (kind, essence(text).contains('*')) {
        (Media::Json, true) => "application/json",
        (Media::Text, true) => "text/plain",
        (Media::Xml, true) => "application/xml",
        (Media::Multipart, true) => "multipart/form-data",
        _ => text,
    };
    sent.to_owned()
}

/// Whether a range holds JSON and bytes, and so leaves it to the schema which of them comes.
pub(super) fn is_open(text: &str) -> bool {
    matches!(essence(text).as_str(), "*/*" | "application/*")
}

/// The word for a media type where one status or body has several: `Json`, `Csv`, `MergePatchJson`.
pub(super) fn word(text: &str) -> String {
    let essence = essence(text);
    let (kind, subtype) = essence.split_once('/').unwrap_or((&essence, ""));
    match (kind, subtype) {
        ("application", "json") => "Json".to_owned(),
        (kind, "json") => variant_name(&format!("{kind} json")),
        (_, "x-www-form-urlencoded") => "Form".to_owned(),
        ("multipart", "form-data") => "Multipart".to_owned(),
        ("multipart", other) => variant_name(&format!("multipart {other}")),
        (_, "plain") => "Text".to_owned(),
        ("application" | "text", "xml") => "Xml".to_owned(),
        ("application", "octet-stream") | ("*", "*") => "Bytes".to_owned(),
        (_, "event-stream") => "Events".to_owned(),
        _ if classify(text) == Media::JsonLines => "JsonLines".to_owned(),
        (kind, "*") => variant_name(kind),
        (_, subtype) => variant_name(&subtype.strip_prefix("x-").unwrap_or(subtype).replace(['+', '.', '-'], " ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_kinds() {
        for (text, kind, expected) in [
            ("application/json; charset=utf-8", Media::Json, "Json"),
            ("application/merge-patch+json", Media::Json, "MergePatchJson"),
            ("application/vnd.acme.v3.star+json", Media::Json, "VndAcmeV3StarJson"),
            ("APPLICATION/X-NDJSON", Media::JsonLines, "JsonLines"),
            ("application/json-seq", Media::JsonLines, "JsonLines"),
            ("text/event-stream", Media::Events, "Events"),
            ("text/json", Media::Json, "TextJson"),
            ("text/csv", Media::Text, "Csv"),
            ("text/x-markdown", Media::Text, "Markdown"),
            ("application/soap+xml", Media::Xml, "SoapXml"),
            ("image/*", Media::File, "Image"),
            ("*/*", Media::Bytes, "Bytes"),
            ("multipart/mixed", Media::Multipart, "MultipartMixed"),
            ("application/x-zip", Media::Bytes, "Zip"),
        ] {
            assert_eq!((classify(text), word(text).as_str()), (kind, expected), "{text}");
        }
        for text in ["json", "a b/c", "", "application/json\n", "application/"] {
            assert_eq!(classify(text), Media::Invalid, "{text:?}");
        }
    }
}
