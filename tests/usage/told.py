"""What a reader tells, as lines that a test can state: `s3:PutObject Bucket=a Key=b/<KEY>`."""

from collections.abc import Callable, Iterator
from textwrap import dedent

from leakscan.permissions import Call, Hole, Text, Unclear

Reader = Callable[[str, bytes], Iterator[Call | Unclear]]


def written(text: Text) -> str:
    return "".join(part if isinstance(part, str) else f"<{part.name}>" for part in text)


def line_of(found: Call | Unclear, *names: str) -> str:
    """The line for what was found; `names` are the only arguments to state, if given."""
    if isinstance(found, Unclear):
        return f"? {found.spot.said}"
    pairs = [
        f"{name}={'|'.join(written(text) for text in texts)}"
        for name, texts in sorted(found.arguments.items())
        if not names or name in names
    ]
    return " ".join([f"{found.service}:{found.operation}", *pairs])


def told(reader: Reader, path: str, source: str, *names: str) -> list[str]:
    return [line_of(found, *names) for found in reader(path, dedent(source).encode())]


def holes(found: Call) -> list[Hole]:
    texts = [text for several in found.arguments.values() for text in several]
    return [part for text in texts for part in text if isinstance(part, Hole)]
