"""A canary in a push: it is told of, and nobody is told to cut it."""

from tests.support.hooks import FILLER, Work
from tests.support.keys import Leak
from tests.verify.builder import akia


def test_a_refused_push_does_not_say_to_revoke_it(work: Work) -> None:
    canary = Leak(akia("canary", "534261010715"), work.keys.secret())
    work.repo.commit({b"app/.env": FILLER + canary.env()})
    pushed = work.push("origin", "main")
    assert pushed.refused
    assert "Ask your security team who planted it" in pushed.words
    for harm in ("revoke it", "Instead of a key", "Inactive", "rewriting is enough"):
        assert harm not in pushed.words
