"""Points to confidence, parts and confidence to severity.

Part of the score stage. In: points and an identity. Out: levels.
"""

from typing import Final

from leakscan.aws import account_id, documentation_account, generation, is_canary
from leakscan.model import Identity, Level

HIGH: Final = 60
MEDIUM: Final = 35


def confidence(points: int) -> Level:
    """Return the level that points amount to."""
    if points >= HIGH:
        return Level.HIGH
    return Level.MEDIUM if points >= MEDIUM else Level.LOW


def severity(identity: Identity, sure: Level) -> Level:
    """Return the harm a credential does if it is live, as far as its parts can do any.

    A long-term pair works alone, a temporary one needs its token; an id alone opens nothing.
    """
    key_id = identity.access_key_id
    account = account_id(key_id) if key_id else None
    if documentation_account(account) or is_canary(account):
        return Level.LOW
    if identity.secret is None:
        return Level.LOW
    if key_id is None:
        return Level.LOW if sure is Level.LOW else Level.MEDIUM
    works = key_id.startswith("AKIA") or identity.session_token is not None
    if works and sure is not Level.LOW and generation(key_id):
        return Level.HIGH
    return Level.MEDIUM
