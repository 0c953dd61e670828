//! Types: names, fields, variants, constructors.

use super::explained::Which;
use super::{Found, Side, code, shown};
use crate::diff::report::{Place, Report, Step};
use crate::diff::rules;
use crate::ir::{BodyContent, Enum, Field, Ir, Struct, TypeDef, TypeExpr, TypeKind, Union};
use crate::references::escape_token;
use crate::spec::Node;
use crate::structs::{final_type, is_argument, is_default, is_double};
use crate::{enums, sent};
use std::collections::{BTreeMap, BTreeSet};

/// The old IR with each type called as the new one calls it.
pub(super) fn as_called_now(report: &Report, old: &Ir, new: &Ir) -> Ir {
    let names = names(report, old, new);
    let mut ir = old.clone();
    let rename = |ty: &mut TypeExpr| rename(ty, &names);
    for def in &mut ir.types {
        if let Some(name) = names.get(def.name.as_str()) {
            def.name.clone_from(name);
        }
        match &mut def.kind {
            TypeKind::Struct(object) => {
                object.fields.iter_mut().map(|field| &mut field.ty).chain(&mut object.extra).for_each(rename);
            }
            TypeKind::Union(union) => union.branches.iter_mut().for_each(|branch| rename(&mut branch.ty)),
            TypeKind::Enum(_) => {}
        }
    }
    for operation in &mut ir.operations {
        operation.parameters.iter_mut().for_each(|parameter| rename(&mut parameter.ty));
        for choice in &mut operation.choices {
            choice.variants.iter_mut().for_each(|(_, parameter)| rename(&mut parameter.ty));
        }
        let contents = operation.body.iter_mut().flat_map(|body| body.contents_mut());
        contents.flat_map(BodyContent::types_mut).for_each(rename);
        for response in operation.successes.iter_mut().chain(&mut operation.errors) {
            response.content.ty_mut().into_iter().for_each(rename);
            response.failure.iter_mut().for_each(|failure| rename(&mut failure.body));
            response.headers.iter_mut().for_each(|header| rename(&mut header.ty));
        }
    }
    ir.webhooks.iter_mut().for_each(|webhook| rename(&mut webhook.event));
    ir.headers.iter_mut().for_each(|header| rename(&mut header.ty));
    ir
}

fn rename(ty: &mut TypeExpr, names: &BTreeMap<String, String>) {
    match ty {
        TypeExpr::Named(name) => {
            if let Some(now) = names.get(name) {
                name.clone_from(now);
            }
        }
        TypeExpr::List(inner) | TypeExpr::Map(inner) | TypeExpr::Nullable(inner) => rename(inner, names),
        _ => {}
    }
}

/// What is put behind the name of a type that is gone, where another type has the name now.
const GONE: &str = "__gone";

/// What each old type is called now: by the place of its schema, where components that are called otherwise move; a
/// place that is gone by its name, if the type of that name is new.
fn names(report: &Report, old: &Ir, new: &Ir) -> BTreeMap<String, String> {
    let moved: Vec<(&str, &str)> = report
        .changes
        .iter()
        .filter(|change| change.rule == &rules::SCHEMA_RENAMED)
        .filter_map(|change| Some((change.old.as_ref()?.pointer.as_str(), change.new.as_ref()?.pointer.as_str())))
        .collect();
    let places: BTreeMap<&str, &str> = new.types.iter().map(|def| (def.pointer.as_str(), def.name.as_str())).collect();
    let taken: BTreeSet<&str> = new.types.iter().map(|def| def.name.as_str()).collect();
    let by_place = |def: &TypeDef| -> Option<&str> {
        let now = moved.iter().find_map(|(from, to)| {
            let rest = def.pointer.strip_prefix(from).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
            Some(format!("{to}{rest}"))
        });
        places.get(now.as_deref().unwrap_or(&def.pointer)).copied()
    };
    let known: BTreeSet<&str> = old.types.iter().filter_map(by_place).collect();
    let mut names = BTreeMap::new();
    for def in &old.types {
        let name = def.name.as_str();
        let now = match by_place(def) {
            Some(now) => now.to_owned(),
            None if taken.contains(name) && known.contains(name) => format!("{name}{GONE}"),
            None => name.to_owned(),
        };
        if now != name {
            names.insert(name.to_owned(), now);
        }
    }
    names
}

