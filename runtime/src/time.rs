//! Times and days as providers write them.
//!
//! A time without a zone or a day that does not exist must not make a whole body unreadable, and an offset
//! must come back as it was. So the text is kept, and read when someone asks (feature `jiff`).

use crate::text::text_type;

text_type! {
    /// A time, in RFC 3339 as far as the provider keeps to it: `2026-11-21T20:03:00Z`.
    ///
    /// Order and equality are those of the text.
    DateTime
}

text_type! {
    /// A day: `2026-11-21`.
    ///
    /// Order and equality are those of the text.
    Date
}

#[cfg(feature = "jiff")]
impl DateTime {
    /// The moment in time.
    ///
    /// # Errors
    /// When the text has no offset or is no time.
    pub fn to_timestamp(&self) -> Result<jiff::Timestamp, jiff::Error> {
        self.as_str().parse()
    }
}

#[cfg(feature = "jiff")]
impl From<jiff::Timestamp> for DateTime {
    fn from(timestamp: jiff::Timestamp) -> Self {
        Self::new(timestamp.to_string())
    }
}

#[cfg(feature = "jiff")]
impl Date {
    /// The day.
    ///
    /// # Errors
    /// When the text is no day of the calendar.
    pub fn to_date(&self) -> Result<jiff::civil::Date, jiff::Error> {
        self.as_str().parse()
    }
}

#[cfg(feature = "jiff")]
impl From<jiff::civil::Date> for Date {
    fn from(date: jiff::civil::Date) -> Self {
        Self::new(date.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_survives() {
        for text in ["2026-11-21T20:03:00+02:00", "2026-11-21 20:03:00", "", "soon"] {
            let json = serde_json::to_string(text).unwrap();
            let time: DateTime = serde_json::from_str(&json).unwrap();
            assert_eq!(time.as_str(), text);
            assert_eq!(serde_json::to_string(&time).unwrap(), json);
        }
        assert_eq!(Date::from("2026-02-30").to_string(), "2026-02-30");
        assert!(serde_json::from_str::<Date>("20260230").is_err());
    }

    #[cfg(feature = "jiff")]
    #[test]
    fn conversions() {
        let time = DateTime::from("2026-11-21T20:03:00+02:00");
        assert_eq!(DateTime::from(time.to_timestamp().unwrap()).as_str(), "2026-11-21T18:03:00Z");
        assert!(DateTime::from("2026-11-21T20:03:00").to_timestamp().is_err());
        assert_eq!(Date::from(Date::from("2026-11-21").to_date().unwrap()).as_str(), "2026-11-21");
        assert!(Date::from("2026-02-30").to_date().is_err());
    }
}
