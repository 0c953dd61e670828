//! An [`Ir`] as short text, for comparison with what a case expects.

use countersign_codegen::finding::{Finding, Level};
use countersign_codegen::ir::{
    BodyContent, Doc, FailureWhen, Field, Ir, Operation, Parameter, ParameterPlace, ParameterStyle, Part, PartContent,
    Repeat, Response, ResponseContent, StatusPattern, Style, TypeDef, TypeExpr, TypeKind, UnionBy, Webhook,
};
use std::fmt::Write as _;

/// Types, then operations, then webhooks.
pub(crate) fn ir(ir: &Ir) -> String {
    let mut out = String::new();
    for server in &ir.api.servers {
        let _ = writeln!(out, "server {} {}{}", server.name, server.url, doc(&server.doc));
        for variable in server.template.iter().flat_map(|template| &template.variables) {
            let default = variable.default.as_ref().map(|value| format!(" = {value:?}")).unwrap_or_default();
            let values = if variable.values.is_empty() { String::new() } else { format!(" of {:?}", variable.values) };
            let _ = writeln!(out, "  {} {:?}{default}{values}{}", variable.name, variable.wire, doc(&variable.doc));
        }
    }
    for tag in &ir.api.tags {
        let _ = writeln!(out, "tag {} {:?}{}", tag.module, tag.name, doc(&tag.doc));
    }
    for def in &ir.types {
        type_def(&mut out, def);
    }
    for header in &ir.headers {
        let _ = writeln!(out, "header {} {:?}: {}{}", header.name, header.wire, ty(&header.ty), doc(&header.doc));
    }
    for one in &ir.operations {
        operation(&mut out, one);
    }
    for one in &ir.webhooks {
        webhook(&mut out, one);
    }
    out
}

/// Findings, one a line.
pub(crate) fn findings(findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let level = match finding.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        };
        let Finding { rule, at, pointer, message, .. } = finding;
        let _ = writeln!(out, "{level} {rule} {at} {pointer}: {message}");
        if let Some(help) = &finding.help {
            let _ = writeln!(out, "  help: {help}");
        }
    }
    out
}

fn doc(doc: &Doc) -> String {
    let parts = [&doc.summary, &doc.description, &doc.url].into_iter().flatten().chain(&doc.notes);
    let text = parts.map(String::as_str).collect::<Vec<_>>().join(" | ");
    if text.is_empty() { text } else { format!("  # {}", text.escape_debug()) }
}

fn type_def(out: &mut String, def: &TypeDef) {
    let marks = [(def.sent, " sent"), (def.received, " received"), (def.deprecated, " deprecated")];
    let marks: String = marks.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
    let TypeDef { name, at, .. } = def;
    let (kind, by) = match &def.kind {
        TypeKind::Struct(_) => ("struct", String::new()),
        TypeKind::Enum(_) => ("enum", String::new()),
        TypeKind::Union(union) => match &union.by {
            UnionBy::Tag(tag) => ("union", format!(" by tag {tag:?}")),
            UnionBy::Shape => ("union", " by shape".to_owned()),
        },
    };
    let _ = writeln!(out, "{kind} {name}{by} at {at}{marks}{}", doc(&def.doc));
    match &def.kind {
        TypeKind::Struct(object) => {
            for field in &object.fields {
                let _ = writeln!(out, "  {}", member(field));
            }
            if let Some(extra) = &object.extra {
                let _ = writeln!(out, "  ..extra: {}", ty(extra));
            }
            for first_of in &object.first_of {
                let _ = writeln!(out, "  {}() = first of {}", first_of.name, first_of.fields.join(", "));
            }
        }
        TypeKind::Enum(choices) => {
            for variant in &choices.variants {
                let wire = if variant.integer { variant.wire.clone() } else { format!("{:?}", variant.wire) };
                let _ = writeln!(out, "  {} = {wire}{}", variant.name, doc(&variant.doc));
            }
            for (word, same) in &choices.synonyms {
                let _ = writeln!(out, "  {word:?} means {same:?}");
            }
            if let Some(transitions) = &choices.transitions {
                for (from, next) in &transitions.next {
                    let _ = writeln!(out, "  {from:?} may become {next:?}");
                }
                let _ = writeln!(out, "  final {:?}", transitions.finals);
            }
        }
        TypeKind::Union(union) => {
            for branch in &union.branches {
                let boxed = if branch.boxed { "Box " } else { "" };
                let tags =
                    if branch.tags.is_empty() { String::new() } else { format!(" = {}", branch.tags.join(" | ")) };
                let known = branch.guards.iter().map(|guard| {
                    let word = if guard.strict { "must" } else { "may" };
                    format!(" {word} have {:?} {}", guard.wire, guard.values.join(" | "))
                });
                let known: String = known.collect();
                let _ = writeln!(out, "  {}({boxed}{}){tags}{known}{}", branch.name, ty(&branch.ty), doc(&branch.doc));
            }
        }
    }
}

