//! Names once chosen, kept in a file beside the spec: a place of the document to the name that it has in Rust.
//!
//! `normalize` consults it first, so that a new neighbour with the same name yields, and an old one never changes. A
//! name that is the text of the document letter by letter needs no entry: it keeps its name in any case. The file is
//! JSON, sorted, one entry a line; who edits a line chooses a name.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Names by place, for one kind of thing.
pub type Section = BTreeMap<String, String>;

/// The names of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Names {
    /// Arguments and setters, by operation and place.
    pub arguments: Section,
    /// Members of objects, by the object's place and the name in JSON.
    pub fields: Section,
    /// Methods of the client, by operation.
    pub methods: Section,
    /// Modules and features, by tag.
    pub modules: Section,
    /// Types, by the place of their schema or by operation.
    pub types: Section,
    /// Values of enums and branches of unions, by their type's place.
    pub variants: Section,
}

impl Names {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// If it is not JSON of this form.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        // Maps of texts are always JSON.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// The names of one kind.
    pub fn section(&self, kind: Kind) -> &Section {
        match kind {
            Kind::Argument => &self.arguments,
            Kind::Field => &self.fields,
            Kind::Method => &self.methods,
            Kind::Module => &self.modules,
            Kind::Type => &self.types,
            Kind::Variant => &self.variants,
        }
    }

    /// The names of one kind, to change.
    pub fn section_mut(&mut self, kind: Kind) -> &mut Section {
        match kind {
            Kind::Argument => &mut self.arguments,
            Kind::Field => &mut self.fields,
            Kind::Method => &mut self.methods,
            Kind::Module => &mut self.modules,
            Kind::Type => &mut self.types,
            Kind::Variant => &mut self.variants,
        }
    }
}

/// What a name is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An argument or a setter.
    Argument,
    /// A member of an object.
    Field,
    /// A method of the client.
    Method,
    /// A module, and the feature of the same name.
    Module,
    /// A type.
    Type,
    /// A value of an enum, or a branch of a union.
    Variant,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Argument, Self::Field, Self::Method, Self::Module, Self::Type, Self::Variant];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Argument => "argument",
            Self::Field => "field",
            Self::Method => "method",
            Self::Module => "module",
            Self::Type => "type",
            Self::Variant => "variant",
        }
    }
}

/// Puts the file's new text in place of the old one; a reader sees one of the two. A link stays one.
///
/// # Errors
/// If it can't be written.
pub fn write(file: &Path, text: &str) -> io::Result<()> {
    let file = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    std::fs::write(&beside, text)?;
    std::fs::File::open(&beside)?.sync_all()?;
    std::fs::rename(&beside, &file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_sorted_and_reads_back() {
        let mut names = Names::default();
        names.fields.insert("/b#c".into(), "c_".into());
        names.fields.insert("/a#c".into(), "c_d".into());
        let text = names.text();
        assert!(text.find("/a#c") < text.find("/b#c"), "{text}");
        assert_eq!(text.lines().count(), 11, "{text}");
        assert_eq!(Names::parse(&text).expect("its own text"), names);
        assert!(Names::parse("{\"feilds\": {}}").is_err());
    }

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("names.json");
        write(&file, "{}\n").expect("written");
        write(&file, "{ }\n").expect("written again");
        assert_eq!(std::fs::read_to_string(&file).expect("text"), "{ }\n");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("names.json"), folder.path().join("link.json"));
        std::fs::write(&file, "{}\n").expect("written");
        std::os::unix::fs::symlink("names.json", &link).expect("linked");
        write(&link, "{ }\n").expect("written again");
        assert!(std::fs::symlink_metadata(&link).expect("a link").is_symlink());
        assert_eq!(std::fs::read_to_string(&file).expect("text"), "{ }\n");
    }
}
