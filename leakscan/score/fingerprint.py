"""The name of a credential that stays the same wherever its values turn up.

Part of the score stage. In: `Identity`. Out: `Fingerprint`, from the values alone: no path, line or
commit goes in. It says which parts are known, so accepting a lone id does not accept the pair.
"""

import hashlib
from typing import Final

from leakscan.model import Fingerprint, Identity

_VERSION: Final = "lk1"


def fingerprint(identity: Identity) -> Fingerprint:
    """Return `lk1.<parts>.<32 hex>`; the parts are `i`, `s` and `t`, those that are known."""
    parts = {
        "i": (identity.access_key_id or "").encode(),
        "s": identity.secret.reveal() if identity.secret else b"",
        "t": identity.session_token.reveal() if identity.session_token else b"",
    }
    letters = "".join(letter for letter, value in parts.items() if value)
    digest = hashlib.sha256(b"leakscan fingerprint 1\0")
    for letter in letters:
        value = parts[letter]
        digest.update(letter.encode() + len(value).to_bytes(4, "big") + value)
    return Fingerprint(f"{_VERSION}.{letters}.{digest.hexdigest()[:32]}")
