//! Addresses of the lines that changes stand in.
//!
//! A template has `{revision}`, `{file}` and `{line}`; in a workflow of GitHub it is made from the environment. What
//! comes from a git revision is linked by its commit, what lies in the working tree by the commit that is checked
//! out. Without a template a file of the working tree is linked by its path.

use super::git::Git;
use anyhow::{Result, bail};
use countersign_codegen::diff::Place;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::cell::RefCell;
use std::collections::HashMap;

/// What stands in a path of a URI as it is.
pub(super) const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How lines are linked.
pub(super) struct Links {
    template: Option<String>,
    git: Option<Git>,
    commits: RefCell<HashMap<String, Option<String>>>,
}

impl Links {
    /// The links of a template, or those of the workflow that this runs in.
    ///
    /// # Errors
    /// If the template is no web address.
    pub(super) fn new(template: Option<&str>) -> Result<Self> {
        let template = template.map(str::to_owned).or_else(of_workflow);
        if let Some(text) = template.as_deref()
            && !(text.starts_with("https://") || text.starts_with("http://"))
        {
            bail!("the template of links begins with https:// or http://");
        }
        Ok(Self { git: Git::here().ok(), template, commits: RefCell::default() })
    }

    /// The address of a place, if it has one.
    pub(super) fn of(&self, place: &Place) -> Option<String> {
        let file = super::git::slashes(&place.file);
        if file == "-" {
            return None;
        }
        let (revision, path) = match file.split_once(':').filter(|_| !place.file.is_file()) {
            Some((revision, path)) => (revision, path),
            None => ("HEAD", file.as_str()),
        };
        let Some(template) = &self.template else {
            let is_tree = revision == "HEAD" && path == file;
            return is_tree.then(|| format!("{}#L{}", encoded(path), place.at.line));
        };
        let link = template.replace("{line}", &place.at.line.to_string()).replace("{file}", &encoded(path));
        if !link.contains("{revision}") {
            return Some(link);
        }
        Some(link.replace("{revision}", &encoded(&self.commit(revision)?)))
    }

    fn commit(&self, revision: &str) -> Option<String> {
        let mut commits = self.commits.borrow_mut();
        let ask = || self.git.as_ref()?.commit(revision).ok().flatten();
        commits.entry(revision.to_owned()).or_insert_with(ask).clone()
    }
}

fn encoded(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}

/// The template for the repository that a workflow of GitHub runs in.
fn of_workflow() -> Option<String> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (server, repository) = (set("GITHUB_SERVER_URL")?, set("GITHUB_REPOSITORY")?);
    Some(format!("{server}/{}/blob/{{revision}}/{{file}}#L{{line}}", encoded(&repository)))
}
