//! Parameters of an operation, those of its path included.

use super::compare::{Compare, Use};
use super::life::{Life, Promise};
use super::model::Side;
use super::operations::Operation;
use super::reach::Passes;
use super::report::Verdict;
use super::schema::Type;
use super::{bodies, life, rules, texts};
use crate::finding::shortened;
use crate::spec::Node;
use std::collections::{BTreeSet, HashMap, HashSet};

/// A parameter, its reference followed.
#[derive(Clone, Copy, Debug)]
struct Parameter<'a> {
    place: &'a str,
    name: &'a str,
    node: &'a Node,
    /// Position among those of the path template.
    position: Option<usize>,
}

impl<'a> Parameter<'a> {
    /// What a parameter is known by: path parameters by position, headers without case.
    fn key(&self) -> (String, String) {
        let name = match (self.place, self.position) {
            ("path", Some(position)) => position.to_string(),
            ("header", _) => self.name.to_lowercase(),
            _ => self.name.to_owned(),
        };
        (self.place.to_owned(), name)
    }

    fn required(&self) -> bool {
        self.place == "path" || self.node.get("required").and_then(Node::bool) == Some(true)
    }

    fn schema(&self, side: &Side<'a>) -> Option<&'a Node> {
        self.node.get("schema").or_else(|| {
            let content = self.node.get("content")?.members().next()?.1;
            side.resolve(content)?.get("schema")
        })
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        self.node.get(key).and_then(Node::text)
    }

    fn style(&self) -> &'a str {
        self.text("style").unwrap_or(match self.place {
            "query" | "cookie" => "form",
            _ => "simple",
        })
    }

    fn explode(&self) -> bool {
        self.node.get("explode").and_then(Node::bool).unwrap_or(self.style() == "form")
    }

    fn shown(&self) -> String {
        format!("the {} parameter `{}`", self.place, shortened(self.name, 80))
    }
}

/// Parameters of an operation: its own come before those of its path.
fn parameters<'a>(side: &Side<'a>, operation: &Operation<'a>) -> Vec<Parameter<'a>> {
    let names: Vec<&str> = operation.path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
    let mut all: Vec<Parameter<'a>> = Vec::new();
    let mut known = HashSet::new();
    for owner in [operation.node, operation.item] {
        for node in owner.get("parameters").map(Node::items).unwrap_or_default() {
            let Some(node) = side.resolve(node) else { continue };
            let text = |key: &str| node.get(key).and_then(Node::text);
            let (Some(place), Some(name)) = (text("in"), text("name")) else { continue };
            let position = names.iter().position(|known| *known == name).filter(|_| place == "path");
            let parameter = Parameter { place, name, node, position };
            // A header of these names is not a parameter, says OpenAPI.
            let ignored = place == "header"
                && ["accept", "content-type", "authorization"].contains(&name.to_lowercase().as_str());
            if !ignored && known.insert(parameter.key()) {
                all.push(parameter);
            }
        }
    }
    all
}

pub(super) fn compare<'a>(compare: &mut Compare<'a>, old: &Operation<'a>, new: &Operation<'a>) {
    let (was, is) = (parameters(&compare.old, old), parameters(&compare.new, new));
    let by_key = |list: &[Parameter<'a>]| list.iter().map(|p| (p.key(), *p)).collect::<HashMap<_, _>>();
    let (known, now) = (by_key(&was), by_key(&is));
    let mut removed: Vec<Parameter<'a>> = was.iter().filter(|p| !now.contains_key(&p.key())).copied().collect();
    let mut added: Vec<Parameter<'a>> = is.iter().filter(|p| !known.contains_key(&p.key())).copied().collect();
    for parameter in &was {
        if let Some(other) = now.get(&parameter.key()) {
            pair(compare, parameter, other);
        }
    }
    moved(compare, &mut removed, &mut added);
    renamed(compare, &mut removed, &mut added);
    for parameter in &removed {
        gone(compare, parameter, new.node);
    }
    for parameter in &added {
        arrived(compare, parameter, old);
    }
    order(compare, (&was, &is), old, new);
}

/// Required parameters are positional arguments: another order swaps them.
fn order<'a>(
    compare: &mut Compare<'a>,
    (was, is): (&[Parameter<'a>], &[Parameter<'a>]),
    old: &Operation<'a>,
    new: &Operation<'a>,
) {
    let required = |list: &[Parameter<'a>]| {
        list.iter().filter(|parameter| parameter.required()).map(Parameter::key).collect::<Vec<_>>()
    };
    let (was, is) = (required(was), required(is));
    let set = |keys: &[(String, String)]| keys.iter().cloned().collect::<BTreeSet<_>>();
    if was != is && set(&was) == set(&is) {
        let list = |operation: &Operation<'a>| operation.node.get("parameters").unwrap_or(operation.node);
        let message = "the required parameters stand in another order";
        compare.emit(&rules::PARAMETERS_REORDERED, list(old), list(new), message);
    }
}

