//! What can only be said when all types are known.
//!
//! 1. Types that nothing uses go: they stood in a place that was loosened.
//! 2. Branches that a tag selects get the tag's member, if they lack it: else it would be lost on the way out.
//! 3. Final names: components keep theirs; of the rest, one that is taken gets `Inline`, then a hash of its place.
//! 4. What is sent, what is received; members that exist in one direction are optional in the other.
//! 5. A `Box` where a type holds itself, directly or through others, but not through lists and maps.

use super::document::Document;
use super::names::{Style, distinct, field_name, hash, is_taken, joined};
use super::rules;
use super::schemas::Draft;
use super::shorter;
use crate::ir::{
    Body, BodyContent, Doc, Field, Multipart, Operation, Struct, TextKind, TypeDef, TypeExpr, TypeKind, UnionBy,
    Webhook,
};
use std::collections::{BTreeMap, BTreeSet};

/// Finishes the types of a document and the operations that use them.
pub(super) fn finish(
    document: &Document<'_>,
    mut drafts: Vec<Draft>,
    operations: &mut [Operation],
    webhooks: &mut [Webhook],
) -> Vec<TypeDef> {
    drop_unused(document, &mut drafts, operations, webhooks);
    add_tags(document, &mut drafts);
    let names = choose_names(document, &drafts);
    for draft in &mut drafts {
        draft.def.name = names[&draft.def.name].clone();
        each_type(&mut draft.def, &mut |ty| rename(ty, &names));
    }
    for operation in operations.iter_mut() {
        each_operation_type(operation, &mut |ty, _| rename(ty, &names));
    }
    for webhook in webhooks.iter_mut() {
        rename(&mut webhook.event, &names);
    }
    drafts.sort_by(|a, b| a.def.name.cmp(&b.def.name));
    name_operations(&drafts, operations, webhooks);
    reach(&mut drafts, operations, webhooks);
    optional_tags(document, &drafts);
    let mut defs: Vec<TypeDef> = drafts.into_iter().map(|draft| draft.def).collect();
    place_boxes(&mut defs);
    defs
}

fn drop_unused(document: &Document<'_>, drafts: &mut Vec<Draft>, operations: &mut [Operation], webhooks: &[Webhook]) {
    let mut open: Vec<String> = document.places.components.keys().cloned().collect();
    for operation in operations {
        each_operation_type(operation, &mut |ty, _| open.extend(named(ty).map(str::to_owned)));
    }
    open.extend(webhooks.iter().filter_map(|webhook| named(&webhook.event)).map(str::to_owned));
    let index: BTreeMap<String, usize> =
        drafts.iter().enumerate().map(|(at, draft)| (draft.def.name.clone(), at)).collect();
    let mut used: BTreeSet<String> = BTreeSet::new();
    while let Some(key) = open.pop() {
        let Some(at) = index.get(&key).filter(|_| used.insert(key.clone())) else { continue };
        each_type(&mut drafts[*at].def, &mut |ty| open.extend(named(ty).map(str::to_owned)));
    }
    // A component that is a list or a map has no type of its own, but those inside it stay reachable by name only
    // where something uses them.
    drafts.retain(|draft| used.contains(&draft.def.name));
}

fn add_tags(document: &Document<'_>, drafts: &mut [Draft]) {
    let index: BTreeMap<String, usize> =
        drafts.iter().enumerate().map(|(at, draft)| (draft.def.name.clone(), at)).collect();
    let mut missing: BTreeSet<(usize, String)> = BTreeSet::new();
    for draft in drafts.iter() {
        let TypeKind::Union(union) = &draft.def.kind else { continue };
        let UnionBy::Tag(tag) = &union.by else { continue };
        for branch in &union.branches {
            let TypeExpr::Named(key) = &branch.ty else { continue };
            let Some(at) = index.get(key) else { continue };
            if let TypeKind::Struct(object) = &drafts[*at].def.kind
                && object.extra.is_none()
                && !object.fields.iter().any(|field| field.wire == *tag)
            {
                missing.insert((*at, tag.clone()));
            }
        }
    }
    for (at, tag) in missing {
        let draft = &mut drafts[at];
        let TypeKind::Struct(object) = &mut draft.def.kind else { continue };
        object.fields.push(tag_field(object, &tag));
        object.fields.sort_by(|a, b| a.name.cmp(&b.name));
        let key = draft.def.name.split('+').next().unwrap_or_default();
        if let Some(node) = document.spec.at_pointer(key) {
            let message = format!("`{tag}` tells this schema from others but is not described; it is taken as text");
            document.report(rules::LOOSENED_UNDECLARED_PROPERTY, node, &message, "describe it under `properties`");
        }
    }
}

