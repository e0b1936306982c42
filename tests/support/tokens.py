"""Session tokens of the form that names the region which issued them; none was ever issued."""

import base64
import random

ORIGIN = b"\x21\x0a\x09origin_ec"


def token_from(region: str, seed: int = 0) -> bytes:
    """Return a token of the usual length; the same seed gives the same one."""
    rng = random.Random(seed)
    name = region.encode()
    age = b"\x10" + bytes(rng.randrange(128, 256) for _ in range(9)) + b"\x01"
    signature = b"\x22\x46" + rng.randbytes(70)
    body = ORIGIN + age + b"\x1a" + bytes([len(name)]) + name + signature + rng.randbytes(600)
    return base64.b64encode(body)
