//! One form for a schema: what stands behind references and in `allOf` joined, `null` pulled out, a type inferred.
//!
//! 1. A [`Source`] says which nodes make a schema: mostly one, several where `allOf` joins them.
//! 2. [`super::atoms`] takes `$ref` and `allOf` apart until only keywords are left. One reference and nothing else that
//!    shapes a value stays a reference.
//! 3. [`Document::canonical`] joins the keywords of all atoms: [`super::json_types`], [`super::shapes`],
//!    [`super::values`] and [`super::branches`] each read theirs. Members stay sources, so nothing deeper is read, and
//!    a property that a parent declared keeps the parent's place: its type is one type, not one for each child.
//!
//! Limits and default values go to the docs ([`super::limits`]); branches are told apart in [`super::unions`].

use super::atoms::{Atom, MOST_STEPS, Weight, atoms, expand};
use super::document::Document;
use super::json_types::{Word, allows_null, is_only_null, type_words};
use super::limits;
use super::rules;
use super::shapes::Shape;
use super::values::{choices, life_cycle, value_names};
use crate::ir::{Doc, Transitions, TypeExpr};
use crate::spec::{Mark, Node, Value};
use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

/// The nodes that make a schema, and what its type is known by.
#[derive(Clone, Debug)]
pub(super) struct Source<'a> {
    /// The pointer, or pointers, that identify a type made of it.
    pub(super) key: String,
    /// Where it is called after.
    pub(super) place: String,
    /// Its name, where a union gives one.
    pub(super) name: Option<String>,
    pub(super) pieces: Vec<Piece<'a>>,
    pub(super) reading: Reading,
    pub(super) at: Mark,
}

/// How the nodes of a source are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reading {
    /// A value fits all of them.
    Joined,
    /// A value fits all of them, and has this one of the types that they list.
    Only(Word),
    /// A value fits one of them.
    Alternatives,
}

/// A node, whole or in part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a> {
    pub(super) node: &'a Node,
    pub(super) view: View,
}

/// How much of a node counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum View {
    /// All of it.
    Whole,
    /// Its keywords but `allOf`, `oneOf`, `anyOf` and `discriminator`.
    Own,
    /// All of it but `discriminator`: the base itself and not one of its children.
    Base,
    /// What stands beside `$ref`, where that counts.
    Beside,
    /// What describes it: what stands beside `$ref`, where that does not count.
    Words,
    /// The members that it names, none of which must be there: it holds only sometimes.
    Loose,
}

/// A schema in one form.
#[derive(Clone, Debug)]
pub(super) struct Canonical<'a> {
    pub(super) doc: Doc,
    pub(super) nullable: bool,
    pub(super) deprecated: bool,
    pub(super) read_only: bool,
    pub(super) write_only: bool,
    /// The values that it lists, as JSON; none if it lists none.
    pub(super) listed: Vec<String>,
    pub(super) kind: Kind<'a>,
}

/// What a schema says of a value that is not null.
#[derive(Clone, Debug)]
pub(super) enum Kind<'a> {
    /// Nothing.
    Any,
    /// There is none.
    Null,
    /// The same as that schema.
    Reference(&'a Node),
    /// A scalar.
    Scalar(TypeExpr),
    /// One of these values, all text or all integers.
    Choices(Choices),
    /// A list.
    List(Option<Source<'a>>),
    /// An object without named members.
    Map(Option<Source<'a>>),
    /// An object with named members.
    Object(Object<'a>),
    /// One of several.
    Union(Union<'a>),
}

/// Values of an enum.
#[derive(Clone, Debug, Default)]
pub(super) struct Choices {
    pub(super) integer: bool,
    pub(super) values: Vec<String>,
    /// What branches of one value say of it.
    pub(super) docs: BTreeMap<String, Doc>,
    /// What values are called where the document says so.
    pub(super) names: BTreeMap<String, String>,
    /// `x-transitions` and `x-final`.
    pub(super) transitions: Option<Transitions>,
    /// `x-synonyms`.
    pub(super) synonyms: Vec<(String, String)>,
}

/// An object with named members.
#[derive(Clone, Debug)]
pub(super) struct Object<'a> {
    pub(super) properties: Vec<Property<'a>>,
    pub(super) extra: Extra<'a>,
    /// `x-first-of`: a name, and the members' names in JSON.
    pub(super) first_of: Vec<(&'a str, Vec<&'a str>, &'a Node)>,
}

/// A member of an object.
#[derive(Clone, Debug)]
pub(super) struct Property<'a> {
    pub(super) wire: String,
    pub(super) required: bool,
    pub(super) source: Source<'a>,
    /// `x-rust-name`.
    pub(super) chosen: Option<&'a str>,
}

/// Members that an object does not name.
#[derive(Clone, Debug)]
pub(super) enum Extra<'a> {
    /// Nothing is said, or there are none.
    Unsaid,
    /// Any.
    Any,
    /// Of this schema.
    Typed(Source<'a>),
}

/// One of several schemas.
#[derive(Clone, Debug)]
pub(super) struct Union<'a> {
    pub(super) branches: Vec<Source<'a>>,
    pub(super) discriminator: Option<Discriminator<'a>>,
    pub(super) node: &'a Node,
}

/// A declared tag.
#[derive(Clone, Debug)]
pub(super) struct Discriminator<'a> {
    pub(super) property: &'a str,
    pub(super) node: &'a Node,
    /// Values of the tag by the schema that they select.
    pub(super) mapping: Vec<(&'a str, &'a Node)>,
}

impl<'a> Source<'a> {
    /// A schema that stands at one node.
    pub(super) fn of(document: &Document<'a>, node: &'a Node) -> Self {
        let pointer = document.pointer(node);
        let pieces = vec![Piece { node, view: View::Whole }];
        Self { key: pointer.clone(), place: pointer, name: None, pieces, reading: Reading::Joined, at: node.at }
    }

    /// A schema of which nothing is known.
    pub(super) fn unknown(key: String, at: Mark) -> Self {
        Self { place: key.clone(), key, name: None, pieces: Vec::new(), reading: Reading::Joined, at }
    }

    /// Whether this is made of `node`.
    pub(super) fn has(&self, node: &Node) -> bool {
        self.pieces.iter().any(|piece| std::ptr::eq(piece.node, node))
    }

    /// What tells this source from all others.
    fn id(&self, document: &Document<'a>) -> Id {
        match (self.pieces.as_slice(), self.reading) {
            ([Piece { node, view: View::Whole }], Reading::Joined) => Id::Node(*node),
            (pieces, reading) => {
                let parts = pieces.iter().map(|piece| format!("{:?} {}", piece.view, document.pointer(piece.node)));
                Id::Joined(format!("{reading:?} {}\n{}", self.key, parts.collect::<Vec<_>>().join("\n")))
            }
        }
    }
}

/// What a schema in one form is remembered by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Id {
    /// The only node that makes it.
    Node(*const Node),
    /// Its key, and all nodes that make it.
    Joined(String),
}

