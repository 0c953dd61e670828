//! From schemas to type expressions and named types.
//!
//! A schema that is a scalar, a list or a map is written where it is used, also when it is a component: there are
//! no newtypes. Objects, enums and unions are named. Their members are lowered later, from a queue, so recursion in
//! a document is not recursion here; only lists of lists and references to references go deeper.
//!
//! Until [`super::finish`] has chosen the names, a [`TypeExpr::Named`] and a [`TypeDef`] hold the key of a place.

use super::canonical::{Canonical, Choices, Extra, Kind, Object, Source};
use super::document::Document;
use super::enums;
use super::limits;
use super::names::{self, Style, distinct, joined};
use super::rules::{self, Rule};
use super::unions::{Arm, Decision, Holds};
use crate::ir::{
    Branch, Doc, Field, FirstOf, IntegerKind, Struct, TextKind, TypeDef, TypeExpr, TypeKind, Union, UnionBy,
};
use crate::spec::{Mark, Node};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

/// The type of a value, and what its place adds to it.
#[derive(Clone, Debug)]
pub(super) struct Lowered {
    pub(super) ty: TypeExpr,
    pub(super) nullable: bool,
    /// The one value that an enum has.
    pub(super) constant: Option<String>,
    pub(super) doc: Doc,
    pub(super) deprecated: bool,
    pub(super) read_only: bool,
    pub(super) write_only: bool,
}

/// A type that still has the key of its place for a name.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) def: TypeDef,
    /// What it would like to be called.
    pub(super) wish: String,
    /// Members that only requests, or only responses, must have.
    pub(super) one_way: Vec<OneWay>,
}

/// A required member that is missing in one direction.
#[derive(Clone, Debug)]
pub(super) struct OneWay {
    pub(super) wire: String,
    /// `writeOnly`, else `readOnly`.
    pub(super) only_sent: bool,
}

/// The types of a document.
pub(super) struct Types<'d, 'a> {
    pub(super) document: &'d Document<'a>,
    drafts: BTreeMap<String, Option<Draft>>,
    queue: VecDeque<Work<'a>>,
    /// References to scalars, lists and maps that are being followed.
    open: Vec<String>,
    /// What stands behind references, as far as it is known.
    aliases: BTreeMap<String, Lowered>,
    /// How often a list that is its own item has been cut.
    cuts: usize,
}

/// A named type whose members have not been lowered yet.
struct Work<'a> {
    key: String,
    wish: String,
    at: Mark,
    canonical: Rc<Canonical<'a>>,
    content: Content<'a>,
}

enum Content<'a> {
    Object,
    Choices(Choices),
    Union(UnionBy, Vec<Arm<'a>>),
}

/// Methods that every struct has, or that its traits bring.
const KEPT_METHODS: [&str; 14] = [
    "borrow",
    "borrow_mut",
    "clone",
    "clone_into",
    "default",
    "eq",
    "fmt",
    "from",
    "into",
    "ne",
    "new",
    "to_owned",
    "try_into",
    "type_id",
];

/// Lists of lists, and references to them, that may stand one inside the other.
const MOST_NESTED: usize = 200;

impl<'d, 'a> Types<'d, 'a> {
    pub(super) fn new(document: &'d Document<'a>) -> Self {
        Self {
            document,
            drafts: BTreeMap::new(),
            queue: VecDeque::new(),
            open: Vec::new(),
            aliases: BTreeMap::new(),
            cuts: 0,
        }
    }

    /// Lowers all component schemas, used or not.
    pub(super) fn lower_components(&mut self) {
        let schemas = self.document.spec.root.get("components").and_then(|components| components.get("schemas"));
        for (_, node) in schemas.into_iter().flat_map(Node::members) {
            self.lower_node(node);
        }
    }

    /// All types so far.
    pub(super) fn into_defs(self) -> Vec<Draft> {
        self.drafts.into_values().flatten().collect()
    }

