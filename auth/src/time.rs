//! Times as text, written and read strictly: what one side writes is all that the other side takes.

use crate::recipe::TimeForm;
use crate::stamp::UnixTime;
use std::io::Write as _;

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Appends a time.
pub(crate) fn write(out: &mut Vec<u8>, time: UnixTime, form: TimeForm) {
    let seconds = time.as_secs();
    match form {
        TimeForm::UnixSeconds => write_integer(out, seconds),
        TimeForm::UnixMilliseconds => write_integer(out, time.as_millis()),
        TimeForm::Rfc3339 | TimeForm::HttpDate => write_date(out, seconds, form),
    }
}

/// Appends digits; the formatting machinery takes longer than the rest of a small signature's text.
fn write_integer(out: &mut Vec<u8>, value: i64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        // A remainder by ten is a digit.
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.extend_from_slice(b"-");
    }
    out.extend_from_slice(&digits[at..]);
}

fn write_date(out: &mut Vec<u8>, seconds: i64, form: TimeForm) {
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let (year, month, day) = civil(days);
    // Writing into a buffer that grows does not fail.
    let _ = if form == TimeForm::HttpDate {
        let (weekday, month) = (DAYS[days.rem_euclid(7) as usize], MONTHS[month as usize - 1]);
        write!(out, "{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
    } else {
        write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    };
}

/// The time that a text stands for; nothing if it is not written exactly as [`write()`] writes it.
pub(crate) fn parse(text: &str, form: TimeForm) -> Option<UnixTime> {
    let time = match form {
        TimeForm::UnixSeconds => digits(text, 1..=12).map(UnixTime::from_secs),
        TimeForm::UnixMilliseconds => digits(text, 1..=15).map(UnixTime::from_millis),
        TimeForm::Rfc3339 => parse_parts(text, [(0, 4), (5, 7), (8, 10)], [(11, 13), (14, 16), (17, 19)], false),
        TimeForm::HttpDate => parse_parts(text, [(12, 16), (8, 11), (5, 7)], [(17, 19), (20, 22), (23, 25)], true),
    }?;
    if matches!(form, TimeForm::UnixSeconds | TimeForm::UnixMilliseconds) {
        return (text == "0" || !text.starts_with('0')).then_some(time);
    }
    // Writing it again settles separators, leading zeros, weekdays and days that no month has.
    let mut again = Vec::with_capacity(32);
    write(&mut again, time, form);
    (again == text.as_bytes()).then_some(time)
}

/// What a text of this form is called in a message.
pub(crate) const fn description(form: TimeForm) -> &'static str {
    match form {
        TimeForm::UnixSeconds => "a Unix time in seconds",
        TimeForm::UnixMilliseconds => "a Unix time in milliseconds",
        TimeForm::Rfc3339 => "an RFC 3339 time in UTC with whole seconds",
        TimeForm::HttpDate => "an HTTP date",
    }
}

/// How many characters a time has at most.
pub(crate) const fn length(form: TimeForm) -> usize {
    match form {
        TimeForm::UnixSeconds | TimeForm::UnixMilliseconds | TimeForm::Rfc3339 => 20,
        TimeForm::HttpDate => 29,
    }
}

/// The seconds of a length of time: `30s`, `5m`, `1h`, `1d`.
pub(crate) fn duration(text: &str) -> Option<u32> {
    let count = text.strip_suffix(['s', 'm', 'h', 'd'])?;
    let plain = count.bytes().all(|byte| byte.is_ascii_digit());
    let seconds: u32 = if plain { count.parse().ok()? } else { return None };
    let unit = match text.as_bytes().last() {
        Some(b'm') => 60,
        Some(b'h') => 3600,
        Some(b'd') => 86_400,
        _ => 1,
    };
    seconds.checked_mul(unit)
}

fn parse_parts(
    text: &str,
    date: [(usize, usize); 3],
    clock: [(usize, usize); 3],
    named_month: bool,
) -> Option<UnixTime> {
    let part = |(start, end)| text.get(start..end);
    let number = |range| digits(part(range)?, 1..=4);
    let month = if named_month {
        let name = part(date[1])?;
        MONTHS.iter().position(|month| *month == name).and_then(|index| i64::try_from(index + 1).ok())?
    } else {
        number(date[1])?
    };
    if !(1..=12).contains(&month) {
        return None;
    }
    let days = days(number(date[0])?, month, number(date[2])?);
    let (hour, minute, second) = (number(clock[0])?, number(clock[1])?, number(clock[2])?);
    Some(UnixTime::from_secs(days * 86_400 + hour * 3600 + minute * 60 + second))
}

fn digits(text: &str, length: std::ops::RangeInclusive<usize>) -> Option<i64> {
    let all = length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if all { text.parse().ok() } else { None }
}

/// Year, month and day of a day since 1970-01-01 in the Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    // Years begin in March here, so that the leap day is the last of its year.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next_year, month, day)
}

/// The day since 1970-01-01; the inverse of [`civil`].
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let month = if month > 2 { month - 3 } else { month + 9 };
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + year * 365 + year / 4 - year / 100 + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMS: [TimeForm; 4] =
        [TimeForm::UnixSeconds, TimeForm::UnixMilliseconds, TimeForm::Rfc3339, TimeForm::HttpDate];

    fn written(time: UnixTime, form: TimeForm) -> String {
        let mut out = Vec::new();
        write(&mut out, time, form);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn known_times() {
        // RFC 9110 section 5.6.7's example, and what `date -u` prints.
        let time = UnixTime::from_millis(784_111_777_999);
        let texts = FORMS.map(|form| written(time, form));
        assert_eq!(texts, ["784111777", "784111777999", "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT"]);
        let leap = UnixTime::from_secs(1_709_164_800);
        assert_eq!(written(leap, TimeForm::Rfc3339), "2024-02-29T00:00:00Z");
        assert_eq!(written(leap, TimeForm::HttpDate), "Thu, 29 Feb 2024 00:00:00 GMT");
        assert_eq!(written(UnixTime::from_secs(0), TimeForm::HttpDate), "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn integers_are_written_as_everywhere() {
        for value in [0, 9, 10, -1, 1_700_000_000_123, i64::MAX, i64::MIN] {
            assert_eq!(written(UnixTime::from_millis(value), TimeForm::UnixMilliseconds), value.to_string());
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for day in (0..60_000).step_by(97) {
            let time = UnixTime::from_secs(day * 86_400 + day % 86_400);
            for form in FORMS {
                assert_eq!(parse(&written(time, form), form), Some(time));
            }
        }
    }

    #[test]
    fn nothing_else_is_read() {
        let seconds = ["", "+1", "-1", "01", "1.0", "1e3", " 1", "1 ", "1234567890123", "١"];
        for bad in seconds {
            assert_eq!(parse(bad, TimeForm::UnixSeconds), None, "{bad}");
        }
        let rfc3339 = [
            "2024-02-30T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-01-01t00:00:00Z",
            "2024-01-01T00:00:00+00:00",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:00:00.0Z",
            "2024-01-01 00:00:00Z",
            "2024-01-01",
            "é024-01-01T00:00:00Z",
        ];
        for bad in rfc3339 {
            assert_eq!(parse(bad, TimeForm::Rfc3339), None, "{bad}");
        }
        let dates = [
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC",
        ];
        for bad in dates {
            assert_eq!(parse(bad, TimeForm::HttpDate), None, "{bad}");
        }
    }
}
