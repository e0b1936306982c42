"""Whether a text is worth a look, and how far around a change that has to be asked."""

import hyperscan
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from msgspec.structs import replace

from leakscan.errors import ExitCode
from leakscan.match.cache import compiled
from leakscan.match.compile import compile_rules
from leakscan.match.matcher import Matcher
from leakscan.match.needles import NeedleError
from leakscan.model import MAX_NEEDLE_WIDTH, Content, Encoding, Kind, RuleSet
from leakscan.rules.load import load_rules
from tests.support.keys import KeyMaker

RULES = load_rules()
MATCHER = Matcher(RULES)
DEEP = Matcher(RULES, deep=True)
EXAMPLES = [example.text for rule in RULES.rules for example in rule.examples]
COMPILED = compile_rules(RULES)
SPEAKING = [
    (one.source, one.flags) for one in COMPILED.expressions if one.rule is not None or one.anchor
]
# Each expression alone, as if there were no others and no fillers.
ALONE = [compiled([one]) for one in SPEAKING]
UTF16 = (Encoding.UTF_16_LE.value, Encoding.UTF_16_BE.value)


def has_candidates(data: bytes) -> bool:
    return any(MATCHER.match(Content(Kind.BLOB, data)))


def hits(found: hyperscan.Database, data: bytes) -> list[tuple[int, int]]:
    ends: list[tuple[int, int]] = []
    if data:
        found.scan(data, match_event_handler=lambda number, _, end, *__: ends.append((number, end)))
    return ends


def test_nothing_is_no_suspect() -> None:
    assert not MATCHER.suspects(b"")
    assert not MATCHER.suspects(b"no keys here\n" * 100)


def test_with_deep_all_is_suspect() -> None:
    assert DEEP.suspects(b"no keys here\n")


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_suspect(example: bytes) -> None:
    assert MATCHER.suspects(example)
    assert all(MATCHER.suspects(example.decode("latin-1").encode(name)) for name in UTF16)


def test_an_anchor_in_utf_16_is_suspect() -> None:
    assert MATCHER.suspects("my Secret".encode("utf-16-be"))
    assert not MATCHER.suspects("my parrot".encode("utf-16-be"))


def test_the_width_is_that_of_the_widest_rule() -> None:
    narrow = Matcher(RuleSet(RULES.rules[:4], "t", ""))
    assert narrow.width < MATCHER.width <= MAX_NEEDLE_WIDTH
    assert MATCHER.width == DEEP.width


def test_a_needle_that_is_too_wide_with_the_words_around_it_names_its_rule() -> None:
    (bare,) = (rule for rule in RULES.rules if rule.near)
    wide = replace(bare, needle=f".{{0,420}}{bare.needle}")
    with pytest.raises(NeedleError, match=f"rule {bare.id} ") as raised:
        Matcher(RuleSet((wide,), "t", ""))
    assert raised.value.code is ExitCode.CONFIG


@pytest.mark.parametrize("near", [True, False])
def test_a_needle_that_does_not_compile_names_its_rule(near: bool) -> None:
    (bare,) = (rule for rule in RULES.rules if rule.near)
    broken = replace(bare, needle="a(?=b)", near=near)
    with pytest.raises(NeedleError, match=f"rule {bare.id} does not compile: ") as raised:
        Matcher(RuleSet((RULES.rules[0], broken), "t", ""))
    assert raised.value.code is ExitCode.CONFIG


WORDS = [
    b"secret", b"aws_key", b"access key", b"session_token", b"Security Token", b" = ", b'": "',
    b"\n", b"\\n", b"%3D", b"/", b"\0", b"s\0e\0c\0r\0e\0t\0", b"AKIA", b"\x1b[33m",
]  # fmt: skip


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """Texts made of what needles are made of, mostly whole needles and parts of them."""
    maker = KeyMaker(draw(st.integers(0, 1 << 30)))
    leak = maker.leak(token=True, slash=draw(st.booleans()))
    parts = st.one_of(
        st.sampled_from([*WORDS, *(word.encode() for word in (leak.key_id, *leak.values()))]),
        st.sampled_from([leak.env(), leak.json(), *EXAMPLES]),
        st.binary(max_size=4),
        st.integers(1, 400).map(lambda size: b"x. " * (size // 3)),
        st.integers(1, 80).map(lambda size: leak.secret.encode()[:size]),
    )
    return b"".join(draw(st.lists(parts, max_size=8)))


@given(data=texts())
def test_what_has_a_candidate_is_suspect(data: bytes) -> None:
    event(f"candidates: {has_candidates(data)}")
    assert MATCHER.suspects(data) or not has_candidates(data)


@given(data=st.data(), text=texts())
def test_a_change_makes_a_suspect_only_within_the_width(data: st.DataObject, text: bytes) -> None:
    """Text is the child: what was put into the base, or what is left of it."""
    start, stop = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    if data.draw(st.booleans(), label="insertion"):
        base = text[:start] + text[stop:]
    else:
        stop = start
        base = text[:start] + data.draw(st.one_of(texts(), st.just(b"\0"))) + text[start:]
    width = MATCHER.width
    begin = max(start - width, 0)
    suspect = MATCHER.suspects(text)
    event(f"base {MATCHER.suspects(base)}, child {suspect}")
    if suspect and not MATCHER.suspects(base):
        assert MATCHER.suspects(text[begin : stop + width])
    # What is cut off before a text never makes it suspect.
    assert suspect or not MATCHER.suspects(text[begin:])


@st.composite
def mutants(draw: st.DrawFn) -> bytes:
    """Texts with some bytes replaced, put in or taken out, in any encoding."""
    text = bytearray(draw(texts()))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(text)))
        text[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    if draw(st.booleans()):
        return bytes(text)
    return text.decode("latin-1").encode(draw(st.sampled_from(UTF16)))


@given(data=mutants())
def test_all_together_find_what_each_finds_alone(data: bytes) -> None:
    alone = [(number, end) for number, one in enumerate(ALONE) for _, end in hits(one, data)]
    together = hits(COMPILED.first, data)
    event(f"hits: {bool(alone)}")
    assert sorted(set(together)) == sorted(set(alone))
    assert MATCHER.suspects(data) == bool(alone)


def test_fillers_are_in_no_text_and_count_for_nothing() -> None:
    fillers = COMPILED.expressions[len(SPEAKING) :]
    assert len({filler.source for filler in fillers}) > 48
    for filler in fillers:
        word = bytes.fromhex(filler.source.decode().replace("\\x", ""))
        with pytest.raises(UnicodeDecodeError):
            word.decode()
        assert min(hits(COMPILED.first, word))[0] >= len(SPEAKING)
        assert not has_candidates(word)