    /// The type of the schema at a node.
    pub(super) fn lower_node(&mut self, node: &'a Node) -> Lowered {
        let source = Source::of(self.document, node);
        let lowered = self.lower(&source);
        self.drain();
        lowered
    }

    /// What is known of a named type by its key.
    pub(super) fn draft(&self, key: &str) -> Option<&Draft> {
        self.drafts.get(key)?.as_ref()
    }

    fn drain(&mut self) {
        while let Some(work) = self.queue.pop_front() {
            let draft = self.build(&work);
            self.drafts.insert(work.key, Some(draft));
        }
    }

    fn lower(&mut self, source: &Source<'a>) -> Lowered {
        let canonical = self.document.canonical(source);
        let mut lowered = Lowered {
            ty: TypeExpr::Any,
            nullable: canonical.nullable,
            constant: None,
            doc: canonical.doc.clone(),
            deprecated: canonical.deprecated,
            read_only: canonical.read_only,
            write_only: canonical.write_only,
        };
        if self.open.len() > MOST_NESTED {
            let help = "give the inner schemas fewer levels";
            self.report_at(source, rules::TOO_NESTED, "too many lists and references stand one inside the other", help);
            return lowered;
        }
        match &canonical.kind {
            Kind::Any => {}
            Kind::Null => {
                self.report_at(source, rules::LOOSENED_NULL, "this is always null; any value is taken", "");
                lowered.doc.notes.insert(0, "Always null.".to_owned());
            }
            Kind::Reference(target) => self.reference(source, target, &mut lowered),
            Kind::Scalar(ty) => {
                lowered.ty = ty.clone();
                if let ([only], TypeExpr::Bool | TypeExpr::Float | TypeExpr::Integer(_)) =
                    (canonical.listed.as_slice(), ty)
                {
                    lowered.constant = Some(only.clone());
                }
            }
            Kind::Choices(choices) => self.choices(source, &canonical, choices.clone(), &mut lowered),
            Kind::List(item) => lowered.ty = TypeExpr::List(Box::new(self.inner(source, item.as_ref()))),
            Kind::Map(value) => lowered.ty = TypeExpr::Map(Box::new(self.inner(source, value.as_ref()))),
            Kind::Object(_) => lowered.ty = self.named(source, &canonical, Content::Object),
            Kind::Union(union) => {
                let (decision, nullable) = self.document.decide(union);
                lowered.nullable |= nullable;
                self.decided(source, &canonical, decision, &mut lowered);
            }
        }
        lowered
    }

    /// The type of items or values.
    fn inner(&mut self, outer: &Source<'a>, source: Option<&Source<'a>>) -> TypeExpr {
        let Some(source) = source else { return TypeExpr::Any };
        self.open.push(format!("{} items", outer.key));
        let lowered = self.lower(source);
        self.open.pop();
        match (lowered.nullable, &lowered.ty) {
            (false, _) | (true, TypeExpr::Any) => lowered.ty,
            (true, _) => TypeExpr::Nullable(Box::new(lowered.ty)),
        }
    }

