"""What ARCHITECTURE.md promises of the code, read from the code."""

import ast
from collections.abc import Iterator
from pathlib import Path

import leakscan

PACKAGE = Path(leakscan.__file__).parent
MODULES = {
    str(path.relative_to(PACKAGE)): ast.parse(path.read_text(encoding="utf-8"))
    for path in PACKAGE.rglob("*.py")
}
REVEALING = {
    "redact.py",
    "rulecheck.py",
    "report/document.py",
    "trace/versions.py",
    "history/textsource.py",
    "verify/aws_sts.py",
    "verify/endpoints.py",
}
CONNECTING = {"verify/aws_sts.py", "inspect/calls.py", "inspect/guarded.py", "inspect/session.py"}
"""Beside them `cli/network.py` asks the standard library which proxies are set; it calls nobody."""
MODELS = {
    "botocore",
    "botocore.xform_name",
    "botocore.loaders",
    "botocore.loaders.Loader",
    "botocore.model",
    "botocore.exceptions",
}
"""What of botocore only reads the models of AWS's APIs: the stages that know them use no more."""


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            yield from (name, name.partition(".")[0])


def _calls(tree: ast.AST, name: str) -> bool:
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == name
        for node in ast.walk(tree)
    )


def test_the_package_was_found() -> None:
    assert {"cli/main.py", "history/git.py", "trace/events.py"} <= MODULES.keys()


def test_one_module_starts_programs() -> None:
    starting = {name for name, tree in MODULES.items() if "subprocess" in set(_imports(tree))}
    assert starting == {"history/git.py"}
    assert not any(_calls(tree, name) for tree in MODULES.values() for name in ("system", "popen"))


def test_only_verify_and_inspect_open_connections() -> None:
    network = {"socket", "ssl", "http", "urllib.request", "asyncio", "requests", "botocore"}
    network |= {"urllib3", "boto3"}
    found = {name for name, tree in MODULES.items() if network & set(_imports(tree))}
    modelling = {name for name in found if name.startswith(("usage/", "privilege/"))}
    assert found - modelling == CONNECTING | {"cli/network.py"}
    for name in modelling:
        used = {one for one in _imports(MODULES[name]) if one.partition(".")[0] in network}
        assert {
            one for one in used if not one.startswith(("botocore.model.", "botocore.exceptions."))
        } <= MODELS, name
    named = {
        one for one in _imports(MODULES["cli/network.py"]) if one.startswith("urllib.request.")
    }
    assert named == {"urllib.request.getproxies", "urllib.request.proxy_bypass"}


def test_gates_know_nothing_of_verification() -> None:
    for name, tree in MODULES.items():
        if name.startswith(("gates/", "history/", "match/", "score/", "trace/", "triage/")):
            assert not {
                one
                for one in _imports(tree)
                if one.startswith(("leakscan.verify", "leakscan.inspect"))
            }, name


def test_secrets_are_revealed_only_where_they_are_compared_or_asked_for() -> None:
    revealing = {name for name, tree in MODULES.items() if _calls(tree, "reveal")}
    assert {name for name in revealing if not name.startswith("score/")} == REVEALING


def test_only_the_command_line_reads_environment_clock_and_terminal() -> None:
    for name, tree in MODULES.items():
        if name.startswith("cli/") or name == "__main__.py":
            continue
        used = {
            f"{node.value.id}.{node.attr}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        }
        assert not used & {"os.environ", "os.getenv", "sys.argv", "sys.stdout", "sys.stderr"}, name
        assert not {"click", "rich.progress"} & set(_imports(tree)), name


def test_packages_re_export_nothing() -> None:
    for name, tree in MODULES.items():
        if name.endswith("__init__.py") and name != "__init__.py":
            assert all(isinstance(node, ast.Expr) for node in tree.body), name
