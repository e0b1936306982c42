"""Who is asked, of whom, and with what."""

import pytest

from leakscan import aws
from leakscan.model import Finding, Fingerprint, Level, Status
from leakscan.verdict import Cause, NotAsked, VerdictState
from leakscan.verify.candidates import MAX_CANDIDATES
from leakscan.verify.endpoints import Where
from leakscan.verify.plan import Plan, Policy, make_plan
from tests.report.builder import key_id
from tests.verify.builder import ACCOUNT, akia, asia, finding, secret, token

OWN = Policy(owned_accounts=frozenset({ACCOUNT}))
ANY = Policy(any_account=True)
AWS = Where(("aws",), None, False, None)


def plan(*findings: Finding, policy: Policy = OWN) -> Plan:
    made = make_plan(findings, policy, AWS)
    asked = {one for question in made.questions for one in _own(question.access_key_id, findings)}
    names = {one.credential.fingerprint for one in findings}
    assert asked | made.decided.keys() == names, "a finding is neither asked about nor decided"
    assert not asked & made.decided.keys()
    return made


def _own(key: str, findings: tuple[Finding, ...]) -> set[str]:
    return {
        one.credential.fingerprint
        for one in findings
        if one.credential.identity.access_key_id == key
    }


def state(made: Plan, name: str) -> VerdictState:
    return {str(key): verdict.state for key, verdict in made.decided.items()}[name]


def test_a_pair_of_an_owned_account_is_asked_about() -> None:
    made = plan(finding("a", akia("a"), secret("a")))
    (question,) = made.questions
    assert question.access_key_id == akia("a")
    assert [keys.secret for keys in question.candidates] == [secret("a")]
    assert question.hosts == ("sts.us-east-1.amazonaws.com",)


@pytest.mark.parametrize("policy", [OWN, ANY, Policy(frozenset({"171436882533"}))])
def test_a_canary_is_never_asked_about(policy: Policy) -> None:
    for account in aws.CANARY_ACCOUNTS:
        made = plan(finding("a", akia("a", account), secret("a")), policy=policy)
        assert not made.questions
        assert state(made, "a") is VerdictState.CANARY


def test_a_canary_account_that_the_user_names_is_never_asked_about() -> None:
    policy = Policy(frozenset({ACCOUNT}), frozenset({ACCOUNT}), any_account=True)
    made = plan(finding("a", akia("a"), secret("a")), policy=policy)
    assert state(made, "a") is VerdictState.CANARY


def test_another_account_is_asked_about_only_if_the_user_says_so() -> None:
    found = finding("a", akia("a", "222233334444"), secret("a"))
    made = plan(found)
    assert state(made, "a") is VerdictState.FOREIGN_ACCOUNT
    assert "222233334444" in made.decided[found.credential.fingerprint].text
    assert plan(found, policy=ANY).questions


def test_an_id_without_an_account_says_so() -> None:
    old = "AKIA" + "A" + akia("a")[5:]
    assert aws.generation(old) == "old"
    found = finding("a", old, secret("a"))
    made = plan(found)
    assert state(made, "a") is VerdictState.FOREIGN_ACCOUNT
    assert "older form" in made.decided[found.credential.fingerprint].text
    assert plan(found, policy=ANY).questions


def test_a_published_sample_is_not_asked_about() -> None:
    sample = "AKIA%%IOSFODNN7EXAMPLE".replace("%%", "")
    made = plan(finding("a", sample, secret("a")), policy=ANY)
    assert state(made, "a") is VerdictState.NOT_CHECKED


@pytest.mark.parametrize("prefix", ["ABIA", "ACCA"])
def test_what_sts_does_not_know_is_not_asked_about(prefix: str) -> None:
    made = plan(finding("a", key_id("a", prefix, int(ACCOUNT)), secret("a")), policy=ANY)
    assert state(made, "a") is VerdictState.NOT_CHECKED


def test_a_lone_id_is_not_asked_about() -> None:
    made = plan(finding("a", akia("a")), finding("b", akia("b", "222233334444")))
    assert not made.questions
    assert state(made, "a") is state(made, "b") is VerdictState.NOT_CHECKED


def test_a_lone_secret_is_not_asked_about() -> None:
    made = plan(finding("s", None, secret("s")), finding("t", None, None, token("t")), policy=ANY)
    assert not made.questions
    assert state(made, "s") is state(made, "t") is VerdictState.NOT_CHECKED


def test_what_is_known_before_a_range_is_not_asked_about() -> None:
    made = plan(finding("a", akia("a"), secret("a"), status=Status.KNOWN))
    assert state(made, "a") is VerdictState.NOT_CHECKED


def test_what_somebody_accepted_is_asked_about() -> None:
    assert plan(finding("a", akia("a"), secret("a"), status=Status.BASELINED)).questions


