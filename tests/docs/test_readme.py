"""The README says what the program is: its rules, formats, exit codes and options."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from leakscan.cli.outputs import SUFFIXES
from leakscan.config import load_config
from leakscan.errors import ExitCode
from leakscan.rules.load import load_rules
from leakscan.verify_config import VerifyConfig

TOP = Path(__file__).resolve().parent.parent.parent
README = (TOP / "README.md").read_text(encoding="utf-8")


def _help(*words: str) -> str:
    command = [sys.executable, "-m", "leakscan", *words, "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_every_rule_is_in_the_table_and_no_other() -> None:
    rules = re.findall(r"^\| `(aws-[a-z-]+)` \|", README, re.MULTILINE)
    assert sorted(rules) == sorted(rule.id for rule in load_rules().rules)


def test_every_exit_code_that_can_occur_is_in_the_table() -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    assert codes == {code.value for code in ExitCode}


@pytest.mark.parametrize("name", sorted(set(SUFFIXES.values())))
def test_every_format_is_named(name: str) -> None:
    assert f"`{name}`" in README


def _commands(*above: str) -> list[str]:
    listed = _help(*above).partition("Commands:")[2]
    return re.findall(r"^  ([a-z-]+)  +\S", listed, re.MULTILINE)


def _all_help() -> str:
    texts = [_help()]
    for command in _commands():
        texts.append(_help(command))
        texts += [_help(command, below) for below in _commands(command)]
    return "\n".join(texts)


def test_every_option_the_readme_names_exists() -> None:
    others = ("git cat-file", "git commit", "git -c", "nox -s", "kingfisher")
    ours = "\n".join(
        line for line in README.splitlines() if not any(other in line for other in others)
    )
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", ours))
    known = set(re.findall(r"--[a-z][a-z-]+", _all_help()))
    assert options <= known | {"--version"}, options - known


def _configurations() -> list[str]:
    blocks = re.findall(r"^```yaml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    return [block for block in blocks if block.startswith("version:")]


def test_every_configuration_is_one() -> None:
    configs = [load_config(block.encode()) for block in _configurations()]
    assert any(config.allow for config in configs)
    assert any(config.verify for config in configs)


def test_every_setting_of_verification_is_shown() -> None:
    shown = next(block for block in _configurations() if "verify:" in block)
    settings = set(re.findall(r"^ *#? *([a-z_]+):", shown, re.MULTILINE))
    fields = {name.replace("max_age_s", "max_age") for name in VerifyConfig.__struct_fields__}
    assert fields <= settings


def test_the_gate_finds_the_line_that_runs_the_tests() -> None:
    lines = [line for line in README.splitlines() if re.match(r"python3 -m venv .* pytest$", line)]
    assert len(lines) == 1


def test_every_command_explains_itself() -> None:
    commands = _commands()
    assert {"scan", "verify", "rules", "hook", "pre-push"} <= set(commands)
    for command in commands:
        assert len(_help(command).splitlines()) > 5
