//! Schemes that are written by hand: the name, and each parameter by its own.

use super::Walk;
use crate::diff::rules;
use crate::finding::shortened;
use countersign_auth::recipe::{Custom, Fixed, Text};
use std::collections::BTreeSet;

/// Compares two custom recipes.
pub(super) fn compare<'r>(walk: &mut Walk<'_, 'r, '_>, old: &'r Custom, new: &'r Custom) {
    if old.scheme != new.scheme {
        let message = format!("`{}` signed, and `{}` does", shortened(&old.scheme, 60), shortened(&new.scheme, 60));
        return walk.emit(&rules::SIGNING_KIND_CHANGED, (None, None), message);
    }
    let steps = |side: &super::Side<'r, '_>| side.recipe.steps.iter().map(|step| &step.name).collect::<Vec<&'r Text>>();
    let (was, is) = (steps(&walk.sides.old), steps(&walk.sides.new));
    let names = |fixed: &'r Custom, steps: &[&'r Text]| {
        fixed.with.iter().map(|(name, _)| name).chain(steps.iter().copied()).collect::<BTreeSet<&'r Text>>()
    };
    for name in names(old, &was).union(&names(new, &is)).copied() {
        match (value(old, name), value(new, name)) {
            (Some(before), Some(after)) if before == after => {}
            (Some(Fixed::Text(before)), Some(Fixed::Text(after))) if name == "window" => window(walk, before, after),
            (None, None) if was.contains(&name) && is.contains(&name) => walk.steps(name, name),
            (before, after) => {
                let there = (before.is_some() || was.contains(&name), after.is_some() || is.contains(&name));
                let message = match there {
                    (false, _) => format!("the parameter `{name}` is new"),
                    (_, false) => format!("the parameter `{name}` is gone"),
                    _ => format!("the parameter `{name}` changed"),
                };
                walk.emit(&rules::CUSTOM_PARAMETER_CHANGED, (Some(name), Some(name)), message);
            }
        }
    }
    walk.settable((None, None), "the signature", &old.settable, &new.settable);
}

fn value<'c>(custom: &'c Custom, name: &Text) -> Option<&'c Fixed> {
    custom.with.iter().find(|(parameter, _)| parameter == name).map(|(_, value)| value)
}

/// How far from now a signature's time may lie: nothing that is sent depends on it.
fn window(walk: &mut Walk<'_, '_, '_>, before: &str, after: &str) {
    let steps = (Some("window"), Some("window"));
    let (Some(was), Some(is)) = (crate::signing::seconds(before), crate::signing::seconds(after)) else {
        return walk.emit(&rules::CUSTOM_PARAMETER_CHANGED, steps, "the parameter `window` changed");
    };
    if is < was {
        walk.emit(&rules::LIFETIME_LOWERED, steps, format!("requests may be {is} s old, and could be {was} s"));
    } else if is > was {
        walk.emit(&rules::LIFETIME_RAISED, steps, format!("requests may be older than {was} s"));
    }
}
