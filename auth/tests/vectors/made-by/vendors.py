"""Makes ../vendors.json: signatures and verdicts by the vendors' own packages.

    python3 -m venv venv && venv/bin/pip install standardwebhooks==1.1.0 stripe==16.1.0 slack_sdk==3.47.0 twilio==9.13.0
    npm install @octokit/webhooks-methods@6.0.0      # beside github.mjs
    venv/bin/python vendors.py > ../vendors.json

Every signature comes from a package; so does every verdict, at the moment that the case names. Where ours must
differ from a package's, the case says why (`stricter`), and this script checks that the two do differ.
Signed texts are put together here, from the published rules.
"""

import datetime
import importlib.metadata
import json
import pathlib
import subprocess
from unittest import mock
from urllib.parse import parse_qsl

import slack_sdk.signature
import standardwebhooks.webhooks
import stripe
import stripe._webhook
import twilio.request_validator

HERE = pathlib.Path(__file__).parent
NOW = 1735689600
JSON = ["Content-Type", "application/json"]
FORM = ["Content-Type", "application/x-www-form-urlencoded"]
UNICODE = '{"name":"Zoë 😀 \u2028","path":"a\\/b","ß":"\\u00e9"}\n'

vectors = []


def origin(package, registry="PyPI"):
    version = "6.0.0" if registry == "npm" else importlib.metadata.version(package)
    return f"{registry} {package} {version}"


def add(kind, recipe, name, purpose, package, credentials, request, extra, steps, expected, note=None):
    made = {"name": f"{recipe.replace('_', '-')}-{name}", "purpose": purpose, "basis": "doc", "origin": package}
    made |= {"note": note} if note else {}
    made |= {"kind": kind, "recipe": recipe, "input": {"credentials": credentials, "request": request} | extra}
    made |= {"steps": steps} if kind == "sign" else {}
    vectors.append(made | {"expected": expected})


def request(body, headers, target="/hooks", method="POST", base=None):
    built = {"method": method, "target": target, "headers": headers}
    built["body_hex"] = None if body is None else body.encode().hex()
    return built | ({"base": base} if base else {})


def verdict(recipe, name, purpose, package, credentials, built, now, accepted, stricter=None, valid=None):
    """A verify case; `accepted` is what the package says."""
    if valid is not None:
        assert accepted == valid, f"{recipe} {name}: the package says {accepted}"
    if stricter:
        assert accepted, f"{recipe} {name}: the package refuses it, too"
    note = f"the package accepts it; {stricter}" if stricter else None
    expected = {"valid": accepted and not stricter}
    add("verify", recipe, name, purpose, package, credentials, built, {"now": now}, None, expected, note)


def accepts(check):
    try:
        return check() is not False
    except Exception:  # each package has exceptions of its own, and lets some of Python's through
        return False


# Standard Webhooks

STANDARD = origin("standardwebhooks")
PUBLISHED = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDOEHhAMPLE0M="


def standard_signature(secret, message_id, created, body):
    time = datetime.datetime.fromtimestamp(created, tz=datetime.timezone.utc)
    return standardwebhooks.Webhook(secret).sign(message_id, time, body)


