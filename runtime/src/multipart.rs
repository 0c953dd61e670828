//! Bodies of type `multipart/*`, written as RFC 7578 says.
//!
//! 1. A [`Multipart`] collects parts: texts, JSON, files.
//! 2. [`Multipart::encode`] puts them between boundaries. Parts at hand make a body at hand, which can be signed and
//!    sent again; one part that is a stream makes the whole a stream.

use crate::error::RequestError;
use crate::members;
use crate::upload::{Content, Upload};
use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::value::RawValue;
use std::fmt;

/// The parts of a body.
#[derive(Default)]
pub struct Multipart {
    parts: Vec<Part>,
    error: Option<RequestError>,
}

/// One part.
struct Part {
    name: String,
    file_name: Option<String>,
    media_type: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
    content: Content,
}

impl Multipart {
    /// No parts yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value: texts, numbers and booleans as text, objects as JSON, and a part for each item of a list. Null
    /// is left out.
    pub fn value(mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_string(value).ok().and_then(|text| RawValue::from_string(text).ok()) {
            Some(value) => self.raw(name, &value, None, true),
            None => self.fail(RequestError::Body { format: "multipart" }),
        }
        self
    }

    /// Adds a value as text or JSON of this media type.
    pub fn value_as(mut self, name: &str, media_type: &str, value: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_string(value).ok().and_then(|text| RawValue::from_string(text).ok()) {
            Some(value) if value.get() == "null" => {}
            Some(value) if members::is_json(media_type) => {
                self.part(name, Some(media_type.to_owned()), value.get().to_owned().into());
            }
            Some(value) => self.raw(name, &value, Some(media_type), true),
            None => self.fail(RequestError::Body { format: "multipart" }),
        }
        self
    }

    /// Adds a file: its own media type and name, or else the ones given here and the part's name.
    pub fn file(mut self, name: &str, media_type: &str, file: impl Into<Upload>) -> Self {
        let Upload { content, media_type: own, file_name } = file.into();
        self.parts.push(Part {
            name: name.to_owned(),
            file_name: Some(file_name.unwrap_or_else(|| name.to_owned())),
            media_type: Some(own.unwrap_or_else(|| media_type.to_owned())),
            headers: Vec::new(),
            content,
        });
        self
    }

    /// Adds several files under one name.
    pub fn files<F: Into<Upload>>(self, name: &str, media_type: &str, files: impl IntoIterator<Item = F>) -> Self {
        files.into_iter().fold(self, |form, file| form.file(name, media_type, file))
    }

    /// Sets a header of all parts of this name that are there.
    pub fn header(mut self, part: &str, name: &str, value: &str) -> Self {
        let (Ok(header), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) else {
            self.fail(RequestError::HeaderValue { name: format!("{name:?}") });
            return self;
        };
        for part in self.parts.iter_mut().filter(|other| other.name == part) {
            part.headers.retain(|(name, _)| *name != header);
            part.headers.push((header.clone(), value.clone()));
        }
        self
    }

    /// The body between boundaries.
    pub(crate) fn encode(self, is_named: bool, boundary: &str) -> Result<Content, RequestError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let end = format!("--{boundary}--\r\n");
        let mut pieces = Vec::with_capacity(2 * self.parts.len() + 1);
        let mut before = String::new();
        for part in self.parts {
            before.push_str(&format!("--{boundary}\r\n"));
            part.head_into(is_named, &mut before)?;
            pieces.push(Content::Bytes(std::mem::take(&mut before).into()));
            pieces.push(part.content);
            before.push_str("\r\n");
        }
        before.push_str(&end);
        pieces.push(Content::Bytes(before.into()));
        Ok(joined(pieces))
    }

    fn raw(&mut self, name: &str, value: &RawValue, media_type: Option<&str>, may_be_list: bool) {
        match members::kind(value) {
            members::Kind::Null => {}
            members::Kind::Text(text) => self.part(name, media_type.map(str::to_owned), text.into_bytes()),
            members::Kind::Plain(text) => self.part(name, media_type.map(str::to_owned), text.as_bytes().to_vec()),
            members::Kind::List(items) if may_be_list => {
                items.iter().for_each(|item| self.raw(name, item, media_type, false));
            }
            members::Kind::List(_) | members::Kind::Object(_) => {
                let media_type = media_type.unwrap_or("application/json").to_owned();
                self.part(name, Some(media_type), value.get().as_bytes().to_vec());
            }
        }
    }

    fn part(&mut self, name: &str, media_type: Option<String>, text: Vec<u8>) {
        self.parts.push(Part {
            name: name.to_owned(),
            file_name: None,
            media_type,
            headers: Vec::new(),
            content: Content::Bytes(text.into()),
        });
    }

    /// Keeps the first error.
    fn fail(&mut self, error: RequestError) {
        self.error.get_or_insert(error);
    }
}

