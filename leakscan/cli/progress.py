"""How far a scan is: a bar on stderr where that is a terminal, a sentence where it is stopped."""

import sys
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Self

_REFRESH_S: Final = 0.1


class Quiet:
    """Shows nothing, but says what was covered when the scan is interrupted."""

    def __init__(self) -> None:
        self._stage = "reading"
        self._objects = self._bytes = 0
        self._expected: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is KeyboardInterrupt and self._expected is not None:
            sys.stderr.write(
                f"leakscan: stopped while {self._stage}; "
                f"{self._objects:,} of {self._expected:,} objects had been read.\n"
            )

    def start(self, objects: int) -> None:
        """Hear how many objects there are."""
        self._expected = objects

    def advance(self, objects: int, size_bytes: int) -> None:
        """Hear how many objects were read so far, and how many bytes."""
        self._objects, self._bytes = objects, size_bytes

    def stage(self, name: str) -> None:
        """Hear what is being done."""
        self._stage = name


class Bar(Quiet):
    """A rich progress bar, drawn at most ten times a second."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        super().__init__()
        self._progress: Progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[volume]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            auto_refresh=False,
        )
        self._task = self._progress.add_task(self._stage, total=None, volume="")
        self._started = self._shown = time.monotonic()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()
        super().__exit__(kind, error, trace)

    def start(self, objects: int) -> None:
        """Show how many objects there are."""
        super().start(objects)
        self._progress.update(self._task, total=objects)

    def advance(self, objects: int, size_bytes: int) -> None:
        """Show how far it is."""
        super().advance(objects, size_bytes)
        now = time.monotonic()
        if now - self._shown >= _REFRESH_S:
            self._shown = now
            self._draw(now)

    def stage(self, name: str) -> None:
        """Name what is being done."""
        super().stage(name)
        self._progress.update(self._task, description=name)
        self._draw(time.monotonic())

    def _draw(self, now: float) -> None:
        rate = self._bytes / max(now - self._started, 0.001)
        volume = f"{self._bytes / 1e6:,.0f} MB, {rate / 1e6:,.0f} MB/s"
        self._progress.update(self._task, completed=self._objects, volume=volume)
        self._progress.refresh()


def progress() -> Quiet:
    """Return a bar where stderr is a terminal, else nothing."""
    return Bar() if sys.stderr.isatty() else Quiet()


class Live:
    """Names what is known to be live where no report will: after Ctrl-C, or a mistake of ours.

    `live` returns the ids that AWS has accepted so far.
    """

    def __init__(self, live: Callable[[], Sequence[str]]) -> None:
        self._live = live

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None and (ids := self._live()):
            sys.stderr.write(
                f"leakscan: live so far: {', '.join(ids)}: deactivate or revoke them.\n"
            )


class Asked(Live):
    """Hears of how many keys AWS has answered, and says it too when that is interrupted."""

    def __init__(self, total: int, live: Callable[[], Sequence[str]]) -> None:
        super().__init__(live)
        self._total = total
        self._done = 0

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is KeyboardInterrupt:
            known = f"AWS had answered about {self._done} of {self._total} keys"
            sys.stderr.write(f"leakscan: stopped; {known}.\n")
        super().__exit__(kind, error, trace)

    def told(self, done: int, _total: int) -> None:
        """Hear how many keys of how many are done."""
        self._done = done


class AskedBar(Asked):
    """A rich progress bar of the keys."""

    def __init__(self, total: int, live: Callable[[], Sequence[str]]) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        super().__init__(total, live)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task("asking AWS", total=total)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()
        super().__exit__(kind, error, trace)

    def told(self, done: int, _total: int) -> None:
        """Show how many keys are done."""
        super().told(done, _total)
        self._progress.update(self._task, completed=done)


def asked(total: int, live: Callable[[], Sequence[str]], *, bar: bool) -> Asked:
    """Return a bar where stderr is a terminal and it is wanted, else nothing to see."""
    return (AskedBar if bar and sys.stderr.isatty() else Asked)(total, live)
