"""What `leakscan remedy --role` says where it cannot know: never a success that is none."""

import os
from pathlib import Path

import pytest

from tests.e2e.test_role import document, granted
from tests.support.cli import CLEAN, INCOMPLETE, USAGE, Cli, Run
from tests.support.damage import rewrite
from tests.support.repo import Repo, gitlink

FORMATS = ("text", "json", "terraform", "cloudformation", "cli")
CODE = b"import boto3\nboto3.client('s3').put_object(Bucket='b', Key='k')\n"
PLAIN = b"print('nothing of AWS')\n"


def role(cli: Cli, repo: Repo, *words: str | Path, place: str = "ecs-task") -> Run:
    return cli.run("remedy", place, "--role", "--repository", repo.path, *words)


def said(run: Run) -> str:
    """Return what a run wrote, without line breaks and marks of comments."""
    return " ".join(run.out.decode().replace("\n#", "\n").split())


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("harm", ["missing", "damaged"])
@pytest.mark.parametrize("what", ["HEAD:app.py", "HEAD^{tree}", "HEAD"])
def test_what_cannot_be_read_is_said_in_every_format(
    cli: Cli, repo: Repo, what: str, harm: str, form: str
) -> None:
    repo.commit({b"app.py": CODE})
    loose = repo.loose(repo.id(what))
    if harm == "missing":
        loose.unlink()
    else:
        rewrite(loose, b"nonsense")
    run = role(cli, repo, "--format", form)
    assert run.code == INCOMPLETE
    assert "NOT READ, though it may be code: 1 " in said(run)
    assert "NOTHING WAS INFERRED" in said(run)
    assert "INCOMPLETE" in run.message


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("place", "name", "data", "tool"),
    [
        ("terraform", b"main.tf", b'resource "aws_s3_bucket" "b" {}\n', "Terraform"),
        ("cdk", b"cdk.json", b'{"app": "npx ts-node x.ts"}\n', "CDK"),
        ("lambda-function", b"serverless.yml", b"service: x\n", "Serverless Framework"),
        ("cloudformation", b"a.yaml", b"Resources:\n  B:\n    Type: AWS::S3::Bucket\n",
         "CloudFormation"),
        ("cloudformation", b"t.yml", b"Transform: AWS::Serverless-2016-10-31\n", "SAM"),
    ],
)  # fmt: skip
def test_what_tools_create_needs_its_own_permissions(
    cli: Cli, repo: Repo, place: str, name: bytes, data: bytes, tool: str, form: str
) -> None:
    repo.commit({name: data})
    run = role(cli, repo, "--format", form, place=place)
    assert run.code == INCOMPLETE
    assert "NOTHING WAS INFERRED" in said(run)
    assert f"Files that say what to create were seen (1 {tool})" in said(run)
    assert "--events" in said(run)


def test_the_role_of_an_application_is_not_that_of_its_terraform(cli: Cli, repo: Repo) -> None:
    repo.commit({b"app.py": CODE, b"main.tf": b"resource"})
    assert role(cli, repo).code == CLEAN
    assert role(cli, repo, place="terraform").code == INCOMPLETE


@pytest.mark.parametrize(
    ("files", "code", "words"),
    [
        ({b"app.py": PLAIN}, CLEAN, "what was read (1 file of Python)"),
        ({b"README.md": b"# x\n"}, INCOMPLETE, "what was read (no file)"),
        ({b"app.py": PLAIN, b"A.java": b"class A {}\n"}, INCOMPLETE, "for the language: 1 Java"),
        ({b"app.py": PLAIN, b"dist/a.js": b"let a = 1\n"}, INCOMPLETE, "(dist: 1)"),
        ({b"app.py": PLAIN, b"big.py": b"#" * (2 << 20)}, INCOMPLETE, "code: 1 too large"),
        ({b"app.py": PLAIN, b"big.png": b"\0" * (2 << 20)}, CLEAN, "NOTHING WAS INFERRED"),
    ],
)
def test_an_empty_policy_is_an_answer_only_if_all_was_read(
    cli: Cli, repo: Repo, files: dict[bytes, bytes], code: int, words: str
) -> None:
    repo.commit(files)
    run = role(cli, repo)
    assert run.code == code
    assert "NOTHING WAS INFERRED" in said(run)
    assert words in said(run)
    doc = document(role(cli, repo, "--format", "json"))
    assert doc["complete"] == (code == CLEAN)


def test_an_empty_policy_is_no_file_of_a_policy(cli: Cli, repo: Repo) -> None:
    repo.commit({b"app.py": PLAIN})
    run = role(cli, repo, "--format", "policy")
    assert (run.code, run.out) == (INCOMPLETE, b"")
    assert "NOTHING WAS INFERRED" in run.message


