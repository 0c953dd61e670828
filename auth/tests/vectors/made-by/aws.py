"""Makes ../aws.json: AWS's signing test suite, and requests that botocore and requests-aws4auth signed.

    python3 -m venv venv && venv/bin/pip install botocore==1.44.5 requests-aws4auth==1.4.0
    venv/bin/python aws.py SUITE > ../aws.json

SUITE is the folder `aws-signing-test-suite/v4` in the source of the crate aws-sigv4 1.6.4, which has it from AWS.
Nothing here computes a signature: those of the suite are published, all others come from the two packages.
"""

import datetime
import importlib.metadata
import json
import pathlib
import sys
from unittest import mock
from urllib.parse import quote, urlsplit

import botocore.auth
import botocore.compat
import botocore.credentials
import requests
from botocore.awsrequest import AWSRequest
from requests_aws4auth import AWS4Auth

SUITE = pathlib.Path(sys.argv[1])
KEYS = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
TOKEN = "FwoGZXIvYXdzEJr//////////wEaDNotARealToken+/="
STAMP = "20150830T123600Z"
NOW = 1440938160
# Signed headers that leave after the signature was made, so a client of ours can't cover them.
LATE = {"content-length"}
CREDENTIALS = {
    "access-key-id": {"credential": "access_key_id"},
    "secret-access-key": {"credential": "secret_access_key"},
    "session-token": {"credential": "session_token"},
}
recipes, vectors = {}, []


def recipe(name, region="us-east-1", service="service", **more):
    with_ = {**CREDENTIALS, "region": region, "service": service}
    with_.update({key.replace("_", "-"): value for key, value in more.items()})
    recipes[name] = {"custom": "aws-sigv4", "with": with_}
    return name


def case(kind, name, purpose, basis, origin, recipe, credentials, request, extra, expected, steps=None, note=None):
    vector = {"name": name, "purpose": purpose, "basis": basis, "origin": origin}
    if note:
        vector["note"] = note
    vector |= {"kind": kind, "recipe": recipe, "input": {"credentials": credentials, "request": request, **extra}}
    if steps:
        vector["steps"] = steps
    vectors.append(vector | {"expected": expected})


def spelled(headers):
    """What the scheme adds, in its order."""
    lower = {name.lower(): value for name, value in headers}
    names = ["X-Amz-Date", "Authorization", "X-Amz-Content-Sha256", "X-Amz-Security-Token"]
    return [[name, lower[name.lower()]] for name in names if name.lower() in lower]


def signature(headers):
    return dict(spelled(headers))["Authorization"].rpartition("Signature=")[2]


# The published suite.


def message(path):
    """Start line, headers and body; folded lines are unfolded as RFC 9112, section 5.2, lets a receiver do it."""
    head, _, body = path.read_text().replace("\r\n", "\n").partition("\n\n")
    lines = head.split("\n")
    headers = []
    for line in lines[1:]:
        if line.startswith((" ", "\t")):
            headers[-1][1] += " " + line.strip()
        elif line:
            name, _, value = line.partition(":")
            headers.append([name, value.strip()])
    method, _, rest = lines[0].partition(" ")
    return method, rest.rpartition(" HTTP/")[0], headers, body


def of_suite():
    origin = "crates.io aws-sigv4 1.6.4, aws-signing-test-suite"
    for folder in sorted(SUITE.iterdir()):
        file = folder / "context.json"
        if not file.exists():
            continue  # two cases of the crate's own, whose keys are not beside them
        context = json.loads(file.read_text())
        if context.get("omit_session_token"):
            continue  # a token that is added after signing
        method, target, headers, body = message(folder / "request.txt")
        _, _, signed, _ = message(folder / "header-signed-request.txt")
        host = dict((name.lower(), value) for name, value in headers)["host"]
        keys = {key: context["credentials"][key] for key in ("access_key_id", "secret_access_key")}
        if "token" in context["credentials"]:
            keys["session_token"] = context["credentials"]["token"]
        digest, normalize = context["sign_body"], context["normalize"]
        # The suite's paths are what a server decodes; this is how a client sends them.
        target = quote(target, safe="/%?&=~-_.!$'()*+,;:@[]^|`<>\\\"{}#")
        target = quote(target, safe="/%?&=~-_.!$'()*+,;:@")
        name = recipe(
            "suite" + ("_digest" if digest else "") + ("" if normalize else "_unnormalized"),
            context["region"], context["service"], double_encode=False, normalize_path=normalize,
            content_sha256=digest, signed_headers=["My-Header1", "My-Header2"],
        )
        kept = [[name, value] for name, value in headers if name.lower() not in {"host", "x-amz-date"} | LATE]
        request = {"method": method, "base": f"https://{host}", "target": target, "headers": kept,
                   "body_hex": body.encode().hex() if body else None}
        purpose = "published by AWS"
        covers_late = any(name in LATE for name in signed_names(signed))
        if not covers_late:
            case("sign", folder.name, purpose, "doc", origin, name, keys, request, {"values": {"created": STAMP}},
                 {"headers": spelled(signed)}, {"signature": signature(signed)})
        arrived = request | {"headers": [[name, value] for name, value in signed if name.lower() != "host"]}
        case("verify", folder.name + "-arrives", purpose, "doc", origin, name, keys, arrived, {"now": NOW},
             {"valid": True})


