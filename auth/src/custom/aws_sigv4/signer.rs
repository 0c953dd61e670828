//! What computes: the crate `aws-sigv4` behind the checks of this one.

use crate::custom::values::fresh;
use crate::custom::{Checked, Parameters, Signed, Signer, header_text};
use crate::error::{PrepareError, Refusal, SignError};
use crate::operations::digest;
use crate::operations::encode::{decode_hex, encode};
use crate::recipe::{Encoding, HashAlgorithm, Text, TimeForm};
use crate::request::{Base, SignableBody, SignableRequest};
use crate::secret::{SecretKey, equal};
use crate::sign::{single_header, text_of};
use crate::stamp::{Stamp, StampValue, UnixTime};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody as Payload, SignableRequest as Request, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use std::time::{Duration, SystemTime};

const WORD: &str = "AWS4-HMAC-SHA256";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
const DIGEST: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
const WINDOW: i64 = 300_000;
/// The last second whose year has four digits.
const LATEST: i64 = 253_402_300_799;
/// The longest `Authorization` and session token that are read.
const LIMIT: usize = 64 * 1024;

pub(super) fn prepare(parameters: Parameters) -> Result<Box<dyn Signer>, PrepareError> {
    let scheme = || parameters.name().clone();
    let keys = parameters.keys("secret-access-key").iter();
    // The key of a date begins with `AWS4` and this text.
    if keys.clone().any(|key| std::str::from_utf8(key.expose()).is_err()) {
        return Err(PrepareError::Encoding { scheme: scheme(), name: "secret-access-key".into(), encoding: "text" });
    }
    for name in ["access-key-id", "region", "service"] {
        if parameters.constant(name).is_some_and(|text| !is_scope(text)) {
            return Err(PrepareError::Header { scheme: scheme(), header: "Authorization".into() });
        }
    }
    let keys = keys.cloned().collect();
    Ok(Box::new(AwsSigner { keys, parameters }))
}

/// Whether a text can stand between the slashes of a scope.
fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'/' | b',' | b'='))
}

struct AwsSigner {
    parameters: Parameters,
    keys: Vec<SecretKey>,
}

/// The scope of a credential, and what belongs to it.
struct Scope<'s> {
    access_key_id: &'s str,
    region: &'s str,
    service: &'s str,
    token: Option<&'s str>,
    time: UnixTime,
}

impl AwsSigner {
    fn scheme(&self) -> &Text {
        self.parameters.name()
    }

    fn unsignable(&self, reason: &'static str) -> SignError {
        SignError::Unsignable { scheme: self.scheme().clone(), reason }
    }

    /// A text that the check has seen to be there.
    fn needed<'v>(&'v self, parameter: &'static str, stamp: &'v Stamp) -> Result<&'v str, SignError> {
        let missing = || SignError::MissingArgument { scheme: self.scheme().clone(), name: parameter.into() };
        self.parameters.text(parameter, stamp)?.ok_or_else(missing)
    }

    fn unsigned(&self) -> bool {
        self.parameters.flag("unsigned-payload", false)
    }

    fn settings(&self) -> SigningSettings {
        let mut settings = SigningSettings::default();
        if !self.parameters.flag("double-encode", true) {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
        }
        let normalize = self.parameters.flag("normalize-path", true);
        settings.uri_path_normalization_mode = UriPathNormalizationMode::from(normalize);
        // Which headers are signed is chosen here.
        settings.excluded_headers = None;
        settings
    }

    /// Whether a header must be signed where it is there.
    fn covers(&self, name: &HeaderName) -> bool {
        let listed = || {
            let mut names = self.parameters.list("signed-headers").iter();
            names.any(|listed| listed.eq_ignore_ascii_case(name.as_str()))
        };
        *name == CONTENT_TYPE || *name == CONTENT_MD5 || name.as_str().starts_with("x-amz-") || listed()
    }

    fn url(&self, request: &SignableRequest<'_>) -> Result<String, SignError> {
        let base = Base::parse(request.base).ok_or_else(|| SignError::Base { scheme: self.scheme().clone() })?;
        if !request.target.starts_with('/') {
            return Err(SignError::Target);
        }
        // Bytes that are no text would all be signed as the same replacement character.
        if !decodes_to_text(request.query()) {
            return Err(self.unsignable("the query does not decode to UTF-8"));
        }
        let (scheme, host) = (base.scheme.to_ascii_lowercase(), base.host.to_ascii_lowercase());
        Ok(format!("{scheme}://{host}{}{}", base.path, request.target))
    }

    fn body<'r>(&self, request: &SignableRequest<'r>) -> Result<&'r [u8], SignError> {
        match request.body {
            SignableBody::Bytes(body) => Ok(body),
            SignableBody::None => Ok(&[]),
            SignableBody::Stream if self.unsigned() => Ok(&[]),
            SignableBody::Stream => Err(SignError::StreamingBody { scheme: self.scheme().clone() }),
        }
    }

    /// The signature over exactly these headers, `Host` and `X-Amz-Date`; of the headers that the crate would set,
    /// the digest only if it is among `digest`.
    fn signature(
        &self,
        key: &SecretKey,
        scope: &Scope<'_>,
        request: (&str, &str),
        headers: &[(&str, &str)],
        payload: Payload<'_>,
        digest: bool,
    ) -> Result<Computed, SignError> {
        let token = scope.token.map(str::to_owned);
        let identity = Credentials::new(scope.access_key_id, text_of(key.expose()), token, None, "countersign").into();
        let mut settings = self.settings();
        if digest {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        let seconds = u64::try_from(scope.time.as_secs()).map_err(|_| self.unsignable("the time is before 1970"))?;
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(scope.region)
            .name(scope.service)
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
            .settings(settings)
            .build()
            .map_err(|_| self.unsignable("a parameter is missing"))?
            .into();
        let (method, url) = request;
        let request = Request::new(method, url, headers.iter().copied(), payload)
            .map_err(|_| self.unsignable("the URL can't be signed"))?;
        let output = silently(|| sign(request, &params)).map_err(|_| self.unsignable("a header can't be signed"))?;
        let (instructions, signature) = output.into_parts();
        let (headers, _) = instructions.into_parts();
        let headers = headers.into_iter().map(|header| (header.name(), header.value().to_owned())).collect();
        Ok(Computed { headers, signature })
    }
}

