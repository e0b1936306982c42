"""What to tell whoever installs a hook beside other programs that manage hooks.

In: who made what was there. Out: sentences, and lines for the files of those programs.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from leakscan.gates.install_script import Maker

BESIDE_OTHERS: Final = "git runs it in every repository, beside the repository's own hooks."

_FRAMEWORK: Final = """\
The pre-commit framework goes on as before. Its own hooks do not see pushes without a commit, such
as a tag; this one does. Where that is no matter, leakscan can run through it instead, for all who
work here, with these lines in .pre-commit-config.yaml:
  - repo: local
    hooks:
      - id: leakscan
        name: leakscan
        entry: leakscan @hook@
        language: system
        stages: [@hook@]
        pass_filenames: false
        always_run: true"""

_LEFTHOOK: Final = """\
lefthook writes its hooks anew when lefthook.yml has changed, and moves this one aside;
`no_auto_install: true` in that file stops it. Or put leakscan there, and uninstall this hook;
lefthook then skips it for what changes no file, such as a tag or an empty commit:
  @hook@:
    commands:
      leakscan:
        run: leakscan @hook@@arguments@
        use_stdin: true"""


def for_manager(maker: Maker, hook: str) -> tuple[str, ...]:
    """Return how the program that made an earlier hook can run leakscan by itself."""
    text = {Maker.PRE_COMMIT: _FRAMEWORK, Maker.LEFTHOOK: _LEFTHOOK}.get(maker)
    if text is None:
        return ()
    arguments = " {1} {2}" if hook == "pre-push" else ""
    return (text.replace("@hook@", hook).replace("@arguments@", arguments),)


def in_work_tree(folder: Path) -> str:
    """Return what it means that hooks are in the work tree."""
    return (
        f"{folder} is in the work tree: commit the hook, and everybody who works here has it. It "
        "needs leakscan on PATH; in this clone git's setting leakscan.program names it too."
    )


def in_our_folder(folder: Path, left_out: Iterable[str]) -> str:
    """Return what it means that git takes the hooks of all repositories from a folder of ours."""
    return (
        f"git now takes all hooks from {folder}; they run each repository's own first, but for "
        f"{', '.join(left_out)}. A repository with a core.hooksPath of its own, such as husky's, "
        "needs a hook of its own: leakscan hook install PATH. `pre-commit install` refuses to "
        "work while core.hooksPath is set; git 2.54 and newer do without it."
    )
