"""One remediation text: front matter and body to an `Entry`, read strictly.

Part of remedy. In: the bytes of `<id>.md` or `controls.yaml`. Out: `Entry`, or controls by id.
CONTRIBUTING.md tells writers what a text holds; the schema here is what is enforced.
"""

import re
from collections.abc import Collection
from typing import Annotated, Final, TypeVar

import msgspec

from leakscan.documents import DocumentError, load_yaml
from leakscan.remediation import Control, Entry, EntryKind, Sign, SignKind
from leakscan.remedy.errors import RemediationError
from leakscan.remedy.markdown import BLOCKS, Body, BodyError, parse

_T = TypeVar("_T")
_FENCE: Final = "---"
_MAX_BYTES: Final = 64 << 10
_NEEDED: Final = {
    EntryKind.KEY: ("Why", "Contain", "Delete", "Purge", "Prevent"),
    EntryKind.PLACE: ("Why", "Replace", "Prove", "Watch out"),
}

_Id = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9]+(-[a-z0-9]+)*\Z", max_length=64)]
_Text = Annotated[str, msgspec.Meta(pattern=r"\A\S(.*\S)?\Z", max_length=600)]
_Pattern = Annotated[str, msgspec.Meta(pattern=r"\A[^\n]+\Z", max_length=1000)]
_Link = Annotated[str, msgspec.Meta(pattern=r"\Ahttps://[!-~]+\Z", max_length=300)]
_Number = Annotated[str, msgspec.Meta(pattern=r"\A[!-~]([ -~]*[!-~])?\Z", max_length=80)]
_Some = msgspec.Meta(min_length=1, max_length=100)
_WANTED: Final = {
    "id": "must be small letters, digits and hyphens",
    "kind": "must be key or place",
    "title": "must be a text of one line",
    "mechanism": "must be a text of one line",
    "instead": "must be a text of one line, of a place alone",
    "signs": "must be a list of a path, text, neighbour or key with points and says",
    "controls": "must be a list of ids of controls.yaml",
    "references": "must be a list of https addresses",
    "numbers": "must be lists of texts, by version, by framework",
}


class _Schema(msgspec.Struct, forbid_unknown_fields=True):
    """A mapping of a file."""


class _Sign(_Schema):
    points: Annotated[int, msgspec.Meta(ge=-20, le=20)]
    says: _Text
    path: _Pattern | None = None
    text: _Pattern | None = None
    neighbour: _Pattern | None = None
    key: _Pattern | None = None


class _Front(_Schema):
    id: _Id
    kind: EntryKind
    title: _Text
    mechanism: _Text
    controls: Annotated[list[_Id], msgspec.Meta(max_length=100)]
    references: Annotated[list[_Link], _Some]
    instead: _Text = ""
    signs: Annotated[list[_Sign], msgspec.Meta(max_length=100)] = []


class _Control(_Schema):
    id: _Id
    title: _Text
    numbers: Annotated[
        dict[_Text, Annotated[dict[str, Annotated[list[_Number], _Some]], _Some]], _Some
    ]


class _Controls(_Schema):
    controls: Annotated[list[_Control], _Some]


def entry(file: str, source: bytes) -> Entry:
    """Return what the text of that name says. Raises RemediationError."""
    front, text = _split(file, _decoded(file, source))
    known = _front(file, front)
    try:
        body = parse(text)
    except BodyError as error:
        raise RemediationError(file, error.where, error.problem) from None
    for section in _NEEDED[known.kind]:
        if section not in body.sections:
            raise RemediationError(file, f"section {section}", "is missing")
    return _made(known, _signs(file, known.signs), body)


def controls(file: str, source: bytes) -> dict[str, Control]:
    """Return the controls of a file by id, in its order. Raises RemediationError."""
    made: dict[str, Control] = {}
    for one in _convert(file, _decoded(file, source), _Controls).controls:
        if one.id in made:
            raise RemediationError(file, one.id, "stands there twice")
        numbers = {
            framework: {version: tuple(found) for version, found in versions.items()}
            for framework, versions in one.numbers.items()
        }
        made[one.id] = Control(one.id, one.title, numbers)
    return made


