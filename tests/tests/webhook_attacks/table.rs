//! A case of the attack table: what is sent, to whom, and what must come of it.

use countersign_tests::forge::{BODY, NOW, SECRET, Token};
use std::collections::BTreeMap;

/// One named request.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// The class in the attack table.
    pub(crate) class: &'static str,
    /// Its name.
    pub(crate) name: String,
    /// Header lines as they go over the wire, after `Host` and `Content-Length`.
    pub(crate) headers: Vec<(&'static str, Vec<u8>)>,
    /// The body.
    pub(crate) body: Vec<u8>,
    /// Who gets it.
    pub(crate) receiver: Receiver,
    /// What must come of it.
    pub(crate) verdict: Verdict,
}

/// The receiver of a case.
#[derive(Clone, Debug)]
pub(crate) struct Receiver {
    /// Its keys.
    pub(crate) secrets: Vec<&'static str>,
    /// Its leeway in seconds.
    pub(crate) leeway: u32,
    /// Its time, in Unix milliseconds.
    pub(crate) now: i64,
    /// How long a body it takes.
    pub(crate) body_limit: usize,
}

/// What must come of a request at the three levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Verified, and the handler runs: 200.
    Accept,
    /// Not verified: the one 401 for all.
    Refuse,
    /// A header value that `http` can't hold, or lines that an HTTP server does not read: never reaches us.
    Unsendable,
    /// White space around the value: the server takes it off, so it is lawful over the wire and nowhere else.
    Trimmed,
    /// More than a server reads: refused by `Prepared` and `Receiver`, and by the server itself.
    Oversized,
    /// The signature holds, but the body is no event: 400.
    NotTheEvent,
    /// More body than the receiver takes, signed or not: 413.
    TooLarge,
}

/// The table while it is written.
#[derive(Default)]
pub(crate) struct Table {
    /// The cases so far.
    pub(crate) cases: Vec<Case>,
}

impl Table {
    /// Adds a case: a bearer with this token, for the usual body.
    pub(crate) fn token(
        &mut self,
        class: &'static str,
        name: impl Into<String>,
        token: Token,
        verdict: Verdict,
    ) -> &mut Case {
        self.authorization(class, name, format!("Bearer {}", token.text()), verdict)
    }

    /// Adds a case with this token's text.
    pub(crate) fn text(
        &mut self,
        class: &'static str,
        name: impl Into<String>,
        token: impl AsRef<[u8]>,
        verdict: Verdict,
    ) -> &mut Case {
        self.authorization(class, name, [b"Bearer ", token.as_ref()].concat(), verdict)
    }

    /// Adds a case with this header value.
    pub(crate) fn authorization(
        &mut self,
        class: &'static str,
        name: impl Into<String>,
        value: impl Into<Vec<u8>>,
        verdict: Verdict,
    ) -> &mut Case {
        self.cases.push(Case {
            class,
            name: name.into(),
            headers: vec![("Content-Type", b"application/json".to_vec()), ("Authorization", value.into())],
            body: BODY.as_bytes().to_vec(),
            receiver: Receiver { secrets: vec![SECRET], leeway: 0, now: NOW.as_millis(), body_limit: 64 * 1024 },
            verdict,
        });
        self.cases.last_mut().expect("it was just pushed")
    }

    /// How many cases of each class are lawful and how many are not.
    pub(crate) fn by_class(&self) -> BTreeMap<&'static str, (usize, usize)> {
        let mut classes = BTreeMap::new();
        for case in &self.cases {
            let (lawful, forbidden) = classes.entry(case.class).or_insert((0, 0));
            *(if case.verdict.is_lawful() { lawful } else { forbidden }) += 1;
        }
        classes
    }
}

impl Case {
    /// Another body, with the same token.
    pub(crate) fn body(&mut self, body: impl Into<Vec<u8>>) -> &mut Case {
        self.body = body.into();
        self
    }

    /// Another receiver.
    pub(crate) fn secrets(&mut self, secrets: &[&'static str]) -> &mut Case {
        self.receiver.secrets = secrets.to_vec();
        self
    }

    /// Another clock, in milliseconds after the usual time.
    pub(crate) fn later(&mut self, millis: i64) -> &mut Case {
        self.receiver.now += millis;
        self
    }

    /// Leeway.
    pub(crate) fn leeway(&mut self, seconds: u32) -> &mut Case {
        self.receiver.leeway = seconds;
        self
    }

    /// Header lines instead of the usual.
    pub(crate) fn headers(&mut self, headers: Vec<(&'static str, Vec<u8>)>) -> &mut Case {
        self.headers = headers;
        self
    }

    /// One more header line.
    pub(crate) fn and(&mut self, name: &'static str, value: impl Into<Vec<u8>>) -> &mut Case {
        self.headers.push((name, value.into()));
        self
    }
}

impl Verdict {
    /// Whether the signature must hold.
    pub(crate) fn is_lawful(self) -> bool {
        matches!(self, Verdict::Accept)
    }

    /// Whether [`countersign_auth::Prepared::verify`] takes it; nothing if it can't be asked.
    pub(crate) fn pure(self) -> bool {
        matches!(self, Verdict::Accept | Verdict::NotTheEvent | Verdict::TooLarge)
    }

    /// What a receiver answers to a request that it gets as `http` holds it.
    pub(crate) fn status(self) -> u16 {
        match self {
            Verdict::Accept => 200,
            Verdict::NotTheEvent => 400,
            Verdict::TooLarge => 413,
            Verdict::Refuse | Verdict::Unsendable | Verdict::Trimmed | Verdict::Oversized => 401,
        }
    }

    /// What comes back over a socket; nothing if it is the server itself that refuses.
    pub(crate) fn wire_status(self) -> Option<u16> {
        match self {
            Verdict::Trimmed => Some(200),
            Verdict::Unsendable | Verdict::Oversized => None,
            other => Some(other.status()),
        }
    }
}
