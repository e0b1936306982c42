"""Writing, keeping and restoring hook files, each in one step, so that no hook is ever half there.

In: the path of one hook and its text. Out: what changed. A hook that is not ours is never
overwritten: it is kept beside ours as `<hook>.before-leakscan`, and ours runs it first.
"""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from leakscan.gates.install_place import HookError

_MODE = 0o755


def kept_path(target: Path) -> Path:
    """Return where an earlier hook is kept."""
    return target.with_name(f"{target.name}.before-leakscan")


def write(target: Path, text: bytes, mode: int = _MODE) -> None:
    """Put a file at target, in place of what is there. Raises HookError."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text)
            Path(name).chmod(mode)
            Path(name).replace(target)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _failed(target, error) from error


def keep(target: Path) -> Path:
    """Give the hook at target a second name, under which it is kept, and return that.

    Raises HookError where something is kept already: one of the two would be lost.
    """
    kept = kept_path(target)
    if os.path.lexists(kept):
        raise HookError(
            f"{target} is not leakscan's, and {kept.name} beside it is kept from an earlier time.",
            hint=f"Put what is needed of both into {target}, delete {kept.name}, and try again.",
        )
    try:
        try:
            os.link(target, kept, follow_symlinks=False)
        except (OSError, NotImplementedError):
            # A file system without hard links: the hook is missing until ours is written.
            target.rename(kept)
    except OSError as error:
        raise _failed(target, error) from error
    return kept


def remove(target: Path) -> None:
    """Delete our hook, or put the earlier one in its place if one was kept. Raises HookError."""
    kept = kept_path(target)
    if os.path.lexists(kept):
        move(kept, target)
    else:
        delete(target)


def move(source: Path, target: Path) -> None:
    """Give a hook another name, in place of what is there. Raises HookError."""
    try:
        source.replace(target)
    except OSError as error:
        raise _failed(target, error) from error


def delete(target: Path) -> None:
    """Delete a hook. Raises HookError."""
    try:
        target.unlink()
    except OSError as error:
        raise _failed(target, error) from error


def rewrite(target: Path, text: bytes) -> None:
    """Change the text of a file that stays the owner's: its mode, and a link to it, stay too."""
    file = target.resolve()
    try:
        mode = stat.S_IMODE(file.stat().st_mode) if file.exists() else _MODE
    except OSError as error:
        raise _failed(target, error) from error
    write(file, text, mode)


def remove_folder_if_empty(folder: Path) -> None:
    """Delete a folder of ours that holds nothing any more."""
    with suppress(OSError):
        folder.rmdir()


def _failed(target: Path, error: OSError) -> HookError:
    return HookError(f"{target} cannot be changed: {error.strerror or error}.")