/// Parameters of one name that stand elsewhere.
fn moved<'a>(compare: &mut Compare<'a>, removed: &mut Vec<Parameter<'a>>, added: &mut Vec<Parameter<'a>>) {
    removed.retain(|was| {
        let same = |is: &Parameter<'a>| {
            let elsewhere = was.place != is.place && was.place != "path" && is.place != "path";
            elsewhere && is.name.eq_ignore_ascii_case(was.name)
        };
        let Some(index) = added.iter().position(same) else { return true };
        let is = added.remove(index);
        let message = format!("{} is a {} parameter now", was.shown(), is.place);
        compare.emit(&rules::PARAMETER_MOVED, was.node, is.node, message).detail(was.name);
        false
    });
}

/// Parameters that went and came, equal but for the name: those of another case, and a similar one if no other changed.
fn renamed<'a>(compare: &mut Compare<'a>, removed: &mut Vec<Parameter<'a>>, added: &mut Vec<Parameter<'a>>) {
    removed.retain(|was| {
        let found = added
            .iter()
            .position(|is| is.name.eq_ignore_ascii_case(was.name) && equal_but_for_the_name(compare, was, is));
        let Some(index) = found else { return true };
        called_otherwise(compare, was, &added.remove(index));
        false
    });
    let ([was], [is]) = (removed.as_slice(), added.as_slice()) else { return };
    let similar = crate::finding::similar(was.name, [is.name]).is_some();
    if similar && equal_but_for_the_name(compare, was, is) {
        called_otherwise(compare, was, is);
        removed.clear();
        added.clear();
    }
}

fn equal_but_for_the_name<'a>(compare: &mut Compare<'a>, was: &Parameter<'a>, is: &Parameter<'a>) -> bool {
    let fits = was.place == is.place && was.required() == is.required() && was.place != "path";
    let (Some(old), Some(new)) = (was.schema(&compare.old), is.schema(&compare.new)) else { return false };
    fits && compare.equal_nodes(old, new)
}

fn called_otherwise<'a>(compare: &mut Compare<'a>, was: &Parameter<'a>, is: &Parameter<'a>) {
    let message = format!("{} seems to be called `{}` now", was.shown(), shortened(is.name, 80));
    compare.emit(&rules::PARAMETER_RENAMED, was.node, is.node, message).detail(was.name);
}

fn gone<'a>(compare: &mut Compare<'a>, parameter: &Parameter<'a>, new: &'a Node) {
    let life = Life::of(parameter.node);
    let rule = match life.promise(compare.settings.today) {
        Promise::NotDeprecated => &rules::PARAMETER_REMOVED,
        Promise::Over => &rules::DEPRECATED_PARAMETER_REMOVED,
        Promise::NotOver => &rules::PARAMETER_REMOVED_BEFORE_SUNSET,
        Promise::NotADate => {
            let message = format!("the sunset of {} is no date", parameter.shown());
            compare.emit(&rules::SUNSET_UNPARSABLE, life.sunset_node(), None, message);
            &rules::DEPRECATED_PARAMETER_REMOVED
        }
    };
    let raw = compare.emit(rule, parameter.node, new, format!("{} is gone", parameter.shown()));
    raw.detail(parameter.name);
    // Where we receive it, a receiver may count on what was always there.
    if rule == &rules::PARAMETER_REMOVED && parameter.required() {
        raw.weigh(rule.request, Verdict::Break);
    }
}

fn arrived<'a>(compare: &mut Compare<'a>, parameter: &Parameter<'a>, old: &Operation<'a>) {
    let has_default = parameter.schema(&compare.new).is_some_and(|schema| {
        let source = compare.new.source_of(schema);
        compare.new.schema(source).default.is_some()
    });
    let rule = match (parameter.place, parameter.required(), has_default) {
        ("path", ..) => &rules::PATH_PARAMETER_ADDED,
        (_, true, true) => &rules::REQUIRED_PARAMETER_WITH_DEFAULT_ADDED,
        (_, true, false) => &rules::REQUIRED_PARAMETER_ADDED,
        _ => &rules::OPTIONAL_PARAMETER_ADDED,
    };
    // The path had a place for it, and nothing said what stands there.
    let declared = parameter.position.is_some_and(|position| position < old.path.matches('{').count());
    let word = if declared { "declared now" } else { "new" };
    let raw = compare.emit(rule, old.node, parameter.node, format!("{} is {word}", parameter.shown()));
    raw.detail(parameter.name);
    if declared {
        raw.weigh(Verdict::Ok, Verdict::Ok);
    }
}

