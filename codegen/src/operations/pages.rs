//! What rustdoc shows of an operation.

use crate::docs::{self, Page};
use crate::ir::{FailureWhen, Ir, Operation, Repeat, Response};
use crate::operations::{examples, flows, parameters, responses};
use countersign_auth::recipe::Output;

/// The page of a method: what the spec says, where it goes, what may go wrong, how it is called.
pub fn method(ir: &Ir, operation: &Operation) -> Vec<String> {
    let mut page = Page(docs::lines(&operation.doc, &docs::sentence(&docs::code(&operation.id))));
    page.paragraph(
        [line(operation), security(ir, operation), repeat(operation).to_owned()].into_iter().chain(limits(operation)),
    );
    page.paragraph(flows::lines(operation));
    page.paragraph(arguments(operation));
    let errors = errors(operation);
    if !errors.is_empty() {
        page.paragraph(["# Errors".to_owned()]);
        page.paragraph(errors);
    }
    page.paragraph(["# Example".to_owned()]);
    page.paragraph(examples::call(ir, operation));
    page.0
}

/// Method and path of an operation, in a sentence.
pub fn line(operation: &Operation) -> String {
    format!("{}.", docs::code(&format!("{} {}", operation.method, operation.path)))
}

fn security(ir: &Ir, operation: &Operation) -> String {
    // A hand-written scheme has a name of its own, which says more than the document's.
    let shown = |name: &String| {
        let scheme = ir.schemes.iter().find(|scheme| scheme.name == *name);
        match scheme.map(|scheme| &scheme.recipe.output) {
            Some(Output::Custom(custom)) => format!("{} ({})", docs::code(name), docs::code(&custom.scheme)),
            _ => docs::code(name),
        }
    };
    let alternatives: Vec<String> = operation
        .security
        .iter()
        .map(|schemes| match schemes.as_slice() {
            [] => "nothing".to_owned(),
            schemes => schemes.iter().map(shown).collect::<Vec<_>>().join(" and "),
        })
        .collect();
    match alternatives.is_empty() {
        true => "Not signed.".to_owned(),
        false => format!("Signed by {}.", alternatives.join(" or by ")),
    }
}

fn repeat(operation: &Operation) -> &'static str {
    match operation.repeat {
        Repeat::Safe => "May be repeated after any transient failure.",
        Repeat::Unsafe => "May be repeated only when it surely was not processed.",
        Repeat::Never => "Must never be repeated.",
    }
}

/// How many calls run at once.
fn limits(operation: &Operation) -> Option<String> {
    let limits = operation.limits.as_ref()?;
    let calls = match limits.concurrent? {
        1 => "One call".to_owned(),
        count => format!("{count} calls"),
    };
    Some(match operation.target.split('?').next() == Some(&limits.api) {
        true => format!("{calls} at once; others wait."),
        false => format!("{calls} of {} at once; others wait.", docs::code(&limits.api)),
    })
}

/// What the positional arguments are; setters have pages of their own.
fn arguments(operation: &Operation) -> Vec<String> {
    let parameters = operation.parameters.iter().filter(|parameter| parameter.required).map(|parameter| {
        let text = docs::lines(&parameter.doc, &parameters::place_line(parameter));
        format!("- `{}`: {}", parameter.name, one_line(&text))
    });
    let body = operation.body.iter().filter(|body| body.required).filter_map(|body| {
        let text = docs::lines(&body.doc, "");
        let text = one_line(&text);
        (!text.is_empty()).then(|| format!("- `body`: {text}"))
    });
    parameters.chain(body).collect()
}

/// The first paragraph of a page in one line.
fn one_line(lines: &[String]) -> String {
    let paragraph = lines.iter().take_while(|line| !line.is_empty() && !line.starts_with("```"));
    paragraph.map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

/// Declared errors, by status.
fn errors(operation: &Operation) -> Vec<String> {
    let refused = operation.successes.iter().filter_map(|response| {
        let failure = response.failure.as_ref()?;
        let values: Vec<String> = failure.when.values().iter().map(|value| docs::code(&value.to_string())).collect();
        let status = responses::status_words(response.status);
        let (other_than, or) = match failure.when {
            FailureWhen::Equals(_) => ("", " or "),
            FailureWhen::NotEquals(_) => ("other than ", " and "),
        };
        Some(format!("- {status} with {} {other_than}{}: refused.", docs::code(&failure.at), values.join(or)))
    });
    let mut lines: Vec<String> = refused.chain(operation.errors.iter().map(error)).collect();
    // One status may have several kinds of content.
    lines.dedup();
    lines
}

fn error(response: &Response) -> String {
    let text = docs::lines(&response.doc, "");
    let status = responses::status_words(response.status);
    match one_line(&text) {
        text if text.is_empty() => format!("- {status}."),
        text => format!("- {status}: {text}"),
    }
}
