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
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Final, cast

from leakscan.history.entries import Entries
from leakscan.history.family import Pack
from leakscan.history.forest import Batch
from leakscan.history.survey import Harvest, MakeInspector, Surveyor
from leakscan.record import Record

_IN_FLIGHT: Final = 2
_SMALL: Final = 32 << 20
"""Bytes that are read sooner than a second process is started."""


class Setup(Record, frozen=True):
    """What a worker has to know. It is pickled where processes are not forked."""

    packs: Sequence[Entries]
    batches: Sequence[Batch]
    make_inspector: MakeInspector
    id_bytes: int
    limit_bytes: int


class Pool(Record, frozen=True):
    """How many processes to use, and how to start them: a method of `multiprocessing`."""

    jobs: int = 1
    method: str | None = None


@contextmanager
def survey(setup: Setup, pool: Pool) -> Iterator[Iterator[Harvest]]:
    """Start reading, and give a harvest for each batch, as they come.

    What a process held that was killed is missing, without an error. The processes end with this
    one, also when it is killed, and with the context.
    """
    count = min(pool.jobs, len(setup.batches))
    if count < 2 or sum(batch.weight for batch in setup.batches) < _SMALL:
        count = 0
    # Not an executor of concurrent.futures: one process that is killed ends all of it there, and
    # in Python 3.11 work that is handed out at that moment is waited for without end.
    processes: dict[Connection, SpawnProcess] = {}
    try:
        with _undisturbed(), suppress(OSError):  # Without processes, this one reads.
            for _ in range(count):
                _start(setup, pool, processes)
        if processes:
            yield _Exchange(processes, len(setup.batches)).results()
        else:
            with closing(_Worker(setup)) as worker:
                yield (worker.survey(number) for number in range(len(setup.batches)))
    finally:
        for ours, process in processes.items():
            ours.close()
            process.kill()
            process.join()
            process.close()


def _start(setup: Setup, pool: Pool, processes: dict[Connection, SpawnProcess]) -> None:
    context = cast(SpawnContext, multiprocessing.get_context(pool.method))
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, setup), daemon=True)
    try:
        process.start()
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()  # So that the end of the process is the end of what comes from it.
    processes[ours] = process


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold SIGINT back, so that it does not end a process that is just being made."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Exchange:
    """Hands out the numbers of batches, two to each process, so that none has to wait for more."""

    def __init__(self, processes: Iterable[Connection], batches: int) -> None:
        self._waiting = deque(range(batches))
        self._held = dict.fromkeys(processes, 0)
        for _ in range(_IN_FLIGHT):
            for one in list(self._held):
                self._hand_out(one)

    def results(self) -> Iterator[Harvest]:
        """Yield what comes back."""
        while busy := [one for one, held in self._held.items() if held]:
            for one in cast("list[Connection]", wait(busy)):
                try:
                    result: Harvest | Exception = one.recv()
                except (EOFError, OSError):
                    del self._held[one]  # It was killed, with what it had.
                    continue
                self._held[one] -= 1
                self._hand_out(one)
                if isinstance(result, Exception):
                    raise result
                yield result

    def _hand_out(self, one: Connection) -> None:
        if self._waiting:
            # To one that was killed nothing can be sent; that it has ended, `wait` will tell.
            self._held[one] += 1
            with suppress(OSError):
                one.send(self._waiting[0])
                self._waiting.popleft()


class _Worker:
    """Reads batches in one process; a pack is opened once and stays open."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._surveyor = self._new_surveyor()
        self._packs: dict[int, Pack] = {}
        self._opened = ExitStack()

    def close(self) -> None:
        """Close the packs."""
        self._opened.close()

    def survey(self, number: int) -> Harvest:
        """Read the families of a batch; none of it where the memory ends."""
        try:
            return self._survey(self._setup.batches[number])
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
                pack = self._opened.enter_context(Pack(entries, self._setup.limit_bytes))
                self._packs[batch.pack] = pack
            for family in batch.families:
                pack.walk(family, self._surveyor)
        return self._surveyor.take()


def _serve(connection: Connection, setup: Setup) -> None:
    """Be one of the processes: the number of a batch comes in, a harvest goes out."""
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
