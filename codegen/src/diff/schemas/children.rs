//! Schemas that have another one in `allOf`: they may stand wherever that one is asked for, if a discriminator tells
//! them apart.
//!
//! Nothing refers to them, so nothing else would say that an operation reaches them.

use super::Pair;
use crate::diff::compare::Compare;
use crate::diff::reach::Passes;
use crate::diff::rules;
use crate::finding::shortened;

pub(super) fn compare<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) {
    let (Some(_), Some(told)) = (pair.old.discriminator, pair.new.discriminator) else { return };
    let (old, new) = (compare.old.children(pair.old_node), compare.new.children(pair.new_node));
    for (name, was) in &old {
        match new.get(name) {
            Some(is) => {
                let (was, is) = (compare.old.source_of(was), compare.new.source_of(is));
                compare.pair(was, is, pair.usage, Passes::BOTH);
            }
            // A mapping that no longer leads there says so itself.
            None if mapped(pair.old.discriminator, name) => {}
            None => {
                let message = format!("`{}` no longer is what may stand here", shortened(name, 80));
                compare.emit(&rules::MAPPING_REMOVED, *was, told, message).detail(*name);
            }
        }
    }
}

/// Whether a mapping names a component.
fn mapped(discriminator: Option<&crate::spec::Node>, name: &str) -> bool {
    let mapping = discriminator.and_then(|told| told.get("mapping"));
    let mut targets = mapping.into_iter().flat_map(crate::spec::Node::members);
    targets.any(|(_, target)| target.text().is_some_and(|text| text.rsplit('/').next() == Some(name)))
}
