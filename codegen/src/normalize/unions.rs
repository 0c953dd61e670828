//! How the branches of a `oneOf` or `anyOf` are told apart, if they can be.
//!
//! 1. [`Document::decide`] looks at what stands behind each branch; a union inside a union joins it.
//! 2. Branches of one JSON type that are one type together become one: enums and plain text, numbers.
//! 3. Objects are told apart by the declared tag, else by a member that has another constant in each of them.
//! 4. All else is told apart by JSON type, by members whose values differ, and by members that only one of two has.
//!    Where that is not enough, the union is ambiguous, which is a warning: the branch that fits best is taken.
//!
//! Which pairs are told apart is the business of [`super::differences`], names of branches that of [`super::labels`].
//! `anyOf` is read as `oneOf`: a value that fits several branches is taken as the one that loses least.

use super::canonical::{Canonical, Choices, Discriminator, Kind, Object, Source, Union};
use super::document::Document;
use super::labels::plain_text;
use super::rules;
use crate::ir::{Guard, IntegerKind, TextKind, TypeExpr};
use crate::spec::Node;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

/// What a union is.
#[derive(Clone, Debug)]
pub(super) enum Decision<'a> {
    /// Any value.
    Any,
    /// The same as its only branch.
    One(Source<'a>),
    /// A scalar that all branches are.
    Scalar(TypeExpr),
    /// The values of all branches.
    Choices(Choices),
    /// Told apart by the text of this member.
    Tagged(&'a str, Vec<Arm<'a>>),
    /// Told apart by what decodes.
    Shape(Vec<Arm<'a>>),
}

/// A branch of a union that stays one.
#[derive(Clone, Debug)]
pub(super) struct Arm<'a> {
    pub(super) holds: Holds<'a>,
    /// Values of the tag.
    pub(super) tags: Vec<String>,
    /// Members by whose values it is known.
    pub(super) guards: Vec<Guard>,
    /// Where it comes among the branches.
    order: usize,
    /// Index in the document's list of branches, if it is one of them.
    pub(super) index: Option<usize>,
}

/// What a branch holds.
#[derive(Clone, Debug)]
pub(super) enum Holds<'a> {
    /// A schema.
    Source(Source<'a>),
    /// A scalar that several branches have become.
    Scalar(TypeExpr),
    /// Values that several branches list.
    Choices(Choices),
}

/// A branch with what stands behind its references.
#[derive(Clone, Debug)]
pub(super) struct View<'a> {
    pub(super) source: Source<'a>,
    pub(super) behind: Source<'a>,
    pub(super) canonical: Rc<Canonical<'a>>,
    order: usize,
    index: Option<usize>,
    /// What the branch says, where it is written in place.
    text: Option<String>,
}

/// The JSON type of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Json {
    Any,
    Bool,
    Number,
    Text,
    List,
    Object,
}

impl<'a> Document<'a> {
    /// What a union is, and whether one of its branches may be null.
    pub(super) fn decide(&self, union: &Union<'a>) -> (Decision<'a>, bool) {
        let mut nullable = false;
        if let [only] = union.branches.as_slice() {
            return (Decision::One(only.clone()), false);
        }
        if let Some(discriminator) = &union.discriminator {
            let views = self.views(union, false, &mut nullable);
            if views.len() > 1
                && let Some(decision) = self.declared(discriminator, &views)
            {
                return (decision, nullable);
            }
        }
        let views = self.views(union, true, &mut nullable);
        (self.detected(union, views), nullable)
    }

