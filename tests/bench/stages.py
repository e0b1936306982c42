"""Where our time goes: one scan in this process alone, with a clock around the stages.

    python tests/bench/stages.py REPO             # prints seconds and calls by stage, as JSON
    python tests/bench/stages.py REPO REMOTE LINE # of the pre-push hook, to which git says LINE

The functions of each stage are wrapped from the outside, so that production code has no timers.
Time that a stage spends in another one counts for that other one. A script of its own, so that
it measures the installed leakscan. Work that is done in other threads is not timed apart.
"""

import builtins
import functools
import importlib
import inspect
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import GeneratorType, ModuleType
from typing import Any, Final

PACKAGE: Final = "leakscan"
START: Final = "start-up"
REST: Final = "rest"
STAGES: Final = {
    "rules": ("leakscan.rules.load.load_rules", "leakscan.match.compile.compile_rules"),
    "index": (
        "leakscan.history.store.list_store",
        "leakscan.history.forest.batches",
        "leakscan.history.source.StoreSource._add_what_git_lists",
    ),
    "walk": ("leakscan.history.family.Pack.walk",),
    "inflate": ("leakscan.history.family.Pack._inflate",),
    "windows": ("leakscan.history.delta.fresh",),
    "apply": ("leakscan.history.delta.apply",),
    "match": ("leakscan.match.matcher.Matcher.suspects", "leakscan.match.matcher.Matcher.match"),
    "score": ("leakscan.score.scorer.Scorer.score", "leakscan.score.scorer.Scorer.conclude"),
    "links": (
        "leakscan.history.survey.Surveyor.visit",
        "leakscan.history.survey.Surveyor.take_in",
        "leakscan.history.survey.Surveyor.take",
        "leakscan.history.links.Links.add",
    ),
    "cat-file": ("leakscan.history.catfile.CatFile.read",),
    "trace": (
        "leakscan.trace.tracer.trace",
        "leakscan.trace.versions.search_versions",
        "leakscan.trace.findings.findings_of",
        "leakscan.trace.grouping.group",
        "leakscan.trace.grouping.pair_lone_parts",
    ),
    "report": ("leakscan.report.json_report.JsonReporter.render",),
}
"""Stage -> the functions that are it: where they are defined, or one module that calls them."""
PUSH_STAGES: Final = {
    "repository": ("leakscan.history.locate.locate", "leakscan.history.locate.locate_git_dir"),
    "rules": STAGES["rules"],
    "selection": ("leakscan.history.selection.of_push",),
    "start git": ("leakscan.history.git.Git.__init__", "subprocess.Popen.__init__"),
    "match": STAGES["match"],
    "trace": STAGES["trace"],
}
_WAITS: Final = ("read", "readline", "finish", "close")
_TRIALS: Final = 20_000


class MissingNameError(Exception):
    """A name of the table leads to nothing that can be wrapped; the text has the name."""


@dataclass(slots=True)
class Clock:
    """Gives every moment to the innermost stage that runs; `now` gives seconds."""

    now: Callable[[], float] = time.perf_counter
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    calls: Counter[str] = field(default_factory=Counter)
    _stack: list[str] = field(default_factory=list)
    _since: float = 0.0

    def enter(self, stage: str) -> None:
        """Stop the clock of the stage that runs and start that of this one."""
        now = self.now()
        if self._stack:
            self.seconds[self._stack[-1]] += now - self._since
        self._stack.append(stage)
        self._since = now

    def leave(self) -> None:
        """Go back to the stage that called."""
        now = self.now()
        self.seconds[self._stack.pop()] += now - self._since
        self._since = now

    @contextmanager
    def during(self, stage: str) -> Iterator[None]:
        """Give a stage what happens in this block."""
        self.enter(stage)
        try:
            yield
        finally:
            self.leave()


