import re
from pathlib import Path

import pytest

from leakscan.errors import ExitCode
from leakscan.model import MAX_NEEDLE_WIDTH
from leakscan.rules.errors import RuleError
from leakscan.rules.load import load_rules
from leakscan.rules.width import shape

RULE = """\
  - id: test-rule
    name: A rule
    description: What it is.
    part: secret
    severity: low
    confidence: low
    keywords: [KEY]
    pattern: '(?x) KEY (?P<secret> (?&letter){4} )'
    boundary: alnum
    remediation: do-this
    references: [https://example.com/]
    examples:
      - {text: 'KEY%%abcd', finds: ['ab%%cd']}
    negative_examples:
      - {text: 'KEY%%abc', stopped_by: pattern, why: short}
      - {text: 'KEY%%abcde', stopped_by: boundary, why: long}
"""
HEAD = "version: '1'\nterms: {letter: '[a-z]'}\nrules:\n"


def write(folder: Path, text: str, name: str = "a.yaml") -> Path:
    (folder / name).write_text(text)
    return folder


def test_a_rule_is_read(tmp_path: Path) -> None:
    rules = load_rules(write(tmp_path, HEAD + RULE))
    (rule,) = rules.rules
    assert rules.version == "1"
    assert re.fullmatch("[0-9a-f]{64}", rules.hash)
    assert rule.pattern.strip() == "(?x) KEY (?P<secret> (?:[a-z]){4} )"
    assert rule.needle == rule.pattern
    assert rule.examples[0].text == b"KEYabcd"
    assert rule.examples[0].finds == (b"abcd",)


def test_the_hash_follows_the_bytes(tmp_path: Path) -> None:
    first = load_rules(write(tmp_path, HEAD + RULE)).hash
    assert load_rules(tmp_path).hash == first
    assert load_rules(write(tmp_path, HEAD + RULE + "# more\n")).hash != first


def test_only_yaml_at_the_top_is_read(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    write(tmp_path / "below", "no rules")
    write(tmp_path, "no rules", "notes.md")
    assert len(load_rules(write(tmp_path, HEAD + RULE)).rules) == 1


WRONG = {
    "unknown": ("    boundary: alnum", "    boundary: alnum\n    colour: red", "colour"),
    "missing": ("    name: A rule\n", "", "name"),
    "empty": ("name: A rule", "name: ''", "name"),
    "type": ("name: A rule", "name: [1]", "name"),
    "choice": ("part: secret", "part: purse", "part"),
    "boundary": ("boundary: alnum", "boundary: word", "boundary"),
    "id": ("id: test-rule", "id: Test rule", "id"),
    "syntax": ("KEY (?P<secret>", "KEY ( (?P<secret>", "pattern"),
    "no-group": ("(?P<secret>", "(?P<value>", "pattern"),
    "term": ("(?&letter)", "(?&digit)", "pattern"),
    "unbounded": ("(?&letter){4}", "(?&letter)+", "pattern"),
    "unbounded-inside": ("(?&letter){4}", "(?:(?&letter){2,}|a)", "pattern"),
    "lookahead": ("(?&letter){4}", "(?=a)(?&letter){4}", "pattern"),
    "lookbehind": ("(?&letter){4}", "(?<!a)(?&letter){4}", "pattern"),
    "backreference": ("(?&letter){4}", "(?P<a>x)(?P=a)", "pattern"),
    "word-boundary": ("(?&letter){4}", "\\b(?&letter){4}", "pattern"),
    "wide": ("(?&letter){4}", f"(?&letter){{{MAX_NEEDLE_WIDTH}}}", "needle"),
    "keyword": ("keywords: [KEY]", "keywords: [TOKEN]", "keywords"),
    "keyword-branch": ("KEY (?P", "(?: KEY | KAY ) (?P", "keywords"),
    "no-keyword": ("keywords: [KEY]", "keywords: []", "keywords"),
    "http": ("https://", "http://", "references"),
    "remediation": ("do-this", "../do this", "remediation"),
    "no-example": ("      - {text: 'KEY%%abcd', finds: ['ab%%cd']}\n", "", "examples"),
    "example-key": ("finds:", "found:", "examples/1"),
    "one-negative": (
        "      - {text: 'KEY%%abc', stopped_by: pattern, why: short}\n",
        "",
        "negative_examples",
    ),
    "stop": ("stopped_by: pattern", "stopped_by: luck", "negative_examples/1"),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_error_names_file_rule_and_field(name: str, tmp_path: Path) -> None:
    old, new, field = WRONG[name]
    assert old in RULE
    with pytest.raises(RuleError) as caught:
        load_rules(write(tmp_path, HEAD + RULE.replace(old, new)))
    rule = "Test rule" if name == "id" else "test-rule"
    assert caught.value.message.startswith(f"a.yaml: rule {rule}: {field}: ")
    assert caught.value.code is ExitCode.CONFIG


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "version: 1\nrules: []",
        "version: '1'\nrules: {}",
        "version: '1'\nrules: [1]",
        "version: '1'\nrules: []\nterms: [a]",
        "version: '1'\nrules: []\nmore: 1",
        "version: '1\n",
        "!!python/object/apply:os.getcwd []",
    ],
)
def test_a_file_that_is_no_rule_file(text: str, tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"^a\.yaml: "):
        load_rules(write(tmp_path, text))


def test_ids_are_unique_across_files(tmp_path: Path) -> None:
    write(tmp_path, HEAD + RULE, "b.yaml")
    with pytest.raises(RuleError, match="rule test-rule: id: is used twice"):
        load_rules(write(tmp_path, HEAD + RULE))


def test_no_rules_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuleError):
        load_rules(tmp_path)


def test_a_recursive_term_is_an_error(tmp_path: Path) -> None:
    text = HEAD.replace("'[a-z]'", "'(?&letter)'") + RULE
    with pytest.raises(RuleError, match="pattern"):
        load_rules(write(tmp_path, text))


@pytest.mark.parametrize(
    ("expression", "width"),
    [("a{3}", 3), ("(?:a|bcd){2}", 6), ("a?b{1,5}", 6), ("a*", None), ("(?:a+b){2}", None)],
)
def test_width(expression: str, width: int | None) -> None:
    assert shape(expression).max_width == width
