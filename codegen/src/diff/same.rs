//! Schemas that say the same in both documents, with all that they refer to: nobody needs to compare them.
//!
//! 1. [`Same::of`] walks two nodes side by side, member by member in the order of the documents. Texts are passed
//!    over where nobody asks for them; everything else has to be equal as it is written.
//! 2. References have to be written alike, and what they lead to is walked as well, each pair once.
//! 3. A pair that differs makes those differ that refer to it; the others are the same, in circles too.
//!
//! What is not sure is no answer: such a pair is compared keyword by keyword, as if this were not here.

use super::model::Side;
use crate::addresses::AddressMap;
use crate::spec::{Key, Node, Value};

type Two<'a> = (&'a Node, &'a Node);
type Addresses = (*const Node, *const Node);

fn addresses((old, new): Two<'_>) -> Addresses {
    (std::ptr::from_ref(old), std::ptr::from_ref(new))
}

/// Which pairs are the same, as far as somebody asked.
pub(super) struct Same {
    /// Whether both documents are read by the same rules.
    alike: bool,
    /// Whether texts count.
    texts: bool,
    known: AddressMap<Addresses, bool>,
}

impl Same {
    pub(super) fn new(old: &Side<'_>, new: &Side<'_>, texts: bool) -> Self {
        let version = |side: &Side<'_>| side.root().get("openapi").and_then(Node::text).map(str::to_owned);
        let alike = old.modern == new.modern && version(old) == version(new);
        Same { alike, texts, known: AddressMap::default() }
    }

    /// Whether two nodes say the same.
    pub(super) fn of<'a>(&mut self, old: &Side<'a>, new: &Side<'a>, two: Two<'a>) -> bool {
        if !self.alike {
            return false;
        }
        if let Some(known) = self.known.get(&addresses(two)) {
            return *known;
        }
        let mut walk = Walk { same: self, old, new, pairs: Vec::new(), numbers: AddressMap::default(), at: 0 };
        walk.number(two);
        walk.all();
        walk.pairs.first().is_some_and(|first| first.same)
    }
}

/// A pair that the first one leads to.
struct Reached<'a> {
    two: Two<'a>,
    same: bool,
    /// Pairs that refer to it.
    referrers: Vec<usize>,
}

struct Walk<'w, 'a> {
    same: &'w mut Same,
    old: &'w Side<'a>,
    new: &'w Side<'a>,
    pairs: Vec<Reached<'a>>,
    numbers: AddressMap<Addresses, usize>,
    at: usize,
}