    fn views(&self, union: &Union<'a>, join: bool, nullable: &mut bool) -> Vec<View<'a>> {
        let mut views = Vec::new();
        let mut seen = HashSet::from([std::ptr::from_ref(union.node)]);
        for (index, source) in union.branches.iter().enumerate() {
            self.view(source, Some(index), join, nullable, &mut seen, &mut views);
        }
        views
    }

    /// A branch, or the branches of a union that it is.
    fn view(
        &self,
        source: &Source<'a>,
        index: Option<usize>,
        join: bool,
        nullable: &mut bool,
        seen: &mut Seen,
        out: &mut Vec<View<'a>>,
    ) {
        let (behind, canonical, is_nullable) = self.behind(source);
        *nullable |= is_nullable;
        match &canonical.kind {
            Kind::Null => {}
            Kind::Union(inner) if join && !self.is_tagged(inner) => {
                // Each union once: what it has, it has the second time, too.
                if seen.len() < MOST_JOINED && seen.insert(std::ptr::from_ref(inner.node)) {
                    for source in &inner.branches {
                        self.view(source, None, join, nullable, seen, out);
                    }
                }
            }
            _ => {
                let text = if join { plain_text(source) } else { None };
                let is_same = |view: &View<'a>| match join {
                    true => {
                        let written_alike = text.is_some() && view.text == text;
                        view.behind.key == behind.key || written_alike || says_as_little(&view.canonical, &canonical)
                    }
                    // One schema under two names has two tags.
                    false => view.behind.key == behind.key && self.refers(&view.source) == self.refers(source),
                };
                if !out.iter().any(is_same) {
                    out.push(View { source: source.clone(), behind, canonical, order: out.len(), index, text });
                }
            }
        }
    }

    /// Whether the declared tag of a union inside a union selects each of its branches.
    fn is_tagged(&self, union: &Union<'a>) -> bool {
        let Some(discriminator) = union.discriminator.as_ref().filter(|_| union.branches.len() > 1) else {
            return false;
        };
        let address = std::ptr::from_ref(union).cast();
        if let Some(known) = self.remembered.borrow().tagged.get(&address) {
            return *known;
        }
        let views = self.views(union, false, &mut false);
        let is_tagged = views.len() > 1 && self.tags(discriminator, &views).is_ok();
        self.remembered.borrow_mut().tagged.insert(address, is_tagged);
        is_tagged
    }

    /// Where the reference of a branch leads.
    fn refers(&self, source: &Source<'a>) -> Option<*const Node> {
        let reference = source.pieces.iter().find_map(|piece| piece.node.get("$ref"))?;
        self.references.target(reference).ok().map(std::ptr::from_ref)
    }