/// Reports branches that are sent, and may be made without the tag that tells them from others.
fn optional_tags(document: &Document<'_>, drafts: &[Draft]) {
    let index: BTreeMap<&str, &Draft> = drafts.iter().map(|draft| (draft.def.name.as_str(), draft)).collect();
    let mut found: BTreeSet<(&str, &str)> = BTreeSet::new();
    for draft in drafts {
        let TypeKind::Union(union) = &draft.def.kind else { continue };
        let UnionBy::Tag(tag) = &union.by else { continue };
        for branch in &union.branches {
            let TypeExpr::Named(key) = &branch.ty else { continue };
            let Some(TypeKind::Struct(object)) = index.get(key.as_str()).map(|draft| &draft.def.kind) else { continue };
            if object.fields.iter().any(|field| field.wire == *tag && !field.required) {
                found.insert((key, tag));
            }
        }
    }
    for (name, tag) in found {
        let Some(draft) = index.get(name).filter(|draft| draft.def.sent) else { continue };
        if let Some(node) = document.spec.at_pointer(draft.def.pointer.split(['+', '#']).next().unwrap_or_default()) {
            let message =
                format!("`{tag}` tells this schema from others and need not be there; set it in what is sent");
            document.report(rules::OPTIONAL_TAG, node, &message, "list it under `required`");
        }
    }
}

fn tag_field(object: &Struct, tag: &str) -> Field {
    let taken = object.fields.iter().map(|field| field.name.clone()).collect();
    let names = distinct(&[(tag.to_owned(), field_name(tag))], &taken, Style::Snake("tag"));
    let notes = vec!["Tells this type from others.".to_owned()];
    Field {
        name: names.into_iter().next().unwrap_or_default(),
        wire: tag.to_owned(),
        ty: TypeExpr::Text(TextKind::Plain),
        // Where nothing has to be told apart, the provider may leave it out.
        required: false,
        nullable: false,
        boxed: false,
        constant: None,
        doc: Doc { notes, ..Doc::default() },
        deprecated: false,
    }
}

/// The name of each key.
fn choose_names(document: &Document<'_>, drafts: &[Draft]) -> BTreeMap<String, String> {
    let components = &document.places.components;
    let taken: BTreeSet<&String> = components.values().collect();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut wishes: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for draft in drafts {
        let key = draft.def.name.as_str();
        match components.get(key) {
            Some(name) => {
                names.insert(key.to_owned(), name.clone());
            }
            None => {
                let short = shorter::type_name(&draft.wish, key);
                let wish = match taken.contains(&short) {
                    true => joined(&short, "Inline"),
                    false => short,
                };
                wishes.entry(wish).or_default().push(key);
            }
        }
    }
    let mut used: BTreeSet<String> = taken.into_iter().cloned().collect();
    let single: BTreeSet<String> = wishes
        .iter()
        .filter(|(wish, keys)| keys.len() == 1 && !used.contains(*wish))
        .map(|(wish, _)| wish.clone())
        .collect();
    used.extend(single.iter().cloned());
    for (wish, keys) in wishes {
        for key in keys {
            let name = if single.contains(&wish) { wish.clone() } else { hashed(&wish, key, &used) };
            used.insert(name.clone());
            names.insert(key.to_owned(), name);
        }
    }
    names
}

/// A name with as many digits of its place's hash as it takes.
fn hashed(wish: &str, key: &str, used: &BTreeSet<String>) -> String {
    [4, 8, 16]
        .into_iter()
        .map(|digits| joined(wish, &hash(key, digits)))
        .chain((0..).map(|salt| joined(wish, &hash(&format!("{key} {salt}"), 16))))
        .find(|name| !used.contains(name))
        .unwrap_or_else(|| wish.to_owned())
}

