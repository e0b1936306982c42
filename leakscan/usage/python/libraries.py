"""Libraries that call AWS themselves, as far as it is certain what they call.

Part of the usage stage. In: a call, a module. Out: as Unclear, that something of AWS is read or
written: what each version of a library calls for it is not known.
"""

import ast
from collections.abc import Iterator
from typing import Final

from leakscan.permissions import Call, Spot, Unclear
from leakscan.usage.python import texts
from leakscan.usage.python import values as v
from leakscan.usage.python.eval import Evaluation
from leakscan.usage.python.mentions import Mentions
from leakscan.usage.python.packages import of_setting, package_of, why_of
from leakscan.usage.python.powertools import of_powertools
from leakscan.usage.python.program import Program
from leakscan.usage.python.scopes import Module
from leakscan.usage.syntax import spot as shown

_ADDRESS: Final = ("s3://", "s3a://", "s3n://")
_EACH: Final = frozenset({"awswrangler.", "airflow.providers.amazon.", "sagemaker."})
"""Packages for much of AWS, of which each call says something else."""
_WRITES: Final = ("to_", "write", "save", "put", "upload", "dump")
_PLAIN: Final = frozenset(
    {"startswith", "removeprefix", "replace", "split", "format", "match", "print"}
)


class Libraries:
    """What the libraries do that a program uses."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._told: set[tuple[str, str]] = set()
        """Files with what was said of packages there: once is enough."""

    def of_call(self, call: ast.Call, here: Evaluation, spot: Spot) -> Iterator[Call | Unclear]:
        """Yield what a library does with AWS in this call."""
        for callee in here.of(call.func):
            name = callee.name if isinstance(callee, v.External) else ""
            entry = package_of(name) if "." in name else ""
            why = why_of(entry) if entry else _by_arguments(name, call, here)
            if not why:
                continue
            is_new = (here.path, why) not in self._told or entry in _EACH
            self._told.add((here.path, why))
            found = list(of_powertools(name, call, here, spot))
            yield from found
            if not found and is_new:
                yield Unclear(spot, why)
            return
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        name = call.func.id if isinstance(call.func, ast.Name) else name
        if not name or name in _PLAIN:
            return
        if any(_is_address(node, here) for node in call.args[:2]):
            done = "written to" if name.startswith(_WRITES) else "read from or written to"
            yield Unclear(spot, f"an address of S3 is {done}, perhaps, by a library")

    def of_module(self, module: Module, said: Mentions) -> Iterator[Unclear]:
        """Yield what a module imports and uses without a call of its own, and what it sets."""
        told = {why for path, why in self._told if path == module.path}
        for one in said.imports:
            entry = package_of(one.name)
            if not entry or one.bound not in said.used or self._is_own(one.name, module):
                continue
            why = why_of(entry)
            if why not in told:
                told.add(why)
                yield Unclear(shown(module.path, one.line, f"import {one.name}"), why)
        for text in said.settings:
            name, why = of_setting(text.text)
            if why and name not in told:
                told.add(name)
                yield Unclear(shown(module.path, text.line, name), why)

    def _is_own(self, name: str, module: Module) -> bool:
        """Say whether a module of the repository has this name."""
        root = self._program.imported(name.rpartition(".")[0], module.path)
        return root is not None and root is not module


def _by_arguments(name: str, call: ast.Call, here: Evaluation) -> str:
    """Return what is said of a call that is one of AWS for what it is given."""
    given = {one.arg: one.value for one in call.keywords}
    if name == "redshift_connector.connect" and "iam" in given:
        return "it signs in to a database by IAM: actions of redshift for its user"
    if name in {"fsspec.filesystem", "fsspec.get_filesystem_class"}:
        first = call.args[0] if call.args else given.get("protocol")
        if first is not None and {"s3", "s3a"} & set(texts.whole(here.of(first))):
            return "fsspec calls S3 by itself"
    return ""


def _is_address(node: ast.expr, here: Evaluation) -> bool:
    if not isinstance(node, ast.Constant | ast.JoinedStr | ast.Name | ast.BinOp | ast.Attribute):
        return False
    return any(
        isinstance(value, v.Known)
        and bool(value.text)
        and isinstance(value.text[0], str)
        and value.text[0].startswith(_ADDRESS)
        for value in here.of(node)
    )
