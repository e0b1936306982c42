"""The configuration that says how to verify: of the file the user names, else of the user's own.

The section counts nowhere else: whoever writes it decides whose keys are used, and who sees them.
"""

import errno
import os
import stat
from pathlib import Path

from leakscan.config import MAX_BYTES, VERIFY_HINT, load_config, load_user_config
from leakscan.fields import ConfigError
from leakscan.history.files import read_file
from leakscan.verify_config import VerifyConfig

_NAME = "leakscan/config.yaml"
_NOT_OURS = "belongs to somebody else"
_OPEN_TO_OTHERS = "others can write to it"
_HINT = "It says where found keys are used. Make it yours alone: chown, chmod go-w."


def verify_config(named: Path | None) -> VerifyConfig:
    """Return the section `verify` of a named file if it has one, else of the user's own file.

    Raises ConfigError.
    """
    if named is not None:
        section = load_config(_read_named(named), str(named), hint=VERIFY_HINT).verify
        if section is not None:
            return section
    file = _own_file()
    source = _read_own(file) if file is not None else None
    if file is None or source is None:
        return VerifyConfig()
    return load_user_config(source, str(file)).verify or VerifyConfig()


def _own_file() -> Path | None:
    """Return where the user's own file would be, None without a home; the same on every system."""
    if os.environ.get("HOME") == "":
        return None
    try:
        file = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / _NAME
    except RuntimeError:  # There is no home.
        return None
    return file if file.is_absolute() else None


def _read_named(file: Path) -> bytes:
    try:
        return read_file(file, MAX_BYTES)
    except OSError as error:
        raise ConfigError(str(file), f"cannot be read: {error.strerror or error}") from error


def _read_own(file: Path) -> bytes | None:
    """Return a file that only this user, or root, can have written; None if there is none."""
    try:
        # Not blocking: what stands there may be a pipe.
        opened = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(opened, "rb") as stream:
            _check(file, os.fstat(opened))
            return stream.read(MAX_BYTES + 1)  # The reader says it, if that is too much.
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(str(file), f"cannot be read: {error.strerror or error}") from error


def _check(file: Path, status: os.stat_result) -> None:
    """Raise ConfigError for a file of somebody else, OSError for what is no file."""
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    if not hasattr(os, "geteuid"):  # Owner and mode do not tell on Windows.
        return
    if status.st_uid not in (os.geteuid(), 0):
        raise ConfigError(str(file), _NOT_OURS, _HINT)
    if status.st_mode & 0o022:
        raise ConfigError(str(file), _OPEN_TO_OTHERS, _HINT)