impl<'a> Document<'a> {
    /// The one form of a schema.
    pub(super) fn canonical(&self, source: &Source<'a>) -> Rc<Canonical<'a>> {
        let id = source.id(self);
        if let Some(known) = self.canonical.borrow().get(&id) {
            return Rc::clone(known);
        }
        let canonical = Rc::new(make(self, source));
        self.canonical.borrow_mut().insert(id, Rc::clone(&canonical));
        canonical
    }

    /// The schema behind all references of this one, with whether any of them may be null.
    pub(super) fn behind(&self, source: &Source<'a>) -> (Source<'a>, Rc<Canonical<'a>>, bool) {
        let mut source = source.clone();
        let mut nullable = false;
        // Circles of references are reported where they are lowered; here they only have to end.
        for _ in 0..MOST_STEPS {
            let canonical = self.canonical(&source);
            nullable |= canonical.nullable;
            match canonical.kind {
                Kind::Reference(target) => source = Source::of(self, target),
                _ => return (source, canonical, nullable),
            }
        }
        let unknown = Source::unknown(source.key.clone(), source.at);
        let canonical = self.canonical(&unknown);
        (unknown, canonical, nullable)
    }
}

fn make<'a>(document: &Document<'a>, source: &Source<'a>) -> Canonical<'a> {
    if source.reading == Reading::Alternatives
        && let Some(first) = source.pieces.first()
    {
        let branches = source.pieces.iter().map(|piece| Source::of(document, piece.node)).collect();
        let union = Union { branches, discriminator: None, node: first.node };
        return with_docs(Kind::Union(union), false, &[]);
    }
    let mut shallow = Vec::new();
    for piece in &source.pieces {
        atoms(document, *piece, false, &mut shallow);
    }
    let nullable_here = shallow.iter().any(allows_null);
    if let Some(target) = reference_of(document, &shallow) {
        return with_docs(target.map_or(Kind::Any, Kind::Reference), nullable_here, &shallow);
    }
    let mut all = Vec::new();
    let mut open = Vec::new();
    let mut seen = HashSet::new();
    for atom in shallow {
        expand(document, atom, &mut all, &mut open, &mut seen);
    }
    join(document, source, &all, nullable_here)
}

/// Where atoms lead that are one reference and nothing else that shapes a value; nowhere if it is a broken one.
fn reference_of<'a>(document: &Document<'a>, shallow: &[Atom<'a>]) -> Option<Option<&'a Node>> {
    let references = || shallow.iter().filter(|atom| atom.weight == Weight::Reference);
    let is_shaped = shallow.iter().any(|atom| atom.weight == Weight::Structural);
    if is_shaped || references().next().is_none() || references().any(|atom| atom.is_loose()) {
        return None;
    }
    let mut targets: Vec<&'a Node> = Vec::new();
    for atom in references() {
        let Some(target) = atom.node.get("$ref").and_then(|reference| document.target(reference)) else { continue };
        if !targets.iter().any(|known| std::ptr::eq(*known, target)) {
            targets.push(target);
        }
    }
    (targets.len() <= 1).then(|| targets.first().copied())
}

/// The schema that a node refers to, if it says nothing else that shapes a value.
pub(super) fn only_reference<'a>(document: &Document<'a>, node: &'a Node) -> Option<&'a Node> {
    let mut shallow = Vec::new();
    atoms(document, Piece { node, view: View::Whole }, false, &mut shallow);
    reference_of(document, &shallow).flatten()
}

/// Joins the keywords of all atoms.
fn join<'a>(document: &Document<'a>, source: &Source<'a>, atoms: &[Atom<'a>], nullable_here: bool) -> Canonical<'a> {
    if let Some(never) = atoms.iter().map(|atom| atom.node).find(|node| node.bool() == Some(false)) {
        let message = "this schema allows no value; any is taken";
        document.report(rules::LOOSENED_FALSE, never, message, "take what it stands for away");
    }
    let shaping = atoms.iter().filter(|atom| atom.weight > Weight::Annotation && !atom.is_loose());
    let all_nullable = shaping.clone().count() > 0 && shaping.clone().all(allows_null);
    let mut nullable = nullable_here || all_nullable;
    let shape = Shape { document, source, atoms };
    let words = match source.reading {
        Reading::Only(word) => vec![word],
        _ => type_words(document, atoms),
    };
    let word = match words.as_slice() {
        [only] => Some(*only),
        _ => None,
    };
    let mut kind = of_word(&shape, word);
    let mut notes = Vec::new();
    let values = shape.values();
    let mut listed = Vec::new();
    match values {
        Some(values) => {
            nullable |= values.iter().any(|value| matches!(value.value, Value::Null));
            let texts = values.iter().filter(|value| !matches!(value.value, Value::Null));
            listed = texts.map(|value| value.to_json().to_string()).collect();
            kind = choices(document, values, word, kind, &mut notes);
        }
        None if words.len() > 1 => kind = Kind::Union(shape.types(&words)),
        None => {}
    }
    if let Kind::Choices(choices) = &mut kind {
        life_cycle(choices, atoms.iter().map(|atom| atom.node));
        value_names(choices, atoms);
    }
    if is_only_null(atoms) {
        kind = Kind::Null;
    }
    if matches!(source.reading, Reading::Only(_)) {
        return with_docs(kind, false, &[]);
    }
    if let Some(union) = choice(&shape, &mut nullable) {
        kind = Kind::Union(union);
    }
    nullable |= matches!(kind, Kind::Null);
    let mut canonical = with_docs(kind, nullable, atoms);
    canonical.listed = listed;
    canonical.doc.notes.extend(notes);
    canonical
}

