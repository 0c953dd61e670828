//! Clutch against Python: `hashlib`, `hmac`, `json` and `uuid`.

use super::draw::Draw;
use super::{Case, Parts, Requests, recipe, steps};
use anyhow::Result;
use countersign_auth::{Credentials, Entropy, Prepared, SignableBody, SignableRequest, Stamp, UnixTime};
use http::HeaderMap;

const KEY: &str = "key/\"1\\";
const SECRETS: [&str; 2] = [
    "s",
    "clé 🎁 longer than the block of the hash function, which is hashed first: \
    0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
];

/// The scheme, prepared once for each secret.
#[derive(Debug)]
pub struct Clutch([Prepared; 2]);

impl Requests for Clutch {
    const PROVIDER: &'static str = "clutch";
    const PEER: (&'static str, &'static str) = ("python3", "clutch.py");

    fn prepare() -> Result<Clutch> {
        let checked = recipe(Self::PROVIDER, "clutch")?;
        let with = |secret| {
            checked.prepare(&Credentials::new().text("application_key", KEY).key("application_secret", secret))
        };
        Ok(Clutch([with(SECRETS[0])?, with(SECRETS[1])?]))
    }

    fn next(&self, draw: &mut Draw) -> Case {
        let which = draw.below(2);
        let (method, body) = match draw.below(10) {
            0 => ("POST", Some(Vec::new())),
            1..=3 => ("GET", None),
            _ => ("POST", Some(draw.body())),
        };
        let (target, millis) = (target(draw), (draw.number() >> (22 + draw.below(30))).cast_signed());
        let mut random = [0; Entropy::LENGTH];
        random.copy_from_slice(&draw.bytes(Entropy::LENGTH));
        let stamp = Stamp::drawn(UnixTime::from_millis(millis), Entropy::new(random));

        let fields = vec![
            Some(SECRETS[which].as_bytes().to_vec()),
            Some(KEY.as_bytes().to_vec()),
            Some(random.to_vec()),
            Some(millis.to_string().into_bytes()),
            Some(target.clone().into_bytes()),
            body.clone(),
        ];
        Case { fields, ours: sign(&self.0[which], method, &target, body.as_deref(), &stamp) }
    }
}

/// A path with a query now and then: mostly as it goes over the wire, sometimes with what a client must encode.
fn target(draw: &mut Draw) -> String {
    let mut target = draw.one_of(&["/brand/lists", "/profile/token/", "/auth/token/release/"]).to_owned();
    match draw.below(4) {
        0 => {}
        1 => target.push_str("%E2%80%A8%22?a=%5C&b=<>&c='\"\\"),
        2 => target.push_str(&draw.header(60)),
        _ => target.push_str(&draw.text(60)),
    }
    target
}

fn sign(prepared: &Prepared, method: &str, target: &str, body: Option<&[u8]>, stamp: &Stamp) -> Result<Parts, String> {
    let headers = HeaderMap::new();
    let body = body.map_or(SignableBody::None, SignableBody::Bytes);
    let request = SignableRequest { method, base: "", target, headers: &headers, body };
    let signed = prepared.sign(&request, stamp).map_err(|error| error.to_string())?;
    let names =
        [("content_digest", "content_digest"), ("string_to_sign", "string_to_sign"), ("signature", "signature")];
    let mut parts = steps(signed.steps().collect::<Vec<_>>().into_iter(), &names)?;
    let mut lines = Vec::new();
    for (name, value) in signed.spelled_headers() {
        lines.extend([name.as_bytes(), b": ", value.as_bytes(), b"\n"].concat());
    }
    parts.push(("headers", lines));
    Ok(parts)
}