def test_a_temporary_key_without_its_token_is_not_asked_about() -> None:
    made = plan(finding("a", asia("a"), secret("a")))
    assert state(made, "a") is VerdictState.TOKEN_MISSING


def test_a_temporary_key_goes_with_its_token() -> None:
    (question,) = plan(finding("a", asia("a"), secret("a"), token("a"))).questions
    (keys,) = question.candidates
    assert keys.token == token("a")
    assert keys.borrowed == ()


def test_a_long_term_key_goes_without_a_token() -> None:
    (question,) = plan(finding("a", akia("a"), secret("a"), token("a"))).questions
    assert question.candidates[0].token is None


def test_the_best_candidate_is_first_and_what_stands_beside_comes_last() -> None:
    made = plan(
        finding("doubtful", akia("a"), secret("b"), confidence=Level.LOW, points=10),
        finding("sure", akia("a"), secret("a")),
        finding("beside", None, secret("c"), points=200),
        finding("elsewhere", None, secret("d"), objects=("two",)),
    )
    (question,) = made.questions
    names = [str(keys.fingerprint) for keys in question.candidates]
    assert names == ["sure", "doubtful", "beside"]
    assert [bool(keys.borrowed) for keys in question.candidates] == [False, False, True]


def test_a_lone_id_borrows_the_secret_beside_it() -> None:
    (question,) = plan(finding("i", akia("a")), finding("s", None, secret("a"))).questions
    assert [str(one) for one in question.candidates[0].borrowed] == ["s"]


def test_a_temporary_pair_borrows_the_token_beside_it() -> None:
    made = plan(finding("p", asia("a"), secret("a")), finding("t", None, None, token("a")))
    (question,) = made.questions
    (keys,) = question.candidates
    assert keys.token == token("a")
    assert [str(one) for one in keys.borrowed] == ["t"]


def test_candidates_are_limited_and_the_rest_is_named() -> None:
    findings = [finding(f"{n}", akia("a"), secret(f"{n}"), points=90 - n) for n in range(8)]
    (question,) = plan(*findings).questions
    assert len(question.candidates) == MAX_CANDIDATES
    assert question.untried == 3


def test_one_secret_is_tried_once() -> None:
    made = plan(finding("a", akia("a"), secret("a")), finding("b", None, secret("a")))
    assert len(made.questions[0].candidates) == 1


def test_regions_near_by_choose_the_partition() -> None:
    found = finding("a", akia("a"), secret("a"), regions=("cn-north-1",))
    (question,) = plan(found).questions
    assert [one.partition for one in question.endpoints] == ["aws-cn", "aws"]


def test_a_partition_without_a_fips_endpoint_is_a_doubt() -> None:
    found = finding("a", akia("a"), secret("a"), regions=("cn-north-1",))
    china = make_plan([found], OWN, Where(("aws-cn",), None, True, None))
    (verdict,) = china.decided.values()
    assert (verdict.state, verdict.cause) == (VerdictState.UNKNOWN, Cause.PARTITION)
    (question,) = make_plan([found], OWN, Where(("aws",), None, True, None)).questions
    assert question.hosts == ("sts-fips.us-east-1.amazonaws.com",)
    assert question.left_out == ("aws-cn",)


def test_more_keys_than_the_limit_are_named_and_not_asked_about() -> None:
    policy = Policy(frozenset({ACCOUNT}), most=2)
    made = plan(*(finding(f"{n}", akia(f"{n}"), secret(f"{n}")) for n in range(5)), policy=policy)
    assert [question.access_key_id for question in made.questions] == [akia("0"), akia("1")]
    assert {state(made, f"{n}") for n in range(2, 5)} == {VerdictState.NOT_CHECKED}


# -- what stands beside -----------------------------------------------------------------------


def names(made: Plan, key: str) -> list[str]:
    """Return the findings whose secrets would be tried with an id, in order."""
    (question,) = [one for one in made.questions if one.access_key_id == key]
    return [str(keys.fingerprint) for keys in question.candidates]


def test_a_lone_id_borrows_a_secret_that_was_paired_with_another_id() -> None:
    made = plan(finding("live", akia("live")), finding("old", akia("old"), secret("a")))
    assert names(made, akia("live")) == ["old"]
    assert names(made, akia("old")) == ["old"]


def test_a_canary_beside_an_id_does_not_hide_it() -> None:
    canary = finding("canary", akia("c", "052310077262"), secret("a"))
    made = plan(finding("live", akia("live")), canary)
    assert names(made, akia("live")) == ["canary"]
    assert [question.access_key_id for question in made.questions] == [akia("live")]


def test_an_id_borrows_the_secrets_of_others_after_its_own() -> None:
    """They cost calls only after a mismatch, and after one no pairing is sure."""
    made = plan(*(finding(f"{n}", akia(f"{n}"), secret(f"{n}"), line=n) for n in range(9)))
    assert names(made, akia("4"))[0] == "4"
    assert set(names(made, akia("4"))[1:]) < {"2", "3", "5", "6"} | {"1", "7"}
    assert {question.untried for question in made.questions} == {4}


