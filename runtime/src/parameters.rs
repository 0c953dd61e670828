//! Values of parameters as text, and their percent-encoding.
//!
//! Everything but RFC 3986's unreserved characters is encoded, in paths and in queries: a value can't end its
//! segment, begin a query, or add a pair.

use crate::{Date, DateTime, Decimal, Sensitive, Uuid};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::borrow::Cow;

/// A value that can stand in a path, a query or a header.
pub trait ParameterValue {
    /// The value as text, not encoded.
    fn text(&self) -> Cow<'_, str>;

    /// Whether it must not be printed; a header with it is marked.
    fn is_sensitive(&self) -> bool {
        false
    }
}

/// A [`ParameterValue`], a list of them, or one that may be absent.
pub trait ParameterValues {
    /// Calls `take` for each value.
    fn each(&self, take: &mut dyn FnMut(Cow<'_, str>));

    /// Whether any must not be printed.
    fn any_sensitive(&self) -> bool {
        false
    }
}

impl<T: ParameterValue + ?Sized> ParameterValues for T {
    fn each(&self, take: &mut dyn FnMut(Cow<'_, str>)) {
        take(self.text());
    }

    fn any_sensitive(&self) -> bool {
        self.is_sensitive()
    }
}

impl<T: ParameterValue> ParameterValues for [T] {
    fn each(&self, take: &mut dyn FnMut(Cow<'_, str>)) {
        self.iter().for_each(|value| take(value.text()));
    }

    fn any_sensitive(&self) -> bool {
        self.iter().any(ParameterValue::is_sensitive)
    }
}

impl<T: ParameterValue> ParameterValues for Vec<T> {
    fn each(&self, take: &mut dyn FnMut(Cow<'_, str>)) {
        self.as_slice().each(take);
    }

    fn any_sensitive(&self) -> bool {
        self.as_slice().any_sensitive()
    }
}

impl<T: ParameterValues> ParameterValues for Option<T> {
    fn each(&self, take: &mut dyn FnMut(Cow<'_, str>)) {
        self.iter().for_each(|values| values.each(take));
    }

    fn any_sensitive(&self) -> bool {
        self.as_ref().is_some_and(ParameterValues::any_sensitive)
    }
}

impl<T: ParameterValue + ?Sized> ParameterValue for &T {
    fn text(&self) -> Cow<'_, str> {
        (**self).text()
    }

    fn is_sensitive(&self) -> bool {
        (**self).is_sensitive()
    }
}

impl<T: ParameterValue + ?Sized> ParameterValue for Box<T> {
    fn text(&self) -> Cow<'_, str> {
        (**self).text()
    }

    fn is_sensitive(&self) -> bool {
        (**self).is_sensitive()
    }
}

impl ParameterValue for Sensitive {
    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.expose())
    }

    fn is_sensitive(&self) -> bool {
        true
    }
}

macro_rules! borrowed {
    ($($type:ty: $as_str:ident),*) => {$(
        impl ParameterValue for $type {
            fn text(&self) -> Cow<'_, str> {
                Cow::Borrowed(self.$as_str())
            }
        }
    )*};
}
borrowed!(String: as_str, Cow<'_, str>: as_ref, Decimal: as_str, DateTime: as_str, Date: as_str, Uuid: as_str);

impl ParameterValue for str {
    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }
}

macro_rules! printed {
    ($($type:ty),*) => {$(
        impl ParameterValue for $type {
            fn text(&self) -> Cow<'_, str> {
                Cow::Owned(self.to_string())
            }
        }
    )*};
}
printed!(i8, i16, i32, i64, i128, u8, u16, u32, u64, u128, f32, f64, bool);

/// Percent-encodes all but RFC 3986's unreserved characters.
pub(crate) fn encode_into(text: &str, out: &mut String) {
    out.extend(utf8_percent_encode(text, &ALL_BUT_UNRESERVED));
}

/// The values, each encoded, with commas between them; nothing if there are none.
pub(crate) fn joined(values: &(impl ParameterValues + ?Sized)) -> Option<String> {
    let mut out: Option<String> = None;
    values.each(&mut |text| {
        let out = match &mut out {
            None => out.insert(String::new()),
            Some(out) => {
                out.push(',');
                out
            }
        };
        encode_into(&text, out);
    });
    out
}

/// All but RFC 3986's `unreserved`.
pub(crate) const ALL_BUT_UNRESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: &(impl ParameterValues + ?Sized)) -> Vec<String> {
        let mut out = Vec::new();
        values.each(&mut |text| out.push(text.into_owned()));
        out
    }

    #[test]
    fn values_have_texts() {
        assert_eq!(texts("a"), ["a"]);
        assert_eq!(texts(&-7_i64), ["-7"]);
        assert_eq!(texts(&true), ["true"]);
        assert_eq!(texts(&1.5), ["1.5"]);
        assert_eq!(texts(&vec!["a".to_owned(), "b".to_owned()]), ["a", "b"]);
        assert_eq!(texts(&["a", "b"][..]), ["a", "b"]);
        assert_eq!(texts(&None::<String>), [""; 0]);
        assert_eq!(texts(&Some(vec![1, 2])), ["1", "2"]);
        assert!(vec![Sensitive::from("x")].any_sensitive());
        assert!(!"x".is_sensitive());
    }

    #[test]
    fn everything_but_unreserved_is_encoded() {
        let mut out = String::new();
        encode_into("aZ0-._~ /?#[]@!$&'()*+,;=%\"<>\\^`{|}\u{fc}\n\0", &mut out);
        assert_eq!(
            out,
            "aZ0-._~%20%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%25%22%3C%3E%5C%5E%60%7B%7C%7D%C3%BC%0A%00"
        );
        assert_eq!(joined(&["a,b", "c"][..]).unwrap(), "a%2Cb,c");
        assert_eq!(joined(&Vec::<String>::new()), None);
    }
}