fn member(field: &Field) -> String {
    let wire = if field.wire == field.name { String::new() } else { format!(" {:?}", field.wire) };
    let optional = if field.required { "" } else { "?" };
    let boxed = if field.boxed { "Box " } else { "" };
    let null = if field.nullable { " or null" } else { "" };
    let deprecated = if field.deprecated { " deprecated" } else { "" };
    format!("{}{optional}{wire}: {boxed}{}{null}{deprecated}{}", field.name, ty(&field.ty), doc(&field.doc))
}

fn ty(expression: &TypeExpr) -> String {
    match expression {
        TypeExpr::Any => "Any".to_owned(),
        TypeExpr::Bool => "Bool".to_owned(),
        TypeExpr::Integer(kind) => format!("{kind:?}"),
        TypeExpr::Float => "Float".to_owned(),
        TypeExpr::Decimal => "Decimal".to_owned(),
        TypeExpr::Text(kind) => format!("{kind:?}"),
        TypeExpr::Named(name) => name.clone(),
        TypeExpr::List(inner) => format!("[{}]", ty(inner)),
        TypeExpr::Map(inner) => format!("{{{}}}", ty(inner)),
        TypeExpr::Nullable(inner) => format!("({} or null)", ty(inner)),
    }
}

fn operation(out: &mut String, operation: &Operation) {
    let Operation { id, name, marker, module, method, path, .. } = operation;
    let repeat = match operation.repeat {
        Repeat::Safe => " safe",
        Repeat::Unsafe => "",
        Repeat::Never => " never",
    };
    let security: Vec<String> = operation.security.iter().map(|schemes| schemes.join("+")).collect();
    let security = if security.is_empty() { String::new() } else { format!(" security {}", security.join(" or ")) };
    let session = operation.session.as_ref().map(|session| format!(" session {session}")).unwrap_or_default();
    let deprecated = if operation.deprecated { " deprecated" } else { "" };
    let _ = writeln!(
        out,
        "fn {name} {marker} {method} {path} in {module} id {id:?}{repeat}{security}{session}{deprecated}{}",
        doc(&operation.doc)
    );
    if operation.target != operation.path {
        let _ = writeln!(out, "  target {}", operation.target);
    }
    if let Some(limits) = &operation.limits {
        let _ = writeln!(out, "  limits {} {:?}", limits.api, limits.concurrent);
    }
    if let Some(server) = &operation.server {
        let _ = writeln!(out, "  server {server}");
    }
    for parameter in &operation.parameters {
        let _ = writeln!(out, "  {}", argument(parameter));
    }
    for choice in &operation.choices {
        let _ = writeln!(out, "  {}: {}", choice.name, choice.type_name);
        for (variant, parameter) in &choice.variants {
            let _ = writeln!(out, "    {variant} {}", argument(parameter));
        }
    }
    if let Some(body) = &operation.body {
        let optional = if body.required { "" } else { "?" };
        let choice = body.type_name.as_ref().map(|name| format!(" {name}::{}", body.variant)).unwrap_or_default();
        let content = body_content(&body.content);
        let _ = writeln!(out, "  body{optional}{choice} {} {content}{}", body.media_type, doc(&body.doc));
        for other in &body.alternatives {
            let content = body_content(&other.content);
            let _ = writeln!(out, "    or {} {} {content}", other.variant, other.media_type);
        }
        for content in body.contents() {
            let BodyContent::Multipart(form) = content else { continue };
            form.parts.iter().for_each(|one| part(out, one));
        }
    }
    let name = |name: &Option<String>| name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
    for one in &operation.successes {
        response(out, &format!("success{}", name(&operation.success_type)), one);
    }
    for one in &operation.errors {
        response(out, &format!("error{}", name(&operation.error_type)), one);
    }
}

