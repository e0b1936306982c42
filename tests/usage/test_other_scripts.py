"""Scripts in Jenkinsfiles, templates and manifests, and notebooks."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.permissions import Call, Unclear
from leakscan.usage.collect import usage
from leakscan.usage.file_readers import FILE_READERS
from leakscan.usage.notebooks import NotebookReader
from leakscan.usage.pipelines import jenkins, templates
from tests.usage.told import line_of, told

_RM = ["s3:DeleteObject Bucket=b Key=k"]

_JENKINS = {
    "one line": ("node { sh 'aws s3 rm s3://b/k' }", _RM),
    "a step with names": ("sh(script: 'aws s3 rm s3://b/k', returnStdout: true)", _RM),
    "several lines": ('sh """\n  cd x\n  aws s3 rm s3://b/k\n"""', _RM),
    "a name of Groovy": (
        "def bucket = 'b'\nsh \"aws s3 rm s3://${bucket}/${env.KEY}\"",
        ["s3:DeleteObject Bucket=b Key=<KEY>"],
    ),
    "a name of the shell": (
        "sh 'aws s3 rm s3://$BUCKET/k'\nsh \"aws s3 rm s3://\\$BUCKET/k\"",
        ["s3:DeleteObject Bucket=<BUCKET> Key=k"] * 2,
    ),
    "the environment": (
        "environment {\n  BUCKET = 'b'\n}\nsteps { sh 'aws s3 rm s3://$BUCKET/k' }",
        _RM,
    ),
    "a step of a plugin": ("s3Upload(bucket: 'b', file: 'x')", ["? s3Upload"]),
    "a log-in": ("ecrLogin()", ["ecr:GetAuthorizationToken"]),
    "another role": ("withAWS(role: 'deploy') { }", ["? withAWS(role)"]),
    "a text that is not read": ("def run = 'aws s3 rm s3://b/k'\nsh run", ["? aws"]),
    "the SDK": ("import com.amazonaws.services.s3.A", ["? import com.amazonaws.services.s3.A"]),
    "none of it": ("sh 'echo aws'\nsh 'make", []),
}  # fmt: skip


@pytest.mark.parametrize("name", _JENKINS)
def test_what_jenkins_runs(name: str) -> None:
    text, expected = _JENKINS[name]
    assert told(jenkins.calls, "Jenkinsfile", text) == expected


def test_lines_and_regions_of_jenkins() -> None:
    text = "withAWS(region: 'eu-west-1') {\n  sh '''\n  cd x\n  aws sqs list-queues\n'''\n}"
    (found,) = jenkins.calls("ci/Jenkinsfile", text.encode())
    assert isinstance(found, Call)
    assert (found.spot.line, found.region) == (4, "eu-west-1")


_TEMPLATES = {
    "user data": (
        ("a: AWS::EC2::Instance\nUserData:\n  Fn::Base64: !Sub |\n    #!/bin/bash\n"
        "    aws s3 rm s3://${Bucket}/${AWS::Region}\n"),
        ["s3:DeleteObject Bucket=<BUCKET> Key=<REGION>"],
    ),
    "cloud-init": (
        "#cloud-config\nruncmd:\n  - aws s3 rm s3://b/k\n  - [aws, s3, rm, 's3://b/k']\n",
        _RM * 2,
    ),
    "a container": (
        ("containers:\n  - command: [sh, -c]\n    args: ['aws s3 rm s3://b/k']\n"
        "  - command: [aws]\n    args: [s3, rm, 's3://b/k']\n"),
        _RM * 2,
    ),
    "a script in a map": ("data:\n  run.sh: |\n    #!/bin/sh\n    aws s3 rm s3://b/k\n", _RM),
    "a task that is not read": ("- name: x\n  shell: aws s3 rm s3://b/k\n", ["? aws"]),
    "no YAML": ("a: {{ x }\n  aws s3 rm s3://b/k\n\t- x", ["? aws"]),
}  # fmt: skip


@pytest.mark.parametrize("name", _TEMPLATES)
def test_what_templates_run(name: str) -> None:
    text, expected = _TEMPLATES[name]
    assert templates.is_template("deploy/a.yaml", text.encode())
    assert told(templates.calls, "deploy/a.yaml", text) == expected