def test_the_nearest_is_tried_first() -> None:
    made = plan(
        finding("id", akia("a"), line=100),
        finding("far", None, secret("far"), line=10, points=90),
        finding("near", None, secret("near"), line=101, points=10),
    )
    assert names(made, akia("a")) == ["near", "far"]


def test_a_temporary_id_that_is_whole_gets_lone_tokens_after_its_own() -> None:
    made = plan(
        finding("a", asia("a"), secret("a"), token("stale")),
        finding("b", asia("b"), secret("b"), token("b")),
        finding("t", None, None, token("fresh"), line=2),
    )
    (question,) = [one for one in made.questions if one.access_key_id == asia("a")]
    tried = [(keys.secret, keys.token) for keys in question.candidates]
    assert tried == [(secret("a"), token("stale")), (secret("a"), token("fresh"))]


def test_a_temporary_id_that_is_not_whole_gets_the_tokens_of_others() -> None:
    whole = finding("b", asia("b"), secret("b"), token("b"))
    made = plan(finding("a", asia("a"), secret("a")), whole)
    (question,) = [one for one in made.questions if one.access_key_id == asia("a")]
    assert (secret("a"), token("b")) in {(one.secret, one.token) for one in question.candidates}


def test_an_id_that_is_old_is_asked_about_for_what_is_new_beside_it() -> None:
    old = finding("old", akia("a"), status=Status.KNOWN)
    made = plan(old, finding("new", akia("b"), secret("b")))
    assert names(made, akia("a")) == ["new"]
    made = plan(old, finding("new", akia("b"), secret("b"), status=Status.KNOWN))
    assert not made.questions


def test_a_limit_does_not_settle_what_could_be_tried() -> None:
    policy = Policy(frozenset({ACCOUNT}), most=1)
    made = plan(
        finding("pair", akia("a"), secret("a")),
        finding("beside", akia("b")),
        finding("alone", akia("c"), objects=("two",)),
        policy=policy,
    )
    whys = {str(name): verdict.why for name, verdict in made.decided.items()}
    assert whys == {"beside": NotAsked.LIMIT, "alone": NotAsked.ID_ALONE}


def test_a_lone_id_of_another_account_beside_a_secret_is_open() -> None:
    made = plan(
        finding("foreign", akia("f", "222233334444")), finding("own", akia("own"), secret("a"))
    )
    assert state(made, "foreign") is VerdictState.FOREIGN_ACCOUNT
    made = plan(finding("foreign", akia("f", "222233334444")))
    assert state(made, "foreign") is VerdictState.NOT_CHECKED


def test_findings_beside_lend_their_parts_and_are_not_asked_about_for_themselves() -> None:
    wanted = [finding("wanted", akia("a"), secret("wrong"))]
    beside = [
        finding("lone", None, secret("right")),
        finding("same", akia("a"), secret("other")),
        finding("id", akia("id")),
        finding("elsewhere", akia("elsewhere"), secret("x"), objects=("two",)),
        finding("pair", akia("pair"), secret("y")),
    ]
    made = make_plan(wanted, OWN, AWS, beside)
    asked = {question.access_key_id for question in made.questions}
    assert asked == {akia("a"), akia("id")}
    assert set(names(made, akia("a"))[:2]) == {"wanted", "same"}
    assert "lone" in names(made, akia("a"))
    assert state(made, "pair") is state(made, "elsewhere") is VerdictState.NOT_CHECKED


def test_many_ids_in_one_content_cost_no_more_than_each_alone() -> None:
    """What is looked at for one id is bounded, however much stands beside it."""
    found = [finding(f"i{n}", akia(f"{n}"), line=n) for n in range(3000)]
    found += [finding(f"s{n}", None, secret(f"{n}"), line=n) for n in range(3000)]
    made = plan(*found, policy=Policy(frozenset({ACCOUNT}), most=10_000))
    assert len(made.questions) == 3000
    assert {len(question.candidates) for question in made.questions} == {MAX_CANDIDATES}
    assert all(59 <= question.untried <= 64 for question in made.questions)


def test_an_id_in_more_places_than_are_looked_at_is_not_settled() -> None:
    many = tuple(f"{n}" for n in range(1001))
    made = plan(finding("i", akia("a"), objects=many))
    assert made.decided[Fingerprint("i")].why is NotAsked.UNTRIED
    made = plan(finding("i", akia("a"), objects=many[:1000]))
    assert made.decided[Fingerprint("i")].why is NotAsked.ID_ALONE
    last = finding("s", None, secret("s"), objects=(many[1000],))
    assert not plan(finding("i", akia("a"), objects=many), last).questions