def standard_accepts(secrets, body, headers, now):
    class Held(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.fromtimestamp(now, tz=tz)

    def check(secret):
        with mock.patch.object(standardwebhooks.webhooks, "datetime", Held):
            standardwebhooks.Webhook(secret).verify(body, headers, json_parse=False)

    return any(accepts(lambda: check(secret)) for secret in secrets)


def standard_sign(name, purpose, secret, message_id, created, body, published=None):
    signature = standard_signature(secret, message_id, created, body)
    assert published in (None, signature), name
    headers = [["webhook-id", message_id], ["webhook-timestamp", str(created)], ["webhook-signature", signature]]
    steps = {"string_to_sign": f"{message_id}.{created}.{body}".encode().hex(), "signature": signature[3:]}
    extra = {"values": {"created": str(created)}, "arguments": {"message_id": message_id}}
    credentials = {"secret": secret}
    add("sign", "standard_webhooks", name, purpose, STANDARD, credentials, request(body, [JSON]), extra, steps, {"headers": headers})


def standard_verify(name, purpose, secrets, signature, body, now=NOW, created=NOW, message_id="msg_1", drop=None, **more):
    headers = {"webhook-id": message_id, "webhook-timestamp": str(created), "webhook-signature": signature}
    headers.pop(drop, None)
    accepted = standard_accepts(secrets, body, headers, now)
    built = request(body, [JSON] + [list(pair) for pair in headers.items()])
    verdict("standard_webhooks", name, purpose, STANDARD, {"secret": secrets}, built, now, accepted, **more)


def standard():
    body = '{"type":"invoice.paid","timestamp":"2025-01-01T00:00:00Z","data":{"id":"in_1"}}'
    published = '{"test": 2432232314}'
    first = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    standard_sign("published", "the vector in the tests of the reference libraries", PUBLISHED, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, published, first)
    standard_sign("json", "a JSON body, a secret of 32 bytes", OTHER, "msg_1", NOW, body)
    standard_sign("unicode", "beyond ASCII, escapes, a line separator and a trailing line break stay as they are", OTHER, "msg_2", NOW, UNICODE)
    standard_sign("empty", "a body of zero bytes", OTHER, "msg_3", NOW, "")
    standard_sign("points", "an id with the separator in it", OTHER, "msg.4.5", NOW, body)

    new = standard_signature(OTHER, "msg_1", NOW, body)
    old = standard_signature(PUBLISHED, "msg_1", NOW, body)
    late = {"message_id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "created": 1614265330, "now": 1614265330}
    several = f"v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= {first} v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="
    standard_verify("published-several", "the libraries' own header with a wrong signature and another version", [PUBLISHED], several, published, **late, valid=True)
    standard_verify("sender-rotates", "signed with the old and the new key, receiver has the new one", [OTHER], f"{old} {new}", body, valid=True)
    standard_verify("sender-rotates-late", "signed with the old and the new key, receiver has the old one", [PUBLISHED], f"{old} {new}", body, valid=True)
    standard_verify("receiver-rotates", "signed with the old key, receiver has both", [OTHER, PUBLISHED], old, body, valid=True)
    standard_verify("other-key", "signed with a key that the receiver does not have", [OTHER], old, body, valid=False)
    standard_verify("other-version", "only a signature of another version", [OTHER], new.replace("v1,", "v1a,"), body, valid=False)
    standard_verify("after-other-version", "a signature of another version first", [OTHER], f"v1a,{new[3:]} {new}", body, valid=True)
    standard_verify("tampered-body", "one byte of the body changed", [OTHER], new, body.replace("in_1", "in_2"), valid=False)
    standard_verify("tampered-id", "another id", [OTHER], new, body, message_id="msg_2", valid=False)
    standard_verify("tampered-time", "another time", [OTHER], new, body, created=NOW + 1, valid=False)
    standard_verify("tampered-signature", "one character of the signature changed", [OTHER], new[:5] + ("B" if new[5] == "A" else "A") + new[6:], body, valid=False)
    standard_verify("oldest", "exactly five minutes old", [OTHER], new, body, now=NOW + 300, valid=True)
    standard_verify("old", "five minutes and a second old", [OTHER], new, body, now=NOW + 301, valid=False)
    standard_verify("newest", "exactly five minutes ahead", [OTHER], new, body, now=NOW - 300, valid=True)
    standard_verify("new", "five minutes and a second ahead", [OTHER], new, body, now=NOW - 301, valid=False)
    standard_verify("no-id", "without an id", [OTHER], new, body, drop="webhook-id", valid=False)
    standard_verify("no-time", "without a time", [OTHER], new, body, drop="webhook-timestamp", valid=False)
    standard_verify("no-signature", "without a signature", [OTHER], new, body, drop="webhook-signature", valid=False)
    standard_verify("empty-verified", "a body of zero bytes", [OTHER], standard_signature(OTHER, "msg_1", NOW, ""), "", valid=True)
    standard_verify("time-with-point", "a time that is no integer", [OTHER], new, body, created=f"{NOW}.0", stricter="the specification says integer, and what is signed must be what came")
    standard_verify("line-break", "a line break inside the base64", [OTHER], new[:10] + "\t" + new[10:], body, stricter="Python's base64 passes over characters that are none of the alphabet")


# Stripe

STRIPE = origin("stripe")
ENDPOINT = "whsec_5f3a1e0b9c8d7e6f"
ROTATED = "whsec_0011223344556677"


def stripe_header(secret, created, body):
    return stripe.WebhookSignature.generate_signature_header(body, secret, created)


def stripe_accepts(secrets, body, header, now):
    with mock.patch.object(stripe._webhook.time, "time", lambda: float(now)):
        return any(accepts(lambda: stripe.WebhookSignature.verify_header(body, header, secret, 300)) for secret in secrets)


def stripe_sign(name, purpose, secret, body):
    header = stripe_header(secret, NOW, body)
    steps = {"string_to_sign": f"{NOW}.{body}".encode().hex(), "signature": header.split("v1=")[1]}
    expected = {"headers": [["Stripe-Signature", header]]}
    add("sign", "stripe", name, purpose, STRIPE, {"endpoint_secret": secret}, request(body, [JSON]), {"values": {"created": str(NOW)}}, steps, expected)


def stripe_verify(name, purpose, secrets, header, body, now=NOW, **more):
    accepted = stripe_accepts(secrets, body, header, now)
    headers = [JSON] + ([["Stripe-Signature", header]] if header is not None else [])
    verdict("stripe", name, purpose, STRIPE, {"endpoint_secret": secrets}, request(body, headers), now, accepted, **more)


def stripes():
    body = '{\n  "id": "evt_1",\n  "object": "event",\n  "type": "charge.succeeded"\n}'
    stripe_sign("pretty", "a body with line breaks, as Stripe prints it", ENDPOINT, body)
    stripe_sign("unicode", "beyond ASCII, escapes, a line separator and a trailing line break stay as they are", ENDPOINT, UNICODE)
    stripe_sign("empty", "a body of zero bytes", ENDPOINT, "")
    stripe_sign("unicode-secret", "a secret beyond ASCII", "schlüssel-😀", body)

    header = stripe_header(ENDPOINT, NOW, body)
    signature = header.split("v1=")[1]
    rotated = stripe_header(ROTATED, NOW, body).split("v1=")[1]
    stripe_verify("sender-rotates", "signed with two secrets while one is rolled, receiver has the second", [ROTATED], f"{header},v1={rotated}", body, valid=True)
    stripe_verify("sender-rotates-late", "signed with two secrets, receiver has the first", [ENDPOINT], f"{header},v1={rotated}", body, valid=True)
    stripe_verify("receiver-rotates", "signed with the old secret, receiver has both", [ROTATED, ENDPOINT], header, body, valid=True)
    stripe_verify("other-secret", "signed with a secret that the receiver does not have", [ROTATED], header, body, valid=False)
    stripe_verify("test-scheme", "with the signature of test mode beside it", [ENDPOINT], f"{header},v0={rotated}", body, valid=True)
    stripe_verify("only-test-scheme", "with nothing but the signature of test mode", [ENDPOINT], header.replace("v1=", "v0="), body, valid=False)
    stripe_verify("time-last", "the time after the signature", [ENDPOINT], f"v1={signature},t={NOW}", body, valid=True)
    stripe_verify("tampered-body", "one byte of the body changed", [ENDPOINT], header, body.replace("evt_1", "evt_2"), valid=False)
    stripe_verify("reserialized", "the body parsed and printed again", [ENDPOINT], header, json.dumps(json.loads(body)), valid=False)
    stripe_verify("tampered-time", "another time", [ENDPOINT], header.replace(f"t={NOW}", f"t={NOW + 1}"), body, valid=False)
    stripe_verify("oldest", "exactly five minutes old", [ENDPOINT], header, body, now=NOW + 300, valid=True)
    stripe_verify("old", "five minutes and a second old", [ENDPOINT], header, body, now=NOW + 301, valid=False)
    stripe_verify("ahead", "five minutes and a second ahead", [ENDPOINT], header, body, now=NOW - 301, stricter="a time from the future makes the window longer")
    stripe_verify("two-times", "two times in one header", [ENDPOINT], f"{header},t={NOW - 1}", body, stricter="which of them was signed is a guess")
    stripe_verify("no-time", "without a time", [ENDPOINT], f"v1={signature}", body, valid=False)
    stripe_verify("no-header", "without the header", [ENDPOINT], None, body, valid=False)
    stripe_verify("upper-case", "the signature in upper case", [ENDPOINT], f"t={NOW},v1={signature.upper()}", body, valid=False)


# Slack

SLACK = origin("slack_sdk")
SIGNING = "8f742231b10e8888abcd99yyyzzz85a5"
SLACK_NEW = "0123456789abcdef0123456789abcdef"


class Held(slack_sdk.signature.Clock):
    def __init__(self, now):
        self.moment = now

    def now(self):
        return float(self.moment)


def slack_signature(secret, created, body):
    return slack_sdk.signature.SignatureVerifier(secret).generate_signature(timestamp=str(created), body=body)


def slack_sign(name, purpose, secret, created, body, headers=(FORM,), published=None):
    signature = slack_signature(secret, created, body)
    assert published in (None, signature), name
    steps = {"string_to_sign": f"v0:{created}:{body or ''}".encode().hex(), "signature": signature[3:]}
    expected = {"headers": [["X-Slack-Request-Timestamp", str(created)], ["X-Slack-Signature", signature]]}
    built = request(body, list(headers), target="/slack/events")
    add("sign", "slack", name, purpose, SLACK, {"signing_secret": secret}, built, {"values": {"created": str(created)}}, steps, expected)


def slack_verify(name, purpose, secrets, signature, body, now=NOW, created=NOW, **more):
    verifiers = [slack_sdk.signature.SignatureVerifier(secret, Held(now)) for secret in secrets]
    accepted = any(accepts(lambda: verifier.is_valid(body, str(created), signature)) for verifier in verifiers)
    headers = [FORM, ["X-Slack-Request-Timestamp", str(created)]] + ([["X-Slack-Signature", signature]] if signature else [])
    built = request(body, headers, target="/slack/events")
    verdict("slack", name, purpose, SLACK, {"signing_secret": secrets}, built, now, accepted, **more)


def slack():
    body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&command=%2Fweather&text=94070+%F0%9F%98%80"
    slack_sign("command", "a slash command", SIGNING, NOW, body)
    slack_sign("event", "an event in JSON beyond ASCII", SIGNING, NOW, UNICODE, headers=(JSON,))
    slack_sign("empty", "a body of zero bytes", SIGNING, NOW, "")
    slack_sign("colons", "the separator in the body", SIGNING, NOW, "v0:1:2", headers=())

    signature = slack_signature(SIGNING, NOW, body)
    slack_verify("receiver-rotates", "signed with the old secret, receiver has both", [SLACK_NEW, SIGNING], signature, body, valid=True)
    slack_verify("rotated", "signed with the new secret, receiver has both", [SLACK_NEW, SIGNING], slack_signature(SLACK_NEW, NOW, body), body, valid=True)
    slack_verify("other-secret", "signed with a secret that the receiver does not have", [SLACK_NEW], signature, body, valid=False)
    slack_verify("tampered-body", "one byte of the body changed", [SIGNING], signature, body.replace("94070", "94071"), valid=False)
    slack_verify("line-break", "a line break after the body", [SIGNING], signature, body + "\n", valid=False)
    slack_verify("tampered-time", "another time", [SIGNING], signature, body, created=NOW + 1, valid=False)
    slack_verify("oldest", "exactly five minutes old", [SIGNING], signature, body, now=NOW + 300, valid=True)
    slack_verify("old-by-a-second", "five minutes and a second old", [SIGNING], signature, body, now=NOW + 301, valid=False)
    slack_verify("ahead", "five minutes and a second ahead", [SIGNING], signature, body, now=NOW - 301, valid=False)
    slack_verify("other-version", "another version before the signature", [SIGNING], signature.replace("v0=", "v1="), body, valid=False)
    slack_verify("two-signatures", "two signatures in one header", [SIGNING], f"{signature},{signature}", body, valid=False)
    slack_verify("no-signature", "without a signature", [SIGNING], None, body, valid=False)
    slack_verify("empty-verified", "a body of zero bytes", [SIGNING], slack_signature(SIGNING, NOW, ""), "", valid=True)


# GitHub

GITHUB = origin("@octokit/webhooks-methods", "npm")
HOOK = "It's a Secret to Everybody"
HOOK_NEW = "schlüssel-😀"


def octokit(jobs):
    jobs = [job | {"body_hex": job["body"].encode().hex()} for job in jobs]
    ran = subprocess.run(["node", HERE / "github.mjs"], input=json.dumps(jobs), text=True, capture_output=True, check=True)
    return json.loads(ran.stdout)


def github_sign(name, purpose, secret, body, headers=(JSON,)):
    [signature] = octokit([{"secrets": [secret], "body": body}])
    expected = {"headers": [["X-Hub-Signature-256", signature]]}
    steps = {"signature": signature.removeprefix("sha256=")}
    add("sign", "github", name, purpose, GITHUB, {"webhook_secret": secret}, request(body, list(headers)), {}, steps, expected)


def github_verify(name, purpose, secrets, signature, body, now=NOW, **more):
    [accepted] = octokit([{"secrets": secrets, "body": body, "signature": signature}])
    built = request(body, [JSON, ["X-Hub-Signature-256", signature]])
    verdict("github", name, purpose, GITHUB, {"webhook_secret": secrets}, built, now, accepted, **more)


def github():
    body = '{"action":"opened","number":1,"pull_request":{"title":"Fix"}}'
    github_sign("json", "a JSON body", HOOK, body)
    github_sign("unicode", "beyond ASCII, escapes, a line separator and a trailing line break stay as they are", HOOK, UNICODE)
    github_sign("form", "a form, as GitHub sends it when asked to", HOOK, "payload=%7B%22action%22%3A%22opened%22%7D", headers=(FORM,))
    github_sign("unicode-secret", "a secret beyond ASCII", HOOK_NEW, body)
    github_sign("space", "a body of one space; the package takes none of zero bytes", HOOK, " ")

    old, new = octokit([{"secrets": [HOOK], "body": body}, {"secrets": [HOOK_NEW], "body": body}])
    github_verify("receiver-rotates", "signed with the old secret, receiver has both", [HOOK_NEW, HOOK], old, body, valid=True)
    github_verify("rotated", "signed with the new secret, receiver has both", [HOOK_NEW, HOOK], new, body, valid=True)
    github_verify("other-secret", "signed with a secret that the receiver does not have", [HOOK_NEW], old, body, valid=False)
    github_verify("tampered-body", "one byte of the body changed", [HOOK], old, body.replace("1", "2"), valid=False)
    github_verify("line-break", "a line break after the body", [HOOK], old, body + "\n", valid=False)
    github_verify("tampered-signature", "one digit of the signature changed", [HOOK], old[:-1] + ("1" if old[-1] == "0" else "0"), body, valid=False)
    github_verify("old-digest", "the word of the old SHA-1 header", [HOOK], old.replace("sha256=", "sha1="), body, valid=False)
    github_verify("two-signatures", "two signatures in one header", [HOOK, HOOK_NEW], f"{old},{new}", body, valid=False)
    github_verify("years-later", "nothing says when it was signed: any age holds", [HOOK], old, body, now=NOW + 100_000_000, valid=True)
    github_verify("upper-case", "the signature in upper case", [HOOK], "sha256=" + old[7:].upper(), body, valid=False)


# Twilio

TWILIO = origin("twilio")
AUTH = "12345"
AUTH_NEW = "67890abcdef"
BASE = "https://example.com"


class Parameters(dict):
    def getlist(self, name):
        return self[name]


def twilio_parameters(body):
    parameters = Parameters()
    for name, value in parse_qsl(body or "", keep_blank_values=True):
        parameters.setdefault(name, []).append(value)
    return parameters


def twilio_signature(secret, target, body, base=BASE):
    return twilio.request_validator.RequestValidator(secret).compute_signature(base + target, twilio_parameters(body))


def twilio_sign(name, purpose, secret, target, body, method="POST", headers=(FORM,), base=BASE):
    signature = twilio_signature(secret, target, body, base)
    pairs = "".join(name + value for name, value in sorted(set(parse_qsl(body or "", keep_blank_values=True))))
    steps = {"form_pairs": pairs, "string_to_sign": base + target + pairs, "signature": signature}
    expected = {"headers": [["X-Twilio-Signature", signature]]}
    built = request(body, list(headers), target, method, base)
    add("sign", "twilio", name, purpose, TWILIO, {"auth_token": secret}, built, {}, steps, expected)


def twilio_verify(name, purpose, secrets, signature, target, body, now=NOW, base=BASE, method="POST", **more):
    validators = [twilio.request_validator.RequestValidator(secret) for secret in secrets]
    accepted = any(validator.validate(base + target, twilio_parameters(body), signature) for validator in validators)
    built = request(body, [FORM, ["X-Twilio-Signature", signature]], target, method, base)
    verdict("twilio", name, purpose, TWILIO, {"auth_token": secrets}, built, now, accepted, **more)


def twilios():
    target = "/myapp.php?foo=1&bar=2"
    body = "To=%2B18005551212&From=%2B14158675310&Digits=1234&CallSid=CA1234567890ABCDE&Caller=%2B14158675310"
    charset = ["Content-Type", "application/x-www-form-urlencoded; charset=utf-8"]
    twilio_sign("unsorted", "pairs in another order than they are signed in", AUTH, target, body)
    twilio_sign("unicode", "beyond ASCII, spaces and plus signs", AUTH, "/sms", "Body=Zo%C3%AB+%F0%9F%98%80+1%2B1%3D2&From=%2B1", headers=(charset,))
    twilio_sign("several", "a name several times, equal pairs once, a value without text", AUTH, "/sms", "MediaUrl=b&MediaUrl=a&MediaUrl=b&Empty=&A=1")
    twilio_sign("case", "upper case sorts before lower case", AUTH, "/sms", "b=1&B=2&a=3&A=4")
    twilio_sign("get", "GET without a body", AUTH, "/voice?CallSid=CA1&x=%20y", None, method="GET", headers=())
    twilio_sign("empty", "a body of zero bytes", AUTH, "/voice", "")
    twilio_sign("port", "a URL with a port", AUTH, "/voice", "A=1", base="https://example.com:8443")

    signature = twilio_signature(AUTH, target, body)
    twilio_verify("reordered", "pairs in yet another order", [AUTH], signature, target, "&".join(reversed(body.split("&"))), valid=True)
    twilio_verify("receiver-rotates", "signed with the old token, receiver has both", [AUTH_NEW, AUTH], signature, target, body, valid=True)
    twilio_verify("rotated", "signed with the new token, receiver has both", [AUTH_NEW, AUTH], twilio_signature(AUTH_NEW, target, body), target, body, valid=True)
    twilio_verify("other-token", "signed with a token that the receiver does not have", [AUTH_NEW], signature, target, body, valid=False)
    twilio_verify("tampered-body", "one byte of a value changed", [AUTH], signature, target, body.replace("1234&", "1235&"), valid=False)
    twilio_verify("added-pair", "a pair more", [AUTH], signature, target, body + "&Z=1", valid=False)
    twilio_verify("tampered-query", "one byte of the query changed", [AUTH], signature, target.replace("bar=2", "bar=3"), body, valid=False)
    twilio_verify("other-host", "sent to another host", [AUTH], signature, target, body, base="https://example.org", valid=False)
    twilio_verify("other-scheme", "sent in the clear", [AUTH], signature, target, body, base="http://example.com", valid=False)
    twilio_verify("years-later", "nothing says when it was signed: any age holds", [AUTH], signature, target, body, now=NOW + 100_000_000, valid=True)
    twilio_verify("moved-sign", "names and values are signed without a separator: `A1=2` for `A=12`", [AUTH], twilio_signature(AUTH, "/sms", "A=12"), "/sms", "A1=2", valid=True)
    twilio_verify("port-left-out", "signed for a URL without the port that the receiver has in its own", [AUTH], twilio_signature(AUTH, "/voice", "A=1"), "/voice", "A=1", base="https://example.com:8443", stricter="a recipe covers one URL: the receiver's base URL is to be what the sender was told")


standard()
stripes()
slack()
github()
twilios()

others = json.loads((HERE.parent / "others.json").read_text())
names = ["standard_webhooks", "stripe", "slack", "github", "twilio"]
print(json.dumps({
    "provider": "vendors",
    "title": "Signed webhooks of vendors that no spec here has",
    "produced_by": "made-by/vendors.py: signatures and verdicts by the vendors' own packages, see origin",
    "recipes": {name: others["recipes"][name] for name in names},
    "notes": ["credentials are documented examples or made up", "where a note says that the package accepts a case, ours is stricter on purpose"],
    "count": len(vectors),
    "vectors": vectors,
}, indent=1, ensure_ascii=True))