fn body_content(content: &BodyContent) -> String {
    match content {
        BodyContent::Json(body) => format!("json {}", ty(body)),
        BodyContent::Form(body, styles) => {
            let styles: Vec<String> = styles.iter().map(|(name, style)| format!(" {name}={style:?}")).collect();
            format!("form {}{}", ty(body), styles.concat())
        }
        BodyContent::Multipart(form) => format!("parts {}", form.type_name.as_deref().unwrap_or("of the caller")),
        BodyContent::Text => "text".to_owned(),
        BodyContent::Bytes => "bytes".to_owned(),
    }
}

fn part(out: &mut String, part: &Part) {
    let content = match &part.content {
        PartContent::File => "file".to_owned(),
        PartContent::Files => "files".to_owned(),
        PartContent::Value(value) => ty(value),
    };
    let optional = if part.required { "" } else { "?" };
    let media_type = part.media_type.as_ref().map(|media_type| format!(" as {media_type}")).unwrap_or_default();
    let constant = part.constant.as_ref().map(|constant| format!(" = {constant:?}")).unwrap_or_default();
    let headers: Vec<String> = part.headers.iter().map(|(name, wire, _)| format!(" {name}({wire})")).collect();
    let (name, wire, headers) = (&part.name, &part.wire, headers.concat());
    let _ =
        writeln!(out, "    part {name}{optional} {wire:?}: {content}{media_type}{constant}{headers}{}", doc(&part.doc));
}

fn webhook(out: &mut String, webhook: &Webhook) {
    let Webhook { name, id, marker, scheme, .. } = webhook;
    let dedupe = webhook.dedupe.as_ref().map(|dedupe| format!(" dedupe {dedupe}")).unwrap_or_default();
    let deprecated = if webhook.deprecated { " deprecated" } else { "" };
    let event = ty(&webhook.event);
    let _ = writeln!(
        out,
        "webhook {name} {marker} id {id:?}: {event} by {scheme}{dedupe}{deprecated}{}",
        doc(&webhook.doc)
    );
}

fn argument(parameter: &Parameter) -> String {
    let place = match parameter.place {
        ParameterPlace::Path => "path",
        ParameterPlace::Query => "query",
        ParameterPlace::Header => "header",
        ParameterPlace::Cookie => "cookie",
    };
    let style = match (parameter.style, parameter.place.usual()) {
        (style, usual) if style == usual => String::new(),
        (ParameterStyle { style, explode, reserved }, usual) => {
            let mut words = Vec::new();
            words.extend((style != usual.style).then(|| format!("{style:?}")));
            words.extend((style != Style::Json && style != Style::DeepObject).then(|| match explode {
                true => "exploded".to_owned(),
                false => "joined".to_owned(),
            }));
            words.extend(reserved.then(|| "reserved".to_owned()));
            format!(" {}", words.join(" "))
        }
    };
    let Parameter { name, wire, .. } = parameter;
    let optional = if parameter.required { "" } else { "?" };
    let deprecated = if parameter.deprecated { " deprecated" } else { "" };
    format!("{place}{style} {name}{optional} {wire:?}: {}{deprecated}{}", ty(&parameter.ty), doc(&parameter.doc))
}

fn response(out: &mut String, side: &str, response: &Response) {
    let status = match response.status {
        StatusPattern::Exact(status) => status.to_string(),
        StatusPattern::Range(class) => format!("{class}XX"),
        StatusPattern::Default => "default".to_owned(),
    };
    let content = match &response.content {
        ResponseContent::Empty => "empty".to_owned(),
        ResponseContent::Json(body) => format!("json {}", ty(body)),
        ResponseContent::Text => "text".to_owned(),
        ResponseContent::Binary => "binary".to_owned(),
        ResponseContent::Stream => "stream".to_owned(),
        ResponseContent::JsonLines(item) => format!("json lines {}", ty(item)),
        ResponseContent::Events(event, shape) => format!("events {shape:?} {}", ty(event)),
    };
    let usual =
        matches!(&response.media_types[..], [] | [_]) && response.media_types.iter().all(|m| m == "application/json");
    let media_types = if usual { String::new() } else { format!(" of {}", response.media_types.join(" ")) };
    let _ = writeln!(out, "  {side} {status} {}: {content}{media_types}{}", response.variant, doc(&response.doc));
    if let Some(failure) = &response.failure {
        let values: Vec<String> = failure.when.values().iter().map(ToString::to_string).collect();
        let when = match failure.when {
            FailureWhen::Equals(_) => "is",
            FailureWhen::NotEquals(_) => "is not",
        };
        let _ = writeln!(out, "    fails where {} {when} {}: {}", failure.at, values.join(" or "), ty(&failure.body));
    }
}
