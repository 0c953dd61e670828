//! How the branches of a `oneOf` or `anyOf` are told apart, if they can be.
//!
//! 1. [`Document::decide`] looks at what stands behind each branch; a union inside a union joins it.
//! 2. Branches of one JSON type that are one type together become one: enums and plain text, numbers.
//! 3. Objects are told apart by the declared tag, else by a member that has another constant in each of them.
//! 4. All else is told apart by JSON type and by members that only one of two has. Where that is not enough, the
//!    union is ambiguous, and that is an error.
//!
//! `anyOf` is read as `oneOf`: a value that fits several branches is taken as one of them, which loses nothing.

use super::canonical::{Canonical, Choices, Discriminator, Extra, Kind, Object, Source, Union, View as Extent};
use super::document::Document;
use super::names::{Style, distinct, pascal, variant_name};
use super::rules;
use crate::ir::{IntegerKind, TextKind, TypeExpr};
use crate::spec::{Node, Value};
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
struct View<'a> {
    source: Source<'a>,
    behind: Source<'a>,
    canonical: Rc<Canonical<'a>>,
    index: Option<usize>,
}

/// The JSON type of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Json {
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
        let views = self.views(union, &mut nullable);
        let decision = match &union.discriminator {
            Some(discriminator) if views.len() > 1 => self.declared(union, discriminator, &views),
            _ => None,
        };
        (decision.unwrap_or_else(|| self.detected(union, views)), nullable)
    }

    /// Names of the branches of a union called `owner`, in the order of the document.
    pub(super) fn branch_names(&self, pointer: &str, owner: &str, union: &Union<'a>) -> Rc<Vec<String>> {
        let key = format!("{pointer} {owner}");
        if let Some(names) = self.branch_names.borrow().get(&key) {
            return Rc::clone(names);
        }
        let (decision, _) = self.decide(union);
        let arms = match decision {
            Decision::Tagged(_, arms) | Decision::Shape(arms) => arms,
            _ => Vec::new(),
        };
        let mut by_index: BTreeMap<usize, String> = BTreeMap::new();
        for (arm, name) in arms.iter().zip(self.arm_names(owner, &arms)) {
            if let Some(index) = arm.index {
                by_index.insert(index, name);
            }
        }
        let names = (0..union.branches.len()).map(|index| by_index.remove(&index).unwrap_or_default());
        let names = Rc::new(names.collect::<Vec<_>>());
        self.branch_names.borrow_mut().insert(key, Rc::clone(&names));
        names
    }

    /// Names of the arms of a union called `owner`.
    pub(super) fn arm_names(&self, owner: &str, arms: &[Arm<'a>]) -> Vec<String> {
        let named: Vec<(String, String)> = arms
            .iter()
            .map(|arm| {
                let label = self.label(arm);
                let cut = label.strip_prefix(owner).filter(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
                let name = cut.unwrap_or(&label).to_owned();
                // Equal labels are told apart by what the branches say, not by their order.
                let text = match &arm.holds {
                    Holds::Source(source) => {
                        source.pieces.iter().map(|piece| in_order(piece.node)).collect::<Vec<_>>().join("+")
                    }
                    Holds::Scalar(ty) => format!("{ty:?}"),
                    Holds::Choices(choices) => choices.values.join(","),
                };
                (text, name)
            })
            .collect();
        let taken = BTreeSet::from(["Unrecognized".to_owned()]);
        // A hash says more than `Mixed` where the texts are whole schemas.
        let names = distinct(&named, &taken, Style::Pascal("Value"));
        names.into_iter().map(|name| pascal(&name)).collect()
    }

    /// The name of a branch: chosen, its title, its reference, its tag, its type, its first required member.
    fn label(&self, arm: &Arm<'a>) -> String {
        let source = match &arm.holds {
            Holds::Source(source) => source,
            Holds::Scalar(ty) => return scalar_label(ty).to_owned(),
            Holds::Choices(choices) => return if choices.integer { "Integer" } else { "Text" }.to_owned(),
        };
        let own = || source.pieces.iter().rev().map(|piece| piece.node);
        let is_reference = |node: &Node| node.get("$ref").is_some();
        if let Some(chosen) = own().find_map(|node| node.get("x-rust-name")?.text()) {
            return variant_name(chosen);
        }
        let canonical = self.canonical(source);
        if let Kind::Reference(target) = canonical.kind {
            let pointer = self.pointer(target);
            return self.places.components.get(&pointer).cloned().unwrap_or_else(|| self.name_at(&pointer));
        }
        if let Some(name) = self.places.components.get(source.key.trim_end_matches("#base")) {
            return name.clone();
        }
        let title = own().find_map(|node| node.get("title")?.text()).map(variant_name);
        if let Some(title) = title.filter(|title| title.len() <= LONGEST_TITLE) {
            return title;
        }
        let reference = own().find(|node| is_reference(node)).and_then(|node| node.get("$ref"));
        if let Some(target) = reference.and_then(|reference| self.references.target(reference).ok()) {
            let pointer = self.pointer(target);
            return self.places.components.get(&pointer).cloned().unwrap_or_else(|| self.name_at(&pointer));
        }
        if let Some(tag) = arm.tags.iter().min() {
            return variant_name(tag);
        }
        match &canonical.kind {
            Kind::Any | Kind::Reference(_) => "Any".to_owned(),
            Kind::Scalar(ty) => scalar_label(ty).to_owned(),
            Kind::Choices(choices) if choices.integer => "Integer".to_owned(),
            Kind::Choices(_) => "Text".to_owned(),
            Kind::List(_) => "List".to_owned(),
            Kind::Map(_) => "Map".to_owned(),
            Kind::Union(_) => "Choice".to_owned(),
            Kind::Object(object) => {
                // Of what stands beside the choice, all branches have the same.
                let own = source.pieces.iter().filter(|piece| piece.view == Extent::Whole);
                let own: Vec<&str> = own
                    .filter_map(|piece| piece.node.get("required")?.items().iter().filter_map(Node::text).min())
                    .collect();
                let names = |all: bool| {
                    let properties = object.properties.iter().filter(move |property| all || property.required);
                    properties.map(|property| property.wire.as_str()).min()
                };
                // The alphabet decides, so that order does not.
                match names(false).or_else(|| names(true)) {
                    _ if !own.is_empty() => variant_name(&format!("With_{}", own.join("_"))),
                    Some(name) => variant_name(&format!("With_{name}")),
                    None => "Object".to_owned(),
                }
            }
        }
    }

    fn views(&self, union: &Union<'a>, nullable: &mut bool) -> Vec<View<'a>> {
        let mut views = Vec::new();
        let mut seen = BTreeSet::new();
        let join = union.discriminator.is_none();
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
        seen: &mut BTreeSet<String>,
        out: &mut Vec<View<'a>>,
    ) {
        let (behind, canonical, is_nullable) = self.behind(source);
        *nullable |= is_nullable;
        match &canonical.kind {
            Kind::Union(inner) if join && inner.discriminator.is_none() => {
                // Each union once: what it has, it has the second time, too.
                if seen.len() < MOST_JOINED && seen.insert(behind.key.clone()) {
                    for source in &inner.branches {
                        self.view(source, None, join, nullable, seen, out);
                    }
                }
            }
            _ => {
                let repeated = out.iter().any(|view| view.behind.key == behind.key);
                if !repeated {
                    out.push(View { source: source.clone(), behind, canonical, index });
                }
            }
        }
    }

    /// Branches told apart by the declared tag; nothing if not all of them can have it.
    fn declared(
        &self,
        union: &Union<'a>,
        discriminator: &Discriminator<'a>,
        views: &[View<'a>],
    ) -> Option<Decision<'a>> {
        let all_objects = views.iter().all(|view| self.is_object(&view.canonical, &mut HashSet::new()));
        if !all_objects {
            let message = "some branches are not objects, so the discriminator can't tell them apart";
            self.report(
                rules::LOOSENED_DISCRIMINATOR,
                discriminator.node,
                message,
                "keep objects only, or take it away",
            );
            return None;
        }
        let mut arms = Vec::new();
        let mut owners: BTreeMap<String, usize> = BTreeMap::new();
        for (at, view) in views.iter().enumerate() {
            let tags = self.tags_of(discriminator, view);
            if tags.is_empty() {
                let message = "no value of the tag selects this branch";
                let help = "refer to a component, or give the tag's property a one-value `enum` here";
                let node = view.source.pieces.last().map_or(union.node, |piece| piece.node);
                self.report(rules::AMBIGUOUS_UNION, node, message, help);
            }
            for tag in &tags {
                if let Some(other) = owners.insert(tag.clone(), at).filter(|other| *other != at) {
                    let names = self.arm_names("", &[arm(&views[other]), arm(view)]);
                    let message = format!("`{tag}` selects both `{}` and `{}`", names[0], names[1]);
                    let help = "let each value of the tag select one branch in `mapping`";
                    self.report(rules::AMBIGUOUS_UNION, discriminator.node, &message, help);
                }
            }
            arms.push(Arm { tags, ..arm(view) });
        }
        self.unused_mapping(discriminator, views);
        Some(Decision::Tagged(discriminator.property, arms))
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

    /// Values of a declared tag that select a branch: mapped, constant, or the component's key.
    fn tags_of(&self, discriminator: &Discriminator<'a>, view: &View<'a>) -> Vec<String> {
        let selects = |schema: &&Node| view.source.has(schema) || view.behind.has(schema);
        let target = view.source.pieces.iter().find_map(|piece| piece.node.get("$ref"));
        let target = target.and_then(|reference| self.references.target(reference).ok());
        let mapped: Vec<String> = discriminator
            .mapping
            .iter()
            .filter(|(_, schema)| selects(schema) || target.is_some_and(|target| std::ptr::eq(target, *schema)))
            .map(|(value, _)| (*value).to_owned())
            .collect();
        if !mapped.is_empty() {
            return mapped;
        }
        if let Some(constants) = self.constants(&view.canonical, discriminator.property, &mut HashSet::new()) {
            return constants.values;
        }
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
        if groups.contains_key(&Json::Any) || groups.is_empty() {
            if groups.len() > 1 {
                let message = "one of the branches takes any value, so the union does";
                self.report(rules::LOOSENED_UNION, union.node, message, "describe the branch, or take the others away");
            }
            return Decision::Any;
        }
        let objects = groups.remove(&Json::Object).unwrap_or_default();
        let lists = groups.remove(&Json::List).unwrap_or_default();
        let mut arms: Vec<Arm<'a>> = Vec::new();
        for (json, views) in groups {
            arms.extend(self.scalars(union, json, views));
        }
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
        // A map takes any object, so it comes when all others have been tried.
        let (maps, objects): (Vec<_>, Vec<_>) = objects.iter().partition(|v| matches!(v.canonical.kind, Kind::Map(_)));
        arms.sort_by_key(|arm| arm.index);
        let mut all: Vec<Arm<'a>> = arms.into_iter().chain(objects.into_iter().map(arm)).collect();
        all.sort_by_key(|arm| arm.index);
        all.extend(maps.into_iter().map(arm));
        match all.len() {
            1 => match all.remove(0).holds {
                Holds::Source(source) => Decision::One(source),
                Holds::Scalar(ty) => Decision::Scalar(ty),
                Holds::Choices(choices) => Decision::Choices(choices),
            },
            _ => Decision::Shape(all),
        }
    }

    /// Branches of one scalar JSON type as one.
    fn scalars(&self, union: &Union<'a>, json: Json, views: Vec<View<'a>>) -> Option<Arm<'a>> {
        let [first, rest @ ..] = views.as_slice() else { return None };
        if rest.is_empty() {
            return Some(arm(first));
        }
        let index = first.index;
        let joined = |holds| Some(Arm { holds, tags: Vec::new(), index });
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
                let Some(constants) = self.constants(&view.canonical, &property.wire, &mut HashSet::new()) else {
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

    /// The constants that a member has in a schema, through all references.
    fn constants(&self, canonical: &Canonical<'a>, wire: &str, seen: &mut Seen) -> Option<Constants> {
        match &canonical.kind {
            Kind::Object(object) => {
                let property = object.properties.iter().find(|property| property.wire == wire)?;
                let (_, behind, nullable) = self.behind(&property.source);
                let values = choices(&behind.kind)?.values.clone();
                (!nullable).then_some(Constants { values, required: property.required })
            }
            // A union that is looked into already adds nothing.
            Kind::Union(union) => {
                let is_new = seen.insert(std::ptr::from_ref(union.node));
                let mut all = Constants { values: Vec::new(), required: true };
                for branch in union.branches.iter().filter(|_| is_new) {
                    let (_, behind, _) = self.behind(branch);
                    let inner = self.constants(&behind, wire, seen)?;
                    all.values.extend(inner.values);
                    all.required &= inner.required;
                }
                Some(all)
            }
            _ => None,
        }
    }

    fn is_object(&self, canonical: &Canonical<'a>, seen: &mut Seen) -> bool {
        match &canonical.kind {
            Kind::Object(_) | Kind::Map(_) => true,
            Kind::Union(union) => {
                !seen.insert(std::ptr::from_ref(union.node))
                    || union.branches.iter().all(|branch| self.is_object(&self.behind(branch).1, seen))
            }
            _ => false,
        }
    }

    /// Reports pairs of branches of one JSON type that nothing tells apart.
    fn tell_apart(&self, union: &Union<'a>, views: &[View<'a>], what: &str) {
        let mut weak = false;
        for (at, left) in views.iter().enumerate() {
            for right in &views[at + 1..] {
                match self.difference(&left.canonical, &right.canonical, 0) {
                    Difference::Sure => {}
                    Difference::Likely => weak = true,
                    Difference::None => {
                        let names = self.arm_names("", &[arm(left), arm(right)]);
                        let message =
                            format!("nothing tells `{}` and `{}` apart: {what} may fit both", names[0], names[1]);
                        let help = "add a `discriminator`, give one member a different one-value `enum` in each branch, \
                                    or require a member that the other does not have";
                        self.report(rules::AMBIGUOUS_UNION, union.node, &message, help);
                        return;
                    }
                }
            }
        }
        if weak {
            let message = "only members that may be absent tell these branches apart; a value without them is taken as \
                           the first that fits";
            let help = "add a `discriminator`, or require the members";
            self.report(rules::LOOSENED_UNION, union.node, message, help);
        }
    }

    /// What tells two schemas of one JSON type apart.
    fn difference(&self, left: &Canonical<'a>, right: &Canonical<'a>, depth: usize) -> Difference {
        let (left_type, right_type) = (json_type(left), json_type(right));
        if left_type != right_type && left_type != Json::Any && right_type != Json::Any {
            return Difference::Sure;
        }
        match (&left.kind, &right.kind) {
            (Kind::Object(left), Kind::Object(right)) => self.object_difference(left, right, depth),
            (Kind::Object(_), Kind::Map(_)) | (Kind::Map(_), Kind::Object(_)) => Difference::Likely,
            (Kind::List(Some(left)), Kind::List(Some(right))) if depth < MOST_NESTED => {
                let (left, right) = (self.behind(left).1, self.behind(right).1);
                match self.difference(&left, &right, depth + 1) {
                    // The empty list is both.
                    Difference::Sure => Difference::Likely,
                    other => other,
                }
            }
            (Kind::Map(Some(left)), Kind::Map(Some(right))) if depth < MOST_NESTED => {
                match self.difference(&self.behind(left).1, &self.behind(right).1, depth + 1) {
                    Difference::Sure => Difference::Likely,
                    other => other,
                }
            }
            _ => Difference::None,
        }
    }

    fn object_difference(&self, left: &Object<'a>, right: &Object<'a>, depth: usize) -> Difference {
        let open = |object: &Object<'a>| !matches!(object.extra, Extra::Unsaid);
        let names = |object: &Object<'a>| object.properties.iter().map(|p| p.wire.clone()).collect::<BTreeSet<_>>();
        let (left_names, right_names) = (names(left), names(right));
        let needs = |object: &Object<'a>, others: &BTreeSet<String>| {
            object.properties.iter().any(|property| property.required && !others.contains(&property.wire))
        };
        let left_only = !open(right) && needs(left, &right_names);
        let right_only = !open(left) && needs(right, &left_names);
        let types_differ = left.properties.iter().filter(|property| property.required).any(|property| {
            let other = right.properties.iter().find(|other| other.required && other.wire == property.wire);
            other.is_some_and(|other| {
                let (_, a, a_null) = self.behind(&property.source);
                let (_, b, b_null) = self.behind(&other.source);
                let (a_type, b_type) = (json_type(&a), json_type(&b));
                let nested = depth < MOST_NESTED && a_type == Json::Object && b_type == Json::Object;
                let differs = a_type != b_type && a_type != Json::Any && b_type != Json::Any
                    || nested && matches!(self.difference(&a, &b, depth + 1), Difference::Sure);
                differs && !(a_null && b_null)
            })
        });
        if left_only || right_only || types_differ {
            return Difference::Sure;
        }
        let some_left = left_names.difference(&right_names).next().is_some();
        let some_right = right_names.difference(&left_names).next().is_some();
        if some_left && some_right { Difference::Likely } else { Difference::None }
    }
}

/// Unions that one may take in.
const MOST_JOINED: usize = 100;
/// How deep two branches are compared.
const MOST_NESTED: usize = 3;
/// Longer titles are sentences.
const LONGEST_TITLE: usize = 48;

/// Unions that have been looked into.
type Seen = HashSet<*const Node>;

/// Which of several tags is taken: not required, several values, place among the usual names, name.
type TagRank<'n> = (bool, bool, usize, &'n str);

/// Values that a member may have.
struct Constants {
    values: Vec<String>,
    required: bool,
}

/// How surely two branches are told apart.
enum Difference {
    /// No value fits both.
    Sure,
    /// Values that fit both lose nothing in either.
    Likely,
    /// It would be a guess.
    None,
}

fn arm<'a>(view: &View<'a>) -> Arm<'a> {
    Arm { holds: Holds::Source(view.source.clone()), tags: Vec::new(), index: view.index }
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