def _decoded(file: str, source: bytes) -> str:
    """Return the text of a file, in which each character can be seen."""
    if len(source) > _MAX_BYTES:
        raise RemediationError(file, "file", f"is larger than {_MAX_BYTES >> 10} KiB")
    try:
        text = source.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise RemediationError(file, "file", "is not UTF-8") from None
    for number, line in enumerate(text.split("\n"), 1):
        if not line.isprintable():
            strange = next(char for char in line if not char.isprintable())
            problem = f"has a character that cannot be seen, U+{ord(strange):04X}"
            raise RemediationError(file, f"line {number}", problem)
    return text


def _split(file: str, text: str) -> tuple[str, str]:
    lines = text.split("\n")
    if lines[0] != _FENCE or _FENCE not in lines[1:]:
        raise RemediationError(file, "front matter", "must stand first, between two lines ---")
    end = lines.index(_FENCE, 1)
    # Empty lines in place of what is left out: the lines of an error are those of the file.
    return "\n".join(["", *lines[1:end]]), "\n".join([*[""] * (end + 1), *lines[end + 1 :]])


def _front(file: str, text: str) -> _Front:
    front = _convert(file, text, _Front)
    if f"{front.id}.md" != file:
        raise RemediationError(file, "id", "must be the name of the file")
    place = front.kind is EntryKind.PLACE
    for name, given in (("instead", bool(front.instead)), ("signs", bool(front.signs))):
        if given is not place:
            problem = "is missing" if place else "is for places alone"
            raise RemediationError(file, name, problem)
    if place and not front.controls:
        raise RemediationError(file, "controls", _WANTED["controls"])
    for name, values in (("controls", front.controls), ("references", front.references)):
        if len(set(values)) < len(values):
            raise RemediationError(file, name, "has an entry twice")
    return front


def _signs(file: str, signs: Collection[_Sign]) -> tuple[Sign, ...]:
    made = []
    for number, sign in enumerate(signs, 1):
        given = {kind: getattr(sign, kind.value) for kind in SignKind}
        found = [(kind, pattern) for kind, pattern in given.items() if pattern is not None]
        if len(found) != 1 or not sign.points:
            raise RemediationError(file, f"signs, {number}", _WANTED["signs"])
        made.append(Sign(*found[0], sign.points, sign.says))
    return tuple(made)


def _made(front: _Front, signs: tuple[Sign, ...], body: Body) -> Entry:
    trust, terraform, cloudformation = map(body.blocks.get, BLOCKS)
    return Entry(
        id=front.id,
        kind=front.kind,
        title=front.title,
        mechanism=front.mechanism,
        instead=front.instead,
        signs=signs,
        why=body.why,
        steps=tuple(body.steps),
        cautions=tuple(body.cautions),
        trust=trust,
        terraform=terraform,
        cloudformation=cloudformation,
        controls=tuple(front.controls),
        references=tuple(front.references),
    )


def _convert(file: str, text: str, schema: type[_T]) -> _T:
    """Return what a YAML text holds, by its schema."""
    try:
        return msgspec.convert(load_yaml(text.encode(), None), schema)
    except DocumentError as error:
        raise RemediationError(file, "YAML", str(error)) from None
    except msgspec.ValidationError as error:
        where, problem = _told(str(error))
        raise RemediationError(file, where, problem) from None


def _told(said: str) -> tuple[str, str]:
    """Return the field that msgspec complains about, and a sentence of ours.

    Source: msgspec, "Constraints" and its error messages, ``... - at `$.field[...]` ``.
    """
    message, _, path = said.partition(" - at `")
    path = path.rstrip("`").removeprefix("$").removeprefix(".")
    field = re.split(r"[.\[]", path)[0]
    name = re.search(r"field `(.*)`", message)
    if name and not field:
        problem = "is missing" if "missing" in message else "is not a field that is known"
        return name[1][:60], problem
    said = message[:1].lower() + message[1:]
    return path or "front matter", f"{_WANTED.get(field, 'does not fit')} ({said})"
