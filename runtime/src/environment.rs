//! Credentials and base URL from environment variables.
//!
//! Names are `<PROVIDER>_<CREDENTIAL>` and `<PROVIDER>_BASE_URL`. All that is missing is reported at once;
//! values are never printed.

use countersign_auth::Secret;
use std::ffi::OsString;
use std::fmt;

/// Reads the variables of one provider and remembers those that are missing.
pub struct Environment<'a> {
    prefix: &'static str,
    read: &'a dyn Fn(&str) -> Option<OsString>,
    missing: Vec<String>,
}

impl<'a> Environment<'a> {
    /// The process's own environment.
    pub fn of_process(prefix: &'static str) -> Environment<'static> {
        Environment { prefix, read: &|name| std::env::var_os(name), missing: Vec::new() }
    }

    /// Another source of variables, by full name.
    pub fn from_fn(prefix: &'static str, read: &'a dyn Fn(&str) -> Option<OsString>) -> Self {
        Environment { prefix, read, missing: Vec::new() }
    }

    /// A variable by its name without the prefix; a missing, empty or unreadable one is remembered.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        let before = self.missing.len();
        let value = self.optional(name);
        if value.is_none() && self.missing.len() == before {
            self.missing.push(self.full(name));
        }
        value
    }

    /// A secret variable by its name without the prefix.
    pub fn secret(&mut self, name: &'static str) -> Option<Secret> {
        self.text(name).map(Secret::new)
    }

    /// A secret variable that may be empty, but must be there.
    pub fn password(&mut self, name: &'static str) -> Option<Secret> {
        let before = self.missing.len();
        let value = self.optional_password(name);
        if value.is_none() && self.missing.len() == before {
            self.missing.push(self.full(name));
        }
        value
    }

    /// A secret variable that may be missing; if it is there and empty, so is its value.
    pub fn optional_password(&mut self, name: &'static str) -> Option<Secret> {
        self.read(name).map(Secret::new)
    }

    /// A variable that may be missing or empty; an unreadable one is remembered all the same.
    pub fn optional(&mut self, name: &'static str) -> Option<String> {
        self.read(name).filter(|value| !value.is_empty())
    }

    fn read(&mut self, name: &'static str) -> Option<String> {
        match (self.read)(&self.full(name))?.into_string() {
            Ok(value) => Some(value),
            Err(_) => {
                self.missing.push(self.full(name));
                None
            }
        }
    }

    /// Everything that was missing so far.
    ///
    /// # Errors
    /// If anything was.
    pub fn finish(self) -> Result<(), MissingVariables> {
        if self.missing.is_empty() { Ok(()) } else { Err(MissingVariables { names: self.missing }) }
    }

    fn full(&self, name: &str) -> String {
        format!("{}_{name}", self.prefix)
    }
}

impl fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("prefix", &self.prefix)
            .field("missing", &self.missing)
            .finish_non_exhaustive()
    }
}

/// Environment variables that are missing, empty or not UTF-8.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("environment variables are missing, empty or not UTF-8: {}", .names.join(", "))]
pub struct MissingVariables {
    names: Vec<String>,
}

impl MissingVariables {
    /// Their names.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(name: &str) -> Option<OsString> {
        match name {
            "MINI_KEY" => Some("canary".into()),
            "MINI_EMPTY" => Some("".into()),
            _ => None,
        }
    }

    #[test]
    fn all_missing_names_are_reported_at_once() {
        let mut environment = Environment::from_fn("MINI", &variables);
        assert_eq!(environment.text("KEY").unwrap(), "canary");
        assert!(environment.secret("EMPTY").is_none());
        assert!(environment.secret("SECRET").is_none());
        assert!(environment.optional("BASE_URL").is_none());
        assert!(!format!("{environment:?}").contains("canary"));
        let error = environment.finish().unwrap_err();
        assert_eq!(error.names(), ["MINI_EMPTY", "MINI_SECRET"]);
        assert_eq!(error.to_string(), "environment variables are missing, empty or not UTF-8: MINI_EMPTY, MINI_SECRET");
    }

    #[cfg(unix)]
    #[test]
    fn a_base_url_that_is_no_text_is_not_ignored() {
        use std::os::unix::ffi::OsStringExt;
        let read = |_: &str| Some(OsString::from_vec(b"https://canary.example/\xff".to_vec()));
        let mut environment = Environment::from_fn("MINI", &read);
        assert!(environment.optional("BASE_URL").is_none());
        assert!(environment.secret("SECRET").is_none());
        let error = environment.finish().unwrap_err();
        assert_eq!(error.names(), ["MINI_BASE_URL", "MINI_SECRET"]);
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}
