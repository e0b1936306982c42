"""`leakscan explain` as a user runs it, and the places that a scan of a real repository chooses."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.report.formats import problems
from tests.support.cli import CLEAN, FINDINGS, INCOMPLETE, USAGE, Cli, Json, Run
from tests.support.keys import KeyMaker, Leak
from tests.support.repo import Repo, link


def chosen(cli: Cli, repo: Repo, key_id: str, *options: str | Path) -> list[dict[str, Any]]:
    """Scan, and return the places that were chosen for a key."""
    (finding,) = cli.scan(repo.path, *options).of(key_id)
    places: list[dict[str, Any]] = finding["remediation"]["places"]
    return places


def explained(cli: Cli, *args: str | Path, cwd: Path | None = None) -> tuple[Run, Json]:
    run = cli.run("explain", *args, "--format", "json", "-q", cwd=cwd)
    report: Json = json.loads(run.out)
    assert problems(report, "explained-1") == []
    return run, report


def pair(leak: Leak) -> bytes:
    """Return id and secret as YAML."""
    return f"aws_access_key_id: {leak.key_id}\naws_secret_access_key: {leak.secret}\n".encode()


@pytest.fixture
def chart(repo: Repo, keys: KeyMaker) -> Leak:
    """A key in a file that only its neighbour says anything of."""
    leak = keys.leak()
    repo.commit({b"ops/api/Chart.yaml": b"name: api\n", b"ops/api/prod.yaml": pair(leak)})
    return leak


# -- places of a scan -------------------------------------------------------------------------


def test_path_text_and_neighbours_decide(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    first, second, third = keys.leaks(3)
    repo.commit(
        {
            b"ops/api/Chart.yaml": b"name: api\n",
            b"ops/api/prod.yaml": pair(first),
            b"ops/other.yaml": b"kind: Secret\napiVersion: v1\n" + pair(second),
            b".github/workflows/ci.yml": pair(third),
        }
    )
    for leak, place, path in (
        (first, "kubernetes", "ops/api/prod.yaml"),
        (second, "kubernetes", "ops/other.yaml"),
        (third, "github-actions", ".github/workflows/ci.yml"),
    ):
        found = chosen(cli, repo, leak.key_id)[0]
        assert (found["id"], found["path"]) == (place, path)
        assert found["reasons"]
        assert found["title"]
        assert found["mechanism"]


def test_neighbours_are_those_of_its_own_commit(cli: Cli, repo: Repo, chart: Leak) -> None:
    """When the file is long gone, so is the chart beside it; its commit still has both."""
    repo.commit({b"ops/api/Chart.yaml": None, b"ops/api/prod.yaml": None, b"x": b"x"})
    assert chosen(cli, repo, chart.key_id)[0]["id"] == "kubernetes"


def test_what_stands_at_head_comes_first(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    leak = keys.leak()
    repo.commit({b"main.tf": pair(leak)})
    repo.commit({b"main.tf": None, b".gitlab-ci.yml": pair(leak)})
    ids = [one["id"] for one in chosen(cli, repo, leak.key_id) if one["sure"]]
    assert ids == ["gitlab-ci", "terraform"]


def test_of_many_files_of_one_key_the_later_ones_are_told_by_path(
    cli: Cli, repo: Repo, keys: KeyMaker
) -> None:
    leak = keys.leak()
    repo.commit({f"{number}/main.tf".encode(): pair(leak) for number in range(12)})
    places = chosen(cli, repo, leak.key_id)
    by_path = [one for one in places if "only its path was looked at" in one["reasons"]]
    assert len({one["path"] for one in places}) == 10
    assert len({one["path"] for one in by_path}) == 7


def test_a_text_that_cannot_be_read_leaves_the_path(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    """The trees of the folder are gone; the commit that named them is not."""
    leak = keys.leak()
    repo.commit({b"deploy/main.tf": pair(leak), b"x": b"x"})
    tree = repo.git("rev-parse", "HEAD:deploy").decode().strip()
    repo.loose(tree).unlink()
    scan = cli.scan(repo.path)
    assert not scan.complete
    assert scan.code == FINDINGS
    assert scan.of(leak.key_id)


def test_a_message_has_no_file(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    leak = keys.leak()
    repo.commit({b"x": b"x"}, message=pair(leak))
    (place,) = chosen(cli, repo, leak.key_id)
    assert place["path"] is None
    assert not place["sure"]


def test_a_symlink_and_odd_names_are_places_too(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    first, second = keys.leaks(2)
    target = f"{first.key_id}/aws_secret_access_key={first.secret}".encode()
    repo.commit({b"l/Jenkinsfile": link(target), b"caf\xe9\n/buildspec.yml": pair(second)})
    assert chosen(cli, repo, first.key_id)[0]["id"] == "jenkins"
    found = chosen(cli, repo, second.key_id)[0]
    assert found["id"] == "codebuild"
    assert found["path"] == "caf\\xe9\n/buildspec.yml"


def test_a_range_and_the_index_have_places(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    first, second = keys.leaks(2)
    repo.commit({b"ops/Chart.yaml": b"name: x\n"})
    repo.commit({b"ops/prod.yaml": pair(first)})
    places = chosen(cli, repo, first.key_id, "--range", "HEAD~1..HEAD")
    assert places[0]["id"] == "kubernetes"
    repo.checkout()
    repo.write(b"ops/stage.yaml", pair(second))
    assert chosen(cli, repo, second.key_id, "--staged")[0]["id"] == "kubernetes"


def test_stdin_has_a_place_without_a_path(cli: Cli, tmp_path: Path, keys: KeyMaker) -> None:
    leak = keys.leak()
    run = cli.run("scan", "--stdin", "--format", "json", stdin=pair(leak), cwd=tmp_path)
    (finding,) = json.loads(run.out)["findings"]
    (place,) = finding["remediation"]["places"]
    assert place["path"] is None


def test_a_diff_on_stdin_names_its_files(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    leak = keys.leak()
    repo.commit({b"a/main.tf": pair(leak)})
    diff = repo.git("show", "HEAD")
    run = cli.run("scan", "--stdin", "--format", "json", stdin=diff, cwd=repo.path)
    (finding,) = json.loads(run.out)["findings"]
    place = finding["remediation"]["places"][0]
    assert (place["id"], place["path"]) == ("terraform", "a/main.tf")


def test_no_secret_of_a_path_gets_into_the_places(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    leak = keys.leak()
    repo.commit({f"x/{leak.secret.replace('/', '_')}/main.tf".encode(): pair(leak)})
    run = cli.run("scan", repo.path, "--format", "json")
    assert leak.secret.encode() not in run.out


# -- explain ----------------------------------------------------------------------------------


def test_a_fingerprint_is_explained(cli: Cli, repo: Repo, chart: Leak) -> None:
    (finding,) = cli.scan(repo.path).of(chart.key_id)
    name = finding["fingerprint"]
    run, report = explained(cli, name, "--repository", repo.path)
    assert run.code == CLEAN
    (one,) = report["findings"]
    assert one["reasons"] == finding["reasons"]
    assert one["occurrences"] == finding["occurrences"]
    (file,) = one["considered"]
    assert (file["path"], file["looked_at"]) == ("ops/api/prod.yaml", "text")
    assert file["names"] == 1  # Neither the file itself nor what it is in.
    best, *others = file["places"]
    assert (best["id"], best["chosen"]) == ("kubernetes", True)
    assert {sign["kind"] for sign in best["signs"]} == {"neighbour"}
    assert sum(sign["points"] for sign in best["signs"]) == best["points"]
    assert any(not other["chosen"] or not best["sure"] for other in others)
    places = finding["remediation"]["places"]
    assert [its["id"] for its in file["places"] if its["chosen"]] == [its["id"] for its in places]


def test_text_says_all_of_it_and_no_secret(cli: Cli, repo: Repo, chart: Leak) -> None:
    name = cli.scan(repo.path).of(chart.key_id)[0]["fingerprint"]
    run = cli.run("explain", name, "-q", cwd=repo.path)
    said = " ".join(run.out.decode().split())
    assert run.code == CLEAN
    assert "aws-access-key-id: Long-term access key ID" in said
    assert "+40 Id and secret stand in one block." in said
    assert "ops/api/prod.yaml, by its text, 1 name beside it and above:" in said
    assert "kubernetes: " in said
    assert "the Chart.yaml of a Helm chart stands beside it or above (neighbour)" in said
    assert chart.secret.encode() not in run.out


def test_a_masked_report_is_explained_whole(
    cli: Cli, repo: Repo, keys: KeyMaker, tmp_path: Path
) -> None:
    first, second = keys.leaks(2)
    repo.commit({b"main.tf": pair(first), b".gitlab-ci.yml": pair(second)})
    file = tmp_path / "report.json"
    assert cli.run("scan", repo.path, "--output", file, "-q").code == FINDINGS
    run, report = explained(cli, file, cwd=tmp_path)
    assert run.code == CLEAN
    best = {one["considered"][0]["places"][0]["id"] for one in report["findings"]}
    assert best == {"terraform", "gitlab-ci"}


def test_what_is_not_there_is_said(cli: Cli, repo: Repo, chart: Leak) -> None:
    name = f"lk1.is.{'0' * 32}"
    run, report = explained(cli, name, cwd=repo.path)
    assert run.code == USAGE
    assert (report["findings"], report["not_found"]) == ([], [name])
    text = cli.run("explain", name, "-q", cwd=repo.path)
    assert f"Nothing that was read holds {name}." in text.out.decode()


def test_what_is_not_there_may_be_in_what_could_not_be_read(
    cli: Cli, repo: Repo, chart: Leak
) -> None:
    repo.loose(repo.blob("HEAD", b"ops/api/Chart.yaml")).write_bytes(b"broken")
    run, report = explained(cli, f"lk1.is.{'0' * 32}", cwd=repo.path)
    assert run.code == INCOMPLETE
    assert report["complete"] is False


@pytest.mark.parametrize("target", ["no-such-file", "."])
def test_what_is_neither_is_refused_unrepeated(cli: Cli, repo: Repo, target: str) -> None:
    run = cli.run("explain", target, cwd=repo.path)
    assert run.code == USAGE
    assert "no-such-file" not in run.message


def test_names_that_steer_a_terminal_are_shown_harmless(
    cli: Cli, repo: Repo, keys: KeyMaker
) -> None:
    leak = keys.leak()
    repo.commit({b"\x1b[31mred/\xe2\x80\xaemain.tf": pair(leak)})
    name = cli.scan(repo.path).of(leak.key_id)[0]["fingerprint"]
    run = cli.run("explain", name, "-q", cwd=repo.path)
    assert run.code == CLEAN
    assert b"\x1b" not in run.out
    assert "\u202e" not in run.out.decode()


def test_not_all_that_was_asked_for_is_no_success(
    cli: Cli, repo: Repo, chart: Leak, tmp_path: Path
) -> None:
    lost = f"lk1.is.{'0' * 32}"
    file = tmp_path / "report.json"
    cli.run("scan", repo.path, "--output", file, "-q")
    doc = json.loads(file.read_bytes())
    doc["findings"].append({**doc["findings"][0], "fingerprint": lost})
    file.write_text(json.dumps(doc), encoding="utf-8")
    run, report = explained(cli, file, cwd=tmp_path)
    assert run.code == USAGE
    assert report["not_found"] == [lost]
    assert len(report["findings"]) == 1
    repo.loose(repo.blob("HEAD", b"ops/api/Chart.yaml")).write_bytes(b"broken")
    run, report = explained(cli, file, cwd=tmp_path)
    assert run.code == INCOMPLETE


@pytest.mark.parametrize(("complete", "code"), [(True, CLEAN), (False, INCOMPLETE)])
def test_a_report_without_findings_is_said_to_have_none(
    cli: Cli, repo: Repo, tmp_path: Path, complete: bool, code: int
) -> None:
    repo.commit({b"README": b"nothing\n"})
    file = tmp_path / "report.json"
    cli.run("scan", repo.path, "--output", file, "-q")
    doc = json.loads(file.read_bytes())
    doc["complete"] = complete
    file.write_text(json.dumps(doc), encoding="utf-8")
    run = cli.run("explain", file)
    assert run.code == code
    assert "nothing to explain" in run.out.decode()
    assert ("INCOMPLETE" in run.out.decode()) is not complete
