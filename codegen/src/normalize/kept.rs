//! Names that were chosen before stay: the last word on names.
//!
//! 1. Each scope (modules, methods, types, the members of one type, the arguments of one operation) is looked at as
//!    a whole. What has a name in the file gets it; what has none and wants a name that is given yields.
//! 2. An `x-rust-name` comes before the file. What stands inside its place is named anew with it.
//! 3. What changed or vanished is reported, and the names are handed back as the next file.

use super::document::Document;
use super::finish::{each_operation_type, each_type, rename};
use super::names::{Style, distinct, field_name, type_name, variant_name};
use super::{operations, parameters, places, rules};
use crate::finding::Finding;
use crate::ir::{Ir, Operation, TypeDef, TypeExpr, TypeKind};
use crate::kept::{Kind, Names};
use crate::references::escape_token;
use crate::spec::{Mark, Node};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Gives everything the name that it had; returns the names of now.
pub(super) fn keep(document: &Document<'_>, ir: &mut Ir, known: &Names, file: &str) -> Names {
    let mut keeper = Keeper {
        document,
        file: file.into(),
        chosen: chosen(&document.spec.root),
        replaced: Vec::new(),
        seen: BTreeSet::new(),
        now: Names::default(),
        known,
    };
    keeper.modules(ir);
    keeper.methods(ir);
    keeper.types(ir);
    let places = ir.types.iter().map(|def| (def.name.clone(), def.pointer.clone())).collect();
    for def in &mut ir.types {
        keeper.members(def, &places);
    }
    for operation in &mut ir.operations {
        keeper.arguments(operation);
    }
    keeper.vanished();
    keeper.now
}

/// Every `x-rust-name` of a document.
fn chosen(root: &Node) -> BTreeSet<String> {
    let mut chosen = BTreeSet::new();
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        open.extend(node.items().iter().chain(node.members().map(|(_, member)| member)));
        chosen.extend(node.get("x-rust-name").and_then(Node::text).map(str::to_owned));
    }
    chosen
}

/// One thing with a name.
struct Item {
    /// Its place in the file's section.
    key: String,
    /// Its text in the document.
    text: String,
    /// The name that it would have without the file.
    name: String,
    /// Where it stands.
    at: Mark,
}

/// What a scope is made of.
struct Scope<'s> {
    what: Kind,
    reserved: &'s [&'s str],
    style: Style,
    /// Whether a text is a name of this kind.
    is_name: fn(&str) -> bool,
}

struct Keeper<'k, 'a> {
    document: &'k Document<'a>,
    file: PathBuf,
    chosen: BTreeSet<String>,
    /// Places whose name an `x-rust-name` has changed.
    replaced: Vec<String>,
    /// Sections and keys that are there.
    seen: BTreeSet<(Kind, String)>,
    now: Names,
    known: &'k Names,
}

impl Keeper<'_, '_> {
    /// The final names of a scope's items.
    fn settle(&mut self, scope: &Scope<'_>, items: &[Item]) -> Vec<String> {
        let known = self.known.section(scope.what);
        let replaced =
            |item: &&Item| known.get(&item.key).is_some_and(|name| *name != item.name && self.is_chosen(item));
        let replaced: Vec<String> = items.iter().filter(replaced).map(|item| item.key.clone()).collect();
        self.replaced.extend(replaced);
        let mut taken: BTreeSet<String> = scope.reserved.iter().map(|name| (*name).to_owned()).collect();
        let mut names: Vec<Option<String>> = vec![None; items.len()];
        for (item, kept) in items.iter().zip(&mut names) {
            let Some(name) = known.get(&item.key).filter(|_| !self.is_replaced(&item.key)) else { continue };
            match (scope.is_name)(name) && taken.insert(name.clone()) {
                true => *kept = Some(name.clone()),
                false => self.refused(scope, item, name),
            }
        }
        let open: Vec<usize> = (0..items.len()).filter(|at| names[*at].is_none()).collect();
        let wishes: Vec<(String, String)> =
            open.iter().map(|at| (items[*at].text.clone(), items[*at].name.clone())).collect();
        let yielded = match wishes.iter().any(|(_, name)| taken.contains(name)) {
            true => distinct(&wishes, &taken, scope.style),
            false => wishes.into_iter().map(|(_, name)| name).collect(),
        };
        for (at, name) in open.into_iter().zip(yielded) {
            names[at] = Some(name);
        }
        let names: Vec<String> = names.into_iter().flatten().collect();
        for (item, name) in items.iter().zip(&names) {
            self.record(scope, item, name, known.get(&item.key));
        }
        names
    }

