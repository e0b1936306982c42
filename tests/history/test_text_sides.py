"""Of any two files, a diff with all its context gives both sides back, byte for byte."""

import io
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.history.patch import Line, Patch, Role
from tests.support.repo import git_environment

# Lines that look like the syntax of a diff, and those that are hard to split.
_LINES = st.sampled_from(
    [
        b"", b" ", b"a", b"b", b"-", b"+", b"--- a/x", b"+++ b/x", b"-- ", b"@@ -1 +1 @@",
        b"diff --git a/x b/x", b"\\ No newline at end of file", b"\r", b"a\r", b"\xff\xfe",
        b"rename from x", b"GIT binary patch", b"Binary files a and b differ", b"\x0c", b"\x1c",
    ]
)  # fmt: skip
_TEXTS = st.tuples(st.lists(_LINES, max_size=12), st.booleans()).map(
    lambda drawn: b"\n".join(drawn[0]) + (b"\n" if drawn[1] else b"")
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sides")


def side(lines: list[Line], gone: Role) -> bytes:
    return b"".join(line.data for line in lines if line.role is not gone)


@given(old=_TEXTS, new=_TEXTS, context=st.sampled_from(["-U0", "-U1", "-U99"]))
def test_both_sides_come_back(folder: Path, old: bytes, new: bytes, context: str) -> None:
    (folder / "old").write_bytes(old)
    (folder / "new").write_bytes(new)
    command = ["git", "diff", "--no-index", "--text", context, "old", "new"]
    environment = git_environment(folder)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    patch = Patch(io.BytesIO(done.stdout))
    lines = [line for line in patch.lines() if line.part.path]
    assert not patch.skipped
    assert patch.bytes_read == len(done.stdout)
    texts = new.split(b"\n")
    for line in lines:
        if line.role is not Role.OLD:
            assert line.data.removesuffix(b"\n") == texts[line.number - 1]
    if context == "-U99" and old != new:
        # The first line of a hunk is what stands behind its numbers.
        assert {line.part.path for line in lines} == {b"new"}
        assert side(lines[1:], Role.OLD).removesuffix(b"\n") == new.removesuffix(b"\n")
        assert side(lines[1:], Role.NEW).removesuffix(b"\n") == old.removesuffix(b"\n")
    assert sum(line.role is Role.NEW for line in lines) <= len(texts)


@given(data=st.lists(_LINES, max_size=20), cut=st.integers(0, 30))
def test_any_text_is_read_to_its_end(data: list[bytes], cut: int) -> None:
    text = b"\n".join(data)[: -cut or None]
    patch = Patch(io.BytesIO(text))
    for line in patch.lines():
        assert line.data or line.role is Role.OLD
    assert patch.bytes_read == len(text)