def signed_names(headers):
    value = dict(spelled(headers))["Authorization"]
    return value.partition("SignedHeaders=")[2].partition(",")[0].split(";")


# Other implementations.


class Frozen(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2015, 8, 30, 12, 36, 0, tzinfo=tz)

    @classmethod
    def utcnow(cls):
        return cls(2015, 8, 30, 12, 36, 0)


def frozen():
    fixed = datetime.datetime(2015, 8, 30, 12, 36, 0, tzinfo=datetime.timezone.utc)
    return mock.patch.object(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: fixed.replace(tzinfo=None))


def botocore_signed(signer, method, url, headers, body, token=None, region="eu-west-1", service="execute-api", **context):
    credentials = botocore.credentials.Credentials(KEYS["access_key_id"], KEYS["secret_access_key"], token)
    request = AWSRequest(method=method, url=url, headers=dict(headers), data=body)
    request.context.update(context)
    with frozen():
        signer(credentials, service, region).add_auth(request)
    return [[name, value] for name, value in request.headers.items()]


class Loose(botocore.auth.SigV4Auth):
    """Signs what it is told to, and no more."""

    only = ("host", "x-amz-date")

    def headers_to_sign(self, request):
        signed = super().headers_to_sign(request)
        for name in list(signed.keys()):
            if name.lower() not in self.only:
                del signed[name]
        return signed


def split(url):
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return f"{parts.scheme}://{parts.netloc}", target


API = "https://abc123.execute-api.eu-west-1.example.com"
JSON_BODY = '{"name":"Zoë","n":[1,2,3]}'.encode()
HEADERS = [["Content-Type", "application/json"], ["X-Amz-Target", "Acme_20150830.PutItem"]]


def of_packages():
    version = importlib.metadata.version("botocore")
    origin = f"PyPI botocore {version}"
    api = recipe("api", "eu-west-1", "execute-api", signed_headers=["X-Order"])
    s3 = recipe("storage", "eu-west-1", "s3", double_encode=False, normalize_path=False, content_sha256=True)
    stream = recipe("stream", "eu-west-1", "s3", double_encode=False, normalize_path=False, unsigned_payload=True)
    plain, store = botocore.auth.SigV4Auth, botocore.auth.S3SigV4Auth
    cases = [
        ("json", api, plain, "POST", API + "/prod/items", HEADERS, JSON_BODY, None, {}),
        ("no-body", api, plain, "DELETE", API + "/prod/items/7", [], None, None, {}),
        ("empty-body", api, plain, "POST", API + "/prod/items", [], b"", None, {}),
        ("token", api, plain, "GET", API + "/prod/items", [], None, TOKEN, {}),
        ("query", api, plain, "GET", API + "/prod/items?b=2&a=1&a=0&c=&d=%20%C3%A9&A=~", [], None, None, {}),
        ("encoded-path", api, plain, "GET", API + "/prod/a%20b/%C3%A9/x%2Fy", [], None, None, {}),
        ("dots", api, plain, "GET", API + "/prod/./a//b/../c/", [], None, None, {}),
        ("named-header", api, plain, "GET", API + "/", [["X-Order", "  a   b  "]], None, None, {}),
        ("port", api, plain, "GET", "https://localhost:8443/prod", [], None, None, {}),
        ("storage-put", s3, store, "PUT", API + "/bucket/a%20b//c", HEADERS[:1], JSON_BODY, None, {}),
        ("storage-get", s3, store, "GET", API + "/bucket/./x%2Fy?list-type=2&prefix=a%2Fb", [], None, TOKEN, {}),
        ("stream", stream, store, "PUT", API + "/bucket/x", [["Content-MD5", "nCG0d1qHi3Kl2xgbxfEWjg=="]], JSON_BODY,
         None, {"has_streaming_input": True}),
    ]
    for name, chosen, signer, method, url, headers, body, token, context in cases:
        service = recipes[chosen]["with"]["service"]
        signed = botocore_signed(signer, method, url, headers, body, token, service=service, **context)
        base, target = split(url)
        request = {"method": method, "base": base, "target": target, "headers": headers,
                   "body_hex": None if body is None else body.hex()}
        keys = KEYS | ({"session_token": token} if token else {})
        case("sign", f"botocore-{name}", "another implementation signs the same", "seed", origin, chosen, keys, request,
             {"values": {"created": STAMP}}, {"headers": spelled(signed)}, {"signature": signature(signed)})
    refused(origin, api)
    aws4auth(api)