fn pair<'a>(compare: &mut Compare<'a>, old: &Parameter<'a>, new: &Parameter<'a>) {
    let nodes = (old.node, new.node);
    let what = new.shown();
    match (old.required(), new.required()) {
        (false, true) => {
            compare.emit(&rules::PARAMETER_REQUIRED, nodes.0, nodes.1, format!("{what} is required now"));
        }
        (true, false) => {
            compare.emit(&rules::PARAMETER_OPTIONAL, nodes.0, nodes.1, format!("{what} is optional now"));
        }
        _ => {}
    }
    if old.place == "header" && old.name != new.name {
        compare.emit(&rules::HEADER_CASE_CHANGED, nodes.0, nodes.1, format!("{what} is written in another case"));
    }
    serialisation(compare, old, new);
    content(compare, old, new);
    life::objects(compare, "the parameter", nodes.0, nodes.1);
    texts::of_objects(compare, nodes.0, nodes.1);
    if let (Some(was), Some(is)) = (old.schema(&compare.old), new.schema(&compare.new)) {
        let usage = match (old.node.get("content").is_some(), new.style()) {
            (true, _) => Use::Body,
            (false, "deepObject") => Use::DeepObject,
            (false, _) => Use::Parameter,
        };
        if usage != Use::Parameter || !became_list(compare, old, new, (was, is)) {
            compare.pair_nodes(was, is, usage);
        }
    }
}

/// `token=x` is one value and a list of one: a list may come where a value was, if items are repeated.
fn became_list<'a>(
    compare: &mut Compare<'a>,
    old: &Parameter<'a>,
    new: &Parameter<'a>,
    (was, is): (&'a Node, &'a Node),
) -> bool {
    let sources = (compare.old.source_of(was), compare.new.source_of(is));
    let schemas = (compare.old.schema(sources.0), compare.new.schema(sources.1));
    let scalar =
        schemas.0.types.as_ref().is_some_and(|types| !types.contains(&Type::Array) && !types.contains(&Type::Object));
    let list = schemas.1.types.as_ref().is_some_and(|types| types.len() == 1 && types.contains(&Type::Array));
    let repeated = new.style() == "form" && new.explode() && old.style() == "form";
    let one_is_enough = schemas.1.limits.get("minItems").is_none_or(|limit| limit.number.is_at_most_one());
    let Some((items, _)) = schemas.1.items.filter(|_| scalar && list && repeated && one_is_enough) else {
        return false;
    };
    let message = format!("{} may have several values", new.shown());
    compare.emit(&rules::PARAMETER_BECAME_LIST, was, is, message);
    compare.pair(sources.0, items, Use::Text, Passes::BOTH);
    true
}

fn serialisation<'a>(compare: &mut Compare<'a>, old: &Parameter<'a>, new: &Parameter<'a>) {
    let what = new.shown();
    let (old_node, new_node) = (old.node, new.node);
    if old.style() != new.style() {
        let message = format!("{what} was written in the style `{}` and is in `{}`", old.style(), new.style());
        compare.emit(&rules::PARAMETER_STYLE_CHANGED, old_node, new_node, message);
    } else if old.explode() != new.explode() {
        // In the style `simple`, lists are `a,b` either way.
        let simple = old.style() == "simple";
        let several = old.schema(&compare.old).is_none_or(|schema| {
            may_be(&mut compare.old, schema, |ty| ty == Type::Object || (ty == Type::Array && !simple))
        });
        let rule = if several { &rules::PARAMETER_EXPLODE_CHANGED } else { &rules::PARAMETER_EXPLODE_IRRELEVANT };
        compare.emit(rule, old_node, new_node, format!("the items of {what} are joined in another way"));
    }
    let set = |parameter: &Parameter<'a>, key: &str| parameter.node.get(key).and_then(Node::bool) == Some(true);
    let flags = [
        ("allowReserved", &rules::RESERVED_ALLOWED, &rules::RESERVED_REFUSED),
        ("allowEmptyValue", &rules::EMPTY_VALUE_ALLOWED, &rules::EMPTY_VALUE_REFUSED),
    ];
    for (key, allowed, refused) in flags {
        if set(old, key) != set(new, key) {
            let rule = if set(new, key) { allowed } else { refused };
            compare.emit(rule, old_node, new_node, format!("`{key}` of {what} changed"));
        }
    }
}

/// Whether a value of a schema may be of such a type.
pub(super) fn may_be<'a>(side: &mut Side<'a>, schema: &'a Node, fits: impl Fn(Type) -> bool) -> bool {
    let source = side.source_of(schema);
    let schema = side.schema(source);
    schema.types.as_ref().is_none_or(|types| types.iter().any(|ty| fits(*ty)))
}

/// `content` instead of `schema`, or of another media type.
fn content<'a>(compare: &mut Compare<'a>, old: &Parameter<'a>, new: &Parameter<'a>) {
    let media = |parameter: &Parameter<'a>| {
        let content = parameter.node.get("content")?.members().next()?;
        Some(bodies::MediaType::parse(&content.0.text).essence)
    };
    let (was, is) = (media(old), media(new));
    if was != is {
        let message = format!("{} is written in another way", new.shown());
        let raw = compare.emit(&rules::PARAMETER_CONTENT_CHANGED, old.node, new.node, message);
        raw.weigh(Verdict::Break, Verdict::Break);
    }
}
