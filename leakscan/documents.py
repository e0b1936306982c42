"""YAML to plain values, parsed once: the next run takes them from the cache as JSON.

Below all stages. In: the bytes of a document, and a folder to keep values in, or none. Out: texts,
numbers, truth values, None, and lists and mappings of these; the keys are texts. What a mapping
may hold is left to the caller. `yaml` is imported for a document not seen before.

Dates stay texts. What a document has besides (bytes, sets, tags of its own), what stands twice in
one mapping, and what is nested too deeply or grows by aliases is an error.
"""

import functools
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Final

from leakscan import cache as kept
from leakscan.redact import mask_text

_KIND: Final = "json"
_FORMAT: Final = b"leakscan document 1"
_MAX_DEPTH: Final = 32
"""Lists and mappings in each other. Some thousands of them end the process inside libyaml."""
_MAX_VALUES: Final = 100_000
"""Values in all, those that aliases repeat counted each time."""
_MAX_NUMBER: Final = 1 << 63
_TAGS: Final = ("null", "bool", "int", "float", "str", "seq", "map")
_TAG: Final = "tag:yaml.org,2002:"


class DocumentError(Exception):
    """Bytes that are no document of plain values; says in which line, from 1, if that is known."""

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(f"line {line}: {problem}" if line else problem)
        self.problem = problem
        self.line = line


def load_yaml(source: bytes, cache: Path | None) -> object:
    """Return the value of a YAML document; None for an empty one.

    Raises: DocumentError.
    """
    key = kept.key_of(_FORMAT, source)
    known = kept.load(cache, _KIND, key)
    if known is not None:
        with suppress(ValueError, RecursionError):
            return json.loads(known)
    value = _parse(source)
    # Nothing that looks like a secret is copied to where its owner does not look.
    if mask_text(text := source.decode("utf-8", "replace")) == text:
        kept.store(cache, _KIND, key, json.dumps(value).encode("ascii"))
    return value


def _parse(source: bytes) -> object:
    import yaml

    try:
        _check_depth(yaml.parse(source, Loader=_loader()))
        value = yaml.load(source, Loader=_loader())  # noqa: S506 - made of a safe one.
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise DocumentError("is not YAML", mark.line + 1 if mark else None) from None
    except (yaml.YAMLError, ValueError, KeyError, RecursionError):
        raise DocumentError("is not YAML") from None
    _check_size(value)
    return value


@functools.cache
def _loader() -> Any:
    """Return a loader that makes plain values alone."""
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        yaml_constructors: ClassVar = {
            tag: make
            for tag, make in base.yaml_constructors.items()
            if tag is None or tag in {_TAG + name for name in _TAGS}
        }
        yaml_implicit_resolvers: ClassVar = {
            first: [(tag, pattern) for tag, pattern in resolvers if tag != f"{_TAG}timestamp"]
            for first, resolvers in base.yaml_implicit_resolvers.items()
        }

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            if isinstance(node, yaml.MappingNode):
                _check_keys(node)
            return super().construct_mapping(node, deep)

    return Loader


def _check_keys(node: Any) -> None:
    """Raise DocumentError for a key of a mapping that is no text or stands there twice.

    The merge key is no text either: mappings merged into each other double with each line.
    """
    seen = set()
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if key.tag != f"{_TAG}str":
            raise DocumentError("has a key that is no text", line)
        if key.value in seen:
            raise DocumentError("has a key twice", line)
        seen.add(key.value)


def _check_depth(events: Iterator[Any]) -> None:
    """Raise DocumentError for what is nested too deeply to be read."""
    import yaml

    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise DocumentError("is nested too deeply", event.start_mark.line + 1)


def _check_size(value: object) -> None:
    """Raise DocumentError for what aliases make too deep, endless or large, and huge numbers."""
    count, waiting = 0, [(value, 0)]
    while waiting:
        one, depth = waiting.pop()
        below = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        count += 1 + len(below)
        if depth > _MAX_DEPTH or count > _MAX_VALUES:
            raise DocumentError("is nested too deeply, or too large")
        if isinstance(one, int) and abs(one) > _MAX_NUMBER:
            raise DocumentError("has a number that is too large")
        waiting += [(item, depth + 1) for item in below]