    /// Whether somebody wrote the name that an item would have.
    fn is_chosen(&self, item: &Item) -> bool {
        self.chosen.contains(&item.name)
    }

    /// Whether a place is, or stands inside, one whose name was replaced.
    fn is_replaced(&self, key: &str) -> bool {
        let is_in = |rest: &str| rest.is_empty() || rest.starts_with(['/', '#']);
        self.replaced.iter().any(|place| key.strip_prefix(place.as_str()).is_some_and(is_in))
    }

    fn record(&mut self, scope: &Scope<'_>, item: &Item, name: &str, before: Option<&String>) {
        self.seen.insert((scope.what, item.key.clone()));
        if *name != item.text {
            self.now.section_mut(scope.what).insert(item.key.clone(), name.to_owned());
        }
        let Some(before) = before.filter(|before| *before != name) else { return };
        let message = format!("the {} `{}` is now called `{name}`", scope.what.word(), before.escape_debug());
        let help = "callers must follow; to keep the old name, write it as `x-rust-name`";
        self.report(rules::RENAMED, item.at, &item.key, &message, help);
    }

    fn refused(&self, scope: &Scope<'_>, item: &Item, name: &str) {
        let message = format!("`{}` can't be the name of this {}", name.escape_debug(), scope.what.word());
        self.report(rules::NAMES_FILE, item.at, &item.key, &message, "correct the names file, or take the line away");
    }

    fn report(&self, rule: rules::Rule, at: Mark, key: &str, message: &str, help: &str) {
        self.document.add([Finding {
            file: self.document.spec.file.clone(),
            at,
            level: rule.level,
            rule: rule.id,
            pointer: key.to_owned(),
            message: message.to_owned(),
            help: Some(help.to_owned()),
        }]);
    }

    /// Reports what the file still names and the document no longer has.
    fn vanished(&self) {
        for what in Kind::ALL {
            let section = self.known.section(what);
            for (key, name) in section.iter().filter(|(key, _)| !self.seen.contains(&(what, (*key).clone()))) {
                let message = format!("the {} `{}` is gone", what.word(), name.escape_debug());
                self.document.add([Finding {
                    file: self.file.clone(),
                    at: Mark::default(),
                    level: rules::VANISHED_NAME.level,
                    rule: rules::VANISHED_NAME.id,
                    pointer: key.clone(),
                    message,
                    help: None,
                }]);
            }
        }
    }

    fn modules(&mut self, ir: &mut Ir) {
        let scope = Scope {
            what: Kind::Module,
            reserved: &operations::MODULES,
            style: Style::Snake("operations"),
            is_name: |name| field_name(name) == name,
        };
        let item = |tag: &crate::ir::Tag| Item {
            key: tag.name.clone(),
            text: tag.name.clone(),
            name: tag.module.clone(),
            at: Mark::default(),
        };
        let items: Vec<Item> = ir.api.tags.iter().map(item).collect();
        let names = self.settle(&scope, &items);
        let change: BTreeMap<String, String> = items.into_iter().map(|item| item.name).zip(names).collect();
        let modules = ir.operations.iter_mut().map(|operation| &mut operation.module);
        for module in modules.chain(ir.api.tags.iter_mut().map(|tag| &mut tag.module)) {
            if let Some(name) = change.get(module) {
                module.clone_from(name);
            }
        }
    }