impl<'a> Walk<'_, 'a> {
    fn number(&mut self, two: Two<'a>) -> usize {
        let next = self.pairs.len();
        let number = *self.numbers.entry(addresses(two)).or_insert(next);
        if number == next {
            self.pairs.push(Reached { two, same: true, referrers: Vec::new() });
        }
        number
    }

    /// Walks every pair that is reached, then hands on what differs.
    fn all(&mut self) {
        while let Some(pair) = self.pairs.get(self.at) {
            let same = self.schema(pair.two);
            self.pairs[self.at].same = same;
            self.at += 1;
        }
        let mut open: Vec<usize> = (0..self.pairs.len()).filter(|number| !self.pairs[*number].same).collect();
        while let Some(number) = open.pop() {
            for referrer in std::mem::take(&mut self.pairs[number].referrers) {
                if std::mem::replace(&mut self.pairs[referrer].same, false) {
                    open.push(referrer);
                }
            }
        }
        self.same.known.extend(self.pairs.iter().map(|pair| (addresses(pair.two), pair.same)));
    }

    /// Two schemas. The reader has limited the depth of this recursion.
    fn schema(&mut self, two: Two<'a>) -> bool {
        let same = match (&two.0.value, &two.1.value) {
            (Value::Map(old), Value::Map(new)) => self.members(old, new) && self.children(two),
            _ => is_written_alike(two.0, two.1),
        };
        if !same {
            // Whoever asks for a part of what differs need not walk down to it again.
            self.same.known.insert(addresses(two), false);
        }
        same
    }

    /// What may stand for a schema with a discriminator, although nothing refers to it.
    fn children(&mut self, (old, new): Two<'a>) -> bool {
        if old.get("discriminator").is_none() && old.get("allOf").is_none() {
            return true;
        }
        let (olds, news) = (self.old.children(old), self.new.children(new));
        olds.keys().eq(news.keys()) && olds.values().zip(news.values()).all(|(was, is)| self.lead((*was, *is)))
    }

    fn members(&mut self, old: &'a [(Key, Node)], new: &'a [(Key, Node)]) -> bool {
        let texts = self.same.texts;
        let counts = |(key, _): &&(Key, Node)| texts || !is_passed_over(&key.text);
        let mut news = new.iter().filter(counts);
        for (key, was) in old.iter().filter(counts) {
            let Some((other, is)) = news.next() else { return false };
            if key.text != other.text || !self.keyword(&key.text, (was, is)) {
                return false;
            }
        }
        news.next().is_none()
    }

    fn keyword(&mut self, keyword: &str, two: Two<'a>) -> bool {
        match keyword {
            "$ref" => is_written_alike(two.0, two.1) && self.reference(two),
            // What these mean depends on more than what is written: the way here, and the day.
            "$dynamicRef" | "$recursiveRef" | "x-sunset" | "x-stability-level" => false,
            "properties" | "patternProperties" | "dependentSchemas" => self.named(two),
            "allOf" | "anyOf" | "oneOf" | "prefixItems" => self.listed(two),
            "additionalProperties"
            | "contains"
            | "contentSchema"
            | "else"
            | "if"
            | "items"
            | "not"
            | "propertyNames"
            | "then"
            | "unevaluatedItems"
            | "unevaluatedProperties" => self.schema(two),
            _ => is_written_alike(two.0, two.1),
        }
    }

    /// Schemas by names.
    fn named(&mut self, (old, new): Two<'a>) -> bool {
        let (Value::Map(olds), Value::Map(news)) = (&old.value, &new.value) else { return is_written_alike(old, new) };
        olds.len() == news.len()
            && olds.iter().zip(news).all(|((name, was), (other, is))| name.text == other.text && self.schema((was, is)))
    }

    fn listed(&mut self, (old, new): Two<'a>) -> bool {
        let (Value::List(olds), Value::List(news)) = (&old.value, &new.value) else {
            return is_written_alike(old, new);
        };
        olds.len() == news.len() && olds.iter().zip(news).all(|two| self.schema(two))
    }

    /// Where two references lead, as far as that is known already.
    fn reference(&mut self, (old, new): Two<'a>) -> bool {
        let targets = (self.old.references.target(old), self.new.references.target(new));
        let (Ok(old), Ok(new)) = targets else { return false };
        self.lead((old, new))
    }

    /// What another pair leads to, as far as that is known already.
    fn lead(&mut self, two: Two<'a>) -> bool {
        match self.same.known.get(&addresses(two)) {
            Some(known) => *known,
            None => {
                let number = self.number(two);
                self.pairs[number].referrers.push(self.at);
                true
            }
        }
    }
}

/// Texts that no comparison reads; a title is one, but tells branches of a choice apart.
fn is_passed_over(key: &str) -> bool {
    matches!(key, "description" | "summary" | "example" | "examples" | "externalDocs" | "$comment")
}

/// Whether two values are written alike.
pub(super) fn is_written_alike(old: &Node, new: &Node) -> bool {
    match (&old.value, &new.value) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(old), Value::Bool(new)) => old == new,
        (Value::Number(old), Value::Number(new)) | (Value::Text(old), Value::Text(new)) => old == new,
        (Value::List(old), Value::List(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| is_written_alike(old, new))
        }
        (Value::Map(old), Value::Map(new)) => {
            let mut members = old.iter().zip(new);
            old.len() == new.len()
                && members.all(|((name, old), (other, new))| name.text == other.text && is_written_alike(old, new))
        }
        _ => false,
    }
}
