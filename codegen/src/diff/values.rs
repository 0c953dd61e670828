//! Values compared by what they mean: numbers by value, maps without order.

use crate::spec::{Node, Value};
use std::cmp::Ordering;
use std::fmt::Write as _;

/// A value as text that is equal where values are equal: `1`, `1.0` and `1e0` are the same, keys are sorted.
pub(super) fn canonical(node: &Node) -> String {
    let mut text = String::new();
    write_canonical(node, &mut text, &|_| true);
    text
}

/// The same without members that are texts only, for telling whether two schemas or operations are equal.
pub(super) fn canonical_without_texts(node: &Node) -> String {
    let mut text = String::new();
    write_canonical(node, &mut text, &|key| !super::schema::is_text(key) && key != "operationId" && key != "tags");
    text
}

fn write_canonical(node: &Node, text: &mut String, keep: &impl Fn(&str) -> bool) {
    // The reader limits the depth.
    match &node.value {
        Value::Null => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => text.push_str(&Number::parse(number).map_or_else(|| number.clone(), |n| n.text())),
        Value::Text(value) => write_text(value, text),
        Value::List(items) => {
            text.push('[');
            for item in items {
                write_canonical(item, text, keep);
                text.push(',');
            }
            text.push(']');
        }
        Value::Map(members) => {
            let mut sorted: Vec<_> = members.iter().filter(|(key, _)| keep(&key.text)).collect();
            sorted.sort_by(|(a, _), (b, _)| a.text.cmp(&b.text));
            text.push('{');
            for (key, value) in sorted {
                write_text(&key.text, text);
                text.push(':');
                write_canonical(value, text, keep);
                text.push(',');
            }
            text.push('}');
        }
    }
}

/// Text in quotes, with escapes where it needs them.
fn write_text(value: &str, text: &mut String) {
    if value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\') {
        text.push('"');
        text.push_str(value);
        text.push('"');
    } else {
        // Writing to a `String` can't fail.
        let _ = write!(text, "{value:?}");
    }
}

/// A decimal number: digits without zeros at either end, times a power of ten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Number {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) || whole.is_empty() {
            return None;
        }
        let all = format!("{whole}{fraction}");
        let digits = all.trim_end_matches('0');
        let dropped = all.len() - digits.len();
        let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        let exponent = exponent.checked_add(i64::try_from(dropped).ok()?)?;
        let digits = digits.trim_start_matches('0').to_owned();
        if digits.is_empty() {
            return Some(Number { negative: false, digits, exponent: 0 });
        }
        Some(Number { negative, digits, exponent })
    }

    fn text(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        match self.digits.as_str() {
            "" => "0".to_owned(),
            digits if self.exponent == 0 => format!("{sign}{digits}"),
            digits => format!("{sign}{digits}e{}", self.exponent),
        }
    }

    /// Where the first digit stands: the greater, the larger the number.
    fn magnitude(&self) -> i64 {
        self.exponent.saturating_add(i64::try_from(self.digits.len()).unwrap_or(i64::MAX))
    }

    pub(super) fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    pub(super) fn is_one(&self) -> bool {
        !self.negative && self.exponent == 0 && self.digits == "1"
    }

    /// The number, if it is an integer that 128 bits hold.
    pub(super) fn integer(&self) -> Option<i128> {
        if self.is_zero() {
            return Some(0);
        }
        let power = 10_i128.checked_pow(u32::try_from(self.exponent).ok()?)?;
        let number = self.digits.parse::<i128>().ok()?.checked_mul(power)?;
        Some(if self.negative { -number } else { number })
    }

    pub(super) fn is_at_most_one(&self) -> bool {
        self.is_zero() || self.negative || self.text() == "1"
    }

    /// Whether the number is an integer multiple of `other`, as far as 128 bits tell.
    pub(super) fn is_multiple_of(&self, other: &Number) -> Option<bool> {
        let lowest = self.exponent.min(other.exponent);
        let scaled = |number: &Number| {
            let shift = u32::try_from(number.exponent - lowest).ok()?;
            number.digits.parse::<u128>().ok()?.checked_mul(10_u128.checked_pow(shift)?)
        };
        let (this, other) = (scaled(self)?, scaled(other)?);
        (other != 0).then(|| this % other == 0)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Number| match (number.is_zero(), number.negative) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => -1,
        };
        let by_sign = sign(self).cmp(&sign(other));
        if by_sign != Ordering::Equal || self.is_zero() {
            return by_sign;
        }
        // Digits without zeros at the end compare as fractions, from the left.
        let size = self.magnitude().cmp(&other.magnitude()).then_with(|| self.digits.cmp(&other.digits));
        if self.negative { size.reverse() } else { size }
    }
}