    /// What stands behind a reference, and the docs of a component that has no type of its own.
    fn reference(&mut self, source: &Source<'a>, target: &'a Node, lowered: &mut Lowered) {
        let inner = Source::of(self.document, target);
        if let Some(at) = self.open.iter().position(|open| *open == inner.key) {
            let through_list = self.open[at..].iter().any(|open| open.ends_with(" items"));
            if through_list {
                let message = "this list or map is its own item, so its items take any value";
                let node = source.pieces.first().map_or(target, |piece| piece.node);
                self.document.report(rules::LOOSENED_RECURSIVE_LIST, node, message, "make the items objects");
                self.cuts += 1;
            } else {
                let help = "let one of the references of the circle be the thing itself";
                self.report_at(source, rules::REF_CYCLE, "this reference leads back to itself", help);
            }
            return;
        }
        let behind = match self.aliases.get(&inner.key) {
            Some(known) => known.clone(),
            None => {
                self.open.push(inner.key.clone());
                let cuts = self.cuts;
                let behind = self.lower(&inner);
                self.open.pop();
                // Where a circle was cut depends on where it was entered, so that is not remembered.
                if self.cuts == cuts {
                    self.aliases.insert(inner.key.clone(), behind.clone());
                }
                behind
            }
        };
        lowered.constant = behind.constant;
        lowered.nullable |= behind.nullable;
        lowered.read_only |= behind.read_only;
        lowered.write_only |= behind.write_only;
        if !matches!(behind.ty, TypeExpr::Named(_)) {
            let doc = &mut lowered.doc;
            let undescribed = doc.summary.is_none() && doc.description.is_none();
            if undescribed {
                doc.summary = behind.doc.summary;
                doc.description = behind.doc.description;
            }
            doc.url = doc.url.take().or(behind.doc.url);
            let new: Vec<String> = behind.doc.notes.into_iter().filter(|note| !doc.notes.contains(note)).collect();
            doc.notes.extend(new);
            lowered.deprecated |= behind.deprecated;
        }
        lowered.ty = behind.ty;
    }

    /// An enum, or the plain type of a constant that stands inside another type.
    fn choices(&mut self, source: &Source<'a>, canonical: &Rc<Canonical<'a>>, choices: Choices, lowered: &mut Lowered) {
        let is_component = self.document.places.components.contains_key(&source.key);
        if let ([only], false) = (choices.values.as_slice(), is_component) {
            let shown = limits::code(only);
            let note = if only.is_empty() { "Always empty.".to_owned() } else { format!("Always {shown}.") };
            lowered.doc.notes.insert(0, note);
            lowered.constant = Some(only.clone());
            lowered.ty = match choices.integer {
                true => TypeExpr::Integer(IntegerKind::I64),
                false => TypeExpr::Text(TextKind::Plain),
            };
            return;
        }
        lowered.ty = self.named(source, canonical, Content::Choices(choices));
    }

    fn decided(
        &mut self,
        source: &Source<'a>,
        canonical: &Rc<Canonical<'a>>,
        decision: Decision<'a>,
        lowered: &mut Lowered,
    ) {
        match decision {
            Decision::Any => {}
            Decision::Scalar(ty) => lowered.ty = ty,
            Decision::One(mut only) => {
                if only.name.is_none() && self.document.places.components.contains_key(&source.key) {
                    only = self.in_place_of(source, &only);
                }
                self.open.push(format!("{} branch", source.key));
                let inner = self.lower(&only);
                self.open.pop();
                let undescribed = lowered.doc.description.is_none() && lowered.doc.summary.is_none();
                let notes = std::mem::take(&mut lowered.doc.notes);
                if undescribed && !matches!(inner.ty, TypeExpr::Named(_)) {
                    lowered.doc = Doc { notes: Vec::new(), ..inner.doc.clone() };
                }
                lowered.doc.notes = notes;
                if !matches!(inner.ty, TypeExpr::Named(_)) {
                    let new: Vec<String> =
                        inner.doc.notes.into_iter().filter(|note| !lowered.doc.notes.contains(note)).collect();
                    lowered.doc.notes.extend(new);
                }
                lowered.nullable |= inner.nullable;
                lowered.ty = inner.ty;
            }
            Decision::Choices(choices) => lowered.ty = self.named(source, canonical, Content::Choices(choices)),
            Decision::Tagged(tag, arms) => {
                lowered.ty = self.named(source, canonical, Content::Union(UnionBy::Tag(tag.to_owned()), arms));
            }
            Decision::Shape(arms) => {
                lowered.ty = self.named(source, canonical, Content::Union(UnionBy::Shape, arms));
            }
        }
    }