/// Compares all types; `written` is the old IR with its own names.
pub(super) fn compare(found: &mut Found<'_, '_>, written: &Ir) {
    let (old, new) = (found.sides.old.ir, found.sides.new.ir);
    let new_defs: BTreeMap<&str, &TypeDef> = new.types.iter().map(|def| (def.name.as_str(), def)).collect();
    let old_defs: BTreeSet<&str> = old.types.iter().map(|def| def.name.as_str()).collect();
    for def in new.types.iter().filter(|def| !old_defs.contains(def.name.as_str())) {
        arrived(found, def);
    }
    let mut pairs = Vec::new();
    for (was, def) in written.types.iter().zip(&old.types) {
        match new_defs.get(def.name.as_str()) {
            Some(now) => pairs.push((was, def, *now)),
            None => gone(found, was, def),
        }
    }
    let sent = (sent::names(old), sent::names(new));
    for (was, def, now) in pairs {
        renamed(found, was, now, new);
        let sent = (sent.0.contains(def.name.as_str()), sent.1.contains(now.name.as_str()));
        pair(found, (def, now), sent);
    }
}

/// A type that was not there: it may be what a component became at one of its places.
fn arrived(found: &mut Found<'_, '_>, def: &TypeDef) {
    let before = found.sides.old.node(&def.pointer);
    let Some(reference) = before.and_then(|node| node.get("$ref")) else { return };
    let Ok(target) = found.sides.old.references.target(reference) else { return };
    let pointer = found.sides.old.references.pointer_of(target);
    if !is_component(&pointer) || is_component(&def.pointer) {
        return;
    }
    let message =
        format!("the component {} stands here inline now, with the type {}", last(&pointer), shown(&def.name));
    found.told.insert(def.name.clone());
    found.tell_at(&rules::SCHEMA_INLINED, (&def.pointer, &def.pointer), message, &def.name);
}

/// A type that is no longer there.
fn gone(found: &mut Found<'_, '_>, was: &TypeDef, def: &TypeDef) {
    found.told.insert(def.name.clone());
    let now = found.sides.new.node(&def.pointer);
    let target = now.and_then(|node| node.get("$ref")).and_then(|node| found.sides.new.references.target(node).ok());
    if let Some(target) = target.filter(|_| !is_component(&def.pointer)) {
        let component = last(&found.sides.new.references.pointer_of(target));
        let message = format!("the inline schema is the component {component} now; its type was {}", shown(&was.name));
        found.tell_at(&rules::SCHEMA_NAMED, (&def.pointer, &def.pointer), message, &was.name);
        return;
    }
    if let (TypeKind::Enum(choice), Some(node)) = (&def.kind, now)
        && enums::is_integer(choice)
        && node.get("enum").is_some()
    {
        let message = format!(
            "a listed value is too large for the enum {}: the integer has no type of its own",
            shown(&was.name)
        );
        found.tell_at(&rules::INTEGER_TYPE_CHANGED, (&def.pointer, &def.pointer), message, &was.name);
        return;
    }
    let is_explained = found.explained.around(Which::Old, &def.pointer)
        || now.is_some_and(|node| found.explained.within(Which::New, &found.sides.new, node));
    if !is_explained {
        let message = format!("the type {} is gone", shown(&was.name));
        found.tell_at(&rules::FIELD_SHAPE_CHANGED, (&def.pointer, &def.pointer), message, &was.name);
    }
}

fn is_component(pointer: &str) -> bool {
    pointer.strip_prefix("/components/schemas/").is_some_and(|rest| !rest.contains('/'))
}

fn last(pointer: &str) -> String {
    shown(pointer.rsplit('/').next().unwrap_or(pointer))
}