pub(super) fn rename(ty: &mut TypeExpr, names: &BTreeMap<String, String>) {
    match ty {
        TypeExpr::Named(key) => {
            if let Some(name) = names.get(key) {
                key.clone_from(name);
            }
        }
        TypeExpr::List(inner) | TypeExpr::Map(inner) | TypeExpr::Nullable(inner) => rename(inner, names),
        _ => {}
    }
}

pub(super) fn each_type(def: &mut TypeDef, visit: &mut impl FnMut(&mut TypeExpr)) {
    match &mut def.kind {
        TypeKind::Struct(object) => {
            object.fields.iter_mut().for_each(|field| visit(&mut field.ty));
            object.extra.iter_mut().for_each(visit);
        }
        TypeKind::Union(union) => union.branches.iter_mut().for_each(|branch| visit(&mut branch.ty)),
        TypeKind::Enum(_) => {}
    }
}

/// Which way a value goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    Sent,
    Received,
}

pub(super) fn each_operation_type(operation: &mut Operation, visit: &mut impl FnMut(&mut TypeExpr, Way)) {
    for parameter in &mut operation.parameters {
        visit(&mut parameter.ty, Way::Sent);
    }
    for (_, parameter) in operation.choices.iter_mut().flat_map(|choice| &mut choice.variants) {
        visit(&mut parameter.ty, Way::Sent);
    }
    for ty in operation.body.iter_mut().flat_map(Body::contents_mut).flat_map(BodyContent::types_mut) {
        visit(ty, Way::Sent);
    }
    for response in operation.successes.iter_mut().chain(&mut operation.errors) {
        if let Some(ty) = response.content.ty_mut() {
            visit(ty, Way::Received);
        }
        if let Some(failure) = &mut response.failure {
            visit(&mut failure.body, Way::Received);
        }
    }
}

/// Names of an operation's or webhook's own types, none of them a component's or another's.
fn name_operations(drafts: &[Draft], operations: &mut [Operation], webhooks: &mut [Webhook]) {
    let mut used: BTreeSet<String> = drafts.iter().map(|draft| draft.def.name.clone()).collect();
    let settle = |used: &mut BTreeSet<String>, wish: &str, word: &str, id: &str| {
        let mut name = wish.to_owned();
        if used.contains(&name) || is_taken(&name) {
            name = joined(wish, word);
        }
        if used.contains(&name) {
            name = hashed(wish, id, used);
        }
        used.insert(name.clone());
        name
    };
    for operation in operations.iter_mut() {
        let place = format!("{} {}", operation.method, operation.path);
        operation.marker = settle(&mut used, &operation.marker, "Operation", &place);
    }
    for operation in operations.iter_mut() {
        let place = format!("{} {}", operation.method, operation.path);
        for name in operation.success_type.iter_mut().chain(&mut operation.error_type) {
            *name = settle(&mut used, name, "Type", &place);
        }
        if let Some(body) = &mut operation.body {
            if let Some(name) = &mut body.type_name {
                *name = settle(&mut used, name, "Type", &place);
            }
            for content in body.contents_mut() {
                if let BodyContent::Multipart(Multipart { type_name: Some(name), .. }) = content {
                    *name = settle(&mut used, name, "Type", &place);
                }
            }
        }
        for choice in &mut operation.choices {
            choice.type_name = settle(&mut used, &choice.type_name, "Type", &place);
        }
    }
    for webhook in webhooks.iter_mut() {
        webhook.marker = settle(&mut used, &webhook.marker, "Marker", &webhook.name);
    }
}

