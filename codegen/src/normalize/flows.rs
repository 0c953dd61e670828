//! Calls that belong together: pages that follow one another, results that are polled, records in batches.
//!
//! `pages`, `poll` and `batch` read one extension each; what they share stands here.
//! Members are named by JSON Pointers. Each is followed through the structs that bodies became, so that what is
//! generated reads a field, and a pointer that leads nowhere is found here, at its place.

mod batch;
mod pages;
mod poll;

use super::document::Document;
use super::rules::{self, Rule};
use crate::finding::{shortened, similar};
use crate::ir::{
    Condition, Field, Flows, Ir, Operation, OtherOperation, Parameter, ParameterPlace, ResponseContent, Style,
    TypeExpr, TypeKind, Way, WayStep,
};
use crate::operations::responses;
use crate::spec::Node;

/// Finds the flows of all operations.
pub(super) fn flows(document: &Document<'_>, ir: &mut Ir) {
    let mut found = Vec::new();
    for named in document.places.operations.values() {
        let is =
            |operation: &Operation| operation.path == named.path && operation.method.eq_ignore_ascii_case(named.method);
        let Some(at) = ir.operations.iter().position(is) else { continue };
        let operation = &ir.operations[at];
        let reader = |rule| Reader { document, ir, rule };
        let node = |key| named.node.get(key);
        found.push((
            at,
            Flows {
                pages: node("x-pages").and_then(|node| reader(rules::PAGES).pages(operation, node)),
                poll: node("x-poll").and_then(|node| reader(rules::POLL).poll(operation, node)),
                batch: node("x-batch").and_then(|node| reader(rules::BATCH).batch(operation, node)),
            },
        ));
    }
    for (at, flows) in found {
        ir.operations[at].flows = flows;
    }
}

/// Reads one extension.
struct Reader<'r, 'a> {
    document: &'r Document<'a>,
    ir: &'r Ir,
    rule: Rule,
}