    /// Branches told apart by the declared tag; nothing if not all of them can have it.
    fn declared(&self, discriminator: &Discriminator<'a>, views: &[View<'a>]) -> Option<Decision<'a>> {
        match self.tags(discriminator, views) {
            Ok(tags) => {
                self.unused_mapping(discriminator, views);
                let arms = views.iter().zip(tags).map(|(view, tags)| Arm { tags, ..arm(view) }).collect();
                Some(Decision::Tagged(discriminator.property, arms))
            }
            Err(message) => {
                let help = "let each branch be an object that one value of the tag selects, in `mapping`";
                self.report(rules::LOOSENED_DISCRIMINATOR, discriminator.node, &message, help);
                None
            }
        }
    }

    /// The values of a declared tag that select each branch, or why it does not tell them apart.
    fn tags(&self, discriminator: &Discriminator<'a>, views: &[View<'a>]) -> Result<Vec<Vec<String>>, String> {
        self.tags_inside(discriminator, views, &mut HashSet::new())
    }

    /// The same inside the unions that have been looked into.
    fn tags_inside(
        &self,
        discriminator: &Discriminator<'a>,
        views: &[View<'a>],
        seen: &mut Seen,
    ) -> Result<Vec<Vec<String>>, String> {
        seen.insert(std::ptr::from_ref(discriminator.node));
        let all_objects = views.iter().all(|view| self.is_object(&view.canonical));
        if !all_objects {
            return Err("some branches are not objects, so the discriminator can't tell them apart".to_owned());
        }
        let own: Vec<Vec<String>> = views.iter().map(|view| self.tags_of(discriminator, view)).collect();
        let direct: BTreeSet<&String> = own.iter().flatten().collect();
        let mut all = Vec::new();
        let mut owners: BTreeMap<String, usize> = BTreeMap::new();
        for (at, view) in views.iter().enumerate() {
            let mut tags = own[at].clone();
            if tags.is_empty() {
                // What a union inside knows values by leads to it, but for values that lead to a branch beside it.
                tags = self.tags_behind(discriminator, view, seen).unwrap_or_else(|| self.key_of(view));
                tags.retain(|tag| !direct.contains(tag));
            }
            if tags.is_empty() {
                let names = self.arm_names("", &[arm(view)]);
                return Err(format!("no value of the tag selects `{}`, so it can't tell all branches apart", names[0]));
            }
            for tag in &tags {
                if let Some(other) = owners.insert(tag.clone(), at).filter(|other| *other != at) {
                    let names = self.arm_names("", &[arm(&views[other]), arm(view)]);
                    let which = format!("`{tag}` selects both `{}` and `{}`", names[0], names[1]);
                    return Err(format!("{which}, so the tag can't tell all branches apart"));
                }
            }
            all.push(tags);
        }
        Ok(all)
    }

    /// Reports values of the tag that select no branch.
    fn unused_mapping(&self, discriminator: &Discriminator<'a>, views: &[View<'a>]) {
        for (value, schema) in &discriminator.mapping {
            let (target, _, _) = self.behind(&Source::of(self, schema));
            let selects = |view: &View<'a>| {
                let reference = view.source.pieces.iter().find_map(|piece| piece.node.get("$ref"));
                let named = reference.and_then(|reference| self.references.target(reference).ok());
                view.behind.key == target.key || named.is_some_and(|named| std::ptr::eq(named, *schema))
            };
            if !views.iter().any(|view| selects(view) || view.source.has(schema) || view.behind.has(schema)) {
                let mapping = discriminator.node.get("mapping").unwrap_or(discriminator.node);
                let place = mapping.get(value).unwrap_or(mapping);
                let message = format!("`{value}` selects a schema that is no branch, so it has no effect");
                self.report(rules::IGNORED_MAPPING, place, &message, "make it a branch, or take the entry away");
            }
        }
    }

    /// Values of a declared tag that `mapping` gives a branch.
    fn mapped(&self, discriminator: &Discriminator<'a>, view: &View<'a>) -> Vec<String> {
        let target = self.refers(&view.source);
        let selects = |schema: &&'a Node| {
            view.source.has(schema)
                || target.map_or_else(|| view.behind.has(schema), |target| std::ptr::eq(target, *schema))
        };
        let exact: Vec<String> = discriminator
            .mapping
            .iter()
            .filter(|(_, schema)| selects(schema))
            .map(|(value, _)| (*value).to_owned())
            .collect();
        if !exact.is_empty() {
            return exact;
        }
        let behind = discriminator.mapping.iter().filter(|(_, schema)| view.behind.has(schema));
        behind.map(|(value, _)| (*value).to_owned()).collect()
    }

    /// Values by which a union inside a union tells its branches apart, if it has the same tag.
    fn tags_behind(&self, discriminator: &Discriminator<'a>, view: &View<'a>, seen: &mut Seen) -> Option<Vec<String>> {
        let (union, inner) = inside(view, discriminator.property)?;
        // A union that is looked into already adds nothing.
        if !seen.insert(std::ptr::from_ref(inner.node)) {
            return None;
        }
        let views = self.views(union, false, &mut false);
        Some(self.tags_inside(inner, &views, seen).ok()?.concat())
    }

    /// Values of a declared tag that select a branch: mapped, constant, or the component's key. None for a union with
    /// the same tag: see [`Document::tags_behind`].
    fn tags_of(&self, discriminator: &Discriminator<'a>, view: &View<'a>) -> Vec<String> {
        let mapped = self.mapped(discriminator, view);
        if !mapped.is_empty() {
            return mapped;
        }
        if let Some(constants) = self.constants(&view.canonical, discriminator.property) {
            return constants.values;
        }
        match inside(view, discriminator.property) {
            Some(_) => Vec::new(),
            None => self.key_of(view),
        }
    }

    /// The key of the component that a branch is.
    fn key_of(&self, view: &View<'a>) -> Vec<String> {
        let target = view.source.pieces.iter().find_map(|piece| piece.node.get("$ref"));
        let target = target.and_then(|reference| self.references.target(reference).ok());
        let pointer = target.map(|target| self.pointer(target)).unwrap_or_else(|| view.behind.key.clone());
        let pointer = pointer.strip_suffix("#base").unwrap_or(&pointer);
        match pointer.strip_prefix("/components/schemas/") {
            Some(key) if !key.contains('/') => vec![key.replace("~1", "/").replace("~0", "~")],
            _ => Vec::new(),
        }
    }

    fn detected(&self, union: &Union<'a>, views: Vec<View<'a>>) -> Decision<'a> {
        let mut groups: BTreeMap<Json, Vec<View<'a>>> = BTreeMap::new();
        for view in views {
            groups.entry(json_type(&view.canonical)).or_default().push(view);
        }
        let takes_any = groups.remove(&Json::Any).is_some();
        let objects = groups.remove(&Json::Object).unwrap_or_default();
        if takes_any && (!groups.is_empty() || !objects.is_empty()) {
            let message = "one of the branches takes any value; what fits no other branch is kept as it is";
            self.report(rules::LOOSENED_UNION, union.node, message, "describe the branch, or take the others away");
        }
        // A value is no poorer than the few types beside it, and easier to handle.
        if takes_any && objects.is_empty() || groups.is_empty() && objects.is_empty() {
            return Decision::Any;
        }
        let lists = groups.remove(&Json::List).unwrap_or_default();
        let mut arms: Vec<Arm<'a>> =
            groups.into_iter().filter_map(|(json, views)| self.scalars(union, json, views)).collect();
        if arms.is_empty()
            && lists.is_empty()
            && objects.len() > 1
            && let Some((tag, arms)) = self.tag(&objects)
        {
            return Decision::Tagged(tag, arms);
        }
        self.tell_apart(union, &objects, "an object");
        self.tell_apart(union, &lists, "a list");
        arms.extend(lists.iter().map(arm));
        let guards = self.guards(union, &objects);
        let objects = objects.iter().zip(guards).map(|(view, guards)| (view, Arm { guards, ..arm(view) }));
        // A map takes any object, so it comes when all others have been tried.
        let (maps, others): (Vec<_>, Vec<_>) =
            objects.partition(|(view, _)| matches!(view.canonical.kind, Kind::Map(_)));
        arms.extend(others.into_iter().map(|(_, arm)| arm));
        arms.sort_by_key(|arm| arm.order);
        arms.extend(maps.into_iter().map(|(_, arm)| arm));
        match arms.len() {
            1 if !takes_any => match arms.remove(0).holds {
                Holds::Source(source) => Decision::One(source),
                Holds::Scalar(ty) => Decision::Scalar(ty),
                Holds::Choices(choices) => Decision::Choices(choices),
            },
            _ => Decision::Shape(arms),
        }
    }

    /// Members by whose values each of several objects is known: those that have other values in another one.
    fn guards(&self, union: &Union<'a>, objects: &[View<'a>]) -> Vec<Vec<Guard>> {
        let mut all: Vec<Vec<Guard>> = objects.iter().map(|view| self.known_by(union, view)).collect();
        let mut lists: BTreeMap<&str, BTreeSet<&[String]>> = BTreeMap::new();
        for guard in all.iter().flatten() {
            lists.entry(&guard.wire).or_default().insert(&guard.values);
        }
        let differ: BTreeSet<String> =
            lists.into_iter().filter(|(_, lists)| lists.len() > 1).map(|(wire, _)| wire.to_owned()).collect();
        for (guards, view) in all.iter_mut().zip(objects) {
            // The tag of a union inside says whether a value is one of it at all.
            let is_union = matches!(view.canonical.kind, Kind::Union(_));
            guards.retain(|guard| is_union || differ.contains(&guard.wire));
        }
        all
    }

    /// Members of an object that list values.
    fn known_by(&self, union: &Union<'a>, view: &View<'a>) -> Vec<Guard> {
        let as_json = |tags: Vec<String>| tags.into_iter().map(|tag| serde_json::Value::String(tag).to_string());
        let mut guards = Vec::new();
        match &view.canonical.kind {
            Kind::Object(object) => {
                for property in &object.properties {
                    let (_, behind, nullable) = self.behind(&property.source);
                    let values = behind.listed.clone();
                    if !values.is_empty() && values.len() <= MOST_VALUES && !nullable {
                        let strict = property.required && values.len() == 1;
                        guards.push(Guard { wire: property.wire.clone(), values, strict });
                    }
                }
            }
            Kind::Union(Union { discriminator: Some(inner), branches, node }) => {
                let inside = Union { branches: branches.clone(), discriminator: None, node };
                let views = self.views(&inside, false, &mut false);
                let tags = self.tags(inner, &views).unwrap_or_default().concat();
                guards.push(Guard { wire: inner.property.to_owned(), values: as_json(tags).collect(), strict: true });
            }
            _ => {}
        }
        if let Some(discriminator) = &union.discriminator
            && !guards.iter().any(|guard| guard.wire == discriminator.property)
        {
            let tags = self.mapped(discriminator, view);
            if !tags.is_empty() {
                let wire = discriminator.property.to_owned();
                guards.push(Guard { wire, values: as_json(tags).collect(), strict: false });
            }
        }
        guards
    }

    /// Branches of one scalar JSON type as one.
    fn scalars(&self, union: &Union<'a>, json: Json, views: Vec<View<'a>>) -> Option<Arm<'a>> {
        let [first, rest @ ..] = views.as_slice() else { return None };
        if rest.is_empty() {
            return Some(arm(first));
        }
        let joined = |holds| Some(Arm { holds, ..arm(first) });
        let kinds: Vec<&Kind<'a>> = views.iter().map(|view| &view.canonical.kind).collect();
        let lists: Vec<&Choices> = kinds.iter().filter_map(|kind| choices(kind)).collect();
        let scalars: Vec<&TypeExpr> = kinds.iter().filter_map(|kind| scalar(kind)).collect();
        let floats = scalars.iter().any(|ty| matches!(ty, TypeExpr::Float | TypeExpr::Decimal));
        if !lists.is_empty() && !floats {
            let component = views.iter().filter(|view| choices(&view.canonical.kind).is_some());
            let component: Vec<&View<'a>> = component.collect();
            if let [only] = component.as_slice()
                && self.places.components.contains_key(&only.behind.key)
            {
                return Some(arm(only));
            }
            return joined(Holds::Choices(merged(&views, json == Json::Number)));
        }
        let same = scalars.iter().all(|ty| *ty == scalars[0]);
        let ty = match json {
            _ if same => scalars[0].clone(),
            Json::Number if scalars.contains(&&TypeExpr::Decimal) => TypeExpr::Decimal,
            Json::Number if floats => TypeExpr::Float,
            Json::Number => TypeExpr::Integer(IntegerKind::I64),
            Json::Bool => TypeExpr::Bool,
            _ => {
                let message = "these branches are all text of different formats, so the type is plain text";
                self.report(rules::LOOSENED_UNION, union.node, message, "");
                TypeExpr::Text(TextKind::Plain)
            }
        };
        joined(Holds::Scalar(ty))
    }

    /// A member that has other constants in each object.
    fn tag(&self, objects: &[View<'a>]) -> Option<(&'a str, Vec<Arm<'a>>)> {
        let first = object(&objects[0].canonical)?;
        let mut best: Option<(TagRank<'_>, Vec<Arm<'a>>)> = None;
        for property in &first.properties {
            let mut seen = BTreeSet::new();
            let mut arms = Vec::new();
            let mut required = true;
            let mut single = true;
            let fits = objects.iter().all(|view| {
                let Some(constants) = self.constants(&view.canonical, &property.wire) else {
                    return false;
                };
                required &= constants.required;
                single &= constants.values.len() == 1;
                let fresh = constants.values.iter().all(|value| seen.insert(value.clone()));
                arms.push(Arm { tags: constants.values, ..arm(view) });
                fresh
            });
            let usual = ["type", "kind", "object", "event"].iter().position(|name| *name == property.wire);
            let rank = (!required, !single, usual.unwrap_or(usize::MAX), property.wire.as_str());
            if fits && best.as_ref().is_none_or(|(known, _)| rank < *known) {
                best = Some((rank, arms));
            }
        }
        let ((_, _, _, wire), arms) = best?;
        let name = self.property_name(&objects[0], wire)?;
        Some((name, arms))
    }

    /// A property's name as the document holds it.
    fn property_name(&self, view: &View<'a>, wire: &str) -> Option<&'a str> {
        let nodes = object(&view.canonical)?.properties.iter().find(|property| property.wire == wire)?;
        let node = nodes.source.pieces.first()?.node;
        self.references.key_of(node)
    }
}

/// Unions that one may take in.
const MOST_JOINED: usize = 100;
/// Values of a member that are compared.
const MOST_VALUES: usize = 64;

/// Unions that have been looked into.
pub(super) type Seen = HashSet<*const Node>;

/// Which of several tags is taken: not required, several values, place among the usual names, name.
type TagRank<'n> = (bool, bool, usize, &'n str);