    fn methods(&mut self, ir: &mut Ir) {
        let scope = Scope {
            what: Kind::Method,
            reserved: &places::CLIENT_METHODS,
            style: Style::Snake("operation"),
            is_name: |name| field_name(name) == name,
        };
        let item = |operation: &Operation| Item {
            key: pointer(operation),
            text: operation.id.clone(),
            name: operation.name.clone(),
            at: operation.at,
        };
        let items: Vec<Item> = ir.operations.iter().map(item).collect();
        let names = self.settle(&scope, &items);
        for (operation, name) in ir.operations.iter_mut().zip(names) {
            operation.name = name;
        }
    }

    /// Types of schemas, and those that operations and webhooks have of their own.
    fn types(&mut self, ir: &mut Ir) {
        let scope = Scope {
            what: Kind::Type,
            reserved: &[],
            style: Style::Pascal("Model"),
            is_name: |name| type_name(name) == name,
        };
        let mut items: Vec<Item> = ir.types.iter().map(schema_type).collect();
        for operation in &mut ir.operations {
            let (key, at) = (pointer(operation), operation.at);
            own_types(operation, &mut |kind, name| items.push(own_type(&key, kind, name, at)));
        }
        for webhook in &ir.webhooks {
            let key = format!("/x-webhooks/{}", escape_token(&webhook.name));
            items.push(own_type(&key, "webhook", &webhook.marker, webhook.at));
        }
        let names = self.settle(&scope, &items);
        let (of_schemas, own) = names.split_at(ir.types.len());
        let mut own = own.iter();
        for operation in &mut ir.operations {
            own_types(operation, &mut |_, name| own.next().into_iter().for_each(|new| name.clone_from(new)));
        }
        for webhook in &mut ir.webhooks {
            own.next().into_iter().for_each(|new| webhook.marker.clone_from(new));
        }
        let change: BTreeMap<String, String> =
            ir.types.iter().map(|def| def.name.clone()).zip(of_schemas.iter().cloned()).collect();
        rename_types(ir, &change);
    }

    /// Fields, variants or branches of a type; `places` are those of all types by name.
    fn members(&mut self, def: &mut TypeDef, places: &BTreeMap<String, String>) {
        let at = def.at;
        let item = |text: &str, name: &str| Item {
            key: format!("{}#{text}", def.pointer),
            text: text.to_owned(),
            name: name.to_owned(),
            at,
        };
        match &mut def.kind {
            TypeKind::Struct(object) => {
                let items: Vec<Item> = object.fields.iter().map(|field| item(&field.wire, &field.name)).collect();
                let reserved: &[&str] = if object.extra.is_some() { &["extra"] } else { &[] };
                let scope = Scope {
                    what: Kind::Field,
                    reserved,
                    style: Style::Snake("member"),
                    is_name: |name| field_name(name) == name,
                };
                let names = self.settle(&scope, &items);
                let change: BTreeMap<String, String> = items.into_iter().map(|item| item.name).zip(names).collect();
                let first_of = object.first_of.iter_mut().flat_map(|first_of| &mut first_of.fields);
                for name in object.fields.iter_mut().map(|field| &mut field.name).chain(first_of) {
                    if let Some(new) = change.get(name) {
                        name.clone_from(new);
                    }
                }
                object.fields.sort_by(|a, b| a.name.cmp(&b.name));
            }
            TypeKind::Enum(choice) => {
                let items: Vec<Item> =
                    choice.variants.iter().map(|variant| item(&variant.wire, &variant.name)).collect();
                for (variant, name) in choice.variants.iter_mut().zip(self.settle(&VARIANTS, &items)) {
                    variant.name = name;
                }
            }
            TypeKind::Union(union) => {
                let texts: Vec<String> = union
                    .branches
                    .iter()
                    .map(|branch| match branch.tags.is_empty() {
                        true => place_of(&branch.ty, places),
                        false => branch.tags.join("|"),
                    })
                    .collect();
                // Branches that nothing tells apart but their order have no place of their own.
                if texts.iter().collect::<BTreeSet<_>>().len() < texts.len() {
                    return;
                }
                let items: Vec<Item> =
                    union.branches.iter().zip(&texts).map(|(branch, text)| item(text, &branch.name)).collect();
                for (branch, name) in union.branches.iter_mut().zip(self.settle(&VARIANTS, &items)) {
                    branch.name = name;
                }
            }
        }
    }

