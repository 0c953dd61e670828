//! A review as JSON, in the form of `review.schema.json` beside this file.
//!
//! Operations stand once for each spec; changes refer to them by index.

use super::review::{Fate, Review, Reviewed};
use super::rules::policy;
use countersign_codegen::diff::{Advice, Change, Place, Suppression, Verdict};
use serde_json::{Map, Value, json};

/// The review as JSON, indented, with a line feed at its end.
pub(super) fn render(review: &Review) -> String {
    format!("{:#}\n", value(review))
}

/// The review as a value.
fn value(review: &Review) -> Value {
    let counts = review.counts();
    let wire: Map<String, Value> =
        Verdict::ALL.into_iter().map(|verdict| (verdict.word().to_owned(), json!(review.with(verdict)))).collect();
    json!({
        "version": 1,
        "summary": {
            "fails": review.fails(),
            "failOn": review.fail_on.word(),
            "changes": counts.changes,
            "failing": counts.failing,
            "suppressed": counts.suppressed,
            "staleCrates": review.has_stale_crates(),
            "behaviour": counts.behaviour,
            "major": counts.major,
            "wire": wire,
        },
        "specs": review.specs.iter().map(spec).collect::<Vec<_>>(),
        "changes": review.changes().map(|(spec, one)| change(review, spec, one)).collect::<Vec<_>>(),
    })
}

fn spec(spec: &Reviewed) -> Value {
    let file = |file: &Option<std::path::PathBuf>| file.as_ref().map(|file| file.display().to_string());
    let operations: Vec<Value> = spec
        .report
        .operations
        .iter()
        .map(|one| json!({"method": one.method, "path": one.path, "id": one.id, "incoming": one.incoming}))
        .collect();
    json!({
        "name": spec.name,
        "old": file(&spec.old),
        "new": file(&spec.new),
        "fate": match spec.fate {
            Fate::Compared => "compared",
            Fate::New => "new",
            Fate::Gone => "gone",
        },
        "step": spec.report.step().word(),
        "advice": spec.report.advice.as_ref().map(advice),
        "operations": operations,
    })
}

fn change(review: &Review, spec: &Reviewed, change: &Change) -> Value {
    let directions: Vec<&str> = change.directions.iter().map(|direction| direction.word()).collect();
    json!({
        "spec": spec.name,
        "rule": change.rule.id,
        "number": change.rule.number,
        "fails": review.fails_on(change),
        "wire": change.wire.word(),
        "behaviour": change.behaviour,
        "source": change.source.word(),
        "step": change.step().word(),
        "policy": policy(change.policy),
        "unstable": change.unstable,
        "message": change.message,
        "detail": change.detail,
        "fingerprint": change.fingerprint,
        "suppressed": change.suppressed.as_ref().map(suppression),
        "directions": directions,
        "operations": change.operations,
        "old": change.old.as_ref().map(place),
        "new": change.new.as_ref().map(place),
    })
}

fn advice(advice: &Advice) -> Value {
    json!({
        "crate": advice.crate_name,
        "base": advice.base,
        "head": advice.head,
        "step": advice.step.word(),
        "least": advice.least,
        "enough": advice.enough,
        "unreadable": advice.unreadable,
    })
}

fn suppression(suppression: &Suppression) -> Value {
    json!({
        "who": suppression.who,
        "reason": suppression.reason,
        "until": suppression.until.to_string(),
        "place": place(&suppression.place),
    })
}

fn place(place: &Place) -> Value {
    json!({
        "file": place.file.display().to_string(),
        "line": place.at.line,
        "column": place.at.column,
        "pointer": place.pointer,
        "value": place.value,
    })
}
