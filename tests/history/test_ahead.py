"""Work that is begun before its result is needed ends as it would have without that."""

import threading

import pytest

from leakscan.history.ahead import Ahead
from leakscan.history.git import GitError


def test_the_result_comes_when_it_is_asked_for() -> None:
    may_end = threading.Event()

    def work() -> str:
        may_end.wait()
        return "done"

    ahead = Ahead(work)
    may_end.set()
    assert [ahead.result(), ahead.result()] == ["done", "done"]


def test_an_error_is_raised_where_the_result_is_asked_for() -> None:
    def work() -> str:
        raise GitError("git is gone")

    ahead = Ahead(work)
    for _ in range(2):
        with pytest.raises(GitError, match="git is gone"):
            ahead.result()
