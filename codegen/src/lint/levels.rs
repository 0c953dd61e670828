//! What a rule weighs in a document that somebody else publishes.
//!
//! A spec of our own is held to the style of `specs/README.md`. A published file is taken as it is: what only we ask
//! for is not said of it, and what does no harm does not stand in the way. [`crate::normalize`] refuses by itself what
//! it can't lower.

use super::rules::{self, Rule};
use crate::finding::{Finding, Level};

/// The findings of a published document: without those of house rules, and with what can be lived with as warnings.
pub(super) fn of_others(findings: Vec<Finding>) -> Vec<Finding> {
    let is = |rules: &[Rule], finding: &Finding| rules.iter().any(|rule| rule.id == finding.rule);
    let kept = findings.into_iter().filter(|finding| !is(HOUSE, finding));
    kept.map(|mut finding| {
        if finding.level == Level::Error && is(SURVIVABLE, &finding) {
            finding.level = Level::Warning;
        }
        finding
    })
    .collect()
}

/// What only a spec of ours is asked for.
const HOUSE: &[Rule] =
    &[rules::CRATE, rules::REPEAT_MISSING, rules::OPERATION_ID_STYLE, rules::ONE_TAG, rules::TAG_UNDECLARED];

/// What OpenAPI forbids, and published files do all the same: it is ignored, or refused where it is lowered.
const SURVIVABLE: &[Rule] = &[
    rules::UNKNOWN_KEY,
    rules::MISSING_KEY,
    rules::WRONG_TYPE,
    rules::UNKNOWN_VALUE,
    rules::COMPONENT_NAME,
    rules::MISSPELLED_EXTENSION,
    rules::SERVER_URL,
    rules::PATH_SYNTAX,
    rules::PATH_VARIABLE_UNDECLARED,
    rules::PATH_VARIABLE_ABSENT,
    rules::OPERATION_ID_MISSING,
    rules::OPERATION_ID_DUPLICATE,
    rules::TAG_DUPLICATE,
    rules::MEDIA_TYPE,
    rules::PARAMETER_SHAPE,
    rules::HEADER_NAME,
    rules::RESPONSE_MISSING,
    rules::RESPONSE_STATUS,
    rules::SCHEMA_TYPE,
    rules::ENUM_DUPLICATE,
    rules::ENUM_EMPTY,
    rules::VALUE_TYPE,
    rules::BOUNDS,
    rules::DISCRIMINATOR,
];
