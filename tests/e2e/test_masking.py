"""A secret stands in no output, message, argument or file, whatever string it hid in."""

import base64
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.cli import FINDINGS, Cli, program
from tests.support.damage import flip, noise, truncate
from tests.support.keys import KeyMaker, Leak
from tests.support.repo import Person, Repo, link
from tests.support.spy import leaked, leaked_in_files, watch
from tests.support.traps import git_shim

FORMATS = ("text", "json", "jsonl", "sarif")
PLAIN = b"nothing to see\n"


@dataclass(frozen=True, slots=True)
class Planted:
    """A repository with secrets in every kind of string, and those secrets."""

    repo: Repo
    leaks: tuple[Leak, ...]


def name_leak(keys: KeyMaker) -> Leak:
    """Return a leak that may stand in the name of a file or of a ref."""
    while True:
        leak = keys.leak()
        if not set("/+") & set(leak.secret):
            return leak


def as_name(leak: Leak) -> str:
    return f"aws_access_key_id={leak.key_id},aws_secret_access_key={leak.secret}"


def plant(folder: Path, keys: KeyMaker) -> Planted:
    """Hide one secret in each kind of string, and some of them in each other's places."""
    content, message, person, tag, link_target, index = (keys.leak(slash=True) for _ in range(6))
    token, url, json = keys.leak(token=True), keys.leak(slash=True), keys.leak(slash=True)
    path, ref, title = (name_leak(keys) for _ in range(3))
    repo = Repo.init(folder / title.secret)
    files = {
        b"service.env": content.env() + b"\n" * 20 + token.env(),
        b"a.json": json.json(),
        f"dir/{as_name(path)}/x.env".encode(): PLAIN + path.env(),
        b"wide.env": content.env().decode().encode("utf-16-le"),
        b"current": link(link_target.one_line()),
        b"title.env": title.env(),
        b"url.txt": f"s3://{url.key_id}:{quote(url.secret, safe='')}@bucket/x\n".encode(),
    }
    who = Person(person.one_line(), person.secret.encode() + b"@example.com")
    first = repo.commit(files, message=message.env(), author=who)
    repo.commit({b"service.env": None}, message=b"remove " + content.one_line(), committer=who)
    repo.tag("v1", first, message=tag.env())
    repo.ref(f"refs/heads/{as_name(ref)}", first)
    repo.git("config", "remote.origin.url", f"s3://{url.key_id}:{quote(url.secret, safe='')}@b/x")
    repo.git("update-ref", "--create-reflog", "-m", message.one_line(), "refs/heads/log", first)
    repo.checkout()
    repo.write(b"staged.env", index.env())
    repo.write_object("blob", b"dangling " + content.one_line())
    everything = (content, message, person, tag, link_target, index, token, url, json)
    return Planted(repo, (*everything, path, ref, title))


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return plant(tmp_path_factory.mktemp("planted"), KeyMaker("masking"))


def check(cli: Cli, planted: Planted, *outputs: bytes) -> None:
    for output in outputs:
        assert leaked(output, planted.leaks) == []
    assert leaked_in_files((cli.home, cli.tmp), planted.leaks) == []


def test_the_search_sees_what_it_should(planted: Planted, tmp_path: Path) -> None:
    leak = planted.leaks[0]
    secret = leak.secret
    for shown in (
        secret.encode(),
        b"..." + secret[5:20].encode() + b"...",
        secret[:20].encode() + b"\n    " + secret[20:].encode(),
        "│".join((secret[:20], secret[20:])).encode(),
        base64.b64encode(b"x: " + secret.encode()),
        base64.b64encode(b"xy: " + secret.encode()),
        base64.b64encode(b"xyz: " + secret.encode()),
        quote(secret, safe="").encode(),
        secret.encode().hex().encode(),
        secret.encode("utf-16-be"),
    ):
        assert leaked(shown, [leak]), shown
    (tmp_path / "x").write_text(secret)
    assert leaked_in_files([tmp_path], [leak])


@pytest.mark.parametrize("name", FORMATS)
def test_output(planted: Planted, own_cli: Cli, name: str) -> None:
    run = own_cli.run("scan", planted.repo.path, "--format", name)
    assert run.code == FINDINGS
    check(own_cli, planted, run.out, run.err)
    for leak in planted.leaks:
        assert leak.key_id.encode() in run.out


def test_every_secret_is_found_as_one(planted: Planted, cli: Cli) -> None:
    """Else the tests of this module would pass because nothing was found."""
    scan = cli.scan(planted.repo.path, "--reveal")
    found = {one["secret"]["value"] for one in scan.findings if one["secret"]}
    assert {leak.secret for leak in planted.leaks} <= found
    tokens = {one["session_token"]["value"] for one in scan.findings if one["session_token"]}
    assert {leak.token for leak in planted.leaks if leak.token} <= tokens


@pytest.mark.parametrize("name", ["json", "text"])
def test_revealing_shows_values_in_the_report_alone(
    planted: Planted, own_cli: Cli, name: str
) -> None:
    run = own_cli.run("scan", planted.repo.path, "--format", name, "--reveal")
    assert leaked(run.out, planted.leaks)
    check(own_cli, planted, run.err)