/// A type whose schema stands where it stood, and whose name is another one.
fn renamed(found: &mut Found<'_, '_>, was: &TypeDef, now: &TypeDef, new: &Ir) {
    if was.name == now.name || was.pointer != now.pointer {
        return;
    }
    let taken = new.types.iter().find(|def| def.name == was.name);
    let because = taken.map(|other| format!(": the name is that of {} now", shown(&other.pointer))).unwrap_or_default();
    let rule = if is_component(&now.pointer) { &rules::TYPE_RENAMED } else { &rules::INLINE_TYPE_RENAMED };
    let message = format!("the type {} is called {}{because}", shown(&was.name), shown(&now.name));
    found.tell_at(rule, (&was.pointer, &now.pointer), message, &was.name);
}

fn pair(found: &mut Found<'_, '_>, (old, new): (&TypeDef, &TypeDef), sent: (bool, bool)) {
    match (&old.kind, &new.kind) {
        (TypeKind::Struct(was), TypeKind::Struct(is)) => structs(found, (old, new), (was, is), sent),
        (TypeKind::Enum(was), TypeKind::Enum(is)) => choices(found, (old, new), (was, is)),
        (TypeKind::Union(was), TypeKind::Union(is)) => unions(found, (old, new), (was, is)),
        (was, is) => {
            if !is_explained(found, old, new) {
                let message = format!("{} was {} and is {}", shown(&new.name), kind(was), kind(is));
                found.tell_at(&rules::FIELD_SHAPE_CHANGED, (&old.pointer, &new.pointer), message, "kind");
            }
        }
    }
}

fn kind(kind: &TypeKind) -> &'static str {
    match kind {
        TypeKind::Struct(_) => "a struct",
        TypeKind::Enum(_) => "an enum of values",
        TypeKind::Union(_) => "an enum of types",
    }
}

fn is_explained(found: &Found<'_, '_>, old: &TypeDef, new: &TypeDef) -> bool {
    found.explained.around(Which::Old, &old.pointer) || found.explained.around(Which::New, &new.pointer)
}

type Defs<'d> = (&'d TypeDef, &'d TypeDef);

fn structs(found: &mut Found<'_, '_>, defs: Defs<'_>, (was, is): (&Struct, &Struct), sent: (bool, bool)) {
    let before = found.changes.len();
    for old in &was.fields {
        match is.fields.iter().find(|field| field.wire == old.wire) {
            Some(new) => field(found, defs, (old, new)),
            None => {
                if !is_field_explained(found, defs, &old.wire) && !is_explained(found, defs.0, defs.1) {
                    let message = format!("the field {} of {} is gone", shown(&old.name), shown(&defs.1.name));
                    tell_field(found, &rules::FIELD_SHAPE_CHANGED, defs, &old.wire, message);
                }
            }
        }
    }
    for new in is.fields.iter().filter(|new| !was.fields.iter().any(|field| field.wire == new.wire)) {
        escaped(found, defs, new);
    }
    let extra = |object: &Struct| object.extra.as_ref().map(|ty| code(&crate::expressions::field(ty)));
    if extra(was) != extra(is) && !is_explained(found, defs.0, defs.1) {
        let message =
            format!("the members of {} that have no field of their own have another type", shown(&defs.1.name));
        found.tell_at(&rules::FIELD_SHAPE_CHANGED, (&defs.0.pointer, &defs.1.pointer), message, "extra");
    }
    let names = |object: &Struct| object.first_of.iter().map(|first| first.name.clone()).collect::<BTreeSet<_>>();
    methods(found, defs, &names(was), &names(is));
    if found.changes.len() == before {
        made(found, defs, (was, is), sent);
    }
    recursion(found, defs, (was, is));
}

