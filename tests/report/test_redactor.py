"""The mask that every string of a report passes: nothing slips through, nothing else changes."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.redact import Redactor, Secret
from tests.report.builder import secret_text

BASE64 = string.ascii_letters + string.digits + "+/"
VALUES = st.text(BASE64, min_size=40, max_size=40)
MASK = "<secret-access-key>"


def redactor(*values: str) -> Redactor:
    return Redactor(Secret(value.encode(), "secret-access-key") for value in values)


def spelled(char: str) -> st.SearchStrategy[str]:
    code = f"{ord(char):02x}"
    spellings = [char, f"%{code}", f"%25{code.upper()}", f"\\u00{code}", f"\\x{code}"]
    spellings += [f"&#x{code};", f"&#{ord(char)};", f"&#0{ord(char)};", f"{char}\0"]
    return st.sampled_from(spellings + (["\\/", "\\\\\\/"] if char == "/" else []))


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str]:
    value = draw(VALUES)
    return value, "".join(draw(spelled(char)) for char in value)


@given(spellings(), st.text(max_size=9), st.text(max_size=9))
def test_every_mixture_of_spellings_is_masked_whole(
    made: tuple[str, str], before: str, after: str
) -> None:
    value, text = made
    assert redactor(value)(f"{before} {text} {after}").startswith(f"{before} {MASK}")


@given(st.text(max_size=80) | st.text(BASE64 + "%\\&#;x2F", max_size=80))
def test_text_without_a_secret_is_left_as_it_is(text: str) -> None:
    assert redactor(secret_text("elsewhere"))(text) == text


@given(st.lists(VALUES, min_size=1, max_size=4, unique=True), st.data())
def test_several_values_side_by_side_are_all_masked(values: list[str], data: st.DataObject) -> None:
    order = data.draw(st.permutations(values))
    assert redactor(*values)("".join(order)) == MASK * len(values)


def test_the_longer_of_two_values_wins() -> None:
    short, long = Secret(b"a" * 40, "secret-access-key"), Secret(b"a" * 200, "session-token")
    for order in ([short, long], [long, short]):
        assert Redactor(order)("a" * 200) == "<session-token>"


class Tried(Redactor):
    """Counts the places where a value was looked for."""

    places = 0

    def _value_at(self, plain: str, at: int) -> str | None:
        self.places += 1
        return super()._value_at(plain, at)


def test_only_where_a_value_may_be_one_is_looked_for() -> None:
    """Reports are mostly sentences: looked at letter by letter they took most of a scan."""
    value = secret_text("elsewhere")
    tried = Tried([Secret(value.encode(), "secret-access-key")])
    text = "Rotate the key, then delete it with `aws iam delete-access-key`. " * 1000
    assert tried(f"{text}{value}{text}") == f"{text}{MASK}{text}"
    assert tried.places < 100


@pytest.mark.parametrize("value", ["a]b^c-d\\e" * 4, "[-]" * 14, "x\ny" * 20, "é\xff" * 20])
def test_values_of_any_characters_are_masked(value: str) -> None:
    made = Redactor([Secret(value.encode("latin-1"), "secret-access-key")])
    assert made(f"a {value} b") == f"a {MASK} b"


@pytest.mark.parametrize("text", ["", "x", "%41%42", "plain text"])
def test_without_secrets_text_passes(text: str) -> None:
    assert Redactor([])(text) == text
    assert Redactor([Secret(b"", "secret-access-key")])(text) == text


def test_half_an_escape_before_a_value_does_not_hide_it() -> None:
    value = "1a" * 20
    for lead in ("%4", "\\x4", "\\u004", "%25"):
        assert redactor(value)(lead + value) == lead + MASK
