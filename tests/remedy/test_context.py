"""What is known of a place is cut to size around the key, and nothing of it is ever shown."""

import pytest

from leakscan.model import Encoding
from leakscan.remedy.context import (
    MAX_NEIGHBOURS,
    TEXT_BYTES,
    Context,
    neighbours,
    path_bytes,
    path_text,
    with_text,
)

PLAIN = Context("path", frozenset({"beside"}), key=frozenset({"session"}), is_partial=True)


def test_a_small_text_is_there_whole() -> None:
    found = with_text(PLAIN, b"first\nsecond\n", 2, 1)
    assert (found.text, found.near) == ("first\nsecond\n", "first\nsecond\n")
    assert (found.path, found.neighbours, found.key) == (PLAIN.path, PLAIN.neighbours, PLAIN.key)
    assert not found.is_partial


def test_of_a_large_text_its_head_and_what_is_around_the_key_are_there() -> None:
    lines = [b"#!/usr/bin/head", *(b"filler %6d" % number for number in range(200_000))]
    lines[150_000] = b"key = here"
    lines[1000] = b"far from all"
    found = with_text(PLAIN, b"\n".join(lines), 150_001, 7)
    assert found.text.startswith("#!/usr/bin/head\n")
    assert "key = here" in found.text
    assert "key = here" in found.near
    assert "far from all" not in found.text
    assert len(found.text) <= TEXT_BYTES + 1
    assert len(found.near) < len(found.text)


def test_on_one_long_line_the_column_counts() -> None:
    data = b"x" * 1_000_000 + b" key = here " + b"y" * 1_000_000
    found = with_text(PLAIN, data, 1, 1_000_008)
    assert "key = here" in found.near
    assert len(found.text) <= TEXT_BYTES + 1


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [(Encoding.UTF_16_LE, "utf-16-le"), (Encoding.UTF_16_BE, "utf-16-be")],
)
def test_wide_text_is_decoded(encoding: Encoding, codec: str) -> None:
    lines = "\n".join(["filler"] * 60_000 + ["key = here"])
    found = with_text(PLAIN, lines.encode(codec), 60_001, 1, encoding)
    assert found.near.endswith("key = here")
    assert found.text.startswith("filler\n")


@pytest.mark.parametrize(
    ("line", "column"), [(None, None), (1, 1), (10**9, 1), (1, 10**9), (3, 10**9)]
)
def test_a_place_that_is_not_there_is_no_mistake(line: int | None, column: int | None) -> None:
    assert with_text(PLAIN, b"one\ntwo", line, column).text == "one\ntwo"
    assert with_text(PLAIN, b"", line, column).text == ""


def test_bytes_that_are_no_text_do_not_stop_it() -> None:
    assert "ok" in with_text(PLAIN, b"\xff\xfe\x00ok\xc3", 1, 3).text


def test_a_path_comes_back_as_it_was() -> None:
    raw = bytes(range(1, 256))
    assert path_bytes(path_text(raw)) == raw


def test_names_are_bounded_and_of_one_line_each() -> None:
    names = [b"n%d" % number for number in range(MAX_NEIGHBOURS + 10)]
    assert len(neighbours(names)) == MAX_NEIGHBOURS
    assert neighbours([b"a\nChart.yaml", b"\xff"]) == {"a Chart.yaml", "\udcff"}
    assert all(len(name) <= 512 for name in neighbours([b"x" * 100_000]))