    fn arguments(&mut self, operation: &mut Operation) {
        let scope = Scope {
            what: Kind::Argument,
            reserved: &parameters::ARGUMENTS,
            style: Style::Snake("param"),
            is_name: |name| field_name(name) == name,
        };
        let (key, at) = (pointer(operation), operation.at);
        let item = |parameter: &crate::ir::Parameter| Item {
            key: format!("{key}#{}.{}", place_word(parameter), parameter.wire),
            text: parameter.wire.clone(),
            name: parameter.name.clone(),
            at,
        };
        let items: Vec<Item> = operation.parameters.iter().map(item).collect();
        let names = self.settle(&scope, &items);
        for (parameter, name) in operation.parameters.iter_mut().zip(names) {
            parameter.name = name;
        }
    }
}

const VARIANTS: Scope<'static> = Scope {
    what: Kind::Variant,
    reserved: &["Unrecognized"],
    style: Style::Pascal("Value"),
    is_name: |name| variant_name(name) == name,
};

fn schema_type(def: &TypeDef) -> Item {
    let text = def.pointer.strip_prefix("/components/schemas/").unwrap_or(&def.pointer).to_owned();
    Item { key: def.pointer.clone(), text, name: def.name.clone(), at: def.at }
}

fn own_type(key: &str, kind: &str, name: &str, at: Mark) -> Item {
    let key = format!("{key}#{kind}");
    Item { text: key.clone(), key, name: name.to_owned(), at }
}

/// The types that an operation has of its own.
fn own_types(operation: &mut Operation, visit: &mut dyn FnMut(&str, &mut String)) {
    visit("operation", &mut operation.marker);
    operation.success_type.iter_mut().for_each(|name| visit("success", name));
    operation.error_type.iter_mut().for_each(|name| visit("error", name));
    for choice in &mut operation.choices {
        visit(&format!("choice.{}", choice.name), &mut choice.type_name);
    }
}

/// An operation's place, whatever stands behind references.
fn pointer(operation: &Operation) -> String {
    format!("/paths/{}/{}", escape_token(&operation.path), operation.method.to_ascii_lowercase())
}

fn place_word(parameter: &crate::ir::Parameter) -> String {
    let place = format!("{:?}", parameter.place);
    place.chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase()
}

/// What a branch holds, by the places of named types.
fn place_of(ty: &TypeExpr, places: &BTreeMap<String, String>) -> String {
    match ty {
        TypeExpr::Named(name) => places.get(name).unwrap_or(name).clone(),
        TypeExpr::List(inner) => format!("list of {}", place_of(inner, places)),
        TypeExpr::Map(inner) => format!("map of {}", place_of(inner, places)),
        TypeExpr::Nullable(inner) => format!("nullable {}", place_of(inner, places)),
        other => format!("{other:?}").to_ascii_lowercase(),
    }
}

fn rename_types(ir: &mut Ir, change: &BTreeMap<String, String>) {
    if change.iter().all(|(old, new)| old == new) {
        return;
    }
    for def in &mut ir.types {
        if let Some(name) = change.get(&def.name) {
            def.name.clone_from(name);
        }
        each_type(def, &mut |ty| rename(ty, change));
    }
    ir.types.sort_by(|a, b| a.name.cmp(&b.name));
    for operation in &mut ir.operations {
        each_operation_type(operation, &mut |ty, _| rename(ty, change));
    }
    for webhook in &mut ir.webhooks {
        rename(&mut webhook.event, change);
    }
}
