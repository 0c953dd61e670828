//! How a parameter is written, and which type its values have.
//!
//! 1. [`place`] reads `in`, and refuses headers that are not a caller's.
//! 2. [`style`] reads `style`, `explode`, `allowReserved`, or `content`.
//! 3. [`value_type`] makes the type one that can be written so. The runtime writes any type that has JSON; what
//!    OpenAPI leaves open there is noted.

use super::document::Document;
use super::parameters::{Found, is_token};
use super::rules;
use super::schemas::Types;
use crate::ir::{ParameterPlace, ParameterStyle, Style, TextKind, TypeExpr, TypeKind};
use crate::spec::Node;

/// Where a parameter goes; nothing, and a finding, if it can't be one.
pub(super) fn place(document: &Document<'_>, found: &Found<'_>) -> Option<ParameterPlace> {
    let node = found.node;
    match found.place {
        "path" => Some(ParameterPlace::Path),
        "query" => Some(ParameterPlace::Query),
        "cookie" => Some(ParameterPlace::Cookie),
        "header" => {
            let name = found.name.to_ascii_lowercase();
            if ["accept", "content-type", "authorization"].contains(&name.as_str()) {
                let message =
                    format!("OpenAPI gives the header `{}` no meaning as a parameter, so it is none", found.name);
                let help = "describe it with media types, or with security";
                document.report(rules::RESERVED_HEADER, node, &message, help);
                return None;
            }
            if CONNECTION.contains(&name.as_str()) {
                let message = format!("the header `{}` belongs to the connection, so it is no parameter", found.name);
                document.report(rules::RESERVED_HEADER, node, &message, "take it away");
                return None;
            }
            if !is_token(found.name) {
                let message = "the name is not that of a header";
                document.report(rules::HEADER_NAME, node, message, "write letters, digits and '-' only");
                return None;
            }
            Some(ParameterPlace::Header)
        }
        other => {
            let message = format!("a parameter can't be in `{}`", other.escape_debug());
            let help = "write `path`, `query`, `header` or `cookie`";
            document.report(rules::PARAMETER_SHAPE, node, &message, help);
            None
        }
    }
}

/// Headers that the HTTP library sets.
const CONNECTION: [&str; 6] = ["host", "content-length", "transfer-encoding", "connection", "te", "upgrade"];

/// The schema of a parameter and how it is written.
pub(super) fn style<'a>(
    document: &Document<'a>,
    found: &Found<'a>,
    place: ParameterPlace,
) -> (Option<&'a Node>, ParameterStyle) {
    let node = found.node;
    let usual = place.usual();
    if let Some((media_type, entry)) = node.get("content").and_then(|content| content.members().next()) {
        let schema = entry.get("schema");
        let essence = media_type.text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_json = essence == "application/json" || essence.ends_with("+json");
        let style = if is_json { ParameterStyle { style: Style::Json, ..usual } } else { usual };
        return (schema, style);
    }
    let explode = node.get("explode").and_then(Node::bool);
    let flag = |key: &str| node.get(key).and_then(Node::bool) == Some(true);
    let reserved = flag("allowReserved");
    if reserved && place != ParameterPlace::Query {
        let message = format!("reserved characters in `{}` are written as everywhere else", found.place);
        document.report(rules::LOOSENED_ALLOW_RESERVED, node, &message, "");
    }
    let written = node.get("style").and_then(Node::text).unwrap_or_default();
    let style = match (place, written) {
        (_, "") => usual.style,
        (ParameterPlace::Path | ParameterPlace::Header, "simple") => Style::Simple,
        (ParameterPlace::Path, "label") => Style::Label,
        (ParameterPlace::Path, "matrix") => Style::Matrix,
        (ParameterPlace::Query | ParameterPlace::Cookie, "form") => Style::Form,
        (ParameterPlace::Query, "spaceDelimited") => Style::SpaceDelimited,
        (ParameterPlace::Query, "pipeDelimited") => Style::PipeDelimited,
        (ParameterPlace::Query, "deepObject") => Style::DeepObject,
        (_, other) => {
            let message = format!("`{}` has no style `{}`; it is written as usual", found.place, other.escape_debug());
            document.report(rules::LOOSENED_PARAMETER_STYLE, node, &message, "take `style` away");
            usual.style
        }
    };
    // Only `form` has each item by itself unless the parameter says otherwise.
    let explode = explode.unwrap_or(style == Style::Form);
    (node.get("schema"), ParameterStyle { style, explode, reserved: reserved && place == ParameterPlace::Query })
}

