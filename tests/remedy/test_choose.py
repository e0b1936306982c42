"""The place a key stands in is told right, for the right reasons, and in bounded time."""

import random
import string
from collections import Counter
from collections.abc import Mapping
from typing import Final

import pytest
import regex

from leakscan.remediation import Choice, Entry, EntryKind, Looked, Sign, SignKind
from leakscan.remedy.catalog import load_catalog
from leakscan.remedy.choose import MOST, Chooser, choose
from leakscan.remedy.context import (
    MAX_NAMES_SIZE,
    MAX_PATH,
    TEXT_BYTES,
    Context,
    names_text,
    path_text,
)
from tests.remedy.labelled import accuracy, cases
from tests.support.keys import KeyMaker

PLACES: Final = load_catalog().places
CASES: Final = cases()
HELD_BACK: Final = [case for case in CASES if case.is_held_back]
TUNED: Final = [case for case in CASES if not case.is_held_back]


def entry(name: str, *signs: Sign) -> Entry:
    return Entry(
        id=name,
        kind=EntryKind.PLACE,
        title=f"Title of {name}",
        mechanism=f"Mechanism of {name}",
        instead="",
        signs=signs,
        why="",
        steps=(),
        cautions=(),
        trust=None,
        terraform=None,
        cloudformation=None,
        controls=(),
        references=(),
    )


def places(**signs: Sign | tuple[Sign, ...]) -> dict[str, Entry]:
    found = {name.replace("_", "-"): one for name, one in signs.items()}
    return {
        name: entry(name, *(one if isinstance(one, tuple) else (one,)))
        for name, one in found.items()
    }


def path_sign(points: int, pattern: str = "x", says: str = "a path") -> Sign:
    return Sign(SignKind.PATH, pattern, points, says)


def text_sign(points: int, pattern: str, says: str = "a text") -> Sign:
    return Sign(SignKind.TEXT, pattern, points, says)


def ids(choices: tuple[Choice, ...]) -> list[str]:
    return [one.id for one in choices]


# -- the labelled set -------------------------------------------------------------------------


def test_the_labelled_set_has_cases_of_every_place() -> None:
    labelled = Counter(case.expected for case in CASES)
    assert len(CASES) >= 120
    assert set(labelled) == set(PLACES)
    assert min(labelled.values()) >= 2
    assert 0.25 < len(HELD_BACK) / len(CASES) < 0.42


def test_places_are_told_right_where_signs_were_tuned() -> None:
    found = accuracy(TUNED, PLACES)
    print(f"tuned to: {found}")
    assert found.first >= 0.97
    assert found.offered >= 0.99


def test_places_are_told_right_where_nothing_was_tuned() -> None:
    found = accuracy(HELD_BACK, PLACES)
    print(f"held back: {found}")
    assert found.first >= 0.93
    assert found.offered >= 0.95


def test_what_is_sure_is_right() -> None:
    sure = [(case, choices[0]) for case in CASES if (choices := case.choose(PLACES))[0].sure]
    assert len(sure) > len(CASES) * 0.6
    wrong = [case.context.path for case, choice in sure if choice.id != case.expected]
    assert len(wrong) <= len(sure) * 0.03, wrong


def test_more_than_one_place_is_the_exception() -> None:
    """Who offers everything is always right."""
    assert accuracy(CASES, PLACES).length < 1.3


# -- the rules of choosing --------------------------------------------------------------------


def test_points_of_all_signs_add_up_and_the_most_wins() -> None:
    known = places(
        one=(path_sign(5), text_sign(5, "y")),
        two=(path_sign(8), text_sign(-4, "y")),
        three=path_sign(20, "z"),
    )
    choices = choose(Context("x", text="y"), known)
    assert [(one.id, one.points, one.sure) for one in choices] == [("one", 10, True)]


def test_what_comes_close_is_offered_too_and_then_nothing_is_sure() -> None:
    known = places(one=path_sign(10), two=path_sign(7), three=path_sign(6))
    choices = choose(Context("x"), known)
    assert [(one.id, one.sure) for one in choices] == [("one", False), ("two", False)]


def test_never_more_than_a_few_are_offered() -> None:
    known = places(a=path_sign(9), b=path_sign(9), c=path_sign(9), d=path_sign(9))
    assert ids(choose(Context("x"), known)) == ["a", "b", "c"][:MOST]