/// What callers make a struct with.
fn made(found: &mut Found<'_, '_>, (old, new): Defs<'_>, (was, is): (&Struct, &Struct), sent: (bool, bool)) {
    if is_explained(found, old, new) {
        return;
    }
    let places = (old.pointer.as_str(), new.pointer.as_str());
    let name = shown(&new.name);
    if is_default(was) && !is_default(is) {
        let message = format!("{name} has no `Default` any more: not all of its fields are optional");
        found.tell_at(&rules::DERIVE_LOST, places, message, "Default");
    }
    let arguments = |object: &Struct| -> Vec<String> {
        let required = object.fields.iter().filter(|field| is_argument(field));
        required.map(|field| format!("{}: {}", field.name, code(&final_type(field)))).collect()
    };
    let (before, after) = (arguments(was), arguments(is));
    if sent.0 && !sent.1 {
        let message = format!("{name} has no constructor and no setters any more: no request holds it");
        found.tell_at(&rules::CONSTRUCTOR_CHANGED, places, message, "new");
    } else if sent.0 && before != after {
        let message = format!("`{}::new` took ({}) and takes ({})", new.name, before.join(", "), after.join(", "));
        found.tell_at(&rules::CONSTRUCTOR_CHANGED, places, message, "new");
    } else if !sent.0 && sent.1 {
        found.tell_at(&rules::METHOD_ADDED, places, format!("{name} has a constructor and setters now"), "new");
    }
}

/// A struct that holds itself in a `Box` now, or no longer.
fn recursion(found: &mut Found<'_, '_>, (old, new): Defs<'_>, (was, is): (&Struct, &Struct)) {
    let boxes = |object: &Struct| object.fields.iter().any(|field| field.boxed);
    if boxes(was) != boxes(is) {
        let verb = if boxes(is) { "holds itself now" } else { "no longer holds itself" };
        let message = format!("{} {verb}: a field of it is in a `Box`", shown(&new.name));
        found.tell_at(&rules::RECURSION_CHANGED, (&old.pointer, &new.pointer), message, "");
    }
}

fn field(found: &mut Found<'_, '_>, defs: Defs<'_>, (old, new): (&Field, &Field)) {
    let (owner, wire) = (shown(&defs.1.name), old.wire.as_str());
    if old.name != new.name {
        let message = format!("the field {} of {owner} is called {}", shown(&old.name), shown(&new.name));
        tell_field(found, &rules::MEMBER_RENAMED, defs, wire, message);
    }
    let types = (code(&final_type(old)), code(&final_type(new)));
    if types.0 == types.1 || merged(found, defs, (old, new)) || found.is_told(&old.ty) || found.is_told(&new.ty) {
        return;
    }
    if is_field_explained(found, defs, wire) {
        return;
    }
    let rule = match () {
        () if is_double(old) != is_double(new) && old.ty == new.ty => &rules::FIELD_SHAPE_CHANGED,
        () if (old.required, old.nullable) != (new.required, new.nullable) => &rules::FIELD_SHAPE_CHANGED,
        () if old.ty == new.ty && old.boxed != new.boxed => &rules::BOX_CHANGED,
        () if is_collection(&old.ty) || is_collection(&new.ty) => &rules::FIELD_SHAPE_CHANGED,
        () => &rules::FIELD_TYPE_CHANGED,
    };
    let message = format!("the field {} of {owner} was `{}` and is `{}`", shown(&new.name), types.0, types.1);
    tell_field(found, rule, defs, wire, message);
}

fn is_collection(ty: &TypeExpr) -> bool {
    matches!(ty, TypeExpr::List(_) | TypeExpr::Map(_) | TypeExpr::Nullable(_))
}

/// A field whose schema is another component of the same shape.
fn merged(found: &mut Found<'_, '_>, defs: Defs<'_>, (old, new): (&Field, &Field)) -> bool {
    let (mut was, mut is) = (None, None);
    crate::expressions::names(&old.ty, &mut |name| was = Some(name.to_owned()));
    crate::expressions::names(&new.ty, &mut |name| is = Some(name.to_owned()));
    let (Some(was), Some(is)) = (was, is) else { return false };
    let pointer = |ir: &Ir, name: &str| ir.types.iter().find(|def| def.name == name).map(|def| def.pointer.clone());
    let (Some(from), Some(to)) = (pointer(found.sides.old.ir, &was), pointer(found.sides.new.ir, &is)) else {
        return false;
    };
    let referred =
        |nodes: Vec<&Node>| nodes.iter().any(|node| node.get("$ref").is_some() || node.get("items").is_some());
    let both = referred(nodes(&found.sides.old, &defs.0.pointer, &old.wire))
        && referred(nodes(&found.sides.new, &defs.1.pointer, &new.wire));
    if was == is || !both || !is_component(&from) || !is_component(&to) {
        return false;
    }
    if found.explained.above(Which::New, &to) || is_type_changed(found, defs, &old.wire) {
        return false;
    }
    let stays = found.sides.new.node(&from).is_some();
    let was = was.trim_end_matches(GONE);
    let message = match stays {
        true => format!("what was {} here is {} now, of the same shape", shown(was), shown(&is)),
        false => format!("the component {} became one with {}, of the same shape", shown(was), shown(&is)),
    };
    tell_field(found, &rules::SCHEMAS_MERGED, defs, &old.wire, message);
    true
}

