"""Needs become few statements that grant exactly what is needed."""

from hypothesis import given
from hypothesis import strategies as st

from leakscan.permissions import Hole, Need, Spot, Statement, Text
from leakscan.privilege.arns import covers
from leakscan.privilege.policy import of_merging, statements

HERE = Spot("a.py", 1)
LEVELS = {"s3:GetObject": "Read", "s3:PutObject": "Write", "iam:PassRole": "Permissions management"}
CONDITION = {"StringEquals": {"kms:RequestAlias": ("alias/a",)}}


def made(*needs: Need) -> tuple[Statement, ...]:
    return statements(needs, lambda action: LEVELS.get(action, "Read"))


def need(action: str, *resources: str | Text, line: int = 1, **rest: object) -> Need:
    texts = tuple((one,) if isinstance(one, str) else one for one in resources)
    conditions = CONDITION if rest.get("conditional") else {}
    return Need(action, texts, Spot("a.py", line), "", conditions)


def test_actions_on_the_same_resources_share_a_statement() -> None:
    found = made(need("s3:PutObject", "b/*"), need("s3:GetObject", "b/*"))
    assert [(one.sid, one.actions, one.resources) for one in found] == [
        ("S3Use", ("s3:GetObject", "s3:PutObject"), (("b/*",),))
    ]


def test_resources_of_one_action_are_collected() -> None:
    found = made(need("s3:GetObject", "b/2", line=2), need("s3:GetObject", "b/1", line=9))
    assert [one.resources for one in found] == [(("b/1",), ("b/2",))]
    assert found[0].because == {"s3:GetObject": (Spot("a.py", 2), Spot("a.py", 9))}


def test_what_a_wider_resource_covers_is_left_out_of_the_same_action_alone() -> None:
    found = made(
        need("s3:GetObject", "b/*"), need("s3:GetObject", "b/x"), need("s3:PutObject", "b/x")
    )
    assert {one.actions: one.resources for one in found} == {
        ("s3:GetObject",): (("b/*",),),
        ("s3:PutObject",): (("b/x",),),
    }


def test_the_same_twice_is_once() -> None:
    assert [
        one.resources for one in made(need("s3:GetObject", "b"), need("s3:GetObject", "b"))
    ] == [(("b",),)]


def test_very_many_keys_become_their_common_beginning_and_that_is_said() -> None:
    needs = [need("s3:GetObject", f"arn:aws:s3:::b/in/k{number}") for number in range(15_000)]
    needs += [need("s3:GetObject", "arn:aws:s3:::other/x", "arn:aws:s3:::b/one")]
    found = made(*needs)
    assert [one.resources for one in found] == [
        (("arn:aws:s3:::b/in/k*",), ("arn:aws:s3:::b/one",), ("arn:aws:s3:::other/x",))
    ]
    said = "".join(of_merging(needs, found))
    assert "s3:GetObject is asked for on 15002 resources" in said
    assert "arn:aws:s3:::b/in/k*" in said


def test_what_many_beginnings_cover_is_left_out() -> None:
    wide = [need("s3:GetObject", f"arn:aws:s3:::b/{number:03}*") for number in range(400)]
    narrow = [need("s3:GetObject", f"arn:aws:s3:::b/{number:05}") for number in range(40_000)]
    assert len(made(*narrow, *wide)[0].resources) == 400
    assert not [*of_merging(wide, made(*wide))]


def test_no_two_buckets_become_one() -> None:
    needs = [need("s3:GetObject", f"arn:aws:s3:::b{number}/x*y") for number in range(3000)]
    found = made(*needs)
    assert len(found[0].resources) == 3000
    assert "several roles" in "".join(of_merging(needs, found))


def test_many_actions_on_many_keys_fit_a_role() -> None:
    actions = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")
    needs = [
        need(action, f"arn:aws:s3:::b/{at % 40}/{'x' * 200}{at}{action}")
        for action in actions
        for at in range(450)
    ]
    found = made(*needs)
    size = sum(len(str(text[0])) for one in found for text in one.resources)
    assert 0 < size <= 48_000


def test_a_condition_keeps_a_statement_apart() -> None:
    found = made(need("kms:Decrypt", "key/1"), need("kms:Decrypt", "key/*", conditional=True))
    assert [(one.resources, one.conditions) for one in found] == [
        ((("key/*",),), CONDITION),
        ((("key/1",),), {}),
    ]


def test_what_is_granted_without_condition_needs_none_with_it() -> None:
    found = made(need("kms:Decrypt", "key/*"), need("kms:Decrypt", "key/1", conditional=True))
    assert [(one.resources, one.conditions) for one in found] == [((("key/*",),), {})]


def test_sids_are_letters_and_digits_and_stand_once() -> None:
    found = made(
        need("s3:GetObject", "a"),
        need("s3:ListBucket", "b"),
        need("iam:PassRole", "r"),
        need("execute-api:Invoke", "x"),
    )
    sids = [one.sid for one in found]
    assert sids == ["ExecuteApiRead", "IamManage", "S3Read", "S3Read2"]
    assert all(one.isalnum() for one in sids)


ACTIONS = st.sampled_from(["s3:GetObject", "s3:PutObject", "kms:Decrypt", "iam:PassRole"])
TEXTS = st.lists(st.sampled_from(["a", "b", "*", "/", Hole("X")]), min_size=1, max_size=4)
NEEDS = st.lists(
    st.builds(
        lambda action, texts: Need(action, tuple(tuple(one) for one in texts), HERE),
        ACTIONS,
        st.lists(TEXTS, min_size=1, max_size=3),
    ),
    max_size=8,
)


@given(NEEDS)
def test_all_that_is_needed_is_granted_and_nothing_else(needs: list[Need]) -> None:
    found = made(*needs)
    granted = [(action, text) for one in found for action in one.actions for text in one.resources]
    wanted = [(one.action, text) for one in needs for text in one.resources]
    for action, text in wanted:
        assert any(action == other and covers(wide, text) for other, wide in granted)
    assert set(granted) <= set(wanted)
    assert len(set(granted)) == len(granted)


@given(NEEDS)
def test_the_order_of_needs_does_not_matter(needs: list[Need]) -> None:
    assert made(*needs) == made(*reversed(needs))
