"""Makes ../rfc9421.json: the published example of RFC 9421, and messages that http-message-signatures signed.

    python3 -m venv venv && venv/bin/pip install http-message-signatures==3.0.0
    venv/bin/python rfc9421.py > ../rfc9421.json

Every signature comes from the RFC or from the package. A case that is refused is a signed message with something
changed, or one that the package signed as no sender of the document does.
"""

import base64
import dataclasses
import datetime
import hashlib
import importlib.metadata
import json
from urllib.parse import urlsplit

import http_message_signatures as hms
from http_message_signatures.structures import CaseInsensitiveDict

# RFC 9421, appendix B.1.5.
KEY = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="
CREATED = 1618884473
ORIGIN = f"PyPI http-message-signatures {importlib.metadata.version('http-message-signatures')}"
SECRET = {"key": "shared_secret", "decode": "base64"}
KEYS = {"shared_secret": KEY, "key_id": "test-shared-secret"}
URL = "https://example.com/foo?param=Value&Pet=dog"
BODY = b'{"hello": "world"}'
# Appendix B.2.
HEADERS = [["Date", "Tue, 20 Apr 2021 02:07:55 GMT"], ["Content-Type", "application/json"]]
recipes, vectors = {}, []


def recipe(name, components, **more):
    with_ = {"key": SECRET, "key-id": {"credential": "key_id"}, "components": components}
    with_.update({key.replace("_", "-"): value for key, value in more.items()})
    recipes[name] = {"custom": "rfc9421-hmac-sha256", "with": with_}
    return name


def case(kind, name, purpose, basis, origin, recipe, request, extra, expected, steps=None, credentials=KEYS):
    vector = {"name": name, "purpose": purpose, "basis": basis, "origin": origin, "kind": kind, "recipe": recipe,
              "input": {"credentials": credentials, "request": request, **extra}}
    if steps:
        vector["steps"] = steps
    vectors.append(vector | {"expected": expected})


def request_of(method, url, headers, body):
    parts = urlsplit(url)
    target = (parts.path or "/") + ("?" + parts.query if parts.query else "")
    return {"method": method, "base": f"{parts.scheme}://{parts.netloc}", "target": target, "headers": headers,
            "body_hex": None if body is None else body.hex()}


@dataclasses.dataclass
class Message:
    method: str
    url: str
    headers: CaseInsensitiveDict


class AsItStands:
    """The header is signed as it is, right or wrong."""

    @staticmethod
    def prepare(headers, body, *, use_existing_digest):
        pass


class Signer(hms.HTTPMessageSigner):
    content_digest_class = AsItStands


class Resolver(hms.HTTPSignatureKeyResolver):
    def __init__(self, key=KEY):
        self.key = base64.b64decode(key)

    def resolve_public_key(self, key_id):
        return self.key

    resolve_private_key = resolve_public_key


def digest(body, name="sha-256"):
    value = hashlib.new(name.replace("-", ""), body or b"").digest()
    return f"{name}=:{base64.b64encode(value).decode()}:"


def signed(method, url, headers, body, components, label="sig1", key=KEY, created=CREATED, **more):
    """What the package adds, and the base that it signed."""
    combined = {}
    for field, value in headers:
        combined[field] = f"{combined[field]}, {value.strip()}" if field in combined else value
    message = Message(method, url, CaseInsensitiveDict(combined))
    handler = Signer(signature_algorithm=hms.algorithms.HMAC_SHA256, key_resolver=Resolver(key))
    moment = lambda seconds: datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    if more.get("expires"):
        more["expires"] = moment(more["expires"])
    arguments = {"key_id": "test-shared-secret", "created": moment(created), "label": label,
                 "covered_component_ids": components, **more}
    prepared = handler.prepare(message, **{k: v for k, v in arguments.items()})
    handler.sign(message, **arguments)
    added = [["Signature-Input", message.headers["Signature-Input"]], ["Signature", message.headers["Signature"]]]
    return added, prepared


