"""The files that users copy: they parse, say what they must, and their own commands work.

The commands of the CI files run as they stand, in real clones, with the variables that the service
would set.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.support.cli import CLEAN, FINDINGS, TIMEOUT_S, Cli, program
from tests.support.keys import KeyMaker
from tests.support.repo import Repo, git_environment

TOP = Path(__file__).resolve().parent.parent.parent
NO_COMMIT = "0" * 40


def read(name: str) -> Any:
    return yaml.safe_load((TOP / name).read_text(encoding="utf-8"))


# -- .pre-commit-hooks.yaml -----------------------------------------------------------------------


def test_the_manifest_has_what_the_framework_needs() -> None:
    hooks = {hook["id"]: hook for hook in read(".pre-commit-hooks.yaml")}
    assert set(hooks) == {"leakscan", "leakscan-staged"}
    assert hooks["leakscan"]["stages"] == ["pre-push"]
    assert hooks["leakscan-staged"]["stages"] == ["pre-commit"]
    for hook in hooks.values():
        # Source: the documentation of the framework, "Creating new hooks".
        assert {"id", "name", "entry", "language"} <= hook.keys()
        assert hook["language"] == "python"
        assert (hook["pass_filenames"], hook["always_run"]) == (False, True)
        assert hook["minimum_pre_commit_version"] == "3.2.0"  # Older ones call the stages `push`.


@pytest.mark.parametrize("index", [0, 1])
def test_every_entry_of_the_manifest_is_a_command(index: int, cli: Cli) -> None:
    name, *words = read(".pre-commit-hooks.yaml")[index]["entry"].split()
    assert name == "leakscan"
    assert cli.run(*words, "--help").code == CLEAN


# -- CI -------------------------------------------------------------------------------------------


def steps() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read("hooks/ci/github-actions.yml")["jobs"]["leakscan"]["steps"]
    return found


def github_script() -> str:
    (script,) = [step["run"] for step in steps() if "leakscan scan" in step.get("run", "")]
    return str(script)


def gitlab_script() -> str:
    (script,) = read("hooks/ci/gitlab-ci.yml")["leakscan"]["script"]
    return str(script)


def test_the_workflow_may_do_no_more_than_it_must() -> None:
    workflow = read("hooks/ci/github-actions.yml")
    assert workflow["permissions"] == {}
    permissions = workflow["jobs"]["leakscan"]["permissions"]
    assert permissions == {"contents": "read", "security-events": "write"}
    checkout = steps()[0]["with"]
    assert (checkout["fetch-depth"], checkout["persist-credentials"]) == (0, False)
    assert "pull_request_target" not in workflow[True]  # YAML reads the key `on` as true.
    # A value of the event inside a script would be a way to inject commands.
    assert not [step for step in steps() if "${{" in step.get("run", "")]


def test_actions_are_pinned_but_the_one_that_says_so() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    loose = [name for name in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", name)]
    assert loose == ["github/codeql-action/upload-sarif@v4"]


def test_the_job_hands_over_the_report_it_writes() -> None:
    job = read("hooks/ci/gitlab-ci.yml")["leakscan"]
    report = job["artifacts"]["reports"]["secret_detection"]
    assert job["artifacts"]["when"] == "always"
    assert f"--output {report} --format gitlab" in gitlab_script()
    assert job["variables"]["GIT_DEPTH"] == "0"
    upload = steps()[-1]["with"]["sarif_file"]
    assert f"--output {upload} --format sarif" in github_script()


class Service:
    """A CI that has cloned a repository and stands at a commit of it."""

    def __init__(self, folder: Path, repo: Repo, cli: Cli) -> None:
        self.clone = repo.clone(folder / "clone")
        self.home = cli.home
        bin_folder = folder / "service-bin"
        bin_folder.mkdir()
        (bin_folder / "leakscan").symlink_to(program()[0])
        self.path = f"{bin_folder}:{Path(shutil.which('git') or '').parent}:/usr/bin:/bin"

    def run(self, script: str, commit: str, variables: Mapping[str, str]) -> int:
        """Run a script as the service does, and return its exit code."""
        self.clone.git("checkout", "-q", "--detach", commit)
        done = subprocess.run(
            ["sh", "-e", "-c", script],
            cwd=self.clone.path,
            env=git_environment(self.home) | {"PATH": self.path} | dict(variables),
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert b"Traceback" not in done.stderr
        return done.returncode


class History:
    """A branch main with an old leak, one topic that adds another and one that does not."""

    def __init__(self, repo: Repo, keys: KeyMaker) -> None:
        self.repo = repo
        self.old, self.new = keys.leaks(2)
        self.base = repo.commit({b"old.env": self.old.env()})
        self.main = repo.commit({b"README": b"main went on\n"})
        self.bad = repo.commit({b"new.env": self.new.env()}, branch="bad", parents=[self.base])
        self.good = repo.commit({b"fine": b"fine\n"}, branch="good", parents=[self.base])


@pytest.fixture
def history(repo: Repo, keys: KeyMaker) -> History:
    return History(repo, keys)


@pytest.fixture
def service(tmp_path: Path, history: History, cli: Cli) -> Service:
    return Service(tmp_path, history.repo, cli)


def reported(file: Path) -> str:
    """Return a report after checking that it is JSON."""
    text = file.read_text(encoding="utf-8")
    json.loads(text)
    return text


class Job(NamedTuple):
    """A ready file: its script, its report, and the variables that its service sets."""

    script: str
    report: str
    request: dict[str, str]
    push: dict[str, str]
    night: dict[str, str]
    before: str
    branch: str


def github() -> Job:
    always = {"DEFAULT": "main", "BEFORE": "", "GITHUB_BASE_REF": ""}
    return Job(
        github_script(),
        "leakscan.sarif",
        {
            **always,
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_BASE_REF": "main",
            "GITHUB_REF_NAME": "7/merge",
        },
        {**always, "GITHUB_EVENT_NAME": "push"},
        {**always, "GITHUB_EVENT_NAME": "schedule", "GITHUB_REF_NAME": "main"},
        "BEFORE",
        "GITHUB_REF_NAME",
    )


def gitlab() -> Job:
    always = {
        "CI_DEFAULT_BRANCH": "main",
        "CI_COMMIT_BEFORE_SHA": NO_COMMIT,
        "CI_COMMIT_BRANCH": "",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "",
    }
    return Job(
        gitlab_script(),
        "gl-secret-detection-report.json",
        {
            **always,
            "CI_PIPELINE_SOURCE": "merge_request_event",
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        },
        {**always, "CI_PIPELINE_SOURCE": "push"},
        {**always, "CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_BRANCH": "main"},
        "CI_COMMIT_BEFORE_SHA",
        "CI_COMMIT_BRANCH",
    )


JOBS = [github(), gitlab()]
each_job = pytest.mark.parametrize("job", JOBS, ids=["github", "gitlab"])

ALLOW_ALL = b"version: 1\nallow:\n  - paths: ['**']\n    reason: none of this matters\n"


@each_job
@pytest.mark.parametrize(("topic", "code"), [("bad", FINDINGS), ("good", CLEAN)])
def test_what_a_request_brings_is_scanned(
    topic: str, code: int, job: Job, history: History, service: Service
) -> None:
    commit = {"bad": history.bad, "good": history.good}[topic]
    if job.before.startswith("CI_"):  # GitLab fetches the refs of the request alone.
        service.clone.git("update-ref", "-d", "refs/remotes/origin/main")
    assert service.run(job.script, commit, job.request) == code
    report = reported(service.clone.path / job.report)
    assert (history.new.key_id in report) == bool(code)
    assert history.old.key_id not in report


@each_job
def test_what_a_pushed_branch_has_over_the_default_branch_is_scanned(
    job: Job, history: History, service: Service
) -> None:
    # Also where the branch was before: what it may have said is accepted was never looked at.
    for before in (NO_COMMIT, "1" * 40, history.base, history.bad):
        pushed = {**job.push, job.branch: "topic", job.before: before}
        assert service.run(job.script, history.bad, pushed) == FINDINGS
        assert service.run(job.script, history.good, pushed) == CLEAN
        assert history.old.key_id not in reported(service.clone.path / job.report)


@each_job
def test_the_default_branch_is_scanned_from_where_it_was(
    job: Job, history: History, service: Service
) -> None:
    pushed = {**job.push, job.branch: "main"}
    assert service.run(job.script, history.main, {**pushed, job.before: history.base}) == CLEAN
    assert service.run(job.script, history.bad, {**pushed, job.before: history.base}) == FINDINGS
    # A first push, and one after a forced push has taken the former tip away: everything.
    for before in (NO_COMMIT, "1" * 40):
        assert service.run(job.script, history.main, {**pushed, job.before: before}) == FINDINGS
        assert history.old.key_id in reported(service.clone.path / job.report)


@each_job
def test_a_change_cannot_silence_its_own_check(
    job: Job, history: History, service: Service, keys: KeyMaker
) -> None:
    leak = keys.leak()
    marked = leak.env().replace(b"\n", b" # leakscan:allow it says so itself\n")
    silent = history.repo.commit(
        {b".leakscan.yaml": ALLOW_ALL, b"new.env": marked}, branch="silent", parents=[history.base]
    )
    later = history.repo.commit({b"more": keys.leak().env()}, branch="silent")
    service.clone.git("fetch", "-q")
    pushed = {**job.push, job.branch: "silent"}
    for variables in (
        job.request,
        {**pushed, job.before: NO_COMMIT},
        {**pushed, job.branch: "main", job.before: history.base},
    ):
        assert service.run(job.script, silent, variables) == FINDINGS
        assert leak.key_id in reported(service.clone.path / job.report)
    assert service.run(job.script, later, {**pushed, job.before: silent}) == FINDINGS
    # And what is not valid is no way to stop it either.
    broken = history.repo.commit(
        {b".leakscan.yaml": b"allow: [", b"new.env": leak.env()},
        branch="broken",
        parents=[history.base],
    )
    service.clone.git("fetch", "-q")
    assert service.run(job.script, broken, job.request) == FINDINGS


@each_job
@pytest.mark.parametrize("file", [b".leakscan.yaml", b".leakscan-baseline"])
def test_what_the_target_accepts_is_accepted(
    file: bytes, job: Job, history: History, service: Service, cli: Cli
) -> None:
    accepted = ALLOW_ALL
    if file == b".leakscan-baseline":
        assert service.run("leakscan baseline create .", history.bad, {}) == CLEAN
        accepted = (service.clone.path / file.decode()).read_bytes()
        (service.clone.path / file.decode()).unlink()
    main = history.repo.commit({file: accepted}, branch="main")
    service.clone.git("fetch", "-q")
    assert service.run(job.script, history.bad, job.request) == CLEAN
    pushed = {**job.push, job.branch: "main", job.before: main}
    assert service.run(job.script, history.bad, pushed) == CLEAN


@each_job
def test_at_night_everything_is_scanned_and_tags_too(
    job: Job, history: History, service: Service, keys: KeyMaker
) -> None:
    leak = keys.leak()
    history.repo.tag("v1", "main", leak.env())
    service.clone.git("fetch", "-q", "--tags")
    assert service.run(job.script, history.main, job.night) == FINDINGS
    report = reported(service.clone.path / job.report)
    assert leak.key_id in report
    assert history.old.key_id in report


@each_job
def test_a_new_branch_that_brings_nothing_passes(
    job: Job, repo: Repo, tmp_path: Path, cli: Cli
) -> None:
    commit = repo.commit({b"README": b"read me\n"})
    service = Service(tmp_path, repo, cli)
    pushed = {**job.push, job.branch: "topic", job.before: NO_COMMIT}
    assert service.run(job.script, commit, pushed) == CLEAN
    reported(service.clone.path / job.report)


# -- the container --------------------------------------------------------------------------------


def test_the_container_runs_leakscan_as_a_user() -> None:
    lines = (TOP / "Containerfile").read_text(encoding="utf-8").splitlines()
    last_stage = lines[max(n for n, line in enumerate(lines) if line.startswith("FROM ")) :]
    user = last_stage.index("USER leakscan")
    assert 'ENTRYPOINT ["leakscan"]' in last_stage[user:]
    assert not [line for line in last_stage[user:] if line.startswith("RUN")]
    assert any("git" in line.split() for line in last_stage[:user])


def test_the_table_of_the_hooks_names_every_file() -> None:
    table = (TOP / "hooks" / "README.md").read_text(encoding="utf-8")
    there = {
        str(path.relative_to(TOP / "hooks"))
        for path in (TOP / "hooks").rglob("*")
        if path.is_file() and path.name != "README.md"
    }
    named = set(re.findall(r"`((?:ci/)?[a-z-]+(?:\.yml)?)`", table.partition("## The hooks")[0]))
    assert named == there