/// Whether the schema of a field changed by itself, its references aside.
fn is_type_changed(found: &Found<'_, '_>, defs: Defs<'_>, wire: &str) -> bool {
    let pointers = |side: &Side<'_>, def: &TypeDef| -> Vec<String> {
        nodes(side, &def.pointer, wire).into_iter().map(|node| side.references.pointer_of(node)).collect()
    };
    pointers(&found.sides.old, defs.0).iter().any(|pointer| found.explained.around(Which::Old, pointer))
        || pointers(&found.sides.new, defs.1).iter().any(|pointer| found.explained.around(Which::New, pointer))
}

/// A field whose name in JSON is none in Rust.
fn escaped(found: &mut Found<'_, '_>, defs: Defs<'_>, new: &Field) {
    if syn::parse_str::<syn::Ident>(&new.wire).is_ok() {
        return;
    }
    let message = format!("the property {} is no name in Rust; its field is {}", shown(&new.wire), shown(&new.name));
    tell_field(found, &rules::NAME_ESCAPED, defs, &new.wire, message);
}

fn tell_field(
    found: &mut Found<'_, '_>,
    rule: &'static rules::Rule,
    (old, new): Defs<'_>,
    wire: &str,
    message: String,
) {
    let place = |side: &Side<'_>, def: &TypeDef| -> Place {
        nodes(side, &def.pointer, wire).first().map_or_else(|| side.place_at(&def.pointer), |node| side.place(node))
    };
    let places = (Some(place(&found.sides.old, old)), Some(place(&found.sides.new, new)));
    found.tell(rule, places, message, wire);
}

/// The schemas that an object has for a member, its parts looked through.
fn nodes<'a>(side: &Side<'a>, pointer: &str, wire: &str) -> Vec<&'a Node> {
    let (mut open, mut found, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    open.extend(side.node(pointer));
    while let Some(node) = open.pop() {
        if seen.len() > 200 || !seen.insert(std::ptr::from_ref(node)) {
            continue;
        }
        open.extend(node.get("$ref").and_then(|reference| side.references.target(reference).ok()));
        found.extend(node.get("properties").and_then(|members| members.get(wire)));
        let required = node.get("required").map(Node::items).unwrap_or_default();
        found.extend(required.iter().filter(|item| item.text() == Some(wire)));
        for key in ["allOf", "oneOf", "anyOf"] {
            open.extend(node.get(key).map(Node::items).unwrap_or_default());
        }
    }
    found
}

fn is_field_explained(found: &Found<'_, '_>, (old, new): Defs<'_>, wire: &str) -> bool {
    let within = |which: Which, side: &Side<'_>, def: &TypeDef| {
        let direct = format!("{}/properties/{}", def.pointer, escape_token(wire));
        found.explained.above(which, &direct)
            || nodes(side, &def.pointer, wire).into_iter().any(|node| found.explained.within(which, side, node))
    };
    within(Which::Old, &found.sides.old, old) || within(Which::New, &found.sides.new, new)
}

