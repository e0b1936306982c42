"""Work that is begun before its result is needed: a git that runs while more is imported.

Part of the history stage. In: a function. Out: what it returns or raises, when it is asked for.
"""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_Result = TypeVar("_Result")


class Ahead(Generic[_Result]):
    """A function that runs in a thread of its own from now on."""

    def __init__(self, work: Callable[[], _Result]) -> None:
        self._work = work
        self._results: list[_Result] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def result(self) -> _Result:
        """Wait for the end; return what the function returns. Raises what it raises."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._results[0]

    def _run(self) -> None:
        try:
            self._results.append(self._work())
        except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
            self._error = error
