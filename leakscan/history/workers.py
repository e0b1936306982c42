"""Batches of families over processes.

In: packs, batches, and how to make an inspector. Out: a harvest for each batch, in any order.
Works with each start method of multiprocessing: all that a worker needs is sent to it.
"""

import gc
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Final, cast

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
    # Not an executor of concurrent.futures: one process that is killed ends all of it there, and
    # in Python 3.11 work that is handed out at that moment is waited for without end.
    context = cast(SpawnContext, multiprocessing.get_context(pool.method))
    processes: dict[Connection, SpawnProcess] = {}
    try:
        for _ in range(min(pool.jobs, len(batches))):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, setup), daemon=True)
            processes[ours] = process
            process.start()
            theirs.close()  # So that the end of the process is the end of what comes from it.
        yield _results(list(processes), batches)
    finally:
        for ours, process in processes.items():
            ours.close()
            if process.pid is not None:
                process.kill()
                process.join()
                process.close()


def _results(idle: list[Connection], batches: Sequence[Batch]) -> Iterator[Harvest]:
    """Hand out batches one by one, and yield what comes back."""
    waiting = deque(batches)
    busy: list[Connection] = []
    while waiting or busy:
        while waiting and idle:
            one = idle.pop()
            with suppress(OSError):
                one.send(waiting[0])
                waiting.popleft()
                busy.append(one)
        if not busy:
            return  # Nobody is left to read.
        for one in cast("list[Connection]", wait(busy)):
            busy.remove(one)
            try:
                result: Harvest | Exception = one.recv()
            except (EOFError, OSError):
                continue  # It was killed, with what it had.
            idle.append(one)
            if isinstance(result, Exception):
                raise result
            yield result


class _Worker:
    """Reads batches in one process; a pack is opened once and stays open."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._surveyor = self._new_surveyor()
        self._packs: dict[int, Pack] = {}

    def close(self) -> None:
        """Close the packs."""
        for pack in self._packs.values():
            pack.close()

    def survey(self, batch: Batch) -> Harvest:
        """Read the families of a batch; none of it where the memory ends."""
        try:
            return self._survey(batch)
        except MemoryError:
            self._surveyor = self._new_surveyor()
            return Harvest()

    def _new_surveyor(self) -> Surveyor:
        return Surveyor(self._setup.make_inspector(), self._setup.id_bytes)

    def _survey(self, batch: Batch) -> Harvest:
        # A pack that cannot be opened any more was repacked meanwhile: git finds the objects.
        with suppress(OSError):
            pack = self._packs.get(batch.pack)
            if pack is None:
                entries = self._setup.packs[batch.pack]
                pack = self._packs[batch.pack] = Pack(entries, self._setup.limit_bytes)
            for family in batch.families:
                pack.walk(family, self._surveyor)
        return self._surveyor.take()


def _serve(connection: Connection, setup: Setup) -> None:
    """Be one of the processes: a batch comes in, a harvest goes out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The terminal sends it to all; one answers.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.disable()  # Nothing here makes circles.
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, OSError), closing(_Worker(setup)) as worker:
        while True:
            try:
                result: Harvest | Exception = worker.survey(connection.recv())
            except (EOFError, OSError):
                return
            except Exception as error:  # noqa: BLE001 - raised again where it can be reported.
                result = error
            connection.send(result)


def _end_with_parent() -> None:
    # Others of the pool hold the pipes of this one open, so their end does not tell.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