def test_other_files_of_yaml_are_no_templates() -> None:
    assert not templates.is_template("a.yaml", b"law: aws is fine")
    assert not templates.is_template(".gitlab-ci.yml", b"script: aws s3 ls")
    assert not templates.is_template("package-lock.json", b'"aws s3 ls"')


def _notebook(
    *cells: tuple[str, list[str]], language: str = "python", indent: int | None = 1
) -> bytes:
    value = {
        "cells": [{"cell_type": kind, "source": source} for kind, source in cells],
        "metadata": {"language_info": {"name": language}},
        "nbformat": 4,
    }
    return json.dumps(value, indent=indent).encode()


def _read(data: bytes) -> list[Call | Unclear]:
    return list(NotebookReader().read([("a.ipynb", data)]))


_CLIENT = ("code", ["%matplotlib inline\n", "import boto3\n", "s3 = boto3.client('s3')"])
_DELETE = ("code", ["# é\n", "s3.delete_object(Bucket='b', Key='k')"])


def test_the_cells_of_a_notebook_are_one_module() -> None:
    data = _notebook(("markdown", ["# boto3\n"]), _CLIENT, _DELETE)
    (found,) = _read(data)
    assert line_of(found) == _RM[0]
    assert b"delete_object" in data.split(b"\n")[found.spot.line - 1]


def test_a_notebook_on_one_line_is_read() -> None:
    assert [line_of(one) for one in _read(_notebook(_CLIENT, _DELETE, indent=None))] == _RM


def test_commands_in_a_notebook_are_read() -> None:
    cells = ("code", ["for n in x:\n", "    !aws s3 rm s3://b/{key}\n"])
    shell = ("code", ["%%bash\n", "aws s3 rm s3://b/k\n"])
    data = _notebook(cells, shell)
    found = _read(data)
    assert [line_of(one) for one in found] == ["s3:DeleteObject Bucket=b Key=<KEY>", *_RM]
    assert all(b"s3 rm" in data.split(b"\n")[one.spot.line - 1] for one in found)


def test_a_notebook_of_another_language_is_unclear() -> None:
    (found,) = _read(_notebook(("code", ["s3 <- paws::s3()"]), language="R"))
    assert isinstance(found, Unclear)


@pytest.mark.parametrize(
    "data",
    [b"boto3", b"[1, 's3']", b'{"cells": 3, "x": "aws"}', b'["aws"]', b"aws" + b"[" * 100_000],
)
def test_what_is_no_notebook_is_unclear(data: bytes) -> None:
    (found,) = _read(data)
    assert isinstance(found, Unclear)


def test_each_file_goes_to_its_reader() -> None:
    files = [
        ("Jenkinsfile", b"sh 'aws s3 rm s3://b/k'"),
        ("k8s/job.yaml", b"command: [aws, s3, rm, 's3://b/k']"),
        ("a.ipynb", _notebook(_CLIENT, _DELETE)),
        ("package.json", b'{"scripts": {"x": "aws s3 rm s3://b/k"}}'),
    ]
    found = usage(files, FILE_READERS)
    assert [line_of(one) for one in found.calls] == _RM * 4
    assert found.left_out == {}


_PIECES = "sh '''  \"\"\" ' \" \\ ${ } aws s3 rm s3://b script : ( ) \n withAWS region #! [ ] - {"


_LONG = [
    "aws sh '''" + "\\'" * 50_000,
    "aws s3 ls\n" * 5_000,
    "aws " + " " * 100_000 + "--a b " * 5_000,
    "sh '''aws s3 ls'''\n" * 2_000,
]


@pytest.mark.parametrize("text", _LONG)
def test_long_files_end(text: str) -> None:
    for reader in (jenkins.calls, templates.calls):
        list(reader("vars/a.groovy", text.encode()))


@given(st.lists(st.sampled_from(_PIECES.split(" ")), max_size=60).map(" ".join))
def test_any_text_is_read(text: str) -> None:
    for reader in (jenkins.calls, templates.calls):
        list(reader("Jenkinsfile", b"aws " + text.encode()))
    _read(_notebook(("code", ["import boto3\n", text])))
