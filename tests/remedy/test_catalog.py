"""Remediation texts: what becomes of one, and what is refused."""

import shutil
from pathlib import Path

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from leakscan.errors import ExitCode
from leakscan.remediation import (
    Block,
    Control,
    Entry,
    EntryKind,
    Phase,
    Sign,
    SignKind,
    Step,
)
from leakscan.remedy import catalog as made_by
from leakscan.remedy.catalog import load_catalog
from leakscan.remedy.entry import controls, entry
from leakscan.remedy.errors import RemediationError
from leakscan.resources import patterns

FRONT = """\
---
id: some-text
kind: place
title: A title
mechanism: An IAM role
instead: >-
  Use a role
  instead.
signs:
  - {path: '\\.x$', points: 7, says: it is an x}
  - {neighbour: y, points: -2, says: y is there}
controls: [one, two]
references: [https://docs.aws.amazon.com/]
---
"""
BODY = """\

## Why

One sentence.
Another.

A second paragraph.

## Replace

1. First, with `code` for {role}:
   ```sh
   aws iam get-user
   ```
   and more.

   ```json policy.json
   {"a": {}}
   ```
2. Then this.

## Prove

1. Prove it.

## Trust policy

```json trust.json
{}
```

## Watch out

- One.
- Two,
  long.
"""
GOOD = FRONT + BODY
CONTROLS = """\
controls:
  - id: one
    title: The first
    numbers:
      CIS: {'5.0': ['1.3'], '6.0': ['2.3', '2.4']}
      CWE: {'': [CWE-798]}
  - id: two
    title: The second
    numbers: {CWE: {'': [CWE-312]}}
"""
ENTRY = Entry(
    id="some-text",
    kind=EntryKind.PLACE,
    title="A title",
    mechanism="An IAM role",
    instead="Use a role instead.",
    signs=(
        Sign(SignKind.PATH, r"\.x$", 7, "it is an x"),
        Sign(SignKind.NEIGHBOUR, "y", -2, "y is there"),
    ),
    why="One sentence. Another.\n\nA second paragraph.",
    steps=(
        Step(
            Phase.REPLACE,
            (
                "First, with `code` for {role}:",
                Block("sh", "aws iam get-user"),
                "and more.",
                Block("json", '{"a": {}}', "policy.json"),
            ),
        ),
        Step(Phase.REPLACE, ("Then this.",)),
        Step(Phase.PROVE, ("Prove it.",)),
    ),
    cautions=("One.", "Two, long."),
    trust=Block("json", "{}", "trust.json"),
    terraform=None,
    cloudformation=None,
    controls=("one", "two"),
    references=("https://docs.aws.amazon.com/",),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "some-text.md").write_text(GOOD, encoding="utf-8")
    (folder / "controls.yaml").write_text(CONTROLS, encoding="utf-8")
    return folder


def test_a_text_becomes_an_entry(folder: Path) -> None:
    catalog = load_catalog(folder)
    assert catalog.entries == catalog.places == {"some-text": ENTRY}
    assert catalog.keys == {}
    assert catalog.controls == {
        "one": Control(
            "one",
            "The first",
            {"CIS": {"5.0": ("1.3",), "6.0": ("2.3", "2.4")}, "CWE": {"": ("CWE-798",)}},
        ),
        "two": Control("two", "The second", {"CWE": {"": ("CWE-312",)}}),
    }