fn choices(found: &mut Found<'_, '_>, defs: Defs<'_>, (was, is): (&Enum, &Enum)) {
    let places = (defs.0.pointer.as_str(), defs.1.pointer.as_str());
    let owner = shown(&defs.1.name);
    let explained = is_explained(found, defs.0, defs.1);
    if enums::is_integer(was) != enums::is_integer(is) && !explained {
        let message = format!("the values of {owner} have another type");
        found.tell_at(&rules::FIELD_TYPE_CHANGED, places, message, "values");
    }
    for old in &was.variants {
        match is.variants.iter().find(|new| new.wire == old.wire) {
            Some(new) if new.name != old.name && !explained => {
                let message = format!("the variant {} of {owner} is called {}", shown(&old.name), shown(&new.name));
                found.tell_at(&rules::MEMBER_RENAMED, places, message, &old.wire);
            }
            None if !explained => {
                let message = format!("the variant {} of {owner} is gone", shown(&old.name));
                found.tell_at(&rules::FIELD_SHAPE_CHANGED, places, message, &old.wire);
            }
            _ => {}
        }
    }
    let names = |choice: &Enum| -> BTreeSet<String> {
        let canonical = (!choice.synonyms.is_empty()).then(|| "canonical".to_owned());
        let transitions = choice.transitions.iter().flat_map(|_| ["may_become".to_owned(), "is_final".to_owned()]);
        canonical.into_iter().chain(transitions).collect()
    };
    methods(found, defs, &names(was), &names(is));
}

fn methods(found: &mut Found<'_, '_>, (old, new): Defs<'_>, was: &BTreeSet<String>, is: &BTreeSet<String>) {
    let places = (old.pointer.as_str(), new.pointer.as_str());
    for name in was.difference(is) {
        let message = format!("{} has no method {} any more", shown(&new.name), shown(name));
        found.tell_at(&rules::METHOD_REMOVED, places, message, name);
    }
    for name in is.difference(was) {
        let message = format!("{} has a method {}", shown(&new.name), shown(name));
        found.tell_at(&rules::METHOD_ADDED, places, message, name);
    }
}

fn unions(found: &mut Found<'_, '_>, defs: Defs<'_>, (was, is): (&Union, &Union)) {
    let places = (defs.0.pointer.as_str(), defs.1.pointer.as_str());
    let owner = shown(&defs.1.name);
    let explained = is_explained(found, defs.0, defs.1);
    for old in &was.branches {
        let Some(new) = is.branches.iter().find(|new| new.ty == old.ty && new.tags == old.tags) else {
            let named = is.branches.iter().any(|new| new.name == old.name);
            if !named && !explained && !found.is_told(&old.ty) {
                let message = format!("the variant {} of {owner} is gone", shown(&old.name));
                found.tell_at(&rules::FIELD_SHAPE_CHANGED, places, message, &old.name);
            }
            continue;
        };
        if new.name != old.name && !explained {
            let message = format!("the variant {} of {owner} is called {}", shown(&old.name), shown(&new.name));
            found.tell_at(&rules::MEMBER_RENAMED, places, message, &old.name);
        } else if new.boxed != old.boxed && !explained {
            let verb = if new.boxed { "holds" } else { "no longer holds" };
            let message = format!("the variant {} of {owner} {verb} its value in a `Box`", shown(&new.name));
            found.tell_at(&rules::BOX_CHANGED, places, message, &old.name);
        }
    }
}

/// The types of errors that changed, each with the operations that have it.
pub(super) fn errors(found: &mut Found<'_, '_>, report: &Report) {
    let indices = super::indices(report);
    let mut users: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for operation in &found.sides.new.ir.operations {
        for ty in operation.errors.iter().filter_map(|response| response.content.ty()) {
            crate::expressions::names(ty, &mut |name| {
                let index = indices.get(&(operation.method.clone(), operation.path.clone()));
                users.entry(name.to_owned()).or_default().extend(index);
            });
        }
    }
    for (name, mut operations) in users {
        let def = |ir: &Ir| ir.types.iter().find(|def| def.name == name).map(|def| def.pointer.clone());
        let (Some(was), Some(is)) = (def(found.sides.old.ir), def(found.sides.new.ir)) else { continue };
        if !found.explained.around(Which::Old, &was) && !found.explained.around(Which::New, &is) {
            continue;
        }
        operations.sort_unstable();
        operations.dedup();
        let message = format!("{} is the type of errors, and changed", shown(&name));
        let change = found.tell_at(&rules::ERROR_SCHEMA_CHANGED, (&was, &is), message, &name);
        change.directions = vec![crate::diff::report::Direction::Response];
        change.operations = operations;
        change.step_only(Step::Major);
    }
}
