"""Small words of the text report."""

import pytest

from leakscan.report.words import count, moment, ref, size, some, visible


@pytest.mark.parametrize(
    ("size_bytes", "said"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (13_400_000_000, "13.4 GB"),
        (2 * 10**12, "2.0 TB"),
        (5 * 10**15, "5000.0 TB"),
    ],
)
def test_size(size_bytes: int, said: str) -> None:
    assert size(size_bytes) == said


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain äöü 漢字", "plain äöü 漢字"),
        ("\x1b[2J\x00\x7f", r"\x1b[2J\x00\x7f"),
        ("\u202e\u200b\u2028\ufeff", r"\u202e\u200b\u2028\ufeff"),
        ("a\tb\r\n", r"a\tb\r\n"),
        ("\U000e0041", r"\U000e0041"),
        ("\xa0", r"\xa0"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_count_some_moment_and_ref() -> None:
    assert (count(1, "object"), count(0, "object")) == ("1 object", "0 objects")
    assert (some(["a", "b", "c"], 3), some(["a", "b", "c"], 1)) == ("a, b, c", "a, +2 more")
    assert moment("2024-03-01T10:00:59Z") == "2024-03-01 10:00 UTC"
    assert moment(None) == "an unknown time"
    assert ref("refs/heads/a/b") == "a/b"
    assert ref("refs/tags/v1") == "tag v1"
    assert ref("refs/pull/1/head") == "refs/pull/1/head"