def test_lines_may_end_as_on_windows() -> None:
    assert entry("some-text.md", GOOD.replace("\n", "\r\n").encode()) == ENTRY


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("---\nid", "id", "front matter"),
        ("/]\n---", "/]", "front matter"),
        ("title: A title", "title: [", "YAML"),
        ("title: A title", "title: A title\ntitle: B", "YAML"),
        ("title: A title", "title: !!binary aGk=", "YAML"),
        ("title: A title\n", "", "title"),
        ("title: A title", "title: ' '", "title"),
        ("title: A title", "title: 5", "title"),
        ("title: A title", "title: A title\ncolour: red", "colour"),
        ("title: A title", 'title: "A\\ntitle"', "title"),
        ("id: some-text", "id: other-text", "id"),
        ("id: some-text", "id: Some-Text", "id"),
        ("kind: place", "kind: plate", "kind"),
        ("kind: place", "kind: key", "instead"),
        ("mechanism: An IAM role", "mechanism: null", "mechanism"),
        ("instead: >-\n  Use a role\n  instead.\n", "", "instead"),
        ("controls: [one, two]", "controls: []", "controls"),
        ("controls: [one, two]", "controls: one", "controls"),
        ("controls: [one, two]", "controls: [one, one]", "controls"),
        ("https://docs.aws.amazon.com/", "http://docs.aws.amazon.com/", "references[0]"),
        ("https://docs.aws.amazon.com/", "'https://a b'", "references[0]"),
        ("points: 7", "points: 0", "signs, 1"),
        ("points: 7", "points: 7.5", "signs[0].points"),
        ("points: 7", "points: 70", "signs[0].points"),
        ("neighbour: y", "neighbour: y, text: z", "signs, 2"),
        ("neighbour: y, ", "", "signs, 2"),
        ("neighbour: y", "blob: y", "signs[1]"),
        ("## Why\n", "", "line 17"),
        ("## Why", "# Why", "line 16"),
        ("## Why", "## How", "section How"),
        ("## Prove", "## Replace", "section Replace"),
        ("## Prove\n\n1. Prove it.", "## Contain\n\n1. Late.", "section Contain"),
        ("## Prove\n\n1. Prove it.\n", "", "section Prove"),
        ("1. Prove it.\n", "", "section Prove"),
        ("1. Prove it.", "Prove it.", "section Prove"),
        ("1. Prove it.", "- Prove it.", "section Prove"),
        ("1. Prove it.", "2. Prove it.", "section Prove"),
        ("1. Prove it.", "1) Prove it.", "section Prove"),
        ("1. Prove it.", "1.", "section Prove, step 1"),
        ("1. Prove it.", "1. Prove it.\n\nStray.", "section Prove"),
        ("1. Prove it.", "1. Prove `it.", "section Prove, step 1"),
        ("1. Prove it.", "1. Prove *it*.", "section Prove, step 1"),
        ("1. Prove it.", "1. Prove [it](https://x).", "section Prove, step 1"),
        ("1. Prove it.", "1. Prove <b>it</b>.", "section Prove, step 1"),
        ("1. Prove it.", "1. Prove it.\n   - a\n", "section Prove, step 1"),
        ("1. Prove it.", "1. Prove it.\n\n       aws s3 ls", "section Prove, step 1"),
        ("1. Prove it.", "1. Prove {it}.", "section Prove, step 1"),
        (
            "1. Prove it.",
            "1. Prove it.\n   ```sh\n   aws ${region}\n   ```",
            "section Prove, step 1",
        ),
        ("1. Prove it.", "1. Prove it.\n   ```sh\n   aws {id}\n   ```", "section Prove, step 1"),
        ("1. Prove it.", "1. Prove it.\n   ```sh\n   ```", "section Prove, step 1"),
        ("1. Prove it.", "1. Prove it.\n   ```\n   a\n   ```", "section Prove, step 1"),
        ("1. Prove it.", "1. Prove it.\n   ```cobol\n   a\n   ```", "section Prove, step 1"),
        ("1. Prove it.", "1. Prove it.\n   ~~~sh\n   a\n   ~~~", "section Prove, step 1"),
        ("1. Prove it.", "1. Prove it.\n   ```sh\n   a", "section Prove, step 1"),
        ("json policy.json", "json ../policy.json", "section Replace, step 1"),
        ("json policy.json", "json /etc/passwd", "section Replace, step 1"),
        ("{}\n```", "{}", "section Trust policy"),
        ("json trust.json", "yaml trust.json", "section Trust policy"),
        ("{}\n```", "{}\n```\n\nMore.", "section Trust policy"),
        ("- Two", "1. Two", "section Watch out"),
        ("- Two,\n  long.", "-", "section Watch out, 2"),
        ("A second paragraph.", "> A second paragraph.", "section Why"),
        ("A second paragraph.", "***", "section Why"),
        ("A second", "A\tsecond", "line 21"),
        ("A second", "A\u202esecond", "line 21"),
        ("A second", "A\0second", "line 21"),
    ],
)
def test_an_error_names_file_and_place(old: str, new: str, where: str) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(RemediationError) as caught:
        entry("some-text.md", GOOD.replace(old, new).encode())
    assert caught.value.message.startswith(f"some-text.md: {where}: ")
    assert caught.value.code is ExitCode.CONFIG


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("- id: two", "- id: one", "one"),
        ("controls:\n", "others:\n", "others"),
        ("    title: The second\n", "", "controls[1]"),
        ("{CWE: {'': [CWE-312]}}", "{}", "controls[1].numbers"),
        ("[CWE-312]", "[312]", "controls[1].numbers[...][...][0]"),
        ("'5.0': ['1.3']", "5.0: ['1.3']", "YAML"),
    ],
)
def test_an_error_of_the_controls_names_the_field(old: str, new: str, where: str) -> None:
    assert CONTROLS.count(old) == 1
    with pytest.raises(RemediationError) as caught:
        controls("controls.yaml", CONTROLS.replace(old, new).encode())
    assert caught.value.message.startswith(f"controls.yaml: {where}: ")