/// Runs what would trace the URL, the headers and on demand the body of a request, without any subscriber.
///
/// Where there has never been a subscriber, none is asked: setting one, even for this, ends the way of all events of a
/// process into the crate `log`. Only a log that takes traces has to end.
fn silently<T>(run: impl FnOnce() -> T) -> T {
    if !tracing::dispatcher::has_been_set() && log::max_level() < log::LevelFilter::Trace {
        return run();
    }
    tracing::dispatcher::with_default(&tracing::Dispatch::none(), run)
}

/// What the crate computed.
struct Computed {
    headers: Vec<(&'static str, String)>,
    signature: String,
}

impl Computed {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_str())
    }
}

/// Whether every percent-encoded pair of a query decodes to text.
fn decodes_to_text(query: &str) -> bool {
    let mut bytes = Vec::with_capacity(query.len());
    let mut rest = query.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = if *first == b'%' { after.get(..2).and_then(|pair| decode_hex(text_of(pair))) } else { None };
        match pair {
            Some(pair) => {
                bytes.extend_from_slice(&pair);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    std::str::from_utf8(&bytes).is_ok()
}

/// The time of an `X-Amz-Date`: `20150830T123600Z`, and nothing else.
fn date(text: &str) -> Option<UnixTime> {
    let part = |from: usize, to: usize| text.get(from..to);
    let whole = text.len() == 16 && part(8, 9)? == "T" && part(15, 16)? == "Z";
    let [year, month, day] = [part(0, 4)?, part(4, 6)?, part(6, 8)?];
    let [hour, minute, second] = [part(9, 11)?, part(11, 13)?, part(13, 15)?];
    let spelled = format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z");
    if whole { crate::time::parse(&spelled, TimeForm::Rfc3339) } else { None }
}

impl Signer for AwsSigner {
    fn sign(&self, request: &SignableRequest<'_>, stamp: &Stamp) -> Result<Signed, SignError> {
        let time = match stamp.value_of("created") {
            StampValue::Drawn(now, _) => now,
            StampValue::Given(text) => date(text).ok_or(SignError::MalformedValue {
                step: "created".into(),
                expected: "a time such as 20150830T123600Z",
            })?,
            StampValue::Missing => return Err(SignError::MissingValue { step: "created".into() }),
        };
        if !(0..=LATEST).contains(&time.as_secs()) {
            return Err(self.unsignable("the time has no year of four digits"));
        }
        let scope = Scope {
            access_key_id: self.needed("access-key-id", stamp)?,
            region: self.needed("region", stamp)?,
            service: self.needed("service", stamp)?,
            token: self.parameters.text("session-token", stamp)?,
            time,
        };
        if ![scope.access_key_id, scope.region, scope.service].into_iter().all(is_scope) {
            return Err(SignError::HeaderValue { name: "Authorization".into() });
        }
        let url = self.url(request)?;
        let payload = if self.unsigned() { Payload::UnsignedPayload } else { Payload::Bytes(self.body(request)?) };
        // What the scheme writes itself replaces what stands there.
        let own = |name: &HeaderName| *name == DATE || *name == TOKEN || *name == DIGEST;
        let mut headers = Vec::new();
        for (name, value) in request.headers.iter().filter(|(name, _)| self.covers(name) && !own(name)) {
            headers.push((name.as_str(), header_text(value, name)?));
        }
        let digest = self.parameters.flag("content-sha256", self.unsigned());
        let key = self.keys.first().ok_or_else(|| self.unsignable("there is no key"))?;
        let computed = self.signature(key, &scope, (request.method, &url), &headers, payload, digest)?;
        let mut signed = Signed::default();
        let spelled = [
            ("X-Amz-Date", false),
            ("Authorization", true),
            ("X-Amz-Content-Sha256", false),
            ("X-Amz-Security-Token", true),
        ];
        for (spelled, sensitive) in spelled {
            if let Some(value) = computed.header(&spelled.to_ascii_lowercase()) {
                signed.header(self.scheme(), spelled, value, sensitive)?;
            }
        }
        signed.steps.push(("signature", Bytes::from(computed.signature)));
        Ok(signed)
    }

    fn verify(&self, request: &SignableRequest<'_>, now: UnixTime, leeway_millis: i64) -> Result<Checked, Refusal> {
        let authorization = self.header(request, &AUTHORIZATION)?.ok_or_else(|| missing("Authorization"))?;
        let came = Authorization::read(authorization)?;
        let stamped = self.header(request, &DATE)?.ok_or_else(|| missing("X-Amz-Date"))?;
        let time = date(stamped).ok_or_else(|| malformed("X-Amz-Date"))?;
        let mut checked = Checked::default();
        self.scope(&came, stamped, &mut checked)?;
        let token = self.header(request, &TOKEN)?;
        self.parameters.read("session-token", token, "header X-Amz-Security-Token", &mut checked)?;
        let digest = self.header(request, &DIGEST)?;
        let payload = self.payload(request, digest)?;
        let headers = self.signed_headers(request, &came)?;
        let url = self.url(request).map_err(Refusal::Recompute)?;
        let scope =
            Scope { access_key_id: came.access_key_id, region: came.region, service: came.service, token, time };
        let signature = decode_hex(came.signature).unwrap_or_default();
        let mut held = false;
        for key in &self.keys {
            let line = (request.method, url.as_str());
            let computed = self.signature(key, &scope, line, &headers, payload.clone(), digest.is_some());
            let computed = decode_hex(&computed.map_err(Refusal::Recompute)?.signature).unwrap_or_default();
            // All keys are tried, so that the time does not say which one fits.
            held |= signature.len() == 32 && bool::from(equal(&computed, &signature));
        }
        if !held {
            return Err(Refusal::Signature);
        }
        let window = self.parameters.millis("window").unwrap_or(WINDOW) + leeway_millis;
        checked.remember_until = Some(fresh("created", time, now, window)?);
        checked.values.push(("created", stamped.to_owned()));
        checked.values.extend(self.parameters.public(&["access-key-id", "region", "service"]));
        Ok(checked)
    }

    fn reads_header(&self, name: &HeaderName) -> bool {
        self.covers(name)
    }

    fn reads_query(&self) -> bool {
        true
    }

    fn time_of(&self, created: &str) -> Option<UnixTime> {
        date(created)
    }
}

impl AwsSigner {
    /// The one value of a header.
    fn header<'r>(&self, request: &SignableRequest<'r>, name: &HeaderName) -> Result<Option<&'r str>, Refusal> {
        let doubled = |()| Refusal::Doubled { part: format!("header {name}") };
        let Some(value) = single_header(request.headers, name).map_err(doubled)? else { return Ok(None) };
        if value.len() > LIMIT {
            return Err(Refusal::TooLong { part: format!("header {name}") });
        }
        std::str::from_utf8(value).map(Some).map_err(|_| malformed(name.as_str()))
    }

    /// The scope that came must be the document's, and its day that of the time.
    fn scope(&self, came: &Authorization<'_>, stamped: &str, checked: &mut Checked) -> Result<(), Refusal> {
        self.parameters.read("access-key-id", Some(came.access_key_id), "access key id", checked)?;
        self.parameters.read("region", Some(came.region), "region", checked)?;
        self.parameters.read("service", Some(came.service), "service", checked)?;
        if stamped.get(..8) != Some(came.day) {
            return Err(Refusal::Differs { part: "day of the scope".to_owned() });
        }
        Ok(())
    }

    /// The body as it was signed: a digest that came must be that of the body.
    fn payload<'r>(&self, request: &SignableRequest<'r>, digest: Option<&str>) -> Result<Payload<'r>, Refusal> {
        if self.unsigned() {
            return match digest {
                Some(UNSIGNED) => Ok(Payload::UnsignedPayload),
                Some(_) => Err(Refusal::Differs { part: "header X-Amz-Content-Sha256".to_owned() }),
                None => Err(missing("X-Amz-Content-Sha256")),
            };
        }
        let body = self.body(request).map_err(Refusal::Recompute)?;
        match digest {
            None if self.parameters.flag("content-sha256", false) => return Err(missing("X-Amz-Content-Sha256")),
            None => {}
            Some(came) => {
                let mut expected = Vec::new();
                encode(&mut expected, digest::digest(HashAlgorithm::Sha256, body).as_ref(), Encoding::Hex);
                if !bool::from(equal(&expected, came.as_bytes())) {
                    return Err(Refusal::Differs { part: "header X-Amz-Content-Sha256".to_owned() });
                }
            }
        }
        Ok(Payload::Bytes(body))
    }

    /// The signed headers that came with their values, but for those that the crate adds itself.
    fn signed_headers<'r>(
        &self,
        request: &SignableRequest<'r>,
        came: &Authorization<'r>,
    ) -> Result<Vec<(&'r str, &'r str)>, Refusal> {
        let names: Vec<&str> = came.signed_headers.split(';').collect();
        if !names.windows(2).all(|pair| pair[0] < pair[1]) {
            return Err(malformed("Authorization"));
        }
        let unsigned = |name: &str| Refusal::Missing { part: format!("{name} among the signed headers") };
        for needed in ["host", DATE.as_str()] {
            if !names.contains(&needed) {
                return Err(unsigned(needed));
            }
        }
        if let Some(name) = request.headers.keys().find(|name| self.covers(name) && !names.contains(&name.as_str())) {
            return Err(unsigned(name.as_str()));
        }
        let mut headers = Vec::new();
        for name in names {
            // The host is the receiver's own, and these are added with the values that were looked at.
            if name == "host" || [DATE, TOKEN, DIGEST].iter().any(|own| own == name) {
                continue;
            }
            let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| malformed("Authorization"))?;
            if header.as_str() != name || !request.headers.contains_key(&header) {
                return Err(missing(name));
            }
            for value in request.headers.get_all(&header) {
                headers.push((name, header_text(value, &header).map_err(Refusal::Recompute)?));
            }
        }
        Ok(headers)
    }
}

