"""The bench's own arithmetic: what it makes of numbers, processes and packs. Nothing is timed."""

import mmap
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.bench import inflate, memory, numbers, stages, subject, table
from tests.bench.measure import Row, Stages
from tests.bench.processes import Run, RunError, environment, run
from tests.bench.programs import OURS, Program
from tests.support.repo import Repo


class _Ticks:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def _program(name: str, *, own_clock: bool = False) -> Program:
    return Program(name, ("program", "{repo}"), frozenset((0,)), "1.0", own_clock)


def test_a_ratio_is_that_of_medians() -> None:
    assert numbers.ratio([9.0, 1.0, 2.0], [4.0, 100.0, 0.1]) == 0.5
    assert numbers.ratio([], [1.0]) is None
    assert numbers.ratio([1.0], [0.0]) is None


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.004, "0.00 s"),
        (1.005001, "1.01 s"),
        (9.994, "9.99 s"),
        (9.996, "10.0 s"),
        (33.64, "33.6 s"),
        (None, numbers.NOT_MEASURED),
    ],
)
def test_seconds_are_written(value: float | None, written: str) -> None:
    assert numbers.seconds(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0 B"),
        (9_999, "9999 B"),
        (10_000, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (9_900_000, "9.9 MB"),
        (253_400_000, "253 MB"),
        (999_500_000, "1.00 GB"),
        (13_400_000_000, "13.40 GB"),
        (None, numbers.NOT_MEASURED),
    ],
)
def test_sizes_are_written(value: int | None, written: str) -> None:
    assert numbers.size(value) == written


def test_counts_are_written_in_groups_of_three() -> None:
    assert numbers.count(1_234_567) == "1 234 567"


def test_the_table_has_a_line_for_each_program_and_none_for_what_failed() -> None:
    ours = Row(_program(OURS), [1.0, 3.0, 2.0], [4.0, 5.0, 6.0], {0, 1}, 10**7, 2 * 10**7)
    other = Row(_program("other"), [5.0, 2.5, 4.0])
    failed = Row(_program("broken"), failure="ended with exit code 9")
    head, *lines = table.programs_table([ours, other, failed])
    told = [dict(zip(head, line, strict=True)) for line in lines]
    assert told[0] == {
        "program": OURS,
        "median": "2.00 s",
        "min to max": "1.00 s to 3.00 s",
        "user+sys": "5.00 s",
        "leakscan ÷ it": "1.00",
        "anonymous": "10 MB",
        "resident": "20 MB",
        "exit code": "0 1",
    }
    assert told[1]["leakscan ÷ it"] == "0.50"
    assert told[1]["anonymous"] == told[1]["user+sys"] == numbers.NOT_MEASURED
    assert lines[2] == ["broken", "failed", *[""] * 5, "ended with exit code 9"]


def test_a_program_with_its_own_clock_is_believed() -> None:
    row = Row(_program("floor", own_clock=True))
    row.add(Run(0, 9.0, 8.0, b'{"seconds": 2.5, "cpu_seconds": 2.0}'))
    assert (row.seconds, row.cpu_seconds) == ([2.5], [2.0])


def test_stages_add_up() -> None:
    measured = Stages({"index": 1.0, "match": 3.0}, {"index": 1, "match": 1200}, 0.1)
    assert table.stages_table(measured)[1:] == [
        ["index", "1.00 s", "25%", "1"],
        ["match", "3.00 s", "75%", "1 200"],
        ["all", "4.00 s", "100%", ""],
    ]


def test_columns_stand_under_each_other() -> None:
    assert table.text([["a", "bb"], ["ccc", "d"]]) == "a    bb\nccc   d"


def test_markdown_has_as_many_cells_in_each_line() -> None:
    lines = table.markdown([["a", "b", "c"], ["x|y", "", ""]]).splitlines()
    assert lines == ["| a | b | c |", "| --- | ---: | ---: |", "| x\\|y | | |"]


def test_a_command_line_is_shown_without_the_paths_of_this_machine() -> None:
    here = str(Path(inflate.__file__).resolve())
    shown = Program("p", (sys.executable, "-P", here, "{repo}"), frozenset(), "").shown()
    assert shown == "python -P tests/bench/inflate.py REPO"
    assert Program("p", ("/opt/bin/tool", "file://{repo}"), frozenset(), "").shown() == (
        "tool file://REPO"
    )


def test_time_belongs_to_the_innermost_stage() -> None:
    ticks = _Ticks()
    clock = stages.Clock(ticks)
    with clock.during("outer"):
        ticks.time += 1
        with clock.during("inner"):
            ticks.time += 10
            with clock.during("outer"):
                ticks.time += 100
        ticks.time += 1000
    assert clock.seconds == {"outer": 1101, "inner": 10}


def test_a_generator_is_timed_only_while_it_works() -> None:
    ticks = _Ticks()
    clock = stages.Clock(ticks)

    def numbers_up_to(last: int) -> Iterator[int]:
        for number in range(last):
            ticks.time += 1
            yield number

    wrapped = stages.timed(clock, "making", numbers_up_to)
    with clock.during("using"):
        for _ in wrapped(3):
            ticks.time += 10
    assert clock.seconds == {"making": 3, "using": 30}
    assert clock.calls == {"making": 1}


