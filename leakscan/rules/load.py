"""Find the rule files, and read them or what the cache has of them.

Part of the rules stage. In: a folder of `*.yaml`. Out: `RuleSet` with its version and hash.
Parsing and checking take half as long as all the rest of a start, so they are imported, in
`files`, for rules that are not in the cache.
"""

import sys
from pathlib import Path
from typing import Final

from leakscan import __version__
from leakscan import cache as kept
from leakscan.model import RuleSet
from leakscan.resources import patterns
from leakscan.rules.errors import RuleError

_KIND: Final = "rules"


def load_rules(directory: Path | None = None, cache: Path | None = None) -> RuleSet:
    """Return all rules of the folder, of its `*.yaml` alone, in the order of their names.

    With a cache, the rules that came with leakscan have no examples: these prove the rules, and
    no scan needs them. Rules of a folder are always read and tried.

    Raises: RuleError if a file cannot be read, a rule is wrong, or two rules share an id.
    """
    sources = _sources(directory or patterns())
    digest = kept.sha256(
        b"".join(
            name.encode() + b"\0" + len(source).to_bytes(8, "big") + source
            for name, source in sources.items()
        )
    ).hexdigest()
    if directory is not None or cache is None:
        from leakscan.rules.files import rules_from

        return rules_from(sources, digest, tried=directory is None)
    return _from_cache(sources, digest, cache)


def _from_cache(sources: dict[str, bytes], digest: str, cache: Path) -> RuleSet:
    from leakscan.rules.kept import decode, encode

    key = kept.key_of(__version__.encode(), digest.encode(), *_code())
    raw = kept.load(cache, _KIND, key)
    known = decode(raw) if raw is not None else None
    if known is not None:
        return known
    from leakscan.rules.files import rules_from

    raw = encode(rules_from(sources, digest, tried=True))
    kept.store(cache, _KIND, key, raw)
    made = decode(raw)
    assert made is not None
    return made


def _sources(directory: Path) -> dict[str, bytes]:
    try:
        files = sorted(directory.glob("*.yaml"), key=lambda file: file.name)
        sources = {file.name: file.read_bytes() for file in files}
    except OSError as error:
        name = Path(error.filename or directory).name
        raise RuleError(name, "", "file", error.strerror or "cannot be read") from None
    if not sources:
        raise RuleError(str(directory), "", "rules", "no *.yaml in this folder")
    return sources


def _code() -> list[bytes]:
    """Return what the rules follow from besides their files, so that a change of it counts."""
    modules = sorted(Path(__file__).parent.glob("*.py"))
    return [sys.version.encode(), *(module.read_bytes() for module in modules)]
