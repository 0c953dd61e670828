//! Which file a reference names: text only, no disk.
//!
//! A file is known by its way from the folder that holds them all, with `/`: `schemas/user.yaml`.
//! [`crate::load`] reads files by these names, [`crate::references`] finds them by the same.

/// A reference that is not followed, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What is wrong, after the reference: `is an address on the web`.
    pub(crate) reason: &'static str,
    /// How to mend it.
    pub(crate) help: &'static str,
}

const fn refusal(reason: &'static str, help: &'static str) -> Refusal {
    Refusal { reason, help }
}

const DOWNLOAD: &str = "save the document beside the spec, review it, and refer to that file";
const RELATIVE: &str = "name the file from here: 'schemas/user.yaml'";

/// The name of the file that the part of a reference before its `#` leads to, from the file called `from`.
pub(crate) fn name(from: &str, reference: &str) -> Result<String, Refusal> {
    let has_scheme = reference.split_once(':').is_some_and(|(scheme, _)| is_scheme(scheme));
    if has_scheme && !reference.to_ascii_lowercase().starts_with("file:") {
        return Err(refusal("is an address on the web, and nothing is fetched", DOWNLOAD));
    }
    if has_scheme {
        return Err(refusal("names a file of this machine", RELATIVE));
    }
    if reference.starts_with("//") || reference.contains('\\') {
        return Err(refusal("names another machine, or a file as Windows does", RELATIVE));
    }
    if reference.starts_with('/') {
        return Err(refusal("is an absolute path", RELATIVE));
    }
    if reference.contains('?') {
        return Err(refusal("has a query, which files have none of", RELATIVE));
    }
    let Ok(path) = percent_decode(reference) else {
        return Err(refusal("is not percent-encoded text", "write '%20' for a space"));
    };
    // What was encoded must not say what may not be said plainly.
    if path.contains(|c: char| c.is_control() || matches!(c, '\\' | '#' | ':')) || path.starts_with('/') {
        return Err(refusal("has characters that file names here have none of", RELATIVE));
    }
    Ok(beside(from, &path))
}

fn is_scheme(text: &str) -> bool {
    let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(letters)
}

/// A path from the folder of a file, without `.` and without `..` behind a name.
pub(crate) fn beside(file: &str, path: &str) -> String {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| !matches!(*last, ".." | "")) => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Whether a text that may be a name or a reference is a reference.
pub(crate) fn is_reference(text: &str) -> bool {
    let file = text.split('#').next().unwrap_or_default();
    let ends = |end: &str| file.to_ascii_lowercase().ends_with(end);
    text.contains('#') || text.contains('/') || ends(".yaml") || ends(".yml") || ends(".json")
}

/// Text with its `%XX` decoded.
pub(crate) fn percent_decode(text: &str) -> Result<String, &'static str> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let digits = part.get(..2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.ok_or("'%' stands before two hexadecimal digits only")?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).map_err(|_| "percent-decoded, it is not UTF-8")
}