@pytest.mark.parametrize(
    ("path", "general"),
    [
        ("src/x.py", "application-code"),
        ("x.GO", "application-code"),
        ("data/x.bin", "application-config"),
        ("x", "application-config"),
        ("", "developer-laptop"),
    ],
)
def test_where_nothing_is_known_a_general_place_is_named(path: str, general: str) -> None:
    known = places(
        application_code=path_sign(9, "never"),
        application_config=path_sign(9, "never"),
        developer_laptop=path_sign(9, "never"),
    )
    (choice,) = choose(Context(path), known)
    assert (choice.id, choice.points, choice.sure) == (general, 0, False)
    assert len(choice.reasons) == 1


def test_a_weak_sign_has_a_general_place_beside_it() -> None:
    known = places(weak=path_sign(2), application_config=path_sign(9, "never"))
    choices = choose(Context("x"), known)
    assert [(one.id, one.sure) for one in choices] == [
        ("weak", False),
        ("application-config", False),
    ]


def test_a_text_far_from_the_key_counts_half() -> None:
    known = places(far=text_sign(10, "far"), near=text_sign(10, "near"))
    considered = Chooser(known).consider(Context("p", text="far near", near="near"))
    assert [(one.id, one.points) for one in considered.weighed] == [("near", 10), ("far", 5)]


def test_neighbours_are_looked_for_name_by_name() -> None:
    known = places(
        chart=Sign(SignKind.NEIGHBOUR, r"(^|/)Chart\.yaml$", 8, "a chart"),
        two=Sign(SignKind.NEIGHBOUR, r"a.*b$", 8, "never across names"),
    )
    beside = ("a\nx/b", "deploy/Chart.yaml\ndeploy/v.yaml")
    assert ids(choose(Context("deploy/v.yaml", beside), known)) == ["chart"]


def test_neither_the_file_itself_nor_what_it_is_in_is_a_neighbour() -> None:
    known = places(
        chart=Sign(SignKind.NEIGHBOUR, r"(^|/)Chart\.yaml$", 8, "a chart"),
        folder=Sign(SignKind.NEIGHBOUR, r"deploy/", 8, "a folder"),
    )
    above, folder = "deploy/\nz", "deploy/Chart.yaml\ndeploy/v.yaml"
    assert ids(choose(Context("deploy/Chart.yaml", (above,)), known)) == []
    assert ids(choose(Context("deploy/v.yaml", (above, folder)), known)) == ["chart", "folder"]
    both = f"{folder}\ndeploy/x/Chart.yaml"
    assert "chart" in ids(choose(Context("deploy/Chart.yaml", (above, both)), known))


def test_a_file_with_a_long_name_is_not_its_own_neighbour() -> None:
    known = places(one=Sign(SignKind.NEIGHBOUR, r"\.tf$", 8, "another one"))
    name = b"x" * 3000 + b"/" + b"a\n" * 2000 + b".tf"
    beside = (names_text([name[:3001]]), names_text([name[3001:]], name[:3001]))
    context = Context(path_text(name), beside)
    assert choose(context, known) == ()
    assert Chooser(known).consider(context).names == 0


def test_the_kind_of_key_speaks_too() -> None:
    known = places(mail=Sign(SignKind.KEY, "^smtp$", 8, "it is a password for SMTP"))
    assert ids(choose(Context("x", key=frozenset({"smtp", "session"})), known)) == ["mail"]
    assert choose(Context("x", key=frozenset({"session"})), known) == ()


def test_case_does_not_matter() -> None:
    known = places(docker=path_sign(8, "dockerfile$"))
    assert ids(choose(Context("api/DOCKERFILE"), known)) == ["docker"]


def test_reasons_are_words_of_the_catalogue_the_strongest_first() -> None:
    known = places(
        one=(
            path_sign(5, "x", "it has an x"),
            text_sign(9, "secret", "it has the word"),
            text_sign(-2, "secret", "never said"),
            path_sign(1, "x$", "it has an x"),
        )
    )
    (choice,) = choose(Context("x", text="my secret words"), known)
    assert choice.reasons == ("it has the word", "it has an x")
    assert (choice.title, choice.mechanism) == ("Title of one", "Mechanism of one")