def refused(origin, api):
    url = API + "/prod/items?a=1"
    base, target = split(url)
    signed = botocore_signed(botocore.auth.SigV4Auth, "POST", url, HEADERS, JSON_BODY)
    good = {"method": "POST", "base": base, "target": target, "headers": signed, "body_hex": JSON_BODY.hex()}

    def verdict(name, purpose, valid, request=None, now=NOW, keys=KEYS, chosen=api, reason=None):
        expected = {"valid": valid} | ({"reason": reason} if reason else {})
        case("verify", name, purpose, "seed", origin, chosen, keys, request or good, {"now": now}, expected)

    def changed(header, change):
        headers = [[name, change(value) if name.lower() == header else value] for name, value in signed]
        return good | {"headers": headers}

    verdict("arrives", "as it was signed", True)
    verdict("two-keys", "the second of two keys", True,
            keys=KEYS | {"secret_access_key": ["new", KEYS["secret_access_key"]]})
    verdict("at-the-end", "five minutes later", True, now=NOW + 300)
    verdict("too-late", "more than five minutes later", False, now=NOW + 301, reason="not fresh")
    verdict("too-early", "more than five minutes before", False, now=NOW - 301, reason="not fresh")
    verdict("another-key-id", "the id of another key", False, keys=KEYS | {"access_key_id": "AKIDOTHER"})
    verdict("another-key", "another key", False, keys=KEYS | {"secret_access_key": "other"})
    other = {"region": "us-east-1", "service": "execute-api"}
    verdict("another-region", "signed for another region", False, chosen=recipe("other_region", **other))
    verdict("another-service", "signed for another service", False,
            chosen=recipe("other_service", "eu-west-1", "s3"))
    verdict("another-method", "the method is covered", False, good | {"method": "PUT"})
    verdict("another-host", "the host is covered", False, good | {"base": "https://evil.example.com"})
    verdict("another-path", "the path is covered", False, good | {"target": "/prod/item?a=1"})
    verdict("another-query", "the query is covered", False, good | {"target": "/prod/items?a=2"})
    verdict("more-query", "no pair can be added", False, good | {"target": "/prod/items?a=1&b=2"})
    verdict("no-text-query", "bytes that are no text would look alike", False, good | {"target": "/prod/items?a=%FF"})
    verdict("another-body", "the body is covered", False, good | {"body_hex": "7b7d"})
    verdict("no-body", "the body is covered", False, good | {"body_hex": None})
    verdict("another-type", "Content-Type is covered", False, changed("content-type", lambda value: "text/plain"))
    verdict("another-target", "X-Amz-* are covered", False, changed("x-amz-target", lambda value: "Acme.DeleteItem"))
    verdict("doubled-target", "a second line is covered", False,
            good | {"headers": signed + [["X-Amz-Target", "Acme.DeleteItem"]]})
    verdict("added-amz-header", "no X-Amz-* can be added", False,
            good | {"headers": signed + [["X-Amz-Acl", "public-read"]]})
    verdict("added-named-header", "no header that the document names can be added", False,
            good | {"headers": signed + [["X-Order", "1"]]})
    verdict("added-token", "no token can be added", False,
            good | {"headers": signed + [["X-Amz-Security-Token", TOKEN]]})
    verdict("other-header", "other headers are free", True, good | {"headers": signed + [["X-Trace", "1"]]})
    verdict("no-authorization", "a request without a signature", False,
            good | {"headers": [pair for pair in signed if pair[0].lower() != "authorization"]})
    verdict("two-authorizations", "which of them counts?", False,
            good | {"headers": signed + [pair for pair in signed if pair[0].lower() == "authorization"]})
    verdict("no-date", "a request without a time", False,
            good | {"headers": [pair for pair in signed if pair[0].lower() != "x-amz-date"]})
    verdict("another-date", "the time is covered", False, changed("x-amz-date", lambda value: "20150830T123601Z"))
    verdict("malformed-date", "a time of another form", False, changed("x-amz-date", lambda value: "2015-08-30T12:36:00Z"))
    authorization = [
        ("another-day", lambda value: value.replace("/20150830/", "/20150831/")),
        ("upper-case", lambda value: value[:-64] + value[-64:].upper()),
        ("short-signature", lambda value: value[:-2]),
        ("another-algorithm", lambda value: value.replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512")),
        ("another-end", lambda value: value.replace("aws4_request", "aws5_request")),
        ("doubled-part", lambda value: value + ", SignedHeaders=host"),
        ("unknown-part", lambda value: value + ", Extra=1"),
        ("no-signed-headers", lambda value: value.replace("SignedHeaders", "Signed")),
        ("unsorted-headers", lambda value: value.replace("content-type;host", "host;content-type")),
    ]
    for name, change in authorization:
        verdict(f"authorization-{name}", "Authorization is read strictly", False, changed("authorization", change))
    spaces = lambda value: value.replace(", ", ",")
    verdict("authorization-without-spaces", "spaces between the parts are free", True, changed("authorization", spaces))

    class WithoutHost(Loose):
        only = ("x-amz-date", "content-type", "x-amz-target")

    class WithoutType(Loose):
        only = ("host", "x-amz-date", "x-amz-target")

    for name, signer in [("without-host", WithoutHost), ("without-type", WithoutType), ("without-amz-header", Loose)]:
        headers = botocore_signed(signer, "POST", url, HEADERS, JSON_BODY)
        verdict(f"signed-{name}", "the signature holds, and covers too little", False, good | {"headers": headers})
    lie = botocore_signed(botocore.auth.SigV4Auth, "POST", url, HEADERS + [["X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD"]],
                          JSON_BODY)
    verdict("unsigned-payload", "the document asks for a signed body", False, good | {"headers": lie})


def aws4auth(api):
    """A third implementation: it signs the digest's header, too."""
    version = importlib.metadata.version("requests-aws4auth")
    fixed = datetime.datetime(2015, 8, 30, 12, 36, 0, tzinfo=datetime.timezone.utc)
    for name, method, url, body in [
        ("post", "POST", API + "/prod/items?b=2&a=%20", JSON_BODY),
        ("get", "GET", API + "/prod/items/7", None),
    ]:
        headers = {"Content-Type": "application/json", "x-amz-date": STAMP} if body else {"x-amz-date": STAMP}
        request = requests.Request(method, url, headers=headers, data=body).prepare()
        auth = AWS4Auth(KEYS["access_key_id"], KEYS["secret_access_key"], "eu-west-1", "execute-api", date_time=fixed)
        auth(request)
        base, target = split(request.url)
        arrived = [[key, value] for key, value in request.headers.items()]
        case("verify", f"requests-aws4auth-{name}", "a third implementation", "seed",
             f"PyPI requests-aws4auth {version}", api, KEYS,
             {"method": method, "base": base, "target": target, "headers": arrived,
              "body_hex": None if body is None else body.hex()}, {"now": NOW}, {"valid": True})


of_suite()
of_packages()
print(json.dumps({
    "provider": "aws",
    "title": "AWS Signature Version 4",
    "produced_by": "made-by/aws.py: AWS's own suite, and signatures by botocore and requests-aws4auth, see origin",
    "recipes": recipes,
    "count": len(vectors),
    "vectors": vectors,
}, indent=1, ensure_ascii=False))
