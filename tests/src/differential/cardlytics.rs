//! Cardlytics against Python: calls and webhooks, and the tokens for its SDK.

use super::draw::Draw;
use super::{Case, Parts, Requests, recipe, steps};
use anyhow::Result;
use countersign_auth::{Credentials, Entropy, Prepared, SignableBody, SignableRequest, Stamp, UnixTime};
use http::HeaderMap;

const APPLICATION: &str = "cdlx:é/\"\\\u{1}\u{7f}\u{2028}🎁";
const SECRETS: [&str; 2] = [
    "your-256-bit-secret",
    "clé 🎁 longer than the block of the hash function, which is \
    hashed first: 0123456789abcdef0123456789abcdef",
];
const NAMES: [(&str, &str); 3] =
    [("header", "token.header_json"), ("payload", "token.payload_json"), ("token", "token")];

/// Both recipes, prepared once for each secret.
#[derive(Debug)]
pub struct Cardlytics(Vec<(&'static str, Prepared, Prepared)>);

impl Requests for Cardlytics {
    const PROVIDER: &'static str = "cardlytics";
    const PEER: (&'static str, &'static str) = ("python3", "cardlytics.py");

    fn prepare() -> Result<Cardlytics> {
        let call = recipe(Self::PROVIDER, "cardlytics")?;
        let experience = recipe(Self::PROVIDER, "cardlytics_user_experience")?;
        let with = |secret: &'static str| {
            let credentials = Credentials::new().text("application_id", APPLICATION).key("secret_key", secret);
            Ok((secret, call.prepare(&credentials)?, experience.prepare(&credentials)?))
        };
        SECRETS.into_iter().map(with).collect::<Result<_>>().map(Cardlytics)
    }

    fn next(&self, draw: &mut Draw) -> Case {
        let (secret, call, experience) = &self.0[draw.below(2)];
        let millis = (draw.number() >> (22 + draw.below(30))).cast_signed();
        let mut random = [0; Entropy::LENGTH];
        random.copy_from_slice(&draw.bytes(Entropy::LENGTH));
        let stamp = Stamp::drawn(UnixTime::from_millis(millis), Entropy::new(random));
        let mut fields = vec![
            Some(secret.as_bytes().to_vec()),
            Some(APPLICATION.as_bytes().to_vec()),
            Some(random.to_vec()),
            Some(millis.to_string().into_bytes()),
        ];
        if draw.once_in(4) {
            let (user, renewal) = (draw.text(36), draw.once_in(2).then(|| draw.text(60)));
            fields.extend([None, Some(user.clone().into_bytes()), renewal.clone().map(String::into_bytes)]);
            return Case { fields, ours: give(experience, &user, renewal, stamp) };
        }
        let body = match draw.below(10) {
            0 => Vec::new(),
            _ => draw.body(),
        };
        fields.extend([Some(body.clone()), None, None]);
        Case { fields, ours: sign(call, &body, &stamp) }
    }
}

fn sign(prepared: &Prepared, body: &[u8], stamp: &Stamp) -> Result<Parts, String> {
    let headers = HeaderMap::new();
    let body = SignableBody::Bytes(body);
    let request =
        SignableRequest { method: "POST", base: "", target: "/webhook/transactions", headers: &headers, body };
    let signed = prepared.sign(&request, stamp).map_err(|error| error.to_string())?;
    let mut parts = steps(signed.steps().collect::<Vec<_>>().into_iter(), &NAMES)?;
    let carried = signed.headers().next().map(|(_, value)| value.as_bytes().to_vec());
    parts.push(("carried", carried.ok_or("no header")?));
    Ok(parts)
}

fn give(prepared: &Prepared, user: &str, renewal: Option<String>, stamp: Stamp) -> Result<Parts, String> {
    let stamp = stamp.argument("user_id", user);
    let stamp = match renewal {
        Some(renewal) => stamp.argument("renewal_url", renewal),
        None => stamp,
    };
    let given = prepared.give(&stamp).map_err(|error| error.to_string())?;
    let mut parts = steps(given.steps().collect::<Vec<_>>().into_iter(), &NAMES)?;
    parts.push(("carried", given.expose().as_bytes().to_vec()));
    Ok(parts)
}
