//! What is drawn from a seed: numbers, texts and JSON documents that break careless code.

/// Names that PHP's arrays may take for integers, and some that look so.
const NUMBER_NAMES: &str = "0 1 2 3 -0 -1 00 01 1.0 1e0 +1 ٣ 9223372036854775807 9223372036854775808 \
    -9223372036854775808 -9223372036854775809 18446744073709551616";

/// Integers at the edges of 64 and of 53 bits, and far beyond.
const INTEGERS: &str = "0 -0 1 -1 9007199254740991 9007199254740993 9223372036854775806 9223372036854775807 \
    9223372036854775808 9223372036854775809 -9223372036854775807 -9223372036854775808 -9223372036854775809 \
    18446744073709551615 18446744073709551616 100000000000000000 99999999999999999999 123456789012345678901234567890";

/// Numbers where the form of a double changes, or its digits are hard to find.
const FLOATS: &str = "-0.0 0.0 0e9 -0E-3 1.0 100.0 -7.00 0.1 0.30000000000000004 1e15 1e16 1e17 99999999999999990.0 \
    123456789012345680.0 1e-4 0.0001 0.00001 0.000012345 5e-324 3e-324 2e-324 1e-400 2.2250738585072014e-308 \
    2.2250738585072011e-308 1.7976931348623157e308 1.7976931348623158e+308 9007199254740993.0 \
    1.0000000000000002220446049250313 4.35 0.5E+1";

/// What only looks like JSON, and numbers that PHP can't hold.
const NOT_JSON: &str = r#"{ [1,] {"a":1,} {'a':1} [01] [1.] [.5] [+1] [-] [1e] nul NULL NaN [Infinity] 1e309 [-1e400]
    "\ud800" "\udc00\ud800" "\ud83cx" "\x41" "\u12G4" "open /**/1 1,2 [1}"#;