/// Whether both are lists, or maps, of anything.
fn says_as_little(left: &Canonical<'_>, right: &Canonical<'_>) -> bool {
    matches!((&left.kind, &right.kind), (Kind::List(None), Kind::List(None)) | (Kind::Map(None), Kind::Map(None)))
}

/// The union that a branch is, if it has this tag.
fn inside<'v, 'a>(view: &'v View<'a>, property: &str) -> Option<(&'v Union<'a>, &'v Discriminator<'a>)> {
    match &view.canonical.kind {
        Kind::Union(union) if union.branches.len() > 1 => {
            Some((union, union.discriminator.as_ref().filter(|inner| inner.property == property)?))
        }
        _ => None,
    }
}

pub(super) fn arm<'a>(view: &View<'a>) -> Arm<'a> {
    let holds = Holds::Source(view.source.clone());
    Arm { holds, tags: Vec::new(), guards: Vec::new(), order: view.order, index: view.index }
}

/// The values of all branches, each once, with what a branch of one value says of it.
fn merged(views: &[View<'_>], integer: bool) -> Choices {
    let mut all = Choices { integer, ..Choices::default() };
    let mut seen = BTreeSet::new();
    for view in views {
        let Some(list) = choices(&view.canonical.kind) else { continue };
        all.values.extend(list.values.iter().filter(|value| seen.insert((*value).clone())).cloned());
        all.docs.extend(list.docs.clone());
        if let [only] = list.values.as_slice() {
            all.docs.insert(only.clone(), view.canonical.doc.clone());
        }
    }
    all
}

pub(super) fn json_type(canonical: &Canonical<'_>) -> Json {
    match &canonical.kind {
        Kind::Any | Kind::Null | Kind::Reference(_) => Json::Any,
        Kind::Scalar(TypeExpr::Bool) => Json::Bool,
        Kind::Scalar(TypeExpr::Text(_)) => Json::Text,
        Kind::Scalar(_) => Json::Number,
        Kind::Choices(choices) if choices.integer => Json::Number,
        Kind::Choices(_) => Json::Text,
        Kind::List(_) => Json::List,
        // What is left of unions inside unions has a tag.
        Kind::Map(_) | Kind::Object(_) | Kind::Union(_) => Json::Object,
    }
}

pub(super) fn choices<'k>(kind: &'k Kind<'_>) -> Option<&'k Choices> {
    match kind {
        Kind::Choices(choices) => Some(choices),
        _ => None,
    }
}

fn scalar<'k>(kind: &'k Kind<'_>) -> Option<&'k TypeExpr> {
    match kind {
        Kind::Scalar(ty) => Some(ty),
        _ => None,
    }
}

pub(super) fn object<'k, 'a>(canonical: &'k Canonical<'a>) -> Option<&'k Object<'a>> {
    match &canonical.kind {
        Kind::Object(object) => Some(object),
        _ => None,
    }
}