def test_time_is_given_also_to_a_stage_that_raises() -> None:
    ticks = _Ticks()
    clock = stages.Clock(ticks)

    def fails() -> None:
        ticks.time += 1
        raise ZeroDivisionError

    with clock.during("outer"):
        with pytest.raises(ZeroDivisionError):
            stages.timed(clock, "failing", fails)()
        ticks.time += 10
    assert clock.seconds == {"failing": 1, "outer": 10}


def test_a_function_is_wrapped_where_it_is_defined_and_where_it_was_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    defining, importing = ModuleType("leakscan.made_a"), ModuleType("leakscan.made_b")
    for module in (defining, importing):
        vars(module)["answer"] = len
        monkeypatch.setitem(sys.modules, module.__name__, module)
    clock = stages.Clock()
    stages.install(clock, {"made": ("leakscan.made_a.answer",)})
    assert vars(defining)["answer"]("abc") + vars(importing)["answer"]("ab") == 5
    assert clock.calls == {"made": 2}


def test_every_name_of_the_stages_leads_to_a_function() -> None:
    for names in stages.STAGES.values():
        for name in names:
            owner, last = stages.find(name)
            assert callable(getattr(owner, last)), name


@pytest.mark.parametrize(
    "name",
    ["leakscan.model.nothing", "leakscan.no.such", "leakscan.model.Secret.none", "nowhere.f"],
)
def test_a_missing_name_is_named(name: str) -> None:
    with pytest.raises(stages.MissingNameError, match=name):
        stages.install(stages.Clock(), {"stage": (name,)})


def test_a_process_tree_has_descendants_and_orphans_of_the_session() -> None:
    parents = {10: (1, 10), 11: (10, 10), 12: (11, 12), 13: (1, 10), 14: (13, 14), 20: (1, 20)}
    assert memory.family(10, parents) == {10, 11, 12, 13, 14}
    assert memory.family(99, parents) == {99}


def test_a_rollup_is_read_in_bytes() -> None:
    lines = ["560e-7ffc ---p [rollup]", "Pss:    13504 kB", "Pss_Anon:   6876 kB", "Swap: 0 kB"]
    assert memory.parse_rollup(lines) == (6876 * 1024, 13504 * 1024)


@pytest.mark.skipif(not memory.MEASURABLE, reason="only Linux tells")
def test_memory_is_that_of_the_program_and_what_it_starts(tmp_path: Path) -> None:
    released = tmp_path / "released"
    hold = (
        "import pathlib, time; held = bytearray(b'x') * (40 << 20)\n"
        f"for _ in range(600): pathlib.Path({str(released)!r}).exists() or time.sleep(0.05)"
    )
    start = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold!r}])"
    peak = memory.Peak()

    def sample(root: int) -> None:
        peak(root)
        if peak.anonymous >= 40 << 20:
            released.touch()

    run([sys.executable, "-c", start], environment(tmp_path), frozenset((0,)), while_running=sample)
    assert released.exists()
    assert peak.anonymous <= peak.resident
    assert not peak.refused


def test_a_wrong_exit_code_is_no_time(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print(3); raise SystemExit(3)"]
    env = environment(tmp_path)
    with pytest.raises(RunError, match="exit code 3"):
        run(command, env, frozenset((0,)))
    done = run(command, env, frozenset((0, 3)), listen=True)
    assert (done.code, done.said.split()) == (3, [b"3"])


def test_a_program_that_is_not_there_is_no_time(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be started"):
        run([str(tmp_path / "none")], environment(tmp_path), frozenset((0,)))


def test_a_repository_may_be_named(tmp_path: Path) -> None:
    assert subject.named(f"shop={tmp_path}") == ("shop", tmp_path)
    (tmp_path / "a=b.git").mkdir()
    assert subject.named(str(tmp_path / "a=b.git")) == ("a=b", tmp_path / "a=b.git")


def test_entries_begin_where_git_says(repo: Repo) -> None:
    text = b"".join(b"line %d of a text that is worth a delta\n" % n for n in range(400))
    for number in range(4):
        repo.commit({b"file": text + b"%d\n" % number})
    pack = repo.repack()
    told = repo.git("verify-pack", "-v", str(pack.with_suffix(".idx"))).decode().splitlines()
    wanted = sorted(
        (int(words[4]), int(words[3]), int(words[2]))
        for words in map(str.split, told)
        if len(words) in (5, 7)
    )
    with pack.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        found = list(inflate.entries(repo.path, pack, data, 20))
        trailer = len(data) - 20
    assert inflate.packs(repo.path) == [pack]
    assert [size for _, _, size in found] == [size for _, _, size in wanted]
    assert [end for _, end, _ in found] == [start + length for start, length, _ in wanted]
    assert all(
        start < begin < end for (start, _, _), (begin, end, _) in zip(wanted, found, strict=True)
    )
    assert found[-1][1] == trailer
