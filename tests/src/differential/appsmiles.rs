//! App's Miles against PHP: `json_decode`, `json_encode` and `hash_hmac` with their stock settings.

use super::draw::Draw;
use super::{Case, Parts, Requests, recipe, steps};
use anyhow::Result;
use countersign_auth::recipe::PhpArrays;
use countersign_auth::{Credentials, Prepared, Secret, SignableBody, SignableRequest, SigningOptions, Stamp};
use http::{HeaderMap, HeaderName, HeaderValue};

const SECRETS: [&str; 2] = [
    "not-a-real-partner-secret-000000",
    "clé/\"\\🎁 longer than the block of the hash \
    function, which is hashed first: 0123456789abcdef0123456789abcdef",
];
const PARTNER: &str = "partner/\"é\\🎁";
/// The headers that `data_header` covers: the recipe's own, and what a user may set instead.
const COVERED: [&[&str]; 2] = [&["Content-Type"], &["0", "1", "Content-Type", "X-Version", "accept-language"]];
const SCHEMES: [(&str, Option<&str>); 3] =
    [("appsmiles_user", Some("user_token")), ("appsmiles_backend", Some("service_token")), ("appsmiles_none", None)];

/// The three schemes with the options that are compared, each prepared once.
#[derive(Debug)]
pub struct AppsMiles(Vec<Signer>);

#[derive(Debug)]
struct Signer {
    prepared: Prepared,
    session: Option<&'static str>,
    secret: &'static str,
    covered: &'static [&'static str],
    arrays: PhpArrays,
}

impl Requests for AppsMiles {
    const PROVIDER: &'static str = "appsmiles";
    const PEER: (&'static str, &'static str) = ("php", "appsmiles.php");

    fn prepare() -> Result<AppsMiles> {
        let mut signers = Vec::new();
        for (scheme, session) in SCHEMES {
            let checked = recipe(Self::PROVIDER, scheme)?;
            // The recipe as it stands comes first, then with what is settable set.
            for (secret, covered, arrays) in [
                (SECRETS[0], COVERED[0], PhpArrays::Assoc),
                (SECRETS[1], COVERED[1], PhpArrays::Assoc),
                (SECRETS[0], COVERED[1], PhpArrays::Object),
            ] {
                let changed = SigningOptions::new().only("data_header", covered.iter().copied());
                let changed = changed.arrays("data_header", arrays).arrays("data_body", arrays);
                let stands = covered == COVERED[0] && arrays == PhpArrays::Assoc;
                let checked = if stands { checked.clone() } else { checked.with_options(&changed)? };
                let credentials = Credentials::new().text("partner_id", PARTNER).key("partner_secret", secret);
                let prepared = checked.prepare(&credentials)?;
                signers.push(Signer { prepared, session, secret, covered, arrays });
            }
        }
        Ok(AppsMiles(signers))
    }

    fn next(&self, draw: &mut Draw) -> Case {
        // Most requests take the recipe as it stands.
        let signer = &self.0[draw.below(3) * 3 + draw.one_of(&[0, 0, 0, 0, 1, 2])];
        let body = if draw.once_in(20) { None } else { Some(draw.json().into_bytes()) };
        signer.case(draw, body)
    }

    fn broken(&self, draw: &mut Draw) -> Option<Case> {
        let signer = &self.0[draw.below(self.0.len())];
        let name_begins_with_zero = signer.arrays == PhpArrays::Object && draw.once_in(4);
        let body = if name_begins_with_zero { b"{\"\\u0000a\":1}".to_vec() } else { draw.broken_json() };
        Some(signer.case(draw, Some(body)))
    }
}

impl Signer {
    fn case(&self, draw: &mut Draw, body: Option<Vec<u8>>) -> Case {
        let headers = headers(draw);
        let subject = self.session.map_or(String::new(), |_| format!("t{}", draw.text(20)));
        // Up to the year 9999: beyond that the engine takes no time.
        let created = draw.number() >> (27 + draw.below(30));
        let mut fields = vec![
            Some(self.secret.as_bytes().to_vec()),
            Some(PARTNER.as_bytes().to_vec()),
            Some(subject.as_bytes().to_vec()),
            Some(created.to_string().into_bytes()),
            Some(if self.arrays == PhpArrays::Assoc { b"assoc".to_vec() } else { b"object".to_vec() }),
            body.clone(),
            Some(self.covered.join(",").into_bytes()),
        ];
        for (name, value) in &headers {
            fields.extend([Some(name.as_str().as_bytes().to_vec()), Some(value.as_bytes().to_vec())]);
        }
        let ours = self.sign(&headers, body.as_deref(), &subject, created);
        Case { fields, ours }
    }

    fn sign(&self, headers: &HeaderMap, body: Option<&[u8]>, subject: &str, created: u64) -> Result<Parts, String> {
        let stamp = Stamp::given([("created".to_owned(), created.to_string())].into());
        let stamp = match self.session {
            Some(session) => stamp.session(session, &Secret::from(subject)),
            None => stamp,
        };
        let body = body.map_or(SignableBody::None, SignableBody::Bytes);
        let request = SignableRequest { method: "POST", base: "", target: "/gift/list", headers, body };
        let signed = self.prepared.sign(&request, &stamp).map_err(|error| error.to_string())?;
        let named = steps(
            signed.steps().collect::<Vec<_>>().into_iter(),
            &[
                ("data_header", "data_header"),
                ("data_body", "data_body"),
                ("header", "token.header_json"),
                ("payload", "token.payload_json"),
            ],
        );
        let mut parts = named?;
        let mut carried = signed.headers().map(|(_, value)| value.as_bytes().to_vec());
        let token = carried.next().and_then(|value| value.strip_prefix(b"Bearer ").map(<[u8]>::to_vec));
        parts.push(("token", token.ok_or("no bearer token")?));
        parts.push(("body", signed.body().ok_or("no body")?.to_vec()));
        Ok(parts)
    }
}

/// What caller and client set before signing.
fn headers(draw: &mut Draw) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut set = |name: &'static str, value: &str| {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("what is drawn may stand in a header");
        headers.insert(HeaderName::from_static(name), value);
    };
    if !draw.once_in(16) {
        set("content-type", draw.one_of(&["application/json", "application/json; charset=\"utf-8\"", ""]));
    }
    for name in ["0", "1", "x-version", "accept-language", "authorization"] {
        if draw.once_in(2) {
            set(name, &draw.header(20));
        }
    }
    headers
}
