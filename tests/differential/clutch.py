"""Signs what stands on standard input as Clutch's manual says it.

A line is a request, its fields are hexadecimal, "-" is none: secret, key, random bytes, time in milliseconds,
target, body. The answer has digest, canonical array, signature and headers.
"""

import hashlib
import hmac
import json
import sys
import uuid

for line in sys.stdin:
    fields = [None if field == "-" else bytes.fromhex(field) for field in line.rstrip("\n").split("\t")]
    secret, key, random, time, target, body = fields
    request_id = str(uuid.UUID(bytes=random[:16], version=4))
    digest = "" if body is None else hashlib.sha512(body).hexdigest()
    # Without ensure_ascii, json escapes what RFC 8259 demands, in the same spelling.
    texts = [request_id, time.decode(), target.decode(), digest]
    canonical = json.dumps(texts, ensure_ascii=False, separators=(",", ":")).encode()
    signature = hmac.new(secret, canonical, hashlib.sha512).hexdigest()
    headers = (
        f"X-Application-Key: {key.decode()}\nX-Request-Id: {request_id}\n"
        f"X-Request-Time: {time.decode()}\nX-Signature: {signature}\n"
    )
    print("\t".join(part.hex() for part in (digest.encode(), canonical, signature.encode(), headers.encode())))
