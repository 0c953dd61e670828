//! The order in which things are written: by path, name or status, never by where the document has them.
//!
//! Maps of a document have no order, and some lists have none that means anything: tags, required members,
//! parameters. Sorting them makes the same crate of the same document however it is arranged, and keeps what is
//! added away from the lines of others. Lists that people or the provider order on purpose stay as they are: servers
//! (the first is the default), alternatives of security, branches of a choice, values of an enum.

use super::places::METHODS;
use crate::ir::{Enum, Ir, Operation, Parameter, ParameterPlace, Response, StatusPattern, TypeKind};

/// Operations by path and method, and what belongs to each.
pub(super) fn operations(operations: &mut [Operation]) {
    let rank = |method: &str| METHODS.iter().position(|known| known.eq_ignore_ascii_case(method));
    operations.sort_by(|a, b| (&a.path, rank(&a.method)).cmp(&(&b.path, rank(&b.method))));
    for operation in operations {
        parameters(&mut operation.parameters, &operation.path);
        operation.choices.sort_by(|a, b| a.name.cmp(&b.name));
        // All of them apply, so their order says nothing.
        operation.security.iter_mut().for_each(|schemes| schemes.sort());
        responses(&mut operation.successes);
        responses(&mut operation.errors);
    }
}

/// Required ones first; those of the path in the order of the path, the others by their names on the wire.
fn parameters(parameters: &mut [Parameter], path: &str) {
    parameters.sort_by_cached_key(|parameter| {
        let at = match parameter.place {
            ParameterPlace::Path => path.find(&format!("{{{}}}", parameter.wire)),
            _ => None,
        };
        (!parameter.required, at.unwrap_or(usize::MAX), parameter.wire.clone(), parameter.name.clone())
    });
}

/// Exact statuses before ranges before the default.
fn responses(responses: &mut [Response]) {
    responses.sort_by_key(|response| match response.status {
        StatusPattern::Exact(code) => (0, code),
        StatusPattern::Range(digit) => (1, u16::from(digit)),
        StatusPattern::Default => (2, 0),
    });
}

/// Everything else.
pub(super) fn rest(ir: &mut Ir) {
    ir.api.tags.sort_by(|a, b| a.module.cmp(&b.module));
    ir.schemes.sort_by(|a, b| a.name.cmp(&b.name));
    ir.tokens.sort_by(|a, b| a.name.cmp(&b.name));
    ir.sessions.sort_by(|a, b| a.name.cmp(&b.name));
    for def in &mut ir.types {
        match &mut def.kind {
            TypeKind::Struct(object) => object.first_of.sort_by(|a, b| a.name.cmp(&b.name)),
            TypeKind::Enum(choice) => life_cycle(choice),
            TypeKind::Union(_) => {}
        }
    }
}

/// Synonyms and transitions in the order of the values that they are about.
fn life_cycle(choice: &mut Enum) {
    let variants = &choice.variants;
    let at = |wire: &str| variants.iter().position(|variant| variant.wire == wire).unwrap_or(usize::MAX);
    choice.synonyms.sort_by(|(a, _), (b, _)| (at(a), a).cmp(&(at(b), b)));
    if let Some(transitions) = &mut choice.transitions {
        transitions.next.sort_by(|(a, _), (b, _)| (at(a), a).cmp(&(at(b), b)));
        transitions.next.iter_mut().for_each(|(_, next)| next.sort_by(|a, b| (at(a), a).cmp(&(at(b), b))));
        transitions.finals.sort_by(|a, b| (at(a), a).cmp(&(at(b), b)));
    }
}
