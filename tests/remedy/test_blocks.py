"""Every block of the remediation texts is of the language that it says, where that can be tried."""

import ast
import configparser
import json
from collections.abc import Callable
from typing import Final

import hcl2
import pytest

from leakscan.remediation import Entry
from tests.support.policies import load_documents
from tests.support.texts import SHIPPED, blocks, filled


def _ini(text: str) -> None:
    """Read it as boto and systemd do, and a file of variables too."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text if text.startswith(("[", "#", ";")) else f"[none]\n{text}")


READ: Final[dict[str, Callable[[str], object]]] = {
    "hcl": lambda text: hcl2.loads(text + "\n"),
    "ini": _ini,
    "json": json.loads,
    "python": ast.parse,
    "yaml": load_documents,
}


@pytest.mark.parametrize("entry", SHIPPED.entries.values(), ids=SHIPPED.entries)
def test_blocks_are_of_their_language(entry: Entry) -> None:
    for block in blocks(entry):
        assert all(line == line.rstrip() for line in block.text.splitlines())
        if block.language in READ:
            READ[block.language](filled(block.text))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("hcl", 'resource "a" {'),
        ("ini", "a"),
        ("json", "{'a': 1}"),
        ("python", "a = ("),
        ("yaml", "a: [b"),
    ],
)
def test_what_is_of_no_language_is_told(language: str, text: str) -> None:
    with pytest.raises(Exception, match=r"."):
        READ[language](text)
