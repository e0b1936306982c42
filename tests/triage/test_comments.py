"""Markers beside values: their words, their lines in any encoding, and their reasons."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.model import Content, Encoding, Identity, Kind, Marker, Part, Position, Sighting
from leakscan.triage.comments import is_obeyed, marked_lines, with_markers
from tests.report.builder import ID_RULE

OWN = "leakscan:allow"
GITLEAKS = "gitleaks:allow"
PRAGMA = "pragma: allowlist secret"
BELOW = "pragma: allowlist nextline secret"


def sighting(*lines: int, encoding: Encoding = Encoding.PLAIN) -> Sighting:
    positions = tuple(Position(Part.KEY_ID, line, 1, encoding) for line in lines)
    return Sighting(Identity("AKIA" + "%%"), ID_RULE, Kind.BLOB, None, b"", positions, 0, ())


def marker(
    data: bytes, line: int = 1, encoding: Encoding = Encoding.PLAIN, **placed: int
) -> Marker | None:
    """Return the marker of a value in a line of a content."""
    content = Content(Kind.BLOB, data, **placed)  # type: ignore[arg-type]
    (one,) = with_markers(content, [sighting(line, encoding=encoding)])
    return one.positions[0].marker


def said(data: bytes, **placed: int) -> tuple[str, bytes] | None:
    found = marker(data, **placed)
    return None if found is None else (found.word, found.reason)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (b"KEY=value # leakscan:allow sample of the handbook", (OWN, b"sample of the handbook")),
        (b"KEY=value #leakscan:allow sample", (OWN, b"sample")),
        (b"KEY=value # leakscan:allow: sample", (OWN, b"sample")),
        (b"KEY=value # leakscan:allow - sample", (OWN, b"sample")),
        (b"KEY=value # leakscan:allow -- sample", (OWN, b"sample")),
        ("KEY=value # leakscan:allow \u2014 sample".encode(), (OWN, b"sample")),
        (b"KEY=value # leakscan:allow reason=sample", (OWN, b"sample")),
        (b'KEY=value # leakscan:allow reason = "two words"', (OWN, b"two words")),
        (b"// leakscan:allow", (OWN, b"")),
        (b"leakscan:allow   \t", (OWN, b"")),
        (b"<!-- leakscan:allow sample --> <x/>", (OWN, b"sample")),
        (b"/* leakscan:allow sample */ key = 1;", (OWN, b"sample")),
        (b"{# leakscan:allow sample #} x", (OWN, b"sample")),
        (b"<%-- leakscan:allow sample --%> x", (OWN, b"sample")),
        (b'{"_": "leakscan:allow sample", "key": "v"}', (OWN, b"sample")),
        (b'x = ["v", "leakscan:allow it\'s a sample"]', (OWN, b"it's a sample")),
        (b"x # leakscan:allow sample\r", (OWN, b"sample")),
        ("x # leakscan:allow Beispiel für später".encode(), (OWN, "Beispiel für später".encode())),
        (b"x # gitleaks:allow", (GITLEAKS, b"")),
        (b"x # gitleaks:allow sample", (GITLEAKS, b"sample")),
        (b"x # pragma: allowlist secret", (PRAGMA, b"")),
        (b"x # pragma: allowlist-secret", ("pragma: allowlist-secret", b"")),
        (b"x # pragma:allowlist secret", ("pragma:allowlist secret", b"")),
        (b"leakscan:allow sample", (OWN, b"sample")),
        (b":allow allowlist leakscan:allow sample", (OWN, b"sample")),
        (b":allow", None),
        (b"allowlist secret", None),
        (b"x // pragma: allowlist secret sample", (PRAGMA, b"sample")),
        (b"x # leakscan:allowed sample", None),
        (b"x # leakscan:allow-list sample", None),
        (b"x # xleakscan:allow sample", None),
        (b"x # my:leakscan:allow sample", None),
        (b"x # leakscan: allow sample", None),
        (b"x # pragma: allowlist secrets", None),
        (b"x # allow", None),
        (b"x", None),
    ],
)
def test_words_and_reasons(line: bytes, wanted: tuple[str, bytes] | None) -> None:
    assert said(line) == wanted
    assert said(b"a\n" + line + b"\nb", line=2) == wanted


def test_only_the_line_of_the_value_counts() -> None:
    data = b"one\ntwo # leakscan:allow sample\nthree\n"
    assert [marker(data, line) is not None for line in (1, 2, 3)] == [False, True, False]


def test_the_line_below_for_the_word_that_says_so() -> None:
    data = b"# pragma: allowlist nextline secret\nvalue\nvalue\n"
    assert [marker(data, line) is not None for line in (1, 2, 3)] == [False, True, False]
    assert said(data, line=2) == (BELOW, b"")


def test_each_part_has_the_marker_of_its_own_line() -> None:
    content = Content(Kind.BLOB, b"id # leakscan:allow an id\nsecret\n")
    (one,) = with_markers(content, [sighting(1, 2)])
    assert [position.marker is not None for position in one.positions] == [True, False]


def test_of_several_on_a_line_the_one_that_counts_is_taken() -> None:
    assert said(b"x # leakscan:allow # gitleaks:allow") == (GITLEAKS, b"")
    assert said(b"x # gitleaks:allow # leakscan:allow sample") == (GITLEAKS, b"")
    assert said(b"/* leakscan:allow */ x /* leakscan:allow sample */") == (OWN, b"sample")


@pytest.mark.parametrize(
    ("reason", "counts"),
    [
        (b"sample", True),
        ("测试密钥".encode(), True),
        (b"see https://example.com/security/tickets/1234567890", True),
        (b"", False),
        (b"...", False),
        (b"x", False),
        (b"wJalrXUtnFEMIK7MDENGbPxRfiCYzzzzzzzzKEY1", False),
    ],
)
def test_ours_needs_a_reason(reason: bytes, counts: bool) -> None:
    assert is_obeyed(Marker(OWN, reason)) is counts


def test_the_words_of_others_need_none() -> None:
    assert all(is_obeyed(Marker(word)) for word in (GITLEAKS, PRAGMA, BELOW))


def test_a_reason_is_cut() -> None:
    found = said(b"x # leakscan:allow " + b"word " * 500)
    assert found is not None
    assert found[1] == b"word " * 40


# -- encodings and pieces -----------------------------------------------------------------------

TEXT = "eins\nzwei = 1 # leakscan:allow für später\ndrei\n"


@pytest.mark.parametrize("encoding", [Encoding.UTF_16_LE, Encoding.UTF_16_BE])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_utf16(encoding: Encoding, bom: str) -> None:
    data = (bom + TEXT).encode(encoding.value)
    lines = [marker(data, line, encoding) for line in (1, 2, 3)]
    assert lines == [None, Marker(OWN, "für später".encode()), None]


@pytest.mark.parametrize("encoding", [Encoding.UTF_16_LE, Encoding.UTF_16_BE])
@pytest.mark.parametrize("before", [b"ab\ncd", b"ab\nc"])
def test_utf16_inside_other_bytes_counts_lines_in_bytes(encoding: Encoding, before: bytes) -> None:
    """So does the match stage, so that both name one line."""
    data = before + TEXT.encode(encoding.value)
    lines = [marker(data, line, encoding) for line in (1, 2, 3, 4)]
    assert [one is not None for one in lines] == [False, False, True, False]


def test_a_character_that_only_looks_like_a_newline_or_a_letter_in_its_low_byte() -> None:
    text = "\u010a\u200a\u0161 x # leakscan:allow sample\n"
    data = ("\ufeff" + text).encode("utf-16-le")
    assert marker(data, 1, Encoding.UTF_16_LE) == Marker(OWN, b"sample")
    fake = "\u0161llow".encode("utf-16-le") + "leakscan:\u0161llow sample".encode("utf-16-le")
    assert marker(b"\xff\xfe" + fake, 1, Encoding.UTF_16_LE) is None


def test_an_encoding_has_the_markers_of_its_own_text() -> None:
    data = b"x # leakscan:allow sample\n"
    assert marker(data, 1, Encoding.UTF_16_LE) is None
    assert marker(data.decode().encode("utf-16-le"), 1, Encoding.PLAIN) is None


def test_a_piece_of_a_huge_object_counts_from_its_own_line() -> None:
    data = b"rest of a line\nx # leakscan:allow sample\n"
    assert said(data, line=42, lines_before=40, columns_before=99) == (OWN, b"sample")
    assert said(data, line=2, lines_before=40, columns_before=99) is None


def test_nothing_is_made_anew_where_no_word_is() -> None:
    made = [sighting(1), sighting(2)]
    same = with_markers(Content(Kind.BLOB, b"x\ny\n"), made)
    assert all(one is two for one, two in zip(same, made, strict=True))


LINES = st.lists(
    st.sampled_from([b"x", b"", b"x # leakscan:allow one", b"# gitleaks:allow", b"\xff\x00"]),
    max_size=12,
)


@given(LINES, st.sampled_from([b"\n", b"\r\n"]))
def test_lines_are_counted_as_newlines(lines: list[bytes], end: bytes) -> None:
    data = end.join(lines)
    for number, line in enumerate(lines, 1):
        assert (marker(data, number) is not None) == (b":allow" in line)


def marked(data: bytes, *markers: Marker) -> dict[Marker, list[bytes]]:
    return {one: sorted(lines.elements()) for one, lines in marked_lines(data, markers).items()}


ONE, TWO = Marker("leakscan:allow", b"one"), Marker("gitleaks:allow")


def test_the_lines_that_a_marker_is_for() -> None:
    text = b"a = 1 # leakscan:allow one\r\n\n\tb = 2 # gitleaks:allow\na=1  # leakscan:allow one"
    line = b"a=1#leakscan:allowone"
    assert marked(text, ONE, TWO) == {ONE: [line, line], TWO: [b"b=2#gitleaks:allow"]}
    assert marked(text, TWO).keys() == {TWO}
    assert marked(text, Marker("leakscan:allow", b"two")) == {}


def test_several_markers_of_one_line_are_each_for_all_of_it() -> None:
    text = b"x\na /* leakscan:allow one */ b /* gitleaks:allow */ c\ny # gitleaks:allow\n"
    line = b"a/*leakscan:allowone*/b/*gitleaks:allow*/c"
    assert marked(text, ONE, TWO) == {ONE: [line], TWO: [line, b"y#gitleaks:allow"]}


def test_a_marker_for_the_next_line_is_for_that() -> None:
    below = Marker("pragma: allowlist nextline secret")
    assert marked(b"# pragma: allowlist nextline secret\nx = 1\ny\n", below) == {below: [b"x=1"]}
    assert marked(b"# pragma: allowlist nextline secret", below) == {below: [b""]}


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_the_lines_of_wide_text(encoding: str) -> None:
    text = "\ufeffx\na = 1 # leakscan:allow one\ny\n".encode(encoding)
    for data in (text, b"\0" + text):
        assert marked(data, ONE) == {ONE: [b"a=1#leakscan:allowone"]}


def test_a_line_of_very_many_markers_is_looked_for_once() -> None:
    """Looking for its ends at each of them would take hours."""
    many = 50_000
    lines = marked_lines(b"x" * 4_000_000 + b" gitleaks:allow" * many, [TWO])[TWO]
    assert list(lines.values()) == [many]