    /// The only branch of a component is the component, where it stands inside it.
    fn in_place_of(&self, source: &Source<'a>, only: &Source<'a>) -> Source<'a> {
        let is_inside = only.key.starts_with(&format!("{}/", source.key));
        match is_inside {
            true => Source { key: source.key.clone(), place: source.place.clone(), ..only.clone() },
            false => only.clone(),
        }
    }

    /// The key of a named type; its content is lowered when its turn comes.
    fn named(&mut self, source: &Source<'a>, canonical: &Rc<Canonical<'a>>, content: Content<'a>) -> TypeExpr {
        if !self.drafts.contains_key(&source.key) {
            self.drafts.insert(source.key.clone(), None);
            let wish = self.wish(source);
            let canonical = Rc::clone(canonical);
            self.queue.push_back(Work { key: source.key.clone(), wish, at: source.at, canonical, content });
        }
        TypeExpr::Named(source.key.clone())
    }

    fn wish(&self, source: &Source<'a>) -> String {
        if let Some(name) = &source.name {
            return name.clone();
        }
        match source.place.strip_suffix("#base") {
            Some(base) => joined(&self.document.name_at(base), "Base"),
            None => self.document.name_at(&source.place),
        }
    }

    fn build(&mut self, work: &Work<'a>) -> Draft {
        let mut one_way = Vec::new();
        let kind = match &work.content {
            Content::Choices(choices) => TypeKind::Enum(enums::lower(choices)),
            Content::Union(by, arms) => TypeKind::Union(self.union(work, by, arms)),
            Content::Object => match &work.canonical.kind {
                Kind::Object(object) => TypeKind::Struct(self.object(object, &mut one_way)),
                _ => TypeKind::Struct(Struct::default()),
            },
        };
        let canonical = &work.canonical;
        let def = TypeDef {
            pointer: work.key.clone(),
            name: work.key.clone(),
            doc: canonical.doc.clone(),
            at: work.at,
            deprecated: canonical.deprecated,
            sent: false,
            received: false,
            kind,
        };
        Draft { def, wish: work.wish.clone(), one_way }
    }

    fn object(&mut self, object: &Object<'a>, one_way: &mut Vec<OneWay>) -> Struct {
        let extra = match &object.extra {
            Extra::Unsaid => None,
            Extra::Any => Some(TypeExpr::Any),
            Extra::Typed(source) => {
                let lowered = self.lower(source);
                Some(match (lowered.nullable, lowered.ty) {
                    (true, ty) if ty != TypeExpr::Any => TypeExpr::Nullable(Box::new(ty)),
                    (_, ty) => ty,
                })
            }
        };
        let wishes: Vec<(String, String)> = object
            .properties
            .iter()
            .map(|property| (property.wire.clone(), names::field_name(property.chosen.unwrap_or(&property.wire))))
            .collect();
        let taken = if extra.is_some() { BTreeSet::from(["extra".to_owned()]) } else { BTreeSet::new() };
        let names = distinct(&wishes, &taken, Style::Snake("member"));
        let mut fields: Vec<Field> = Vec::new();
        for (property, name) in object.properties.iter().zip(names) {
            let lowered = self.lower(&property.source);
            if property.required && lowered.read_only != lowered.write_only {
                one_way.push(OneWay { wire: property.wire.clone(), only_sent: lowered.write_only });
            }
            fields.push(Field {
                name,
                wire: property.wire.clone(),
                constant: lowered.constant.filter(|_| property.required && !lowered.nullable),
                nullable: lowered.nullable && lowered.ty != TypeExpr::Any,
                ty: lowered.ty,
                required: property.required,
                boxed: false,
                doc: lowered.doc,
                deprecated: lowered.deprecated,
            });
        }
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        let first_of = object.first_of.iter().filter_map(|entry| self.first_of(entry, &fields)).collect();
        Struct { fields, extra, first_of }
    }

    /// A method for members that say the same, if they have one type.
    fn first_of(&self, (name, wires, node): &(&'a str, Vec<&'a str>, &'a Node), fields: &[Field]) -> Option<FirstOf> {
        let refused = |message: &str, help: &str| {
            self.document.report(rules::FIRST_OF, node, message, help);
            None
        };
        if names::field_name(name) != *name || KEPT_METHODS.contains(name) || name.starts_with("with_") {
            let message = format!("`{}` can't be the name of a method here", name.escape_debug());
            return refused(&message, "write another one in snake case, such as `state`");
        }
        let of = |wire: &&str| fields.iter().find(|field| field.wire == **wire);
        let found: Vec<&Field> = wires.iter().filter_map(of).collect();
        let [first, rest @ ..] = found.as_slice() else { return None };
        if found.iter().any(|field| field.required || field.nullable || field.ty == TypeExpr::Any) {
            return refused("a member that is always there, or may be null, needs no other", "list optional members");
        }
        if rest.iter().any(|field| field.ty != first.ty) {
            return refused("these members are not of one type", "let them refer to one schema");
        }
        let fields = found.iter().map(|field| field.name.clone()).collect();
        Some(FirstOf { name: (*name).to_owned(), fields })
    }

    fn union(&mut self, work: &Work<'a>, by: &UnionBy, arms: &[Arm<'a>]) -> Union {
        let names = self.document.arm_names(&work.wish, arms);
        let mut branches: Vec<Branch> = Vec::new();
        for (arm, name) in arms.iter().zip(names) {
            let lowered = match &arm.holds {
                Holds::Source(source) => {
                    let mut source = source.clone();
                    // Joined with what stands beside the choice, a branch is a place of its own.
                    let is_inline = source.pieces.len() > 1 || source.key.starts_with(&format!("{}/", work.key));
                    if is_inline && !source.key.ends_with("#base") {
                        source.name = Some(joined(&work.wish, &name));
                    }
                    self.lower(&source)
                }
                Holds::Scalar(ty) => plain(ty.clone()),
                Holds::Choices(choices) => {
                    let key = format!("{}#{name}", work.key);
                    let source = Source { name: Some(joined(&work.wish, &name)), ..Source::unknown(key, work.at) };
                    let canonical = self.document.canonical(&source);
                    plain(self.named(&source, &canonical, Content::Choices(choices.clone())))
                }
            };
            // Where a branch may be null, the whole union is nullable.
            let ty = lowered.ty;
            if ty == TypeExpr::Named(work.key.clone()) {
                self.branch_of_itself(work, arm);
                continue;
            }
            let (tags, guards) = (arm.tags.clone(), arm.guards.clone());
            // Branches that are written differently may be one type in the end.
            let is_same = |other: &Branch| *by == UnionBy::Shape && other.ty == ty && other.guards == guards;
            if !branches.iter().any(is_same) {
                branches.push(Branch { name, ty, tags, guards, boxed: false, doc: lowered.doc });
            }
        }
        Union { by: by.clone(), branches }
    }

    /// What decodes as a branch would be tried as the whole again, without end.
    fn branch_of_itself(&self, work: &Work<'a>, arm: &Arm<'a>) {
        let unknown = Source::unknown(work.key.clone(), work.at);
        let source = if let Holds::Source(source) = &arm.holds { source } else { &unknown };
        let message = "this branch is the choice itself by another name, so it is left out";
        self.report_at(source, rules::LOOSENED_UNION, message, "take the branch away");
    }

    fn report_at(&self, source: &Source<'a>, rule: Rule, message: &str, help: &str) {
        let node = source.pieces.first().map_or(&self.document.spec.root, |piece| piece.node);
        self.document.report(rule, node, message, help);
    }
}

fn plain(ty: TypeExpr) -> Lowered {
    let doc = Doc::default();
    Lowered { ty, nullable: false, constant: None, doc, deprecated: false, read_only: false, write_only: false }
}