def test_code_that_looks_like_tests_or_like_others_is_named(cli: Cli, repo: Repo) -> None:
    names = (
        "dist/a.py", "packages/api/dist/b.py", "vendor/c.py", "lib/botocore/d.py",
        "services/test/e.py", "e2e/f.py", "e2e/deep/g.py", "test_h.py", "dist/i.png",
    )  # fmt: skip
    repo.commit({b"app.py": CODE, **{name.encode(): CODE for name in names}})
    text = said(role(cli, repo))
    assert "4 files of tests (e2e: 2, .: 1, services/test: 1); --include-tests" in text
    others = "3 files of code that others wrote, as the folders are called"
    assert f"{others} (dist: 1, packages/api/dist: 1, vendor: 1). If it is yours, --code" in text


@pytest.mark.parametrize("folder", ["dist", "services/test", "a/vendor/own"])
def test_a_folder_that_is_asked_for_is_read_whatever_it_is_called(
    cli: Cli, repo: Repo, folder: str
) -> None:
    repo.commit({b"app.py": PLAIN, f"{folder}/x/a.py".encode(): CODE})
    run = role(cli, repo, "--code", folder, "--format", "json")
    assert run.code == CLEAN
    assert set(granted(document(run))) == {"s3:PutObject"}


# -- folders ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("", "is empty"),
        ("nosuch", "no such folder"),
        ("src/nosuch", "no such folder"),
        ("../x", "outside"),
        ("/etc", "outside"),
        ("src/app.py", "is a file"),
        ("src/app.py/x", "no such folder"),
        ("sub", "is a submodule"),
    ],
)
def test_a_folder_that_is_not_there_is_refused(
    cli: Cli, repo: Repo, folder: str, words: str
) -> None:
    repo.commit({b"src/app.py": CODE, b"sub": gitlink("1" * 40)})
    run = role(cli, repo, "--code", "src", "--code", folder)
    assert (run.code, run.out) == (USAGE, b"")
    assert words in run.message
    assert len(run.message.splitlines()) == 1


def test_a_folder_may_be_said_in_several_ways(cli: Cli, repo: Repo) -> None:
    repo.commit({b"src/mail/app.py": CODE, b"src/b.py": CODE, b"c.py": CODE})
    repo.checkout()

    def files(folder: str | Path, cwd: Path | None = None) -> int:
        run = cli.run(
            *("remedy", "ecs-task", "--role", "--format", "json", "--code", folder),
            *("--repository", repo.path),
            cwd=cwd,
        )
        assert run.code == CLEAN, run.message
        number: int = document(run)["files"]["Python"]
        return number

    below = repo.path / "src"
    assert files("src") == files("src/") == files("./src//") == files("src/mail/..") == 2
    assert files(repo.path / "src" / "mail") == 1
    assert files("mail", cwd=below) == files("src/mail", cwd=below) == 1
    assert files(".", cwd=below) == files("..", cwd=below / "mail") == 2
    assert files(".", cwd=repo.path) == 3
    assert files(os.path.relpath(below, cli.home)) == 2


# -- places -------------------------------------------------------------------------------


def test_no_place_is_not_a_place_without_a_role(cli: Cli, repo: Repo) -> None:
    repo.commit({b"app.py": CODE})
    run = cli.run("remedy", "--role", "--repository", repo.path)
    assert "None, for no place was named" in said(run)
    assert "There is no role to create" not in said(run)
    run = role(cli, repo, place="developer-laptop")
    assert "There is no role to create at this place" in said(run)


def test_what_to_decide_stands_before_what_to_copy(cli: Cli, repo: Repo) -> None:
    repo.commit({b"app.py": CODE})
    run = role(cli, repo)
    lines = run.out.decode().splitlines()
    titles = ("What a human must decide", "Trust policy", "Permissions", "Which line asks for what")
    places = [lines.index(title) for title in titles]
    assert places == sorted(places)
    assert "1 action in 1 statement, asked for by 1 line" in said(run)


@pytest.mark.parametrize("form", FORMATS)
def test_names_that_hold_secrets_of_others_are_masked(cli: Cli, repo: Repo, form: str) -> None:
    token = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT" + "1vW4yZ7bC0fJ"
    password = "Hunter" + "Two33"
    keys = (f"t/{token}", f"password={password}", f"https://joe:{password}@host/x")
    lines = "".join(f"s3.put_object(Bucket='b', Key='{key}')\n" for key in keys)
    repo.commit({b"a.py": f"import boto3\ns3 = boto3.client('s3')\n{lines}".encode()})
    run = role(cli, repo, "--format", form)
    text = run.out.decode().replace("\n", "").replace(" ", "")
    assert "s3:PutObject" in text
    assert token not in text
    assert password not in text