impl Part {
    /// Headers and the empty line; parts that are told apart by their order alone have no names.
    fn head_into(&self, is_named: bool, head: &mut String) -> Result<(), RequestError> {
        match (&self.file_name, is_named) {
            (None, true) => {
                head.push_str(&format!("Content-Disposition: form-data; name=\"{}\"\r\n", quoted(&self.name)));
            }
            (Some(file), true) => {
                let (name, file) = (quoted(&self.name), quoted(file));
                head.push_str(&format!("Content-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n"));
            }
            (Some(file), false) if *file != self.name => {
                head.push_str(&format!("Content-Disposition: attachment; filename=\"{}\"\r\n", quoted(file)));
            }
            (_, false) => {}
        }
        if let Some(media_type) = &self.media_type {
            let value = HeaderValue::from_str(media_type).map_err(|_| RequestError::MediaType)?;
            head.push_str(&format!("Content-Type: {}\r\n", value.to_str().map_err(|_| RequestError::MediaType)?));
        }
        for (name, value) in &self.headers {
            let value = value.to_str().map_err(|_| RequestError::HeaderValue { name: name.as_str().to_owned() })?;
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        Ok(())
    }
}

/// Text inside quotes, as browsers write it.
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// Bytes if all pieces are, else a stream.
fn joined(pieces: Vec<Content>) -> Content {
    let length = pieces.iter().try_fold(0, |length, piece| match piece {
        Content::Bytes(bytes) => Some(length + bytes.len()),
        Content::Stream(_) => None,
    });
    match length {
        Some(length) => {
            let mut all = Vec::with_capacity(length);
            for piece in &pieces {
                if let Content::Bytes(bytes) = piece {
                    all.extend_from_slice(bytes);
                }
            }
            Content::Bytes(Bytes::from(all))
        }
        None => {
            let streams = pieces.into_iter().map(Content::into_pieces);
            Content::Stream(Box::pin(futures_util::stream::iter(streams).flatten()))
        }
    }
}

/// Values may be private, so only names are shown.
impl fmt::Debug for Multipart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.parts.iter().map(|part| &part.name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(form: Multipart) -> String {
        match form.encode(true, "b").unwrap() {
            Content::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            Content::Stream(_) => panic!("a stream"),
        }
    }

    #[test]
    fn parts_are_written() {
        let form = Multipart::new()
            .value("text", "a\r\nb")
            .value("number", &1.5)
            .value("none", &None::<i64>)
            .value("list", &["x", "y"][..])
            .value("object", &serde_json::json!({"a": [1]}))
            .value_as("whole", "application/json", &[1, 2][..])
            .value_as("markdown", "text/markdown", "*a*")
            .file("file\"\r\n", "image/png", Upload::bytes("PNG").file_name("a\"ü.png").media_type("image/gif"))
            .file("plain", "application/octet-stream", "x")
            .header("plain", "X-Part", "1");
        assert_eq!(
            bytes(form),
            "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\na\r\nb\r\n\
             --b\r\nContent-Disposition: form-data; name=\"number\"\r\n\r\n1.5\r\n\
             --b\r\nContent-Disposition: form-data; name=\"list\"\r\n\r\nx\r\n\
             --b\r\nContent-Disposition: form-data; name=\"list\"\r\n\r\ny\r\n\
             --b\r\nContent-Disposition: form-data; name=\"object\"\r\nContent-Type: application/json\r\n\r\n{\"a\":[1]}\r\n\
             --b\r\nContent-Disposition: form-data; name=\"whole\"\r\nContent-Type: application/json\r\n\r\n[1,2]\r\n\
             --b\r\nContent-Disposition: form-data; name=\"markdown\"\r\nContent-Type: text/markdown\r\n\r\n*a*\r\n\
             --b\r\nContent-Disposition: form-data; name=\"file%22%0D%0A\"; filename=\"a%22ü.png\"\r\nContent-Type: image/gif\r\n\r\nPNG\r\n\
             --b\r\nContent-Disposition: form-data; name=\"plain\"; filename=\"plain\"\r\nContent-Type: application/octet-stream\r\nx-part: 1\r\n\r\nx\r\n\
             --b--\r\n"
        );
        assert_eq!(bytes(Multipart::new()), "--b--\r\n");
    }

    #[test]
    fn what_would_end_a_header_is_refused() {
        let form = Multipart::new().file("a", "text/plain\r\nX: y", "x");
        assert_eq!(form.encode(true, "b").err(), Some(RequestError::MediaType));
        let form = Multipart::new().value("a", "x").header("a", "X-A", "b\r\nc");
        assert!(matches!(form.encode(true, "b").err(), Some(RequestError::HeaderValue { .. })));
    }
}