/// What keywords of one JSON type say, or of none.
fn of_word<'a>(shape: &Shape<'_, '_, 'a>, word: Option<Word>) -> Kind<'a> {
    match word {
        None => Kind::Any,
        Some(Word::Object) => shape.object(),
        Some(Word::Array) => shape.list(),
        Some(Word::Boolean) => Kind::Scalar(TypeExpr::Bool),
        Some(Word::Integer) => Kind::Scalar(TypeExpr::Integer(shape.integer_kind())),
        Some(Word::Number) => Kind::Scalar(shape.number()),
        Some(Word::String) => Kind::Scalar(TypeExpr::Text(shape.text_kind())),
    }
}

/// The choice of branches that a schema is: its own, or the children of a base.
fn choice<'a>(shape: &Shape<'_, '_, 'a>, nullable: &mut bool) -> Option<Union<'a>> {
    let (unions, null_branch) = shape.unions();
    *nullable |= null_branch;
    let discriminator = shape.discriminator();
    if let Some((branches, node)) = unions {
        return Some(Union { branches, discriminator, node });
    }
    let mut discriminator = discriminator?;
    let branches = shape.children(&mut discriminator)?;
    Some(Union { branches, node: discriminator.node, discriminator: Some(discriminator) })
}

/// Adds what the atoms say in words.
fn with_docs<'a>(kind: Kind<'a>, nullable: bool, atoms: &[Atom<'a>]) -> Canonical<'a> {
    let own = || atoms.iter().rev().filter(|atom| !atom.inherited && !atom.is_loose()).map(|atom| atom.node);
    let text = |key: &str| own().find_map(|node| node.get(key).and_then(Node::text)).map(str::to_owned);
    let url = own().find_map(|node| node.get("externalDocs")?.get("url")?.text()).map(str::to_owned);
    let any = |key: &str| own().any(|node| flag(node, key));
    let mut notes: Vec<String> = Vec::new();
    let joined_object = matches!(kind, Kind::Object(_) | Kind::Union(_));
    for atom in atoms.iter().filter(|atom| !(atom.is_loose() || atom.inherited && joined_object)) {
        for note in limits::sentences(atom.node) {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    Canonical {
        doc: Doc { summary: text("title"), description: text("description"), url, notes },
        nullable,
        deprecated: any("deprecated"),
        read_only: any("readOnly"),
        write_only: any("writeOnly"),
        listed: Vec::new(),
        kind,
    }
}

fn flag(node: &Node, key: &str) -> bool {
    node.get(key).and_then(Node::bool) == Some(true)
}
