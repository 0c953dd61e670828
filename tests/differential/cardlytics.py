"""Signs what stands on standard input as the Cardlytics pages say it.

A line is a token to make, its fields are hexadecimal, "-" is none: secret, application id, random bytes, time in
milliseconds, body; for a user-experience token no body, but the user id and, if there is one, the renewal URL. The
answer has header, payload, token, and the text that is carried or given.
"""

import base64
import hashlib
import hmac
import json
import sys
import uuid


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def compact(value):
    # Without ensure_ascii, json escapes what RFC 8259 demands, in the same spelling.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


for line in sys.stdin:
    fields = [None if field == "-" else bytes.fromhex(field) for field in line.rstrip("\n").split("\t")]
    secret, application, random, time, body, user, renewal = fields
    subject = user.decode() if body is None else hashlib.md5(body).hexdigest()
    claims = {
        "iss": application.decode(),
        "sub": subject,
        "exp": int(time) // 1000 + 300,
        "jti": str(uuid.UUID(bytes=random[:16], version=4)),
    }
    if renewal is not None:
        claims["rnw"] = renewal.decode()
    header, payload = compact({"alg": "HS256", "typ": "JWT"}), compact(claims)
    signing_input = base64url(header) + b"." + base64url(payload)
    token = signing_input + b"." + base64url(hmac.new(secret, signing_input, hashlib.sha256).digest())
    carried = b"Bearer " + token if body is not None else token
    print("\t".join(part.hex() for part in (header, payload, token, carried)))