/// A lone byte, an impossible one, an overlong form, a surrogate, more than U+10FFFF, an end too soon.
const NOT_UTF8: [&[u8]; 6] = [b"\x80", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"];

/// A source of numbers: SplitMix64, so a seed means the same on every machine.
#[derive(Clone, Debug)]
pub struct Draw(u64);

impl Draw {
    /// Starts from a seed.
    pub const fn new(seed: u64) -> Draw {
        Draw(seed)
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.number() % limit as u64).expect("it is below a usize")
    }

    /// One of these words.
    fn word(&mut self, words: &str) -> String {
        let words: Vec<&str> = words.split_whitespace().collect();
        self.one_of(&words).to_owned()
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    pub fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    /// That many random bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.number().to_le_bytes()[0]).collect()
    }

    /// A body of any length and bytes, often at the edges of a hash function's blocks.
    pub fn body(&mut self) -> Vec<u8> {
        let edges = [1, 55, 56, 63, 64, 65, 111, 112, 113, 127, 128, 129, 255, 256, 4096];
        let length = match self.below(4) {
            0 => self.one_of(&edges),
            1 => self.below(3000),
            _ => return self.json().into_bytes(),
        };
        self.bytes(length)
    }

    /// A character that PHP, Python and Rust may see differently.
    pub fn character(&mut self) -> char {
        match self.below(12) {
            0..=4 => self.in_range(' ', '~'),
            5 => self.one_of(&['/', '\\', '"', '\'', '<', '>', '&', '=', '\u{7f}']),
            6 => self.in_range('\0', '\u{1f}'),
            7 => self.in_range('\u{80}', '\u{24f}'),
            8 => self.one_of(&['\u{2028}', '\u{2029}', '\u{feff}', '\u{a0}', '\u{200d}', '\u{fffd}', '\u{ffff}']),
            9 => self.in_range('\u{e000}', '\u{ffff}'),
            10 => self.in_range('\u{800}', '\u{d7ff}'),
            _ => self.in_range('\u{10000}', '\u{10ffff}'),
        }
    }

    /// A text of any characters.
    pub fn text(&mut self, longest: usize) -> String {
        (0..self.below(longest + 1)).map(|_| self.character()).collect()
    }

    /// A text that may stand in a header: printable ASCII, now and then beyond.
    pub fn header(&mut self, longest: usize) -> String {
        let wide = self.once_in(8);
        let character = |draw: &mut Self| match draw.below(5) {
            0 if wide => draw.one_of(&['é', '\u{a0}', '\u{2028}', '漢', '🎁']),
            1 => draw.one_of(&['/', '\\', '"', ';', '=', ',']),
            _ => draw.in_range('!', '~'),
        };
        (0..self.below(longest + 1)).map(|_| character(self)).collect()
    }

    fn in_range(&mut self, first: char, last: char) -> char {
        let (first, last) = (first as usize, last as usize);
        let drawn = u32::try_from(first + self.below(last - first + 1)).ok().and_then(char::from_u32);
        drawn.expect("no range holds surrogates")
    }

    /// A JSON text as a sloppy program may write it.
    pub fn json(&mut self) -> String {
        let mut out = String::new();
        self.space(&mut out);
        match self.below(12) {
            0 => self.scalar(&mut out),
            1 => self.deep(&mut out),
            2..=4 => self.list(&mut out, 0),
            _ => self.map(&mut out, 0),
        }
        self.space(&mut out);
        out
    }

    fn value(&mut self, out: &mut String, depth: usize) {
        match self.below(10 + 2 * depth) {
            0 | 1 if depth < 7 => self.list(out, depth + 1),
            2..=4 if depth < 7 => self.map(out, depth + 1),
            _ => self.scalar(out),
        }
    }

    /// Up to as deep as PHP goes: 511 lists and maps around a value.
    fn deep(&mut self, out: &mut String) {
        let depth = match self.below(8) {
            0 => 511,
            1 => 510,
            _ => 1 + self.below(60),
        };
        let mut closing = Vec::new();
        for _ in 0..depth {
            if self.once_in(2) {
                out.push('[');
                closing.push(']');
            } else {
                out.push('{');
                self.string(out, "a");
                out.push(':');
                closing.push('}');
            }
        }
        self.scalar(out);
        out.extend(closing.iter().rev());
    }

    fn list(&mut self, out: &mut String, depth: usize) {
        out.push('[');
        for index in 0..self.size() {
            if index > 0 {
                out.push(',');
            }
            self.space(out);
            self.value(out, depth);
            self.space(out);
        }
        self.space(out);
        out.push(']');
    }

    fn map(&mut self, out: &mut String, depth: usize) {
        let names = self.names();
        out.push('{');
        for (index, name) in names.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            self.space(out);
            self.string(out, name);
            self.space(out);
            out.push(':');
            self.space(out);
            self.value(out, depth);
        }
        self.space(out);
        out.push('}');
    }

    /// Mostly few, often none.
    fn size(&mut self) -> usize {
        self.one_of(&[0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 12])
    }

    /// The names of a map: 0 to n-1 in order or nearly so, other numbers, words; some stand twice.
    fn names(&mut self) -> Vec<String> {
        let size = self.size();
        let mut names: Vec<String> = match self.below(4) {
            0 => (0..size).map(|index| index.to_string()).collect(),
            1 => (0..size).map(|_| self.number_name()).collect(),
            _ => (0..size).map(|_| self.name()).collect(),
        };
        if size > 1 && self.once_in(4) {
            let (from, to) = (self.below(size), self.below(size));
            match self.below(3) {
                0 => names.swap(from, to),
                1 => names[to] = names[from].clone(),
                _ => names.push(names[from].clone()),
            }
        }
        names
    }

    fn number_name(&mut self) -> String {
        match self.below(4) {
            0 => self.below(5).to_string(),
            1 => self.number().to_string(),
            2 => self.one_of(&["", " 1", "1 "]).to_owned(),
            _ => self.word(NUMBER_NAMES),
        }
    }

    fn name(&mut self) -> String {
        let name = match self.below(3) {
            0 => self.one_of(&["tagId", "lang", "param1", "users", "a/b", "", "_empty_", "__proto__"]).to_owned(),
            _ => self.text(12),
        };
        // PHP refuses such a name where maps stay objects; that is among the broken requests.
        name.trim_start_matches('\0').to_owned()
    }

    fn scalar(&mut self, out: &mut String) {
        match self.below(10) {
            0 => out.push_str("null"),
            1 => out.push_str("true"),
            2 => out.push_str("false"),
            3 => out.push_str(&self.integer()),
            4 | 5 => out.push_str(&self.float()),
            _ => {
                let text = self.text(24);
                self.string(out, &text);
            }
        }
    }

    /// An integer: small, at the edges of 64 and of 53 bits, or far beyond.
    fn integer(&mut self) -> String {
        match self.below(5) {
            0 | 1 => self.word(INTEGERS),
            2 => (self.number() as i64 >> self.below(64)).to_string(),
            3 => format!("{}{}", self.one_of(&["", "-"]), self.digits(18, 23)),
            _ => format!("{}{}", self.one_of(&["", "-"]), self.digits(1, 308)),
        }
    }

    /// A number with a fraction or an exponent, of any magnitude; never beyond what a double holds.
    fn float(&mut self) -> String {
        match self.below(6) {
            0 => self.word(FLOATS),
            1 => loop {
                let value = f64::from_bits(self.number());
                if value.is_finite() {
                    break format!("{value:e}");
                }
            },
            2 => format!("{}.{}", self.digits(1, 20), self.one_of(&["0", "00", "5", "50", "25"])),
            3 => format!("0.{}{}", "0".repeat(self.below(8)), self.digits(1, 20)),
            4 => format!("{}.{}", self.digits(1, 4), self.digits(1, 25)),
            _ => {
                let (mark, sign) = (self.one_of(&["e", "E"]), self.one_of(&["", "+", "-"]));
                format!("-{}.{}{mark}{sign}{}", self.below(10), self.digits(1, 18), self.below(307))
            }
        }
    }

    /// Digits without a leading zero.
    fn digits(&mut self, fewest: usize, most: usize) -> String {
        let count = fewest + self.below(most - fewest + 1);
        let digit = |draw: &mut Self, lowest: char| draw.in_range(lowest, '9');
        (0..count).map(|index| digit(self, if index == 0 { '1' } else { '0' })).collect()
    }

    /// A JSON string, its characters as they are or escaped in one of the ways there are.
    fn string(&mut self, out: &mut String, text: &str) {
        out.push('"');
        for character in text.chars() {
            let short = match character {
                '"' | '\\' | '/' => Some(character),
                '\u{8}' => Some('b'),
                '\u{c}' => Some('f'),
                '\n' => Some('n'),
                '\r' => Some('r'),
                '\t' => Some('t'),
                _ => None,
            };
            let must = matches!(character, '"' | '\\' | '\0'..='\u{1f}');
            match short {
                Some(short) if (must && !self.once_in(4)) || self.once_in(3) => out.extend(['\\', short]),
                _ if must || self.once_in(6) => self.escaped(out, character),
                _ => out.push(character),
            }
        }
        out.push('"');
    }

    fn escaped(&mut self, out: &mut String, character: char) {
        for unit in character.encode_utf16(&mut [0; 2]) {
            let digits = if self.once_in(2) { format!("{unit:04x}") } else { format!("{unit:04X}") };
            out.push_str("\\u");
            out.push_str(&digits);
        }
    }

    fn space(&mut self, out: &mut String) {
        if self.once_in(8) {
            out.push_str(self.one_of(&[" ", "\n", "\t", "\r\n", "  \t"]));
        }
    }

    /// Bytes that are not JSON, or that PHP can't hold.
    pub fn broken_json(&mut self) -> Vec<u8> {
        let mut json = match self.below(6) {
            0 => return self.one_of(&["", " ", "[1] 2", "\u{feff}{}"]).into(),
            1 => return self.word(NOT_JSON).into(),
            // A control character in a string.
            2 => format!("{{\"a\":\"{}\"}}", self.in_range('\0', '\u{1f}')).into_bytes(),
            // Deeper than PHP goes.
            3 => {
                let depth = 512 + self.below(50);
                format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into_bytes()
            }
            // Beyond what a double holds.
            4 => format!("[{}]", self.digits(310, 400)).into_bytes(),
            _ => {
                let bytes = self.one_of(&NOT_UTF8);
                [b"[\"", bytes, b"\"]"].concat()
            }
        };
        if self.once_in(3) {
            json.push(b' ');
        }
        json
    }
}

#[cfg(test)]
mod tests {
    use super::Draw;

    #[test]
    fn the_same_seed_draws_the_same() {
        let (mut one, mut other) = (Draw::new(7), Draw::new(7));
        for _ in 0..100 {
            assert_eq!(one.json(), other.json());
        }
        assert_ne!(Draw::new(7).number(), Draw::new(8).number());
    }
}
