//! Whether two branches of one JSON type can be told apart, and how surely.

use super::canonical::{Canonical, Extra, Kind, Object, Property, Union};
use super::document::Document;
use super::rules;
use super::unions::{Json, View, arm, json_type};
use std::collections::{BTreeMap, BTreeSet};

impl<'a> Document<'a> {
    /// Reports pairs of branches of one JSON type that nothing tells apart.
    pub(super) fn tell_apart(&self, union: &Union<'a>, views: &[View<'a>], what: &str) {
        let mut weak = false;
        let views = &views[..views.len().min(MOST_COMPARED)];
        for (at, left) in views.iter().enumerate() {
            for right in &views[at + 1..] {
                match self.difference(&left.canonical, &right.canonical, 0) {
                    Difference::Sure => {}
                    Difference::Likely => weak = true,
                    Difference::None => {
                        let names = self.arm_names("", &[arm(left), arm(right)]);
                        let message = format!(
                            "nothing tells `{}` and `{}` apart: {what} may fit both, and the one that keeps most of it is taken",
                            names[0], names[1]
                        );
                        let help = "add a `discriminator`, give one member a different one-value `enum` in each branch, \
                                    or require a member that the other does not have";
                        self.report(rules::AMBIGUOUS_UNION, union.node, &message, help);
                        return;
                    }
                }
            }
        }
        if weak {
            let message = "only members that may be absent tell these branches apart; a value without them is taken as \
                           the first that fits";
            let help = "add a `discriminator`, or require the members";
            self.report(rules::LOOSENED_UNION, union.node, message, help);
        }
    }

    /// What tells two schemas of one JSON type apart.
    fn difference(&self, left: &Canonical<'a>, right: &Canonical<'a>, depth: usize) -> Difference {
        let (left_type, right_type) = (json_type(left), json_type(right));
        if left_type != right_type && left_type != Json::Any && right_type != Json::Any {
            return Difference::Sure;
        }
        match (&left.kind, &right.kind) {
            (Kind::Object(left), Kind::Object(right)) => self.object_difference(left, right, depth),
            (Kind::Object(_), Kind::Map(_)) | (Kind::Map(_), Kind::Object(_)) => Difference::Likely,
            (Kind::List(Some(left)), Kind::List(Some(right))) if depth < MOST_NESTED => {
                let (left, right) = (self.behind(left).1, self.behind(right).1);
                match self.difference(&left, &right, depth + 1) {
                    // The empty list is both.
                    Difference::Sure => Difference::Likely,
                    other => other,
                }
            }
            (Kind::Map(Some(left)), Kind::Map(Some(right))) if depth < MOST_NESTED => {
                match self.difference(&self.behind(left).1, &self.behind(right).1, depth + 1) {
                    Difference::Sure => Difference::Likely,
                    other => other,
                }
            }
            _ => Difference::None,
        }
    }

    fn object_difference(&self, left: &Object<'a>, right: &Object<'a>, depth: usize) -> Difference {
        let open = |object: &Object<'a>| !matches!(object.extra, Extra::Unsaid);
        let names = |object: &Object<'a>| object.properties.iter().map(|p| p.wire.clone()).collect::<BTreeSet<_>>();
        let (left_names, right_names) = (names(left), names(right));
        let needs = |object: &Object<'a>, others: &BTreeSet<String>| {
            object.properties.iter().any(|property| property.required && !others.contains(&property.wire))
        };
        let left_only = !open(right) && needs(left, &right_names);
        let right_only = !open(left) && needs(right, &left_names);
        let others: BTreeMap<&str, &Property<'a>> = right.properties.iter().map(|p| (p.wire.as_str(), p)).collect();
        let pairs = left.properties.iter().filter_map(|p| Some((p, *others.get(p.wire.as_str())?)));
        let mut values_differ = false;
        let types_differ = pairs.fold(false, |found, (left, right)| {
            if found {
                return true;
            }
            let both_there = left.required && right.required;
            let (_, a, a_null) = self.behind(&left.source);
            let (_, b, b_null) = self.behind(&right.source);
            let (a_type, b_type) = (json_type(&a), json_type(&b));
            let nested = depth < MOST_NESTED && a_type == Json::Object && b_type == Json::Object;
            let listed = !a.listed.is_empty() && !b.listed.is_empty();
            let disjoint = listed && !a.listed.iter().any(|value| b.listed.contains(value));
            let differs = a_type != b_type && a_type != Json::Any && b_type != Json::Any
                || disjoint
                || both_there && nested && matches!(self.difference(&a, &b, depth + 1), Difference::Sure);
            values_differ |= differs;
            both_there && differs && !(a_null && b_null)
        });
        if left_only || right_only || types_differ {
            return Difference::Sure;
        }
        let some_left = left_names.difference(&right_names).next().is_some();
        let some_right = right_names.difference(&left_names).next().is_some();
        if some_left && some_right || values_differ { Difference::Likely } else { Difference::None }
    }
}

/// How deep two branches are compared.
const MOST_NESTED: usize = 3;
/// Branches that are compared with each other.
const MOST_COMPARED: usize = 100;

/// How surely two branches are told apart.
enum Difference {
    /// No value fits both.
    Sure,
    /// Values that fit both lose nothing in either.
    Likely,
    /// It would be a guess.
    None,
}
