"""The plan for each kind of place, as text and byte for byte, from one repository that was scanned.

Three of them are kept as Markdown and JSON too; of all others these are checked by their form.

Read a difference before accepting it: `pytest tests/golden_plans -n0 --accept`.
"""

import gc
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leakscan.cli.main import main
from leakscan.remedy.catalog import load_catalog
from tests.golden_plans.shop import FILES, key_of, make_shop
from tests.report.formats import problems
from tests.support.cli import FINDINGS, Cli
from tests.support.spy import leaked

HERE = Path(__file__).parent
IN_ALL_FORMS = {"github-actions", "kubernetes", "dotenv"}
FORMS = {"txt": "text", "md": "markdown", "json": "json"}
PLACES = load_catalog().places
KEY_ID = re.compile(rb"((?:AKIA|ASIA|ABIA|ACCA)(?=[A-Z2-7]{16}))")
TIME = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
VERSION = re.compile(rb'(?<="version": ")[^"]*')


def stored(plan: bytes) -> bytes:
    """Return a plan as it is kept: no time, no version, no id that a scanner would stop."""
    plan = TIME.sub(b"@@NOW@@", VERSION.sub(b"@@VERSION@@", plan))
    return KEY_ID.sub(rb"\1%%", plan)


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory, cli: Cli) -> Path:
    """The masked report of the shop."""
    folder = tmp_path_factory.mktemp("shop")
    file = folder / "shop.json"
    run = cli.run("scan", make_shop(folder / "shop").path, "--format", "json", "--output", file)
    assert run.code == FINDINGS
    return file


@pytest.fixture
def home(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The home of the program of the tests, for one in this process."""
    monkeypatch.setenv("HOME", str(cli.home))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    yield
    gc.enable()  # The program goes without.


def finding_of(report: Path, place: str) -> Any:
    found = json.loads(report.read_bytes())["findings"]
    (its,) = [one for one in found if one["access_key_id"] == key_of(place).key_id]
    return its


def plan(report: Path, place: str, form: str, file: Path) -> bytes:
    fingerprint = finding_of(report, place)["fingerprint"]
    arguments = ["remedy", str(report), "--fingerprint", fingerprint, "--output", str(file)]
    assert main([*arguments, "--format", form]) == 0
    return file.read_bytes()


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("suffix", FORMS)
@pytest.mark.parametrize("place", PLACES)
def test_plan_is_the_accepted_one(
    place: str, suffix: str, report: Path, accept: bool, tmp_path: Path
) -> None:
    made = plan(report, place, FORMS[suffix], tmp_path / "plan")
    assert not leaked(made, [key_of(one) for one in FILES])
    if suffix == "json":
        assert problems(json.loads(made), "plan-1") == []
    if suffix != "txt" and place not in IN_ALL_FORMS:
        return
    golden = HERE / place / f"plan.{suffix}"
    if accept:
        golden.parent.mkdir(exist_ok=True)
        golden.write_bytes(stored(made))
    assert golden.read_bytes() == stored(made)


@pytest.mark.parametrize("place", PLACES)
def test_the_place_is_found_by_its_file(place: str, report: Path) -> None:
    chosen = finding_of(report, place)["remediation"]["places"]
    assert [one["id"] for one in chosen] == [place]
    assert [one["path"] for one in chosen] == [FILES[place][0]]
    assert all(one["reasons"] and one["sure"] for one in chosen)


def test_every_place_has_its_plans_and_its_file(accept: bool) -> None:
    if accept:
        pytest.skip("the plans are being written")
    assert set(PLACES) == set(FILES)
    assert {path.name for path in HERE.iterdir() if path.is_dir()} - {"__pycache__"} == set(PLACES)