/// A node as text that does not depend on the order of members.
fn in_order(node: &Node) -> String {
    let mut parts: Vec<String> = match &node.value {
        Value::Map(members) => members.iter().map(|(key, node)| format!("{}:{}", key.text, in_order(node))).collect(),
        Value::List(items) => items.iter().map(in_order).collect(),
        _ => return node.to_json().to_string(),
    };
    parts.sort();
    format!("{{{}}}", parts.join(","))
}

fn json_type(canonical: &Canonical<'_>) -> Json {
    match &canonical.kind {
        Kind::Any | Kind::Reference(_) => Json::Any,
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

fn choices<'k>(kind: &'k Kind<'_>) -> Option<&'k Choices> {
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

fn object<'k, 'a>(canonical: &'k Canonical<'a>) -> Option<&'k Object<'a>> {
    match &canonical.kind {
        Kind::Object(object) => Some(object),
        _ => None,
    }
}

fn scalar_label(ty: &TypeExpr) -> &'static str {
    match ty {
        TypeExpr::Bool => "Bool",
        TypeExpr::Integer(_) => "Integer",
        TypeExpr::Float => "Number",
        TypeExpr::Decimal => "Decimal",
        TypeExpr::Text(TextKind::DateTime) => "DateTime",
        TypeExpr::Text(TextKind::Date) => "Date",
        TypeExpr::Text(TextKind::Uuid) => "Uuid",
        TypeExpr::Text(_) => "Text",
        _ => "Value",
    }
}
