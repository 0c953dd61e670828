//! Runs every vector file in a folder against one copy of the engine.

use std::fs;
use std::path::Path;

/// What vectors give, an attempt draws: each form of a random value and of a time.
const DRAWN: &str = r#"{
  "values": {
    "uuid": {"random": "uuid-v4"}, "hex": {"random": "hex-20"}, "base64url": {"random": "base64url-10"},
    "unix_s": {"time": "unix-s", "plus": "5m"}, "unix_ms": {"time": "unix-ms"},
    "rfc3339": {"time": "rfc3339"}, "http_date": {"time": "http-date"}},
  "send": {"header": {"X-Drawn": "{uuid} {hex} {base64url} {unix_s} {unix_ms} {rfc3339} {http_date}"}}}"#;

/// From the bytes 0, 7, 14 and so on, at 1709251199.999 seconds: a leap day's last millisecond.
const EXPECTED: &str = "00070e15-1c23-4a31-b83f-464d545b6269 70777e858c939aa1a8afb6bdc4cbd2d9e0e7eef5 \
_AMKERgfJi00Ow 1709251499 1709251199999 2024-02-29T23:59:59Z Thu, 29 Feb 2024 23:59:59 GMT";

macro_rules! drawn {
    ($engine:ident) => {{
        use $engine::{Credentials, Entropy, SignableBody, SignableRequest, Stamp, UnixTime, check, document};
        let recipe = document::Value::from_json(DRAWN).map(|value| document::recipe("drawn", &value, ""));
        let prepared = match recipe {
            Ok(Ok(recipe)) => check(recipe).map(|checked| checked.prepare(&Credentials::new())),
            other => return format!("drawn: {other:?}"),
        };
        let headers = http::HeaderMap::new();
        let request =
            SignableRequest { method: "GET", base: "", target: "/", headers: &headers, body: SignableBody::None };
        let entropy = Entropy::new(std::array::from_fn(|index| (index * 7 % 256) as u8));
        let stamp = Stamp::drawn(UnixTime::from_millis(1_709_251_199_999), entropy);
        match prepared {
            Ok(Ok(prepared)) => prepared
                .sign(&request, &stamp)
                .map(|signed| signed.headers().map(|(_, value)| value.to_str().unwrap().to_owned()).collect::<String>())
                .map_err(|error| error.to_string()),
            _ => Err("not prepared".to_owned()),
        }
    }};
}

macro_rules! run_with {
    ($engine:ident, $recipes:expr, $vectors:expr) => {{
        use $engine::document::{Value, recipes_from_components};
        use $engine::vectors::{Outcome, VectorFile, run};
        match drawn!($engine) {
            Ok(drawn) if drawn == EXPECTED => {}
            Ok(drawn) => {
                let differing = drawn.split(' ').zip(EXPECTED.split(' ')).find(|(drawn, expected)| drawn != expected);
                return format!(
                    "drawn: {} instead of {}",
                    differing.unwrap_or_default().0,
                    differing.unwrap_or_default().1
                );
            }
            Err(error) => return format!("drawn: {error}"),
        }
        let mut recipes = Vec::new();
        for document in $recipes {
            match Value::from_json(document).map(|value| recipes_from_components(&value)) {
                Ok(Ok(found)) => recipes.extend(found.recipes.into_iter().map(|declared| declared.recipe)),
                Ok(Err(errors)) => return format!("recipes: {}", errors[0]),
                Err(error) => return format!("recipes: {error}"),
            }
        }
        let mut passed = 0;
        for text in $vectors {
            let file = match VectorFile::parse(text) {
                Ok(file) => file,
                Err(errors) => return format!("vectors: {}", errors[0]),
            };
            for case in run(&file, &recipes) {
                match case.outcome {
                    Outcome::Passed => passed += 1,
                    Outcome::Failed { step, .. } => return format!("{} {}: {step}", file.provider, case.name),
                }
            }
        }
        format!("passed {passed}")
    }};
}

fn main() {
    std::panic::set_hook(Box::new(|panic| println!("panics: {panic}")));
    let arguments: Vec<String> = std::env::args().collect();
    let mut files: Vec<_> =
        fs::read_dir(Path::new(&arguments[2])).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut recipes, mut vectors) = (Vec::new(), Vec::new());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        if file.to_str().unwrap().ends_with(".recipes.json") { recipes.push(text) } else { vectors.push(text) }
    }
    println!("{}", run(&arguments[1], &recipes, &vectors));
}