impl<'r> Reader<'r, '_> {
    fn report(&self, node: &Node, message: &str, help: &str) {
        self.document.report(self.rule, node, message, help);
    }

    /// A text that must be there; `lint` says so where it is not.
    fn member<'n>(&self, node: &'n Node, key: &str) -> Option<&'n Node> {
        let member = node.get(key).filter(|member| member.text().is_some());
        if member.is_none() {
            let message = format!("`{key}` is missing, or is no text");
            self.report(node, &message, &format!("add `{key}`"));
        }
        member
    }

    /// The operation that a text names.
    fn operation(&self, node: &Node) -> Option<&'r Operation> {
        let id = node.text().unwrap_or_default();
        let found = self.ir.operations.iter().find(|operation| operation.id == id);
        if found.is_none() {
            let near = similar(id, self.ir.operations.iter().map(|operation| operation.id.as_str()));
            let help = near.map_or("name it by its operationId".to_owned(), |near| format!("did you mean `{near}`?"));
            self.report(node, &format!("there is no operation `{}`", shortened(id, 60)), &help);
        }
        found
    }

    /// The type of the one JSON body that an operation answers with.
    fn body(&self, operation: &'r Operation, node: &Node) -> Option<&'r TypeExpr> {
        let mut types = operation.successes.iter().map(|response| match &response.content {
            ResponseContent::Json(ty) => Some(ty),
            _ => None,
        });
        let first = types.next().flatten().filter(|first| types.all(|ty| ty == Some(*first)));
        if first.is_none() {
            let message = format!("`{}` does not answer with JSON of one type", shortened(&operation.id, 60));
            self.report(node, &message, "describe one JSON body of success");
        }
        first
    }

    /// The parameter that a text names: one value in the query, the path or a header.
    fn parameter(&self, operation: &'r Operation, node: &Node) -> Option<&'r Parameter> {
        let name = node.text().unwrap_or_default();
        let Some(parameter) = operation.parameters.iter().find(|parameter| parameter.wire == name) else {
            let near = similar(name, operation.parameters.iter().map(|parameter| parameter.wire.as_str()));
            let help = near.map_or("name a parameter of its query, path or headers".to_owned(), |near| {
                format!("did you mean `{near}`?")
            });
            let (id, name) = (shortened(&operation.id, 60), shortened(name, 60));
            self.report(node, &format!("`{id}` has no parameter `{name}`"), &help);
            return None;
        };
        let style = parameter.style.style;
        let plain = style == parameter.place.usual().style && style != Style::Json && !parameter.style.reserved;
        if parameter.place == ParameterPlace::Cookie || !plain || kind(&parameter.ty).is_none() {
            let message = format!("the parameter `{}` does not take one text or integer", shortened(name, 60));
            self.report(node, &message, "name one that does, in the query, the path or a header");
            return None;
        }
        Some(parameter)
    }

    /// A member that the parameter takes.
    fn cursor(&self, operation: &Operation, body: &TypeExpr, node: &Node, parameter: &Parameter) -> Option<Way> {
        let way = self.way(body, node)?;
        let (given, taken) = (kind(&way.ty), kind(&parameter.ty));
        if given.is_none() || given != taken {
            let (at, id) = (shortened(node.text().unwrap_or_default(), 60), shortened(&operation.id, 60));
            let message =
                format!("`{at}` in the answer of `{id}` is not what the parameter `{}` takes", parameter.wire);
            self.report(node, &message, "both are text, or both are integers");
            return None;
        }
        Some(way)
    }

    /// A list, and the type of its items.
    fn items(&self, body: &TypeExpr, node: &Node) -> Option<(Way, TypeExpr)> {
        let way = self.way(body, node)?;
        match way.ty.clone() {
            TypeExpr::List(item) => Some((way, *item)),
            _ => {
                let message =
                    format!("the member at `{}` is not a list", shortened(node.text().unwrap_or_default(), 60));
                self.report(node, &message, "name a list that is described");
                None
            }
        }
    }

    /// A member and the values that it is compared with.
    fn condition(&self, body: &TypeExpr, node: &Node) -> Option<Condition> {
        let at = self.way(body, self.member(node, "at")?)?;
        let known = match self.scalar(&at.ty) {
            Some(known) => known,
            None => {
                self.report(node, "only texts, integers and booleans are compared", "name a member that is one");
                return None;
            }
        };
        let (list, equals) = match (node.get("equals"), node.get("not-equals")) {
            (Some(list), None) if !list.items().is_empty() => (list, true),
            (None, Some(list)) if !list.items().is_empty() => (list, false),
            _ => {
                self.report(node, "one of `equals` and `not-equals` must list values", "write `equals: [pending]`");
                return None;
            }
        };
        let mut values = Vec::new();
        for item in list.items() {
            let value = item.to_json();
            if !known.takes(&value) {
                let shown = shortened(&value.to_string(), 60);
                let near = item.text().and_then(|text| similar(text, known.values.iter().copied()));
                let help = near.map_or("list values of its type".to_owned(), |near| format!("did you mean `{near}`?"));
                self.report(item, &format!("the member never is `{shown}`"), &help);
                return None;
            }
            values.push(value);
        }
        Some(Condition { at, values, equals })
    }

    /// What a type of one value may be; nothing for other types.
    fn scalar(&self, ty: &TypeExpr) -> Option<Scalar<'r>> {
        let of = |is: fn(&serde_json::Value) -> bool| Some(Scalar { is, values: Vec::new() });
        match ty {
            TypeExpr::Text(_) => of(serde_json::Value::is_string),
            TypeExpr::Integer(_) => of(serde_json::Value::is_i64),
            TypeExpr::Bool => of(serde_json::Value::is_boolean),
            TypeExpr::Named(name) => match &self.ir.types.iter().find(|def| def.name == *name)?.kind {
                TypeKind::Enum(choice) => {
                    let integers = choice.variants.iter().any(|variant| variant.integer);
                    let is = if integers { serde_json::Value::is_i64 } else { serde_json::Value::is_string };
                    Some(Scalar { is, values: choice.variants.iter().map(|variant| variant.wire.as_str()).collect() })
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The way of a JSON Pointer through the structs of a body.
    fn way(&self, body: &TypeExpr, node: &Node) -> Option<Way> {
        let pointer = node.text().unwrap_or_default();
        let Some(path) = pointer.strip_prefix('/') else {
            let message = format!("`{}` is not a JSON Pointer to a member", shortened(pointer, 60));
            self.report(node, &message, "begin it with `/`");
            return None;
        };
        let (mut ty, mut steps) = (body, Vec::new());
        for token in path.split('/') {
            let name = unescaped(token);
            let fields = match ty {
                TypeExpr::Named(known) => self.ir.types.iter().find(|def| def.name == *known),
                _ => None,
            };
            let Some(TypeKind::Struct(object)) = fields.map(|def| &def.kind) else {
                let message =
                    format!("`{}` leads through something that has no members of its own", shortened(pointer, 60));
                self.report(node, &message, "name members of objects that are described");
                return None;
            };
            let Some(field) = object.fields.iter().find(|field| field.wire == name) else {
                let near = similar(&name, object.fields.iter().map(|field| field.wire.as_str()));
                let help =
                    near.map_or("name a member that is described".to_owned(), |near| format!("did you mean `{near}`?"));
                self.report(node, &format!("the body has no member at `{}`", shortened(pointer, 60)), &help);
                return None;
            };
            steps.push(step(field));
            ty = &field.ty;
        }
        Some(Way { steps, ty: ty.clone() })
    }

    /// Whether a call can go on in another operation: it needs nothing else, and fails alike.
    fn others(&self, first: &Operation, next: &Operation, taken: &Parameter, node: &Node) -> Option<()> {
        if first.id == next.id {
            return Some(());
        }
        let id = shortened(&next.id, 60);
        let needed = next.parameters.iter().find(|parameter| parameter.required && parameter.wire != taken.wire);
        let needed = needed.map(|parameter| parameter.wire.as_str());
        let needed = needed.or_else(|| next.choices.first().map(|choice| choice.name.as_str()));
        let needed = needed.or_else(|| next.body.as_ref().filter(|body| body.required).map(|_| "a body"));
        if let Some(needed) = needed {
            self.report(node, &format!("`{id}` needs more: {}", shortened(needed, 60)), "name one that needs no more");
            return None;
        }
        if first.session != next.session {
            self.report(node, &format!("`{id}` needs another session"), "name one that is signed alike");
            return None;
        }
        if responses::error(first).to_string() != responses::error(next).to_string() {
            let message = format!("`{id}` fails with another type than `{}`", shortened(&first.id, 60));
            self.report(node, &message, "give both the same schema of errors");
            return None;
        }
        Some(())
    }
}

/// What a type of one value may be.
struct Scalar<'r> {
    is: fn(&serde_json::Value) -> bool,
    /// The values that are listed; none if all are possible.
    values: Vec<&'r str>,
}

impl Scalar<'_> {
    fn takes(&self, value: &serde_json::Value) -> bool {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (self.is)(value) && (self.values.is_empty() || self.values.contains(&text.as_str()))
    }
}

fn unescaped(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

fn step(field: &Field) -> WayStep {
    // Any JSON value is null itself.
    let may_be_null = field.nullable && field.ty != TypeExpr::Any;
    WayStep { field: field.name.clone(), options: usize::from(!field.required) + usize::from(may_be_null) }
}

fn other(operation: &Operation) -> OtherOperation {
    let Operation { id, marker, module, .. } = operation;
    OtherOperation { id: id.clone(), marker: marker.clone(), module: module.clone() }
}

/// What a value is to a parameter of one value; nothing if it is more.
fn kind(ty: &TypeExpr) -> Option<&'static str> {
    match ty {
        TypeExpr::Text(_) => Some("text"),
        TypeExpr::Integer(_) => Some("an integer"),
        TypeExpr::Nullable(inner) => kind(inner),
        _ => None,
    }
}