def test_a_path_that_is_not_utf_8_comes_back_as_it_was() -> None:
    raw = b"caf\xe9/x"
    context = Context(raw.decode("utf-8", "surrogateescape"))
    (choice,) = choose(context, places(one=path_sign(9)))
    assert choice.path == raw


def test_it_is_said_where_nothing_but_the_path_was_looked_at() -> None:
    (choice,) = choose(Context("x", is_partial=True), places(one=path_sign(9)))
    assert choice.reasons == ("a path", "only its path was looked at")


def test_no_reason_repeats_the_repository() -> None:
    """Whatever stands there, reasons, titles and mechanisms are those of the catalogue."""
    said = {sign.says for one in PLACES.values() for sign in one.signs}
    chars = random.Random(7)
    for case in CASES:
        mark = "".join(chars.choices(string.ascii_lowercase, k=12))
        near = f"{case.context.text}\n{mark}"
        beside = (*case.context.neighbours, mark)
        context = Context(case.context.path, beside, near, case.context.key)
        for choice in choose(context, PLACES):
            assert mark not in "".join((*choice.reasons, choice.title, choice.mechanism))
            assert set(choice.reasons) <= said or choice.points == 0


# -- hostile texts ----------------------------------------------------------------------------


def hostile() -> Mapping[str, str]:
    """Texts that slow patterns stumble over, as long as a text that is looked at can be."""
    units = {
        "letters": "a",
        "blanks": " ",
        "lines": "\n",
        "blank lines": " \n",
        "slashes": "a/",
        "dots": "..",
        "colons": "a::b",
        "underscores": "user_data_",
        "a script": " script:\n",
        "an api key": "api_key: ",
        "bedrock": "bedrock ",
        "a kind": "kind: Secret\n",
        "a name": "  - name: x\n",
        "a user": "AWS::IAM::User ",
        "a page": "REACT_APP_",
        "a hyphen": "- - ",
    }
    return {name: (unit * TEXT_BYTES)[:TEXT_BYTES] for name, unit in units.items()}


@pytest.mark.parametrize("name", hostile())
def test_no_sign_of_the_catalogue_is_slow(name: str) -> None:
    """One that needs more than linear time would take minutes; what is waited for is seconds."""
    text = hostile()[name]
    sizes = {SignKind.PATH: MAX_PATH, SignKind.NEIGHBOUR: MAX_NAMES_SIZE}
    for one in PLACES.values():
        for sign in one.signs:
            compiled = regex.compile(sign.pattern, regex.I | regex.M | regex.A)
            compiled.search(text[: sizes.get(sign.kind, TEXT_BYTES)], timeout=20)


def test_a_sign_that_is_slow_does_not_hold_and_the_others_still_do() -> None:
    slow = tuple(text_sign(9, rf"(a+)+{char}$") for char in "bc")
    known = places(slow=slow, quick=path_sign(9))
    assert ids(choose(Context("x", text="a" * 5000), known)) == ["quick"]


def test_a_text_that_makes_many_signs_slow_is_given_up() -> None:
    slow = tuple(text_sign(9, rf"(a+)+{char}$") for char in string.ascii_lowercase[1:])
    known = places(a_slow=slow, quick=text_sign(9, "a"))
    assert choose(Context("x", text="a" * 5000), known) == ()


def test_it_is_said_that_not_all_signs_were_looked_for() -> None:
    slow = text_sign(9, r"(a+)+b$")
    considered = Chooser(places(quick=path_sign(9), slow=slow)).consider(
        Context("x", text="a" * 5000)
    )
    (choice,) = considered.chosen
    assert considered.looked is Looked.PART
    assert choice.reasons == ("a path", "looking for all signs in its text took too long")
    assert not choice.sure


def test_after_many_slow_texts_no_more_are_looked_at() -> None:
    asked = Counted()
    chooser = Chooser(places(slow=(text_sign(9, r"(a+)+b$"), text_sign(9, r"(a+)+c$"))), asked)
    for number in range(30):
        assert chooser.consider(Context("x", text=f"{'a' * 5000}{number}")).looked is Looked.PART
    assert asked.times < 30 + 30


# -- many places, and little time -------------------------------------------------------------


