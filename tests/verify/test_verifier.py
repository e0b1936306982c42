"""Findings in, the same findings with verdicts out."""

from collections.abc import Mapping

import pytest

from leakscan.model import Finding, Level, Status
from leakscan.redact import Secret
from leakscan.verdict import Cause, Holder, NotAsked, Verdict, VerdictState
from leakscan.verify.base import Keys, Question, Result
from leakscan.verify.endpoints import Where
from leakscan.verify.plan import Policy
from leakscan.verify.verifier import Verifier
from tests.verify.builder import ACCOUNT, akia, asia, finding, secret, token

OWN = Policy(owned_accounts=frozenset({ACCOUNT}))
AWS = Where(("aws",), None, False, None)
LIVE = Verdict(VerdictState.LIVE, "AWS accepted it.", holder=Holder.USER)
NO = Verdict(VerdictState.NOT_ACCEPTED, "AWS does not know it.")
WRONG = Verdict(VerdictState.WRONG_SECRET, "It is not its secret.")
DOUBT = Verdict(VerdictState.UNKNOWN, "No answer.", Cause.UNREACHABLE)


class Asker:
    """Says of each secret what it was told to, and stops where the real one does."""

    def __init__(self, says: Mapping[Secret, Verdict]) -> None:
        self.calls = 0
        self._says = says

    def ask(self, question: Question) -> Result:
        tried: list[tuple[Keys, Verdict]] = []
        for keys in question.candidates:
            self.calls += 1
            verdict = self._says[keys.secret]
            tried.append((keys, verdict))
            if verdict in (LIVE, NO):
                break
        return Result(question.access_key_id, tuple(tried))


def never() -> Asker:
    raise AssertionError("nobody is to be asked")


def states(says: Mapping[Secret, Verdict], *findings: Finding) -> dict[str, VerdictState]:
    verifier = Verifier(OWN, AWS, lambda: Asker(says))
    verified = verifier.verify(findings)
    assert [one.credential.fingerprint for one in verified] == [
        one.credential.fingerprint for one in findings
    ]
    return {str(one.credential.fingerprint): one.verdict.state for one in verified}


def test_nobody_is_asked_where_nothing_is_to_ask() -> None:
    foreign = finding("a", akia("a", "222233334444"), secret("a"))
    found = [foreign, finding("i", akia("i"), objects=("two",))]
    verified = Verifier(OWN, AWS, never).verify(found)
    assert [one.verdict.state.value for one in verified] == ["foreign-account", "not-checked"]


def test_nothing_in_nothing_out() -> None:
    assert Verifier(OWN, AWS, never).verify([]) == []


def test_each_finding_gets_its_own_verdict() -> None:
    says = {secret(f"{n}"): (LIVE, NO, WRONG, DOUBT)[n % 4] for n in range(40)}
    found = [finding(f"{n}", akia(f"{n}"), secret(f"{n}"), objects=(f"{n}",)) for n in range(40)]
    told = states(says, *found)
    for n in range(40):
        assert told[f"{n}"] is (LIVE, NO, WRONG, DOUBT)[n % 4].state


def test_an_id_has_one_secret() -> None:
    found = (
        finding("a", akia("a"), secret("a")),
        finding("b", akia("a"), secret("b"), points=10),
    )
    told = states({secret("a"): LIVE}, *found)
    assert told == {"a": VerdictState.LIVE, "b": VerdictState.WRONG_SECRET}


def test_an_id_that_is_not_accepted_is_so_with_any_secret() -> None:
    found = (
        finding("a", akia("a"), secret("a")),
        finding("b", akia("a"), secret("b"), points=10),
    )
    told = states({secret("a"): NO}, *found)
    assert told == {"a": VerdictState.NOT_ACCEPTED, "b": VerdictState.NOT_ACCEPTED}


def test_a_lone_id_shares_what_was_said_of_its_pair() -> None:
    found = (finding("i", akia("a")), finding("p", akia("a"), secret("a")))
    assert states({secret("a"): LIVE}, *found)["i"] is VerdictState.LIVE
    assert states({secret("a"): WRONG}, *found)["i"] is VerdictState.WRONG_SECRET


