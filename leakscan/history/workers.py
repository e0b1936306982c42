"""Batches of families over processes.

In: packs, batches, and how to make an inspector. Out: a harvest for each batch, in any order.
Works with each start method of multiprocessing: all that a worker needs is sent to it.
"""

import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from leakscan.history.entries import Entries
from leakscan.history.family import Pack
from leakscan.history.forest import Batch
from leakscan.history.survey import Harvest, MakeInspector, Surveyor

_SMALL: Final = 32 << 20
"""Bytes that are read sooner than a second process is started."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker has to know. It is pickled where processes are not forked."""

    packs: Sequence[Entries]
    make_inspector: MakeInspector
    id_bytes: int
    limit_bytes: int


@dataclass(frozen=True, slots=True)
class Pool:
    """How many processes to use, and how to start them: a method of `multiprocessing`."""

    jobs: int = 1
    method: str | None = None


@contextmanager
def survey(setup: Setup, batches: Sequence[Batch], pool: Pool) -> Iterator[Iterator[Harvest]]:
    """Start reading, and give the harvests as they come.

    What a process held that was killed is missing, without an error. The processes end with this
    one, also when it is killed, and with the context.
    """
    if pool.jobs == 1 or sum(batch.weight for batch in batches) < _SMALL:
        with closing(_Worker(setup)) as worker:
            yield (worker.survey(batch) for batch in batches)
        return
    context = multiprocessing.get_context(pool.method)
    executor = ProcessPoolExecutor(
        min(pool.jobs, len(batches)), context, initializer=_begin, initargs=(setup,)
    )
    try:
        submitted: list[Future[Harvest]] = []
        with suppress(BrokenProcessPool):
            for batch in batches:
                submitted.append(executor.submit(_survey, batch))
        yield _results(as_completed(submitted))
    except BaseException:
        for child in multiprocessing.active_children():
            child.kill()
        raise
    finally:
        executor.shutdown(cancel_futures=True)


def _results(done: Iterator["Future[Harvest]"]) -> Iterator[Harvest]:
    for future in done:
        try:
            yield future.result()
        except BrokenProcessPool:
            continue


class _Worker:
    """Reads batches in one process; a pack is opened once and stays open."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._surveyor = Surveyor(setup.make_inspector(), setup.id_bytes)
        self._packs: dict[int, Pack] = {}

    def close(self) -> None:
        """Close the packs."""
        for pack in self._packs.values():
            pack.close()

    def survey(self, batch: Batch) -> Harvest:
        """Read the families of a batch."""
        # A pack that cannot be opened any more was repacked meanwhile: git finds the objects.
        with suppress(OSError):
            pack = self._packs.get(batch.pack)
            if pack is None:
                entries = self._setup.packs[batch.pack]
                pack = self._packs[batch.pack] = Pack(entries, self._setup.limit_bytes)
            for family in batch.families:
                pack.walk(family, self._surveyor)
        return self._surveyor.take()


_worker: _Worker | None = None
"""The one of this process, where it is one of a pool."""


def _begin(setup: Setup) -> None:
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The terminal sends it to all; one answers.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.disable()  # Nothing here makes circles.
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker = _Worker(setup)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _survey(batch: Batch) -> Harvest:
    assert _worker is not None
    return _worker.survey(batch)