def published():
    name = recipe("published", ["date", "@authority", "content-type"], label="sig-b25", algorithm=False)
    request = request_of("POST", URL, HEADERS, BODY)
    params = '("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"'
    signature = ":pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:"
    base = ('"date": Tue, 20 Apr 2021 02:07:55 GMT\n"@authority": example.com\n"content-type": application/json\n'
            f'"@signature-params": {params}')
    added = [["Signature-Input", f"sig-b25={params}"], ["Signature", f"sig-b25={signature}"]]
    steps = {"signature_params": params, "signature_base": base, "signature": signature}
    case("sign", "rfc9421-b.2.5", "the published example", "doc", "RFC 9421, appendix B.2.5", name, request,
         {"values": {"created": str(CREATED)}}, {"headers": added}, steps)
    case("verify", "rfc9421-b.2.5-arrives", "the published example", "doc", "RFC 9421, appendix B.2.5", name,
         request | {"headers": HEADERS + added}, {"now": CREATED}, {"valid": True})


ALL = ["@method", "@target-uri", "@authority", "@scheme", "@path", "@query", "@request-target"]


def of_package():
    cases = [
        ("derived", "POST", URL, HEADERS, BODY, ALL, {}, {}),
        ("no-query", "GET", "https://example.com/", [], None, ALL, {}, {}),
        ("empty-query", "GET", "https://example.com:8443/a%20b/%C3%A9?x=%20", [], None, ALL, {}, {}),
        ("upper-host", "GET", "https://EXAMPLE.com:443/", [], None, ["@method", "@authority"], {}, {}),
        ("header", "POST", URL, HEADERS + [["X-Order", "  a,  b  "]], BODY, ["@method", "x-order", "date"], {}, {}),
        # RFC 9421, section 2.1: lines of one field, in their order; the package is given the combined value.
        ("header-lines", "GET", URL, [["Cache-Control", "max-age=60"], ["X-Order", "a"],
                                      ["Cache-Control", "    must-revalidate"]], None, ["@method", "cache-control"], {}, {}),
        ("empty-header", "GET", URL, [["X-Order", ""]], None, ["@method", "x-order"], {}, {}),
        ("nonce", "GET", URL, [], None, ["@method"], {"nonce": True}, {"nonce": "b3k2pp5k7z-50gnwp.yemd"}),
        ("expires", "GET", URL, [], None, ["@method"], {"expires": "1m"}, {"expires": CREATED + 60}),
        ("tag", "GET", URL, [], None, ["@method"], {"tag": 'say "\\"'}, {"tag": 'say "\\"'}),
        ("no-alg", "GET", URL, [], None, ["@method"], {"algorithm": False}, {"include_alg": False}),
        ("label", "GET", URL, [], None, ["@method"], {"label": "*acme.1-_"}, {"label": "*acme.1-_"}),
        ("everything", "PUT", URL, HEADERS, BODY, ["@method", "@target-uri", "content-type", "content-digest"],
         {"nonce": True, "expires": "5m", "tag": "acme", "digest": "sha-512"},
         {"nonce": "n-1", "expires": CREATED + 300, "tag": "acme"}),
        ("parcels", "POST", URL, HEADERS[1:], BODY, ["@method", "@target-uri", "content-digest"],
         {"digest": "sha-512", "nonce": True, "expires": "1m", "tag": "parcels"},
         {"nonce": "n-2", "expires": CREATED + 60, "tag": "parcels"}),
        ("starter", "POST", URL, HEADERS[1:], BODY, ["@method", "@target-uri", "content-digest"],
         {"nonce": True}, {"nonce": "0b9d7c1e-52f4"}),
        ("body", "POST", URL, HEADERS, BODY, ["@method", "content-digest"], {}, {}),
        ("empty-body", "POST", URL, [], b"", ["@method", "content-digest"], {}, {}),
        ("no-body", "DELETE", URL, [], None, ["@method", "content-digest"], {}, {}),
    ]
    for name, method, url, headers, body, components, parameters, more in cases:
        chosen = recipe(name, components, **parameters)
        made, steps = [], {}
        if "content-digest" in components:
            value = digest(body, parameters.get("digest", "sha-256"))
            made, steps = [["Content-Digest", value]], {"content_digest": value}
        added, prepared = signed(method, url, headers + made, body, components, **more)
        values = {"created": str(CREATED)} | ({"nonce": more["nonce"]} if "nonce" in more else {})
        params = added[0][1].partition("=")[2]
        steps |= {"signature_params": params, "signature_base": prepared.signature_base.decode(),
                  "signature": added[1][1].partition("=")[2]}
        case("sign", name, "another implementation signs the same", "seed", ORIGIN, chosen,
             request_of(method, url, headers, body), {"values": values}, {"headers": made + added}, steps)


