//! Documents of rows: each alone, and all that can stand together.

use crate::rows::{Group, Row, indented};

/// The document of these rows.
pub(crate) fn document(group: &Group, rows: &[&Row]) -> String {
    let parts = || rows.iter().flat_map(|row| &row.parts);
    if let Some((_, whole)) = parts().find(|(kind, _)| kind == "whole") {
        return format!("{whole}\n");
    }
    let of = |kind: &str, by: usize| -> String {
        parts().filter(|(other, _)| other == kind).map(|(_, text)| indented(text, by)).collect()
    };
    let mut text = format!("openapi: {}\ninfo: {{title: Matrix, version: '1'}}\n", group.version);
    for kind in ["servers", "webhooks", "security"] {
        let part = of(kind, 2);
        match (kind, part.is_empty()) {
            ("servers", true) => text.push_str("servers: [{url: 'https://api.acme.example'}]\n"),
            (_, true) => {}
            _ => text.push_str(&format!("{kind}:\n{part}")),
        }
    }
    let paths = of("paths", 2);
    text.push_str(if paths.is_empty() { "paths: {}\n" } else { "paths:\n" });
    text.push_str(&paths);
    let kinds: Vec<_> =
        COMPONENTS.iter().map(|kind| (kind, of(kind, 4))).filter(|(_, part)| !part.is_empty()).collect();
    if !kinds.is_empty() {
        text.push_str("components:\n");
        kinds.iter().for_each(|(kind, part)| text.push_str(&format!("  {kind}:\n{part}")));
    }
    for (kind, _) in parts() {
        assert!(TOP.contains(&kind.as_str()) || COMPONENTS.contains(&kind.as_str()), "unknown section `{kind}`");
    }
    text
}

const TOP: [&str; 5] = ["servers", "webhooks", "security", "paths", "whole"];
const COMPONENTS: [&str; 7] =
    ["schemas", "responses", "parameters", "requestBodies", "headers", "securitySchemes", "pathItems"];
