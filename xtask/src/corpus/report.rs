//! The table, its totals, and what stands below them.

use super::Row;
use super::examples::{Refused, Score};
use std::fmt::Write as _;

/// Everything that is printed.
pub(super) fn table(rows: &[Row], compiled: bool) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0).max(4);
    let mut text = format!(
        "{:width$}  {:>10}  {:>7}  {:>9}  {:>7}  {:>8}  {:>7}\n",
        "spec", "operations", "methods", "generated", "checked", "loosened", "seconds"
    );
    let number = |number: Option<usize>| number.map_or("-".to_owned(), |number| number.to_string());
    let yes = |yes: bool| if yes { "yes" } else { "no" };
    for row in rows {
        let _ = writeln!(
            text,
            "{:width$}  {:>10}  {:>7}  {:>9}  {:>7}  {:>8}  {:>7.1}",
            row.name,
            number(row.operations),
            number(row.methods),
            yes(row.methods.is_some()),
            row.checked.map_or("-", yes),
            row.loosened,
            (row.generating + row.compiling).as_secs_f64(),
        );
    }
    text += &totals(rows, compiled);
    text += &examples(rows, width);
    for row in rows {
        let of_examples = row.examples.as_ref().map(below).unwrap_or_default();
        if !row.remarks.is_empty() || !of_examples.is_empty() {
            let _ = write!(text, "\n== {}\n{}{of_examples}", row.name, row.remarks);
        }
    }
    text
}

fn totals(rows: &[Row], compiled: bool) -> String {
    let all = rows.len();
    let count = |which: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| which(row)).count();
    let operations: usize = rows.iter().filter_map(|row| row.operations).sum();
    let methods: usize = rows.iter().filter_map(|row| row.methods).sum();
    let loosened: usize = rows.iter().map(|row| row.loosened).sum();
    let checked = if compiled {
        format!("{} checked", count(&|row| row.checked == Some(true)))
    } else {
        "none checked".to_owned()
    };
    let (generated, equal) = (count(&|row| row.methods.is_some()), count(&Row::is_equal));
    format!(
        "{generated} of {all} generated, {checked}, methods equal operations in {equal}; \
         {methods} methods for {operations} operations, {loosened} loosened\n"
    )
}

/// A second table, if examples were tried.
fn examples(rows: &[Row], width: usize) -> String {
    let tried: Vec<(&str, &Score)> =
        rows.iter().filter_map(|row| Some((row.name.as_str(), row.examples.as_ref()?))).collect();
    if tried.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "\n{:width$}  {:>8}  {:>7}  {:>8}  {:>7}  {:>9}\n",
        "spec", "examples", "refused", "accepted", "decoded", "identical"
    );
    for (name, score) in &tried {
        let Score { all, accepted, decoded, identical, .. } = score;
        let refused = all - accepted;
        let _ = writeln!(text, "{name:width$}  {all:>8}  {refused:>7}  {accepted:>8}  {decoded:>7}  {identical:>9}");
    }
    let sum = sum(rows);
    let _ = writeln!(
        text,
        "{} examples, {} refused by their own schemas, {} accepted; {} decoded ({:.2} %), {} identical after encoding ({:.2} %)",
        sum.all,
        sum.all - sum.accepted,
        sum.accepted,
        sum.decoded,
        percent(sum.decoded, sum.accepted),
        sum.identical,
        percent(sum.identical, sum.accepted),
    );
    text
}

/// Each miss, and why a schema refuses the examples that it is said to describe.
fn below(score: &Score) -> String {
    let misses: String = score.misses.iter().map(|miss| format!("{miss}\n")).collect();
    score.refused.iter().fold(misses, |mut text, (keyword, Refused { count, first })| {
        let _ = writeln!(text, "refused by `{keyword}`: {count}, first {first}");
        text
    })
}

fn sum(rows: &[Row]) -> Score {
    let mut sum = Score::default();
    for score in rows.iter().filter_map(|row| row.examples.as_ref()) {
        sum.all += score.all;
        sum.accepted += score.accepted;
        sum.decoded += score.decoded;
        sum.identical += score.identical;
    }
    sum
}

/// Whether enough examples come through: 99.5 % decode, and 97 % are the same after encoding.
pub(super) fn examples_are_good(rows: &[Row]) -> bool {
    let sum = sum(rows);
    sum.accepted > 0 && percent(sum.decoded, sum.accepted) >= 99.5 && percent(sum.identical, sum.accepted) >= 97.0
}

#[allow(clippy::cast_precision_loss, reason = "counts of examples are small")]
fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 100.0 } else { part as f64 * 100.0 / whole as f64 }
}