fn missing(header: &str) -> Refusal {
    Refusal::Missing { part: format!("header {header}") }
}

fn malformed(header: &str) -> Refusal {
    Refusal::Malformed { part: format!("header {header}") }
}

/// The parts of an `Authorization` header.
struct Authorization<'h> {
    access_key_id: &'h str,
    day: &'h str,
    region: &'h str,
    service: &'h str,
    signed_headers: &'h str,
    signature: &'h str,
}

impl<'h> Authorization<'h> {
    /// Reads the word, then three parts, each once.
    fn read(value: &'h str) -> Result<Self, Refusal> {
        let bad = || malformed("Authorization");
        let rest = value.strip_prefix(WORD).and_then(|rest| rest.strip_prefix(' ')).ok_or_else(bad)?;
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for part in rest.split(',') {
            let (name, value) = part.trim_matches(' ').split_once('=').ok_or_else(bad)?;
            let place = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return Err(bad()),
            };
            if place.replace(value).is_some() {
                return Err(Refusal::Doubled { part: format!("{name} in Authorization") });
            }
        }
        let credential: Vec<&str> = credential.ok_or_else(bad)?.split('/').collect();
        let [access_key_id, day, region, service, "aws4_request"] = credential.as_slice() else { return Err(bad()) };
        let signature: &str = signature.ok_or_else(bad)?;
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if signature.len() != 64 || !signature.bytes().all(hex) {
            return Err(bad());
        }
        let signed_headers = signed_headers.ok_or_else(bad)?;
        Ok(Authorization { access_key_id, day, region, service, signed_headers, signature })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_in_one_way() {
        assert_eq!(date("20150830T123600Z"), Some(UnixTime::from_secs(1_440_938_160)));
        for bad in [
            "",
            "20150830T123600",
            "20150830T123600z",
            "2015-08-30T12:36:00Z",
            "20150230T123600Z",
            "20150830 123600Z",
            "20150830T123600ZZ",
            "2015083éT12360Z",
        ] {
            assert_eq!(date(bad), None, "{bad}");
        }
    }

    #[test]
    fn queries_that_are_no_text_are_told() {
        for text in ["", "a=1&b=%20", "a=%C3%A9", "a=%", "a=%zz", "%"] {
            assert!(decodes_to_text(text), "{text}");
        }
        for bytes in ["a=%FF", "%C3=%A9", "a=%C3"] {
            assert!(!decodes_to_text(bytes), "{bytes}");
        }
    }
}