def test_a_lone_secret_is_live_with_the_id_beside_it() -> None:
    found = (finding("i", akia("a")), finding("s", None, secret("a"), severity=Level.MEDIUM))
    told = states({secret("a"): LIVE}, *found)
    assert told == {"i": VerdictState.LIVE, "s": VerdictState.LIVE}


def test_a_lone_secret_that_is_not_of_the_id_beside_it_is_not_checked() -> None:
    found = (finding("i", akia("a")), finding("s", None, secret("a")))
    told = states({secret("a"): WRONG}, *found)
    assert told == {"i": VerdictState.WRONG_SECRET, "s": VerdictState.NOT_CHECKED}


@pytest.mark.parametrize("said", [NO, WRONG])
def test_a_token_that_was_guessed_does_not_make_a_key_dead(said: Verdict) -> None:
    found = (finding("p", asia("a"), secret("a")), finding("t", None, None, token("a")))
    told = states({secret("a"): said}, *found)
    assert told == {"p": VerdictState.TOKEN_MISSING, "t": VerdictState.NOT_CHECKED}


def test_a_token_that_was_guessed_right_makes_all_parts_live() -> None:
    found = (finding("p", asia("a"), secret("a")), finding("t", None, None, token("a")))
    told = states({secret("a"): LIVE}, *found)
    assert told == {"p": VerdictState.LIVE, "t": VerdictState.LIVE}


def test_a_doubt_about_a_guess_is_a_doubt() -> None:
    found = (finding("p", asia("a"), secret("a")), finding("t", None, None, token("a")))
    assert states({secret("a"): DOUBT}, *found)["p"] is VerdictState.UNKNOWN


def test_what_was_not_tried_says_so() -> None:
    found = [finding(f"{n}", akia("a"), secret(f"{n}"), points=90 - n) for n in range(7)]
    told = states({secret(f"{n}"): WRONG for n in range(7)}, *found, finding("i", akia("a")))
    assert told["4"] is VerdictState.WRONG_SECRET
    assert told["5"] is told["6"] is VerdictState.NOT_CHECKED
    verified = Verifier(OWN, AWS, lambda: Asker({secret(f"{n}"): WRONG for n in range(7)})).verify(
        [*found, finding("i", akia("a"))]
    )
    assert verified[-1].verdict.why is NotAsked.UNTRIED
    assert "2" in verified[-1].verdict.text


def test_progress_and_each_id_are_told() -> None:
    told: list[tuple[int, int]] = []
    says = {secret(f"{n}"): LIVE for n in range(5)}
    verifier = Verifier(
        OWN, AWS, lambda: Asker(says),
        lambda done, total: told.append((done, total)),
    )  # fmt: skip
    verifier.verify([finding(f"{n}", akia(f"{n}"), secret(f"{n}")) for n in range(5)])
    assert told == [(n, 5) for n in range(1, 6)]
    assert sorted(verifier.live) == sorted(akia(f"{n}") for n in range(5))
    assert verifier.calls == 5


def test_a_bug_in_one_thread_is_heard() -> None:
    def broken() -> Asker:
        return Asker({})

    with pytest.raises(KeyError):
        Verifier(OWN, AWS, broken).verify([finding("a", akia("a"), secret("a"))])


# -- what stands beside -----------------------------------------------------------------------


def test_a_live_id_is_live_whoever_its_secret_was_paired_with() -> None:
    says = {(akia("live"), secret("a")): LIVE, (akia("old"), secret("a")): NO}
    found = (finding("live", akia("live")), finding("old", akia("old"), secret("a")))
    verifier = Verifier(OWN, AWS, lambda: ById(says))
    told = {one.credential.fingerprint: one.verdict.state for one in verifier.verify(found)}
    assert told == {"live": VerdictState.LIVE, "old": VerdictState.NOT_ACCEPTED}
    assert verifier.live == [akia("live")]


class ById(Asker):
    """Says of each id with each secret what it was told to."""

    def __init__(self, says: Mapping[tuple[str, Secret], Verdict]) -> None:
        super().__init__({})
        self._by_id = says

    def ask(self, question: Question) -> Result:
        says = {
            secret: verdict
            for (key, secret), verdict in self._by_id.items()
            if key == question.access_key_id
        }
        return Asker(says).ask(question)