def test_output_file(planted: Planted, own_cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    files = [folder / f"x.{suffix}" for suffix in ("txt", "json", "jsonl", "sarif")]
    options = [word for file in files for word in ("--output", file)]
    run = own_cli.run("scan", planted.repo.path, *options)
    assert run.code == FINDINGS
    assert all(file.stat().st_size for file in files)
    check(own_cli, planted, run.out, run.err)
    assert leaked_in_files([folder], planted.leaks) == []


def test_quiet_narrow_and_coloured(planted: Planted, own_cli: Cli) -> None:
    env = {"COLUMNS": "40", "FORCE_COLOR": "1", "TERM": "xterm-256color", "CLICOLOR_FORCE": "1"}
    run = own_cli.run("scan", planted.repo.path, "--quiet", env=env)
    check(own_cli, planted, run.out, run.err)


def test_damaged_objects(own_cli: Cli, tmp_path: Path) -> None:
    planted = plant(tmp_path, KeyMaker("damaged"))
    repo = planted.repo
    victims = sorted(one for one in repo.objects() if repo.loose(one).exists())
    for number, victim in enumerate(victims[::3]):
        (flip if number % 2 else truncate)(repo.loose(victim))
    (repo.git_dir / "refs/heads" / planted.leaks[-1].secret).write_text("1234567890" * 4 + "\n")
    for name in FORMATS:
        run = own_cli.run("scan", repo.path, "--format", name)
        check(own_cli, planted, run.out, run.err)


def test_files_while_it_runs(planted: Planted, own_cli: Cli) -> None:
    command = [*program(), "scan", str(planted.repo.path), "--format", "json"]
    with subprocess.Popen(
        command,
        env=own_cli.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        seen = watch(process, (own_cli.home, own_cli.tmp))
    for data in seen.values():
        assert leaked(data, planted.leaks) == []
    check(own_cli, planted)


def test_files_of_a_killed_run(own_cli: Cli, tmp_path: Path) -> None:
    """Kill it as soon as it starts to read, by way of the git it starts."""
    planted = plant(tmp_path, KeyMaker("killed"))
    planted.repo.commit({b"%d" % n: noise(20_000, n) for n in range(60)})
    shim = tmp_path / "shim"
    shim.mkdir()
    env = git_shim(shim / "bin", shim / "log")
    said = tmp_path / "said"
    with (
        said.open("wb") as file,
        subprocess.Popen(
            [*program(), "scan", str(planted.repo.path)],
            env=own_cli.environment(env),
            stdout=file,
            stderr=file,
        ) as process,
    ):
        while process.poll() is None and "cat-file" not in _read(shim / "log"):
            pass
        process.kill()
    assert "cat-file" in _read(shim / "log")
    check(own_cli, planted, said.read_bytes())


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def test_arguments_and_environment_of_git(planted: Planted, own_cli: Cli, tmp_path: Path) -> None:
    """The path of the repository is the caller's own word; all else must not show in `ps`."""
    log = tmp_path / "log"
    run = own_cli.run("scan", planted.repo.path, env=git_shim(tmp_path / "shim", log))
    assert run.code == FINDINGS
    said = log.read_bytes().replace(str(planted.repo.path).encode(), b"PATH")
    assert b"cat-file" in said
    check(own_cli, planted, said)


@pytest.mark.parametrize(
    "arguments",
    [
        ("scan", "/nonexistent/{}"),
        ("scan", "/nonexistent", "--format", "{}"),
        ("scan", "--output", "/nonexistent/{}/x.json"),
        ("scan", "--output", "/nonexistent/x.{}"),
        ("scan", "--rules", "/nonexistent/{}"),
        ("scan", "--{}"),
        ("{}",),
    ],
    ids=["path", "format", "folder", "suffix", "rules", "option", "command"],
)
def test_message_of_wrong_use(own_cli: Cli, keys: KeyMaker, arguments: tuple[str, ...]) -> None:
    leak = name_leak(keys)
    run = own_cli.run(*(word.format(leak.secret) for word in arguments))
    assert run.code == 2
    assert run.message
    assert leaked(run.out + run.err, [leak]) == []


def test_secret_of_a_bad_rule_file(own_cli: Cli, keys: KeyMaker, tmp_path: Path) -> None:
    leak = name_leak(keys)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/x.yaml").write_text(f"rules:\n  - id: {leak.secret}\n    {leak.secret}: 1\n")
    run = own_cli.run("scan", "--rules", tmp_path / "rules")
    assert run.code == 4
    assert leaked(run.out + run.err, [leak]) == []


def test_lone_secret_of_low_confidence_is_masked_too(
    repo: Repo, own_cli: Cli, keys: KeyMaker
) -> None:
    leak = keys.leak(slash=True)
    text = b"see " + leak.secret.encode() + b"\n# " + leak.key_id.encode() + b"\n"
    repo.commit({b"notes": text, name_path(leak): PLAIN}, message=text)
    for name in FORMATS:
        run = own_cli.run("scan", repo.path, "--format", name, "--confidence", "low", "--deep")
        assert leaked(run.out + run.err, [leak]) == []


def name_path(leak: Leak) -> bytes:
    return leak.secret.replace("/", "_").encode()
