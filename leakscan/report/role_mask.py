"""What names in code may hold beside AWS's secrets, masked before a role shows them.

In: a text that has passed the `Cleaner`. Out: the same without tokens of others, the user of a URL
and what is assigned to a password. A role quotes names, and names are where such things hide.
"""

import re
from typing import Final

_MASK: Final = "<masked>"
_TOKEN: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:gh[opsur]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}"
    r"|gl[a-z]{1,5}-[A-Za-z0-9_-]{20,255}|xox[a-z]-[A-Za-z0-9-]{10,255}|npm_[A-Za-z0-9]{30,255}"
    r"|(?:sk|rk)_live_[A-Za-z0-9]{16,255}|AIza[A-Za-z0-9_-]{35}|pypi-[A-Za-z0-9_-]{50,255}"
    r"|eyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,4000}(?:\.[A-Za-z0-9_-]{0,1000})?)"
)
_USER: Final = re.compile(r"(?<=://)[^/@\s]{1,1000}@")
_ASSIGNED: Final = re.compile(
    r"(?i)((?:passw(?:or)?d|pwd|secret|token|api[_-]?key|credentials?)=)[^\s,;&'\"/)]{1,1000}"
)


def masked(text: str) -> str:
    """Return the text with such values masked."""
    text = _USER.sub(f"{_MASK}@", _TOKEN.sub(_MASK, text))
    return _ASSIGNED.sub(rf"\1{_MASK}", text)