def verdicts():
    components = ["@method", "@target-uri", "content-type", "content-digest"]
    chosen = recipe("strict", components, nonce=True, expires="1m", tag="acme")
    headers = HEADERS + [["Content-Digest", digest(BODY)]]
    more = {"nonce": "n-1", "expires": CREATED + 60, "tag": "acme"}
    added, _ = signed("POST", URL, headers, BODY, components, **more)
    good = request_of("POST", URL, headers + added, BODY)

    def verdict(name, purpose, valid, request=None, now=CREATED, reason=None, keys=KEYS, recipe=chosen):
        expected = {"valid": valid} | ({"reason": reason} if reason else {})
        case("verify", name, purpose, "seed", ORIGIN, recipe, request or good, {"now": now}, expected,
             credentials=keys)

    def by(name, purpose, valid, components=components, headers=headers, body=BODY, reason=None, now=CREATED, key=KEY,
           **changes):
        arguments = {key: value for key, value in {**more, **changes}.items() if value is not None}
        added, _ = signed("POST", URL, headers, body, components, key=key, **arguments)
        verdict(name, purpose, valid, request_of("POST", URL, headers + added, BODY), now=now, reason=reason)

    def changed(header, change):
        changed = [[name, change(value) if name.lower() == header else value] for name, value in headers + added]
        return good | {"headers": changed}

    def without(header):
        return good | {"headers": [pair for pair in headers + added if pair[0].lower() != header]}

    verdict("arrives", "as it was signed", True)
    verdict("two-keys", "the second of two keys", True, keys=KEYS | {"shared_secret": ["AAAA", KEY]})
    verdict("another-key", "another key", False, keys=KEYS | {"shared_secret": "AAAA"})
    verdict("another-key-id", "the id of another key", False, keys=KEYS | {"key_id": "other"})
    verdict("at-the-end", "just before it expires", True, now=CREATED + 59)
    verdict("expired", "when it expires", False, now=CREATED + 60, reason="expired")
    verdict("created-ahead", "made five minutes from now", True, now=CREATED - 300)
    verdict("created-too-far-ahead", "made more than five minutes from now", False, now=CREATED - 301)
    by("too-old", "made too long ago, though it does not expire yet", False, expires=CREATED + 3600, now=CREATED + 301)
    by("another-order", "the order of components is the sender's", True, list(reversed(components)))
    by("more-components", "a sender may cover more", True, components + ["@authority", "date"])
    by("missing-component", "what the document covers must be covered", False, components[:-1])
    by("missing-method", "what the document covers must be covered", False, components[1:])
    by("component-parameter", "parameters of components are not known here", False,
       components + ['"date";bs'])
    by("query-parameter", "components of other kinds are not known here", False,
       components + ['"@query-param";name="Pet"'])
    by("no-nonce", "the document asks for a nonce", False, nonce=None)
    by("empty-nonce", "a nonce has characters", False, nonce="")
    by("no-tag", "the document asks for a tag", False, tag=None)
    by("another-tag", "the tag is the document's", False, tag="other")
    by("no-expires", "the document asks for an end", False, expires=None)
    by("no-alg", "the document asks for the algorithm", False, include_alg=False)
    by("another-label", "the label is the document's", False, label="sig2")
    by("both-digests", "two digests, both right", True,
       headers=HEADERS + [["Content-Digest", digest(BODY) + ", " + digest(BODY, "sha-512")]])
    by("stronger-digest", "the other digest that holds", True,
       headers=HEADERS + [["Content-Digest", digest(BODY, "sha-512")]])
    by("one-wrong-digest", "two digests, one wrong", False,
       headers=HEADERS + [["Content-Digest", digest(BODY) + ", " + digest(b"x", "sha-512")]])
    by("wrong-digest", "the digest of another body", False, headers=HEADERS + [["Content-Digest", digest(b"x")]])
    by("weak-digest", "a digest that does not hold", False,
       headers=HEADERS + [["Content-Digest", "md5=:Sd/dVLAcvNLSq16eXua5uQ==:"]])
    by("no-digest", "a digest that is none", False, headers=HEADERS + [["Content-Digest", "sha-256"]])
    verdict("another-body", "the body is covered", False, good | {"body_hex": "7b7d"})
    verdict("another-method", "the method is covered", False, good | {"method": "PUT"})
    verdict("another-path", "the path is covered", False, good | {"target": "/fo?param=Value&Pet=dog"})
    verdict("another-query", "the query is covered", False, good | {"target": "/foo?param=Value&Pet=cat"})
    verdict("another-host", "the host is covered", False, good | {"base": "https://example.org"})
    verdict("plain-http", "the scheme is covered", False, good | {"base": "http://example.com"})
    verdict("another-type", "the header is covered", False, changed("content-type", lambda value: "text/plain"))
    verdict("doubled-type", "a second line is covered", False,
            good | {"headers": good["headers"] + [["Content-Type", "text/plain"]]})
    verdict("other-header", "other headers are free", True, good | {"headers": good["headers"] + [["X-Trace", "1"]]})
    verdict("other-signature", "signatures of others stand beside it", True,
            good | {"headers": good["headers"] + [["Signature-Input", 'other=("@method";req);alg="x"'],
                                                  ["Signature", "other=:AAAA:"]]})
    verdict("doubled-label", "which of them counts?", False, good | {"headers": good["headers"] + added})
    for header in ["signature", "signature-input", "content-digest", "content-type"]:
        verdict(f"without-{header}", f"no {header}", False, without(header))
    inputs = [
        ("algorithm", lambda value: value.replace("hmac-sha256", "hmac-sha512")),
        ("unknown-algorithm", lambda value: value.replace("hmac-sha256", "none")),
        ("created", lambda value: value.replace(str(CREATED), str(CREATED + 1))),
        ("text-created", lambda value: value.replace(f"created={CREATED}", f'created="{CREATED}"')),
        ("no-created", lambda value: value.replace(f";created={CREATED}", "")),
        ("unknown-parameter", lambda value: value + ";x=1"),
        ("doubled-parameter", lambda value: value + f";created={CREATED}"),
        ("doubled-component", lambda value: value.replace('"@method"', '"@method" "@method"')),
        ("unknown-component", lambda value: value.replace('"@method"', '"@methods"')),
        ("response-component", lambda value: value.replace('"@method"', '"@method" "@status"')),
        ("no-list", lambda value: "sig1=1"),
        ("broken", lambda value: value.replace(")", "")),
        ("empty", lambda value: ""),
        ("trailing-comma", lambda value: value + ","),
    ]
    for name, change in inputs:
        verdict(f"input-{name}", "Signature-Input is read strictly", False, changed("signature-input", change))
    signatures = [
        ("truncated", lambda value: value[:-6] + ":"),
        ("no-bytes", lambda value: "sig1=1"),
        ("empty-bytes", lambda value: "sig1=::"),
        ("parameters", lambda value: value + ";x"),
        ("text", lambda value: value.replace(":", '"')),
    ]
    for name, change in signatures:
        verdict(f"signature-{name}", "Signature is read strictly", False, changed("signature", change))
    spaces = lambda value: value.replace('("', '(  "').replace('")', '"  )').replace(";created", ";  created")
    verdict("input-spaces", "spaces that the grammar allows are not signed", True, changed("signature-input", spaces))


published()
of_package()
verdicts()
print(json.dumps({
    "provider": "rfc9421",
    "title": "HTTP message signatures with a shared key",
    "produced_by": "made-by/rfc9421.py: RFC 9421, appendix B.2.5, and signatures by http-message-signatures, see origin",
    "recipes": recipes,
    "count": len(vectors),
    "vectors": vectors,
}, indent=1, ensure_ascii=False))