class Counted:
    """A clock that is asked before each text is searched, and says that it is over from a time."""

    def __init__(self, over_from: int | None = None) -> None:
        self.times = 0
        self._over_from = over_from

    def __call__(self) -> bool:
        self.times += 1
        return self._over_from is not None and self.times >= self._over_from


def test_what_stands_in_the_same_text_is_searched_once() -> None:
    asked = Counted()
    chooser = Chooser(places(one=(text_sign(5, "a"), text_sign(5, "b"))), asked)
    for number in range(100):
        chooser.choose(Context(f"{number}", text="a text", near="a"))
    assert asked.times == 100 + 2 * 2


def test_folders_that_many_stand_below_are_searched_once() -> None:
    asked = Counted()
    chooser = Chooser(places(one=Sign(SignKind.NEIGHBOUR, "chart", 5, "a chart")), asked)
    for number in range(100):
        context = Context(f"z/{number}", ("z/\nother", "z/0\nz/chart"))
        assert ids(chooser.choose(context)) == ["one"]
    assert asked.times == 100 + 2


def test_when_the_time_is_up_paths_alone_are_looked_at() -> None:
    known = places(path=path_sign(9), text=text_sign(20, "a"))
    context = Context("x", ("beside",), text="a")
    assert ids(Chooser(known, Counted()).choose(context)) == ["text"]
    considered = Chooser(known, Counted(over_from=1)).consider(context)
    assert considered.looked is Looked.PATH
    assert [(one.id, one.reasons) for one in considered.chosen] == [
        ("path", ("a path", "only its path was looked at"))
    ]


def test_the_time_may_end_within_a_text() -> None:
    known = places(path=path_sign(9), text=tuple(text_sign(20, char) for char in "abc"))
    considered = Chooser(known, Counted(over_from=3)).consider(Context("x", text="abc"))
    assert considered.looked is Looked.PART
    assert {one.id: one.points for one in considered.weighed} == {"text": 20, "path": 9}


@pytest.mark.parametrize("over_from", [None, 1])
def test_of_very_many_paths_the_last_are_told_by_their_type(over_from: int | None) -> None:
    known = places(path=path_sign(9, "py"), application_code=path_sign(9, "never"))
    chooser = Chooser(known, Counted(over_from))
    paths = [f"{number:05}/{'z' * 900}.py" for number in range(1500)]
    found = [chooser.choose(Context(path)) for path in paths]
    assert [one.id for one in found[0]] == ["path"]
    (last,) = found[-1]
    assert last.id == "application-code"
    assert last.path == paths[-1].encode()
    assert last.reasons[-1] == "only its type was looked at: there are too many files"
    looked_at = sum(choices[0].id == "path" for choices in found)
    assert looked_at < (20 if over_from else 1000)
    assert ids(chooser.choose(Context(paths[0]))) == ["path"]  # What is known costs nothing.


def test_of_a_long_path_the_end_is_looked_at() -> None:
    """`(^|/)` finds whole names in it, and `^` does not take the cut for the beginning."""
    known = places(
        near=path_sign(9, r"(^|/)ops/main\.tf$"),
        far=path_sign(9, "first"),
        top=path_sign(9, "^zz+"),
    )
    long = f"first/{'z' * MAX_PATH}"
    assert ids(choose(Context(f"{long}/ops/main.tf"), known)) == ["near"]
    assert choose(Context(f"{long}.tf"), known) == ()
    assert choose(Context(f"{long}zz/main.tf"), known) == ()
    assert ids(choose(Context(f"first/{'z' * 900}/ops/main.tf"), known)) == ["far", "near"]
    (choice,) = choose(Context(f"{long}/ops/main.tf"), known)
    assert choice.path == f"{long}/ops/main.tf".encode()


def test_a_path_as_long_as_git_allows_is_looked_at() -> None:
    deep = "a/" * 2000 + ".github/workflows/x.yml"
    assert ids(choose(Context(deep), PLACES))[0] == "github-actions"


def test_keys_in_a_text_reach_no_choice() -> None:
    leak = KeyMaker("choices").leak()
    context = Context(f"{leak.secret}.py", text=f"boto3 {leak.secret}", near=leak.secret)
    for choice in choose(context, PLACES):
        assert leak.secret not in "".join((*choice.reasons, choice.title, choice.mechanism))
        assert leak.secret not in repr(choice)
    assert leak.secret not in repr(context)
