//! The life of things: deprecated, sunset, stability.

use super::compare::Compare;
use super::rules;
use super::schemas::Pair;
use crate::finding::shortened;
use crate::spec::Node;
use std::collections::BTreeMap;

/// What a thing says of its life.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Life<'a> {
    deprecated: Option<&'a Node>,
    sunset: Option<&'a Node>,
    stability: Option<&'a Node>,
}

/// How long a deprecated thing was promised to stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    NotDeprecated,
    Over,
    NotOver,
    NotADate,
}

impl<'a> Life<'a> {
    pub(super) fn of(node: &'a Node) -> Self {
        let deprecated = node.get("deprecated").filter(|value| value.bool() == Some(true));
        Life { deprecated, sunset: node.get("x-sunset"), stability: node.get("x-stability-level") }
    }

    fn of_schema(life: &BTreeMap<&'static str, &'a Node>) -> Self {
        let get = |key: &str| life.get(key).copied();
        Life { deprecated: get("deprecated"), sunset: get("x-sunset"), stability: get("x-stability-level") }
    }

    /// Whether it is draft or alpha.
    pub(super) fn is_unstable(self) -> bool {
        matches!(self.stability.and_then(Node::text), Some("draft" | "alpha"))
    }

    /// Whether it may go today.
    pub(super) fn promise(self, today: Day) -> Promise {
        match (self.deprecated, self.sunset) {
            (None, _) => Promise::NotDeprecated,
            (_, None) => Promise::Over,
            (_, Some(sunset)) => match sunset.text().and_then(Day::parse) {
                None => Promise::NotADate,
                Some(day) if day <= today => Promise::Over,
                Some(_) => Promise::NotOver,
            },
        }
    }

    pub(super) fn sunset_node(self) -> Option<&'a Node> {
        self.sunset
    }
}

/// A day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub i64);

impl Day {
    /// `2030-12-31`, with or without a time behind it.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (date, rest) = text.split_at_checked(10)?;
        let time = rest.is_empty() || rest.starts_with(['T', 't', ' ']);
        let mut parts = date.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
        if !time || parts.next().is_some() || !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
            return None;
        }
        let (year, month, day): (i64, i64, i64) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let longest = match month {
            4 | 6 | 9 | 11 => 30,
            2 => 28 + i64::from(leap),
            1..=12 => 31,
            _ => return None,
        };
        if !(1..=longest).contains(&day) {
            return None;
        }
        // Years begin in March, so that the leap day is the last of them.
        let year = if month <= 2 { year - 1 } else { year };
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        Some(Day(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468))
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let days = self.0 + 719_468;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year + era * 400 + i64::from(month <= 2);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// Compares the life of two schemas.
pub(super) fn schema<'a>(compare: &mut Compare<'a>, pair: &Pair<'_, 'a>) {
    let (old, new) = (Life::of_schema(&pair.old.life), Life::of_schema(&pair.new.life));
    changes(compare, "this", (old, pair.old_node), (new, pair.new_node), false);
}

/// Compares the life of two things.
pub(super) fn objects<'a>(compare: &mut Compare<'a>, what: &str, old: &'a Node, new: &'a Node) {
    changes(compare, what, (Life::of(old), old), (Life::of(new), new), what == "the parameter");
}

fn changes<'a>(
    compare: &mut Compare<'a>,
    what: &str,
    (old, old_node): (Life<'a>, &'a Node),
    (new, new_node): (Life<'a>, &'a Node),
    parameter: bool,
) {
    if compare.trial {
        return;
    }
    stability(compare, what, (old, old_node), (new, new_node));
    match (old.deprecated, new.deprecated) {
        (None, None) => {}
        (Some(was), None) => {
            let rule = if parameter { &rules::PARAMETER_REACTIVATED } else { &rules::REACTIVATED };
            compare.emit(rule, was, new_node, format!("{what} is no longer deprecated"));
        }
        (None, Some(is)) => {
            let rule = if parameter { &rules::PARAMETER_DEPRECATED } else { &rules::DEPRECATED };
            compare.emit(rule, old_node, is, format!("{what} is deprecated"));
            if !new.is_unstable() {
                announced(compare, what, old_node, new);
            }
        }
        (Some(_), Some(_)) if !new.is_unstable() => sunset_moved(compare, what, old_node, new_node, (old, new)),
        (Some(_), Some(_)) => {}
    }
}

