"""What is more than is looked at shows: an open name in a call, or a line not understood."""

import json
from collections.abc import Iterable

from leakscan.permissions import Call, Hole, Unclear
from leakscan.usage.collect import usage
from leakscan.usage.file_readers import FILE_READERS
from leakscan.usage.python.reader import PythonReader


def read(path: str, source: str) -> tuple[list[Call], list[Unclear]]:
    made = usage([(path, source.encode())], [PythonReader(), *FILE_READERS])
    return list(made.calls), list(made.unclear)


def is_open(texts: Iterable[tuple[object, ...]]) -> bool:
    return any(isinstance(part, Hole) for text in texts for part in text)


def python_of(names: int) -> str:
    lines = ["import boto3", "name = 'b0'"]
    lines += [f"if c({number}): name = 'b{number}'" for number in range(1, names)]
    return "\n".join([*lines, "boto3.client('s3').delete_bucket(Bucket=f'x-{name}', A=1)", ""])


def test_more_values_than_are_put_together_leave_the_name_open_in_python() -> None:
    (few,), _ = read("a.py", python_of(2))
    assert len(few.arguments["Bucket"]) == 2
    assert not is_open(few.arguments["Bucket"])
    (many,), _ = read("a.py", python_of(9))
    assert is_open(many.arguments["Bucket"])


def test_more_values_than_are_kept_leave_the_name_open_in_javascript() -> None:
    def source(names: int) -> str:
        choice = "".join(f"x == {number} ? 'b{number}' : (" for number in range(names))
        return (
            'import { S3Client, DeleteBucketCommand } from "@aws-sdk/client-s3";\n'
            "new S3Client({}).send(new DeleteBucketCommand({Bucket: "
            f"{choice}'z'{')' * names}}}));\n"
        )

    (few,), _ = read("a.js", source(3))
    assert not is_open(few.arguments["Bucket"])
    (many,), _ = read("a.js", source(30))
    assert is_open(many.arguments["Bucket"])


def test_scripts_of_npm_that_are_too_many_or_too_long_are_told() -> None:
    for scripts in (
        {f"s{number}": "aws sqs list-queues" for number in range(201)},
        {"long": "aws sqs list-queues " + ";" * 5000},
    ):
        _, unclear = read("package.json", json.dumps({"scripts": scripts}))
        assert any("more, or longer" in one.why for one in unclear)
    _, unclear = read("package.json", json.dumps({"scripts": {"a": "aws sqs list-queues"}}))
    assert unclear == []


def test_a_notebook_of_too_many_cells_is_told() -> None:
    cells = [{"cell_type": "code", "source": "import boto3"}] * 5001
    language = {"language_info": {"name": "python"}}
    calls, unclear = read("a.ipynb", json.dumps({"cells": cells, "metadata": language}))
    assert calls == []
    assert len(unclear) == 1


def test_steps_of_jenkins_that_are_too_many_are_told() -> None:
    _, unclear = read("Jenkinsfile", "sh 'aws sqs list-queues'\n" * 1001)
    assert any("1000 steps" in one.why for one in unclear)
    _, unclear = read("Jenkinsfile", "sh 'aws sqs list-queues'\n" * 3)
    assert unclear == []


def test_scripts_in_scripts_that_are_too_deep_are_told() -> None:
    script = "aws sqs list-queues"
    for _ in range(6):
        script = "bash -c " + json.dumps(script)
    _, unclear = read("a.sh", script + "\n")
    assert unclear