def test_what_was_not_wanted_is_told_if_it_is_live() -> None:
    wanted = [finding("wanted", akia("a"), secret("wrong"))]
    beside = [
        finding("lone", None, secret("right")),
        finding("pair", akia("pair"), secret("y")),
    ]
    says = {secret("wrong"): WRONG, secret("right"): LIVE}
    verified = Verifier(OWN, AWS, lambda: Asker(says)).verify(wanted, beside)
    told = {str(one.credential.fingerprint): one.verdict.state for one in verified}
    assert told == {"wanted": VerdictState.LIVE, "lone": VerdictState.LIVE}
    assert "beside it" in verified[0].verdict.text


def test_live_ids_are_known_after_an_error() -> None:
    says = {secret("a"): LIVE}
    verifier = Verifier(OWN, AWS, lambda: Asker(says), _stop)
    with pytest.raises(KeyboardInterrupt):
        verifier.verify([finding("a", akia("a"), secret("a"))])
    assert verifier.live == [akia("a")]
    assert verifier.calls == 1


def _stop(done: int, total: int) -> None:
    raise KeyboardInterrupt


# -- a mismatch is not the last word ----------------------------------------------------------


def told(
    says: Mapping[tuple[str, Secret], Verdict], *findings: Finding
) -> dict[str, tuple[VerdictState, NotAsked | None]]:
    verified = Verifier(OWN, AWS, lambda: ById(says)).verify(findings)
    return {
        str(one.credential.fingerprint): (one.verdict.state, one.verdict.why) for one in verified
    }


def test_a_doubt_about_one_secret_is_not_settled_by_a_mismatch_of_another() -> None:
    found = (
        finding("live", akia("live"), line=1),
        finding("near", None, secret("wrong"), line=2),
        finding("far", None, secret("right"), line=9),
    )
    says = {(akia("live"), secret("wrong")): WRONG, (akia("live"), secret("right")): DOUBT}
    assert told(says, *found)["live"] == (VerdictState.UNKNOWN, None)


def test_a_mismatch_is_open_while_something_beside_it_has_no_answer() -> None:
    found = (
        finding("pair", akia("a"), secret("wrong"), line=1),
        finding("other", akia("b"), secret("right"), line=2),
    )
    says = {
        (akia("a"), secret("wrong")): WRONG, (akia("a"), secret("right")): DOUBT,
        (akia("b"), secret("right")): NO,
    }  # fmt: skip
    assert told(says, *found)["pair"] == (VerdictState.WRONG_SECRET, NotAsked.UNTRIED)
    says[akia("a"), secret("right")] = WRONG
    assert told(says, *found)["pair"] == (VerdictState.WRONG_SECRET, None)


def test_secrets_that_were_paired_crosswise_are_found() -> None:
    found = (
        finding("a", akia("a"), secret("b"), line=1),
        finding("b", akia("b"), secret("a"), line=2),
    )
    says = {
        (akia("a"), secret("b")): WRONG, (akia("a"), secret("a")): LIVE,
        (akia("b"), secret("a")): WRONG, (akia("b"), secret("b")): NO,
    }  # fmt: skip
    assert told(says, *found)["a"] == (VerdictState.LIVE, None)
    assert told(says, *found)["b"] == (VerdictState.WRONG_SECRET, None)


def test_a_lone_secret_that_fits_nothing_says_what_it_was_tried_with() -> None:
    found = (finding("i", akia("a")), finding("s", None, secret("a")))
    verified = Verifier(OWN, AWS, lambda: Asker({secret("a"): WRONG})).verify(found)
    assert akia("a") in verified[1].verdict.text
    assert verified[1].verdict.state is VerdictState.NOT_CHECKED


def test_an_id_that_was_accepted_is_new_with_a_secret_that_is_new() -> None:
    bare = finding("id", akia("a"), status=Status.BASELINED)
    new = finding("new", akia("old"), secret("a"))
    says = {(akia("a"), secret("a")): LIVE, (akia("old"), secret("a")): NO}
    (first, _) = Verifier(OWN, AWS, lambda: ById(says)).verify([bare, new])
    assert (first.status, first.verdict.state) == (Status.NEW, VerdictState.LIVE)
    known = finding("new", akia("old"), secret("a"), status=Status.BASELINED)
    (first, _) = Verifier(OWN, AWS, lambda: ById(says)).verify([bare, known])
    assert first.status is Status.BASELINED
