"""The throw-away git directory, and the environment, that keep the scanned repository's out.

Part of the history stage. In: where objects are. Out: a directory with nothing but our own config,
and variables that let git see no other.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

_KEPT_VARIABLES: Final = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LD_LIBRARY_PATH")


def write_git_dir(git_dir: Path, object_format: str, ref_format: str = "") -> None:
    """Make a bare git directory without refs or objects."""
    (git_dir / "refs").mkdir(parents=True)
    (git_dir / "objects").mkdir()
    (git_dir / "HEAD").write_bytes(b"ref: refs/heads/none\n")
    (git_dir / "config").write_text(
        "[core]\n\trepositoryformatversion = 1\n\tbare = true\n"
        # Blobs above this are streamed, not loaded; the commit graph and the multi-pack index are
        # caches that can be wrong, and the scan must not believe them.
        "\tbigFileThreshold = 32m\n\tcommitGraph = false\n\tmultiPackIndex = false\n"
        f"[extensions]\n\tobjectformat = {object_format}\n"
        + (f"\trefstorage = {ref_format}\n" if ref_format else ""),
        encoding="ascii",
    )


def borrowing_store(folder: Path, stores: Sequence[Path]) -> Path:
    """Make the folder an object store that has what other stores have, the first one first."""
    info = folder / "info"
    info.mkdir()
    lines = [os.fsencode(store.resolve()) for store in stores]
    quoted = [line.replace(b"\\", b"\\\\").replace(b'"', b'\\"') for line in lines]
    quoted = [line.replace(b"\n", b"\\n") for line in quoted]
    (info / "alternates").write_bytes(b"".join(b'"' + line + b'"\n' for line in quoted))
    return folder


def isolated(
    caller: Mapping[str, str], git_dir: Path, objects: Path, max_object_bytes: int
) -> dict[str, str]:
    """Return all variables that git gets; of the caller's only those it needs to run at all."""
    kept = {name: caller[name] for name in _KEPT_VARIABLES if name in caller}
    return kept | {
        "GIT_DIR": str(git_dir),
        "GIT_OBJECT_DIRECTORY": str(objects),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_PAGER": "",
        "GIT_ALLOW_PROTOCOL": "",
        # Above this git refuses to allocate instead of growing with a lying header.
        "GIT_ALLOC_LIMIT": f"{max(1, (max_object_bytes >> 20) + 64)}m",
        "HOME": str(git_dir),
        "XDG_CONFIG_HOME": str(git_dir),
        "LC_ALL": "C",
    }