/// The type of a parameter's values; what its style does not define is noted.
pub(super) fn value_type<'a>(
    document: &Document<'a>,
    types: &Types<'_, 'a>,
    found: &Found<'a>,
    (schema, style): (Option<&'a Node>, ParameterStyle),
    ty: TypeExpr,
) -> TypeExpr {
    let node = schema.unwrap_or(found.node);
    let ty = match ty {
        TypeExpr::Nullable(inner) => *inner,
        ty => ty,
    };
    if style.style == Style::Json {
        return ty;
    }
    if found.node.get("content").is_some() && shape(types, &ty, 0) != Shape::Text {
        let message = format!("`{}` is written in a media type of its own, so it is taken as text", found.name);
        document.report(rules::LOOSENED_PARAMETER, node, &message, "describe JSON, or text");
        return TypeExpr::Text(TextKind::Plain);
    }
    if ty == TypeExpr::Any && style.style != Style::DeepObject {
        let message = format!("values of `{}` have no type; they are taken as text", found.name);
        document.report(rules::LOOSENED_PARAMETER, node, &message, "give it one type");
        return TypeExpr::Text(TextKind::Plain);
    }
    // Null can't be written in a list, and is left out.
    let ty = match ty {
        TypeExpr::List(item) => TypeExpr::List(match *item {
            TypeExpr::Nullable(inner) => inner,
            item => Box::new(item),
        }),
        ty => ty,
    };
    let message = match (style.style, shape(types, &ty, 0)) {
        (Style::DeepObject, Shape::Object) | (_, Shape::Text) => None,
        (Style::DeepObject, _) => Some("lists and objects inside go on in brackets: `a[b][c]`, `a[b][]`, `a[b][0][c]`"),
        (_, Shape::Nested) => Some("lists and objects inside of its value are written as JSON text"),
        (_, Shape::List | Shape::Object) => None,
    };
    if let Some(message) = message {
        let message = format!("OpenAPI does not say how `{}` is written; {message}", found.name);
        document.report(rules::ASSUMED_PARAMETER_STYLE, node, &message, "");
    }
    ty
}

/// What a value is to a style.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shape {
    Text,
    List,
    Object,
    Nested,
}

fn shape(types: &Types<'_, '_>, ty: &TypeExpr, depth: usize) -> Shape {
    let of = |ty: &TypeExpr| if depth < 4 { shape(types, ty, depth + 1) } else { Shape::Nested };
    let whole = |inner: Shape, outer: Shape| if inner == Shape::Text { outer } else { Shape::Nested };
    match ty {
        TypeExpr::Nullable(inner) => of(inner),
        TypeExpr::List(item) => whole(of(item), Shape::List),
        // What a free object holds is the caller's choice.
        TypeExpr::Map(value) if **value == TypeExpr::Any => Shape::Object,
        TypeExpr::Map(value) => whole(of(value), Shape::Object),
        TypeExpr::Any => Shape::Text,
        TypeExpr::Named(key) => match types.draft(key).map(|draft| &draft.def.kind) {
            Some(TypeKind::Struct(object)) => {
                let inner = object.fields.iter().map(|field| of(&field.ty)).max().unwrap_or(Shape::Text);
                whole(inner, Shape::Object)
            }
            Some(TypeKind::Union(union)) => {
                union.branches.iter().map(|branch| of(&branch.ty)).max().unwrap_or(Shape::Text)
            }
            Some(TypeKind::Enum(_)) | None => Shape::Text,
        },
        _ => Shape::Text,
    }
}