def timed(clock: Clock, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function, or one that gives a generator, so that the clock runs while it does."""
    thread = threading.get_ident()

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if threading.get_ident() != thread:
            return function(*args, **kwargs)
        clock.calls[stage] += 1
        clock.enter(stage)
        try:
            result = function(*args, **kwargs)
        finally:
            clock.leave()
        return _driven(clock, stage, result) if isinstance(result, GeneratorType) else result

    return call


def _driven(
    clock: Clock, stage: str, items: Generator[Any, None, Any]
) -> Generator[Any, None, Any]:
    """Yield what a generator yields; the clock runs only while it works."""
    try:
        while True:
            with clock.during(stage):
                try:
                    item = next(items)
                except StopIteration as end:
                    return end.value
            yield item
    finally:
        items.close()


def install(clock: Clock, stages: Mapping[str, tuple[str, ...]] = STAGES) -> None:
    """Wrap the functions of all stages. Raises MissingNameError for a name that is not there."""
    for stage, names in stages.items():
        for name in names:
            owner, last = find(name)
            original = inspect.getattr_static(owner, last)
            if isinstance(original, staticmethod | classmethod):
                wrapped: Any = type(original)(timed(clock, stage, original.__func__))
            elif callable(original) and not isinstance(original, type):
                wrapped = timed(clock, stage, original)
            else:
                raise MissingNameError(f"{name} is no function")
            setattr(owner, last, wrapped)
            if isinstance(owner, ModuleType):
                _replace_imported(original, wrapped)


def find(name: str) -> tuple[Any, str]:
    """Return the module or class that a dotted name is in, and its last part.

    Raises MissingNameError.
    """
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        try:
            owner: Any = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:-1]:
            owner = getattr(owner, part, None)
        if not hasattr(owner, parts[-1]):
            break
        return owner, parts[-1]
    raise MissingNameError(f"there is no {name}: bring the table STAGES up to date")


def _replace_imported(original: object, wrapped: object) -> None:
    """Replace a function also where other modules have imported it by name."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == PACKAGE:
            for attribute, value in list(vars(module).items()):
                if value is original:
                    setattr(module, attribute, wrapped)


def cost_of_a_call() -> float:
    """Return the seconds that wrapping adds to one call."""

    def nothing() -> None:
        return

    wrapped = timed(Clock(), REST, nothing)
    started = time.perf_counter()
    for _ in range(_TRIALS):
        wrapped()
    return (time.perf_counter() - started) / _TRIALS


def main(*arguments: str) -> None:
    """Scan a repository or a push and print what each stage took, or which name is missing."""
    answer = os.dup(1)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)  # The report goes nowhere: secrets are masked, paths not.
    try:
        told = _measured_push(*arguments) if len(arguments) > 1 else _measured(*arguments)
    except MissingNameError as error:
        told = {"error": str(error)}
    with os.fdopen(answer, "w") as file:
        json.dump(told, file)


def _measured(repo: str) -> dict[str, Any]:
    clock = Clock()
    with clock.during(START):
        from leakscan.cli.scan import command

        install(clock)
    arguments = [repo, "--jobs", "1", "--quiet", "--format", "json"]
    with clock.during(REST):
        code = command.main(arguments, standalone_mode=False)
    stages = {stage: [clock.seconds[stage], clock.calls[stage]] for stage in (START, *STAGES, REST)}
    timers_seconds = cost_of_a_call() * clock.calls.total()
    return {"code": code, "stages": stages, "timers_seconds": timers_seconds}


def _measured_push(repo: str, remote: str, line: str) -> dict[str, Any]:
    """Return the seconds of the hook's parts; the first is a Python that does nothing."""
    clock = Clock()
    started = time.perf_counter()
    subprocess.run([sys.executable, "-P", "-c", "pass"], check=True)
    python = time.perf_counter() - started
    os.chdir(repo)
    os.environ["GIT_DIR"] = ".git"
    read, write = os.pipe()
    os.write(write, line.encode())
    os.close(write)
    os.dup2(read, 0)
    with clock.during(REST):
        _watch_imports(clock)
        from leakscan.cli.main import main as program

        # Only what is loaded by now can be wrapped; the same modules are loaded by each push.
        importlib.import_module("leakscan.cli.pre_push")
        with clock.during("tools of the bench"):
            install(clock, PUSH_STAGES)
            _watch_git(clock)
        code = program(["pre-push", "--from-git", "--", "origin", remote])
    del clock.seconds["tools of the bench"]
    if code:
        raise MissingNameError(f"the hook ended with {int(code)}")
    return {"python": python, **dict(sorted(clock.seconds.items()))}


def _watch_imports(clock: Clock) -> None:
    """Let the clock of the imports run from the outermost import to its end."""
    depth = 0

    def watched(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal depth
            depth += 1
            if depth == 1:
                clock.enter("imports")
            try:
                return original(*args, **kwargs)
            finally:
                depth -= 1
                if depth == 0:
                    clock.leave()

        return call

    builtins.__import__ = watched(builtins.__import__)
    importlib.import_module = watched(importlib.import_module)


def _watch_git(clock: Clock) -> None:
    """Let a clock of its own run while one waits for a git command."""
    from leakscan.history.git import GitProcess

    def watched(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(process: Any, *args: Any) -> Any:
            with clock.during(f"git {process._process.args[1]}"):
                return original(process, *args)

        return call

    for name in _WAITS:
        setattr(GitProcess, name, watched(getattr(GitProcess, name)))


if __name__ == "__main__":
    main(*sys.argv[1:])