fn reach(drafts: &mut [Draft], operations: &mut [Operation], webhooks: &[Webhook]) {
    let index: BTreeMap<String, usize> =
        drafts.iter().enumerate().map(|(at, draft)| (draft.def.name.clone(), at)).collect();
    let mut open: Vec<(usize, Way)> = Vec::new();
    for operation in operations {
        each_operation_type(operation, &mut |ty, way| {
            open.extend(named(ty).and_then(|name| index.get(name)).map(|at| (*at, way)))
        });
    }
    let events = webhooks.iter().filter_map(|webhook| index.get(named(&webhook.event)?));
    open.extend(events.map(|at| (*at, Way::Received)));
    let mut seen: BTreeSet<(usize, Way)> = BTreeSet::new();
    while let Some((at, way)) = open.pop() {
        if !seen.insert((at, way)) {
            continue;
        }
        let def = &mut drafts[at].def;
        match way {
            Way::Sent => def.sent = true,
            Way::Received => def.received = true,
        }
        each_type(def, &mut |ty| open.extend(named(ty).and_then(|name| index.get(name)).map(|at| (*at, way))));
    }
    for draft in drafts {
        let (sent, received) = (draft.def.sent, draft.def.received);
        let TypeKind::Struct(object) = &mut draft.def.kind else { continue };
        for member in &draft.one_way {
            let missing = if member.only_sent { received } else { sent };
            for field in object.fields.iter_mut().filter(|field| missing && field.wire == member.wire) {
                field.required = false;
            }
        }
    }
}

/// The named type inside an expression.
fn named(ty: &TypeExpr) -> Option<&str> {
    match ty {
        TypeExpr::Named(name) => Some(name),
        TypeExpr::List(inner) | TypeExpr::Map(inner) | TypeExpr::Nullable(inner) => named(inner),
        _ => None,
    }
}

/// Boxes every field and branch that leads back to its own type.
fn place_boxes(defs: &mut [TypeDef]) {
    let index: BTreeMap<String, usize> = defs.iter().enumerate().map(|(at, def)| (def.name.clone(), at)).collect();
    let direct = |ty: &TypeExpr| match ty {
        TypeExpr::Named(name) => index.get(name).copied(),
        _ => None,
    };
    let edges: Vec<Vec<usize>> = defs
        .iter()
        .map(|def| match &def.kind {
            TypeKind::Struct(object) => object.fields.iter().filter_map(|field| direct(&field.ty)).collect(),
            TypeKind::Union(union) => union.branches.iter().filter_map(|branch| direct(&branch.ty)).collect(),
            TypeKind::Enum(_) => Vec::new(),
        })
        .collect();
    let group = strongly_connected(&edges);
    for (at, def) in defs.iter_mut().enumerate() {
        let boxed = |ty: &TypeExpr| direct(ty).is_some_and(|to| group[to] == group[at]);
        match &mut def.kind {
            TypeKind::Struct(object) => object.fields.iter_mut().for_each(|field| field.boxed = boxed(&field.ty)),
            TypeKind::Union(union) => union.branches.iter_mut().for_each(|branch| branch.boxed = boxed(&branch.ty)),
            TypeKind::Enum(_) => {}
        }
    }
}

/// The group of each node: two are in one group if each leads to the other. Tarjan's, without recursion.
fn strongly_connected(edges: &[Vec<usize>]) -> Vec<usize> {
    const NEW: usize = usize::MAX;
    let mut number = vec![NEW; edges.len()];
    let mut low = vec![0; edges.len()];
    let mut group = vec![NEW; edges.len()];
    let mut path: Vec<usize> = Vec::new();
    let mut next = 0;
    for root in 0..edges.len() {
        if number[root] != NEW {
            continue;
        }
        let mut calls: Vec<(usize, usize)> = vec![(root, 0)];
        while let Some((node, edge)) = calls.pop() {
            if edge == 0 {
                number[node] = next;
                low[node] = next;
                next += 1;
                path.push(node);
            }
            match edges[node].get(edge) {
                Some(to) => {
                    calls.push((node, edge + 1));
                    if number[*to] == NEW {
                        calls.push((*to, 0));
                    } else if group[*to] == NEW {
                        low[node] = low[node].min(number[*to]);
                    }
                }
                None => {
                    if low[node] == number[node] {
                        while let Some(member) = path.pop() {
                            group[member] = node;
                            if member == node {
                                break;
                            }
                        }
                    }
                    if let Some((caller, _)) = calls.last() {
                        low[*caller] = low[*caller].min(low[node]);
                    }
                }
            }
        }
    }
    group
}