/// A sunset that is announced together with the deprecation.
fn announced<'a>(compare: &mut Compare<'a>, what: &str, old_node: &'a Node, new: Life<'a>) {
    let wanted = compare.settings.deprecation_days;
    match (new.sunset, new.sunset.and_then(Node::text).and_then(Day::parse)) {
        (Some(sunset), None) => {
            compare.emit(&rules::SUNSET_UNPARSABLE, old_node, sunset, format!("the sunset of {what} is no date"));
        }
        (None, _) if wanted > 0 => {
            let message = format!("{what} is deprecated without a sunset");
            compare.emit(&rules::SUNSET_MISSING, old_node, new.deprecated, message);
        }
        (Some(sunset), Some(day)) if wanted > 0 && day.0 < compare.settings.today.0 + wanted => {
            let message = format!("the sunset of {what} is sooner than {wanted} days from now");
            compare.emit(&rules::SUNSET_TOO_SOON, old_node, sunset, message);
        }
        _ => {}
    }
}

fn sunset_moved<'a>(
    compare: &mut Compare<'a>,
    what: &str,
    old_node: &'a Node,
    new_node: &'a Node,
    (old, new): (Life<'a>, Life<'a>),
) {
    let day = |node: Option<&Node>| node.and_then(Node::text).and_then(Day::parse);
    match (old.sunset, new.sunset) {
        (Some(was), None) => {
            compare.emit(&rules::SUNSET_REMOVED, was, new_node, format!("the sunset of {what} is gone"));
        }
        (_, Some(is)) if day(Some(is)).is_none() => {
            let known = old.sunset.is_some_and(|was| was.text() == is.text());
            if !known {
                compare.emit(&rules::SUNSET_UNPARSABLE, old_node, is, format!("the sunset of {what} is no date"));
            }
        }
        (Some(was), Some(is)) if day(Some(was)) > day(Some(is)) => {
            compare.emit(&rules::SUNSET_CLOSER, was, is, format!("the sunset of {what} is sooner"));
        }
        (Some(was), Some(is)) if day(Some(was)) < day(Some(is)) => {
            compare.emit(&rules::SUNSET_LATER, was, is, format!("the sunset of {what} is later"));
        }
        _ => {}
    }
}

/// Levels from the least stable; what says nothing is stable.
fn level(node: Option<&Node>) -> Option<usize> {
    let Some(node) = node else { return Some(3) };
    ["draft", "alpha", "beta", "stable"].iter().position(|level| node.text() == Some(level))
}

fn stability<'a>(
    compare: &mut Compare<'a>,
    what: &str,
    (old, old_node): (Life<'a>, &'a Node),
    (new, new_node): (Life<'a>, &'a Node),
) {
    let (was, is) = (old.stability, new.stability);
    let same = was.and_then(Node::text) == is.and_then(Node::text) && was.is_some() == is.is_some();
    let nodes = (was.unwrap_or(old_node), is.unwrap_or(new_node));
    let (rule, message) = match (level(was), level(is)) {
        _ if same => return,
        (None, _) | (_, None) => {
            let is = if level(is).is_none() { is } else { was };
            let shown = shortened(is.and_then(Node::text).unwrap_or("something"), 40);
            (&rules::STABILITY_UNKNOWN, format!("the stability of {what} is `{shown}`, which is no level"))
        }
        (Some(was), Some(is)) if is < was => (&rules::STABILITY_LOWERED, format!("{what} is less stable")),
        (Some(was), Some(is)) if is > was => (&rules::STABILITY_RAISED, format!("{what} is more stable")),
        _ => return,
    };
    compare.emit(rule, nodes.0, nodes.1, message);
}