def test_a_control_that_is_not_known_is_refused(folder: Path) -> None:
    (folder / "controls.yaml").write_text(CONTROLS.replace("id: two", "id: three"))
    with pytest.raises(RemediationError, match=r"some-text\.md: controls: two is not in"):
        load_catalog(folder)


def test_what_is_no_text_at_all_is_refused(folder: Path) -> None:
    for source, says in (
        (b"\xff", "is not UTF-8"),
        (b"", "must stand first"),
        (b"x" * 70_000, "is larger than"),
        (FRONT.encode() + b"> " * 20_000, "must begin with a heading"),
        (FRONT.encode() + b"## Why\n\n" + b"1. " * 15_000, "is a ordered list"),
    ):
        with pytest.raises(RemediationError, match=says):
            entry("some-text.md", source)


def test_a_folder_without_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RemediationError, match="there is no remediation text"):
        load_catalog(tmp_path)
    (tmp_path / "some-text.md").write_text(GOOD)
    with pytest.raises(RemediationError, match=r"controls\.yaml: file: No such file"):
        load_catalog(tmp_path)


# -- the cache ----------------------------------------------------------------------------------


def test_what_is_kept_is_the_same(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert load_catalog(folder, cache) == load_catalog(folder, cache) == load_catalog(folder)
    assert len(list(cache.iterdir())) == 1


def test_a_change_of_a_text_or_of_the_controls_counts(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    load_catalog(folder, cache)
    (folder / "some-text.md").write_text(GOOD.replace("A title", "Another"))
    assert load_catalog(folder, cache).entries["some-text"].title == "Another"
    (folder / "controls.yaml").write_text(CONTROLS.replace("The first", "The last"))
    assert load_catalog(folder, cache).controls["one"].title == "The last"
    shutil.move(folder / "some-text.md", folder / "other-text.md")
    with pytest.raises(RemediationError, match=r"other-text\.md: id"):
        load_catalog(folder, cache)


def test_what_is_kept_and_makes_no_sense_is_made_anew(folder: Path, tmp_path: Path) -> None:
    """As after a change of the records that were written."""
    cache = tmp_path / "cache"
    load_catalog(folder, cache)
    (kept,) = cache.iterdir()
    key = bytes.fromhex(kept.stem)
    made_by.kept.store(cache, "remedies", key, b"\x93nothing")
    assert load_catalog(folder, cache).entries == {"some-text": ENTRY}


# -- whatever stands there ----------------------------------------------------------------------

_MARKUP = st.sampled_from(
    [
        *(
            "\n",
            "\n\n",
            "\n\n    ",
            "   ",
            "\t",
            "\0",
            "\ufeff",
            "\\",
            "|",
            "a",
            "é",
            "===",
            "---\n",
        ),
        *("# ", "## ", "1. ", "2. ", "- ", "> ", "```", "```sh\n", "~~~", "`", "*", "_", "<b>"),
        *("[x](y)", "[x]: y", "![", "&amp;", "{", "}", "{role}"),
        *("Why", "Replace", "Prove", "Watch out", "Terraform"),
    ]
)


@given(st.lists(_MARKUP).map("".join) | st.text())
def test_no_body_does_anything_but_be_refused(body: str) -> None:
    with pytest.raises(RemediationError):
        entry("some-text.md", (FRONT + body).encode("utf-8", "surrogatepass"))


@given(st.data())
def test_a_text_that_was_damaged_is_read_or_refused(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(GOOD)))
    end = data.draw(st.integers(start, min(len(GOOD), start + 40)))
    damaged = GOOD[:start] + data.draw(_MARKUP | st.text(max_size=8)) + GOOD[end:]
    said = read(damaged)
    if isinstance(said, Entry):
        assert said.id == "some-text"
        assert {step.phase for step in said.steps} >= {Phase.REPLACE, Phase.PROVE}
    else:
        assert said.startswith("some-text.md: ")
        assert "\n" not in said


def read(text: str) -> Entry | str:
    try:
        return entry("some-text.md", text.encode("utf-8", "surrogatepass"))
    except RemediationError as error:
        return error.message


@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
)
def test_no_controls_do_anything_but_be_refused(source: bytes) -> None:
    with pytest.raises(RemediationError):
        controls("controls.yaml", source)


# -- what came with leakscan --------------------------------------------------------------------


def test_what_came_with_leakscan_is_whole() -> None:
    catalog = load_catalog()
    files = (patterns() / "remediation").glob("*.md")
    assert set(catalog.entries) == {file.stem for file in files}
    for one in catalog.places.values():
        for sign in one.signs:
            assert regex.compile(sign.pattern, regex.IGNORECASE)
