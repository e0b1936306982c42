"""`leakscan doctor`: it believes what a push does, and nothing else."""

import re
from pathlib import Path

import pytest

from leakscan import aws
from leakscan.gates.doctor_cases import CASES
from leakscan.gates.doctor_keys import synthetic_key
from tests.support.cli import CLEAN, FINDINGS, USAGE, Cli, Run, program
from tests.support.repo import Repo
from tests.support.standin import Desk

ALL = [case.name for case in CASES]
BYPASS = "bypass with a reason"
HARMLESS = ["first push, harmless", "new branch, harmless"]

# Scanners as others are built; none of them sees what all of git's objects hold.
BY_PATCHES = 'git log -p "$id" --not --remotes=origin'
BY_MERGED_PATCHES = 'git log -p -m "$id" --not --remotes=origin'
BY_TREE = 'git grep -h -I "" "$id" --'
BY_OBJECTS = (
    'git rev-list --objects "$id" --not --remotes=origin | cut -d" " -f1 | git cat-file --batch'
    " | tr -d '\\0'"
)


def gate(look: str) -> str:
    """Return a leakscan that looks for ids in what a command prints of a pushed id."""
    return f"""#!/bin/sh
while read -r _ id _ _; do
    {look} | grep -a -q -E 'AKIA[A-Z2-7]{{16}}' || continue
    [ -n "$LEAKSCAN_BYPASS" ] || exit 1
    mkdir -p .git/leakscan
    echo "$LEAKSCAN_BYPASS" >> .git/leakscan/bypasses.jsonl
done
exit 0
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    for name in ("tr", "ls"):
        (made.bin / name).symlink_to(Path("/usr/bin") / name)
    return made


@pytest.fixture
def guarded(repo: Repo, desk: Desk) -> Repo:
    """A repository with a commit and the hook in place."""
    repo.commit({b"README": b"read me\n"})
    repo.checkout("main")
    assert desk.leakscan("hook", "install", repo.path).code == CLEAN
    return repo


def hook_of(repo: Repo) -> Path:
    return repo.git_dir / "hooks" / "pre-push"


def trials(run: Run) -> dict[str, str]:
    """Return what doctor says of each case."""
    rows = re.findall(r"^  (\S.{0,23}?)  +(\S.*)$", run.out.decode(), re.MULTILINE)
    return dict(rows)


def wrong(run: Run) -> list[str]:
    return [name for name, said in trials(run).items() if "NOT" in said or "REFUSED" in said]


# -- the real thing -------------------------------------------------------------------------------


def test_the_hook_as_installed_stops_every_case(guarded: Repo, desk: Desk) -> None:
    done = desk.leakscan("doctor", guarded.path)
    assert done.code == CLEAN, done.out.decode()
    said = trials(done)
    assert list(said) == [*HARMLESS, *ALL, BYPASS]
    assert [said[name] for name in ALL] == ["stopped"] * len(ALL)
    assert [said[name] for name in HARMLESS] == ["passes"] * 2
    assert said[BYPASS] == "passes, recorded"


@pytest.mark.parametrize("options", ["", "--allow-bypass"])
def test_a_server_as_installed_stops_every_case(options: str, tmp_path: Path, desk: Desk) -> None:
    server = Repo.init(tmp_path / "server.git", bare=True)
    assert desk.leakscan("hook", "install", server.path).code == CLEAN
    hook = server.path / "hooks" / "pre-receive"
    hook.write_text(hook.read_text().replace("options=''", f"options='{options}'"))
    done = desk.leakscan("doctor", server.path)
    assert done.code == CLEAN, done.out.decode()
    assert list(trials(done)) == [*HARMLESS, *ALL, *([BYPASS] if options else [])]


def test_a_command_of_a_ci_stops_every_case(desk: Desk) -> None:
    command = f"'{program()[0]}' scan . --range origin/main..HEAD --quiet"
    done = desk.leakscan("doctor", "--ci", command, desk.home)
    assert done.code == CLEAN, done.out.decode()
    assert list(trials(done)) == ["harmless change", *(c.name for c in CASES if c.on_a_branch)]


# -- what it must not believe ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("look", "missed"),
    [
        (BY_OBJECTS, []),
        (BY_PATCHES, ["only in a merge", "UTF-16", "attribute -diff", "tag message"]),
        (BY_MERGED_PATCHES, ["UTF-16", "attribute -diff", "tag message"]),
        (
            BY_TREE,
            [
                "added and removed again",
                "UTF-16",
                "attribute -diff",
                "commit message",
                "tag message",
            ],
        ),
        ("echo", [*ALL]),
    ],
)
def test_it_names_what_a_gate_does_not_see(
    look: str, missed: list[str], guarded: Repo, desk: Desk
) -> None:
    desk.start_instead(hook_of(guarded), gate(look))
    done = desk.leakscan("doctor", guarded.path)
    said = trials(done)
    assert [name for name in ALL if said[name] == "NOT STOPPED"] == missed
    assert [said[name] for name in HARMLESS] == ["passes"] * 2
    assert done.code == (FINDINGS if missed else CLEAN)
    assert [name for name in missed if f"{name}" not in done.out.decode().splitlines()[-1]] == []


def test_without_a_hook_nothing_is_stopped(repo: Repo, desk: Desk) -> None:
    done = desk.leakscan("doctor", repo.path)
    assert done.code == FINDINGS
    assert wrong(done) == [*ALL, BYPASS]


@pytest.mark.parametrize(
    "text",
    ["#!/bin/sh\nexit 1\n", "#!/bin/sh\necho no words here >&2\nkill -9 $$\n", "#!/nowhere\n"],
)
def test_a_gate_that_refuses_everything_proves_nothing(
    text: str, guarded: Repo, desk: Desk
) -> None:
    desk.start_instead(hook_of(guarded), text)
    done = desk.leakscan("doctor", guarded.path)
    assert done.code == FINDINGS
    said = trials(done)
    assert all("proves nothing" in said[name] for name in ALL)
    assert wrong(done) == [*HARMLESS, BYPASS]


def test_a_bypass_that_is_not_recorded_is_wrong(guarded: Repo, desk: Desk) -> None:
    desk.start_instead(hook_of(guarded), gate(BY_OBJECTS).replace("echo", "true"))
    done = desk.leakscan("doctor", guarded.path)
    assert done.code == FINDINGS
    assert wrong(done) == [BYPASS]
    assert trials(done)[BYPASS] == "passes, NOT RECORDED"


def test_a_bypass_in_the_callers_environment_does_not_spoil_it(guarded: Repo, desk: Desk) -> None:
    desk.start_instead(hook_of(guarded), gate(BY_OBJECTS))
    done = desk.leakscan("doctor", guarded.path, env={"LEAKSCAN_BYPASS": "always"})
    assert done.code == CLEAN


@pytest.mark.parametrize("command", ["exit 1", "nonesuch", "exit 0", "leakscan-is-not-there ."])
def test_a_command_that_always_does_the_same_is_wrong(command: str, desk: Desk) -> None:
    done = desk.leakscan("doctor", "--ci", command, desk.home)
    assert done.code == FINDINGS


def test_each_case_of_a_ci_has_a_repository_to_itself(desk: Desk) -> None:
    # All objects at once, reachable or not: a case must not be seen for one before it.
    look = "git cat-file --batch-all-objects --batch | grep -a -c AKIA || true"
    command = f'echo "$({look})" >> "$RECORD.count"'
    desk.leakscan("doctor", "--ci", command, desk.home)
    counts = Path(f"{desk.record}.count").read_text().split()
    # UTF-16 does not show that way.
    assert sorted(counts) == ["0", "0", *["1"] * 6]


# -- what it works on -----------------------------------------------------------------------------


def test_it_tries_the_hooks_that_git_runs(guarded: Repo, desk: Desk) -> None:
    guarded.git("config", "core.hooksPath", desk.folder / "elsewhere")
    assert wrong(desk.leakscan("doctor", guarded.path)) == [*ALL, BYPASS]


def test_an_earlier_hook_that_needs_files_finds_its_configuration(
    guarded: Repo, desk: Desk
) -> None:
    guarded.write(b".pre-commit-config.yaml", b"repos: []\n", add=False)
    desk.start_instead(hook_of(guarded), gate(BY_OBJECTS))
    needing = '#!/bin/sh\nls .pre-commit-config.yaml > "$RECORD.listed"\n'
    desk.script(guarded.git_dir / "hooks" / "pre-push.before-leakscan", needing)
    assert desk.leakscan("doctor", guarded.path).code == CLEAN


def test_the_configuration_of_the_repository_counts(guarded: Repo, desk: Desk) -> None:
    allow = b'version: 1\nallow:\n  - paths: ["*.env"]\n    reason: all of them\n'
    guarded.write(b".leakscan.yaml", allow, add=False)
    done = desk.leakscan("doctor", guarded.path)
    assert done.code == FINDINGS
    assert set(wrong(done)) <= {"plain file", "added and removed again", BYPASS}
    assert "plain file" in wrong(done)


def test_settings_of_the_user_do_not_spoil_it(guarded: Repo, desk: Desk) -> None:
    desk.start_instead(hook_of(guarded), gate(BY_OBJECTS))
    (desk.home / ".gitconfig").write_text(
        '[protocol "file"]\n\tallow = never\n[safe]\n\tbareRepository = explicit\n'
        "[commit]\n\tgpgSign = true\n[tag]\n\tgpgSign = true\n[push]\n\tgpgSign = true\n"
        "[core]\n\tautocrlf = true\n\tfsmonitor = /nowhere\n[init]\n\tdefaultBranch = trunk\n"
        "[receive]\n\tdenyCurrentBranch = refuse\n[user]\n\tuseConfigOnly = true\n"
    )
    done = desk.leakscan("doctor", guarded.path)
    assert done.code == CLEAN, done.out.decode()


def test_the_repository_and_the_temporary_folder_stay_as_they_were(
    guarded: Repo, desk: Desk
) -> None:
    temporary = desk.folder / "tmp"
    temporary.mkdir()

    def state() -> list[tuple[str, bytes]]:
        files = (path for path in sorted(guarded.path.rglob("*")) if path.is_file())
        return [(str(path), path.read_bytes()) for path in files]

    before = state()
    assert desk.leakscan("doctor", guarded.path, env={"TMPDIR": str(temporary)}).code == CLEAN
    assert state() == before
    assert list(temporary.iterdir()) == []


def test_no_synthetic_secret_is_printed(guarded: Repo, desk: Desk) -> None:
    telling = gate(BY_OBJECTS).replace("exit 1", f"{{ {BY_OBJECTS} >&2; exit 9; }}")
    desk.start_instead(hook_of(guarded), telling.replace("|| continue", "|| exit 8"))
    done = desk.leakscan("doctor", guarded.path)
    assert done.code == FINDINGS
    assert not re.search(rb"[A-Za-z0-9+/]{40}(?![0-9a-f])", re.sub(rb"[0-9a-f]{40}", b"", done.out))


def test_no_repository_is_wrong_use(desk: Desk) -> None:
    assert desk.leakscan("doctor", desk.home).code == USAGE


# -- the keys -------------------------------------------------------------------------------------


def test_synthetic_keys_are_new_each_time_and_nobodys() -> None:
    made = [synthetic_key().decode() for _ in range(200)]
    assert len(set(made)) == len(made)
    for text in made:
        found = re.fullmatch(
            r"AWS_ACCESS_KEY_ID=(AKIA[A-Z2-7]{16})\nAWS_SECRET_ACCESS_KEY=([A-Za-z0-9+/]{40})\n",
            text,
        )
        assert found is not None
        account = aws.account_id(found[1])
        assert account is not None
        assert not aws.is_canary(account)
        assert aws.documentation_account(account) is None


def test_the_rules_find_every_synthetic_key(repo: Repo, cli: Cli) -> None:
    made = [synthetic_key() for _ in range(300)]
    repo.commit({b"%d.env" % number: text for number, text in enumerate(made)})
    found = {one["access_key_id"] for one in cli.scan(repo.path).findings if one["secret"]}
    assert found == {text[18:38].decode() for text in made}
