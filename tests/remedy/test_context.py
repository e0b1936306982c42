"""What is known of a place is cut to size around the key, and nothing of it is ever shown."""

from typing import Any

import pytest

from leakscan.model import Encoding
from leakscan.remedy.context import (
    MAX_NAMES,
    MAX_NAMES_SIZE,
    MAX_PATH,
    TEXT_BYTES,
    Context,
    Text,
    names_text,
    path_bytes,
    path_end,
    path_text,
)

PLAIN = Context("path", ("beside",), key=frozenset({"session"}), is_partial=True)


def with_text(
    context: Context,
    data: bytes,
    line: int | None,
    column: int | None,
    encoding: Encoding = Encoding.PLAIN,
) -> Context:
    at = line, column
    return Text(data, encoding, [at]).around(context, at)


class Passed(bytes):
    """Bytes that count how often they were searched, and how many of them."""

    steps = 0
    seen = 0

    def find(self, *given: Any) -> int:
        found = super().find(*given)
        return self._saw(found, given[1] if len(given) > 1 else 0, found)

    def count(self, *given: Any) -> int:
        _, start, end = given
        return self._saw(super().count(*given), start, end)

    def _saw(self, result: int, start: int, end: int) -> int:
        self.steps += 1
        self.seen += max(0, min(end, len(self)) - start)
        return result


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


def test_many_places_far_down_cost_one_pass() -> None:
    """Line by line from the top for each of them, a file of 2 MB took minutes."""
    data = Passed(b"\n" * 200_000 + b"key = here\n" * 260)
    places = [(200_001 + number, 7) for number in range(260)]
    text = Text(data, Encoding.PLAIN, places)
    assert all("key = here" in text.around(PLAIN, place).near for place in places)
    assert data.seen < 10 * len(data)
    assert data.steps < 10_000


def test_places_close_together_share_their_text() -> None:
    data = b"filler\n" * 20_000 + b"key = here\n" * 260
    places = [(20_001 + number, 7) for number in range(260)]
    text = Text(data, Encoding.PLAIN, places)
    found = [text.around(PLAIN, place) for place in places]
    assert len({id(one.near) for one in found}) <= 4
    assert len({one.text for one in found}) <= 2
    assert text.size < 4 * TEXT_BYTES


@pytest.mark.parametrize("line", [1, 2, 700, 4095, 4096, 4097, 9_999])
@pytest.mark.parametrize("encoding", list(Encoding))
def test_a_line_is_found_wherever_it_is(line: int, encoding: Encoding) -> None:
    codec = "utf-8" if encoding is Encoding.PLAIN else encoding.value.replace("_", "-")
    lines = [f"{number:>5}{'x' * (number % 7)}" for number in range(1, 10_000)]
    data = "\n".join(lines).encode(codec)
    at = line, 1
    near = Text(data, encoding, [(line - 1, 1), at, (5, 5)]).around(PLAIN, at).near
    assert lines[line - 1] in near


def test_of_a_long_path_there_is_the_end() -> None:
    assert path_end("a/b") == "a/b"
    assert path_end("first/" + "a/" * MAX_PATH).startswith("/a/")
    assert path_end("a" * MAX_PATH + "b") == "\0" + "a" * (MAX_PATH - 1) + "b"
    assert len(path_end("ab/" * MAX_PATH)) <= MAX_PATH


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
    names = [b"n%d" % number for number in range(MAX_NAMES + 10)]
    assert len(names_text(names).split("\n")) == MAX_NAMES
    assert names_text([b"a\nChart.yaml", b"\xff"], b"up/") == "up/a Chart.yaml\nup/\udcff"
    assert len(names_text([b"x" * 200] * MAX_NAMES)) <= MAX_NAMES_SIZE
    assert names_text([b"main.tf"], b"x/" * 1000).endswith("/x/main.tf")
    assert len(names_text([b"x" * 100_000])) <= 513
