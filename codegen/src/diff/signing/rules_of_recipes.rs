//! What a verifier holds a recipe's values against: used once, fresh, of a limited life.

use super::steps::Sides;
use crate::diff::compare::Compare;
use crate::diff::rules;
use countersign_auth::recipe::{Expression, Recipe, Source};

pub(super) fn compare<'a>(compare: &mut Compare<'a>, sides: &Sides<'_, 'a>) {
    single_use(compare, sides);
    freshness(compare, sides);
    lifetime(compare, sides);
}

fn single_use<'a>(compare: &mut Compare<'a>, sides: &Sides<'_, 'a>) {
    let (was, is) = (&sides.old.recipe.rules.single_use, &sides.new.recipe.rules.single_use);
    let nodes = (sides.old.at("/rules"), sides.new.at("/rules"));
    for name in is.iter().filter(|name| !was.contains(name)) {
        let same = was.iter().any(|other| sides.old.identity(other) == sides.new.identity(name));
        if !same {
            let message = format!("the value `{name}` may be used once only");
            compare.emit(&rules::SINGLE_USE_ADDED, nodes.0, nodes.1, message).detail(name.to_string());
        }
    }
    for name in was.iter().filter(|name| !is.contains(name)) {
        let same = is.iter().any(|other| sides.new.identity(other) == sides.old.identity(name));
        if !same {
            let message = format!("the value `{name}` may be used again");
            compare.emit(&rules::SINGLE_USE_REMOVED, nodes.0, nodes.1, message).detail(name.to_string());
        }
    }
}

fn freshness<'a>(compare: &mut Compare<'a>, sides: &Sides<'_, 'a>) {
    let window = |recipe: &Recipe| recipe.rules.freshness.as_ref().map(|freshness| freshness.window_seconds);
    let (was, is) = (window(sides.old.recipe), window(sides.new.recipe));
    let (rule, message) = match (was, is) {
        (Some(was), Some(is)) if was == is => return,
        (None, None) => return,
        (None, Some(is)) => (&rules::LIFETIME_LOWERED, format!("requests older than {is} s are refused")),
        (Some(was), Some(is)) if is < was => {
            (&rules::LIFETIME_LOWERED, format!("requests may be {is} s old, and could be {was} s"))
        }
        (Some(was), _) => (&rules::LIFETIME_RAISED, format!("requests may be older than {was} s")),
    };
    let nodes = (sides.old.at("/rules/freshness"), sides.new.at("/rules/freshness"));
    compare.emit(rule, nodes.0, nodes.1, message).detail("freshness");
}

fn lifetime<'a>(compare: &mut Compare<'a>, sides: &Sides<'_, 'a>) {
    let limit = |recipe: &Recipe| recipe.rules.lifetime.as_ref().map(|lifetime| lifetime.max_seconds);
    let (was, is) = (limit(sides.old.recipe), limit(sides.new.recipe));
    // What an old crate makes is what counts.
    let issued = sides.old.recipe.rules.lifetime.as_ref().or(sides.new.recipe.rules.lifetime.as_ref());
    let issued = issued.and_then(|lifetime| {
        let step = sides.old.recipe.steps.iter().find(|step| step.name == lifetime.of)?;
        match &step.value {
            Expression::Source(Source::Time { plus_seconds, .. }) => Some(*plus_seconds),
            _ => None,
        }
    });
    let (rule, message) = match (was, is) {
        (was, is) if was == is => return,
        (_, Some(is)) if issued.is_some_and(|issued| issued > i64::from(is)) => {
            let issued = issued.unwrap_or_default();
            (&rules::LIFETIME_TOO_SHORT, format!("tokens may live for {is} s, and old crates make them for {issued} s"))
        }
        (was, Some(is)) if was.is_none_or(|was| is < was) => {
            (&rules::LIFETIME_LOWERED, format!("tokens may live for {is} s, which is less than before"))
        }
        _ => (&rules::LIFETIME_RAISED, "tokens may live for longer".to_owned()),
    };
    let nodes = (sides.old.at("/rules/lifetime"), sides.new.at("/rules/lifetime"));
    compare.emit(rule, nodes.0, nodes.1, message).detail("lifetime");
}
