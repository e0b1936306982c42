"""The verbs of this project, the same by hand and in CI: `nox -s test`, `nox -s lint` and so on."""

import nox

nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "types", "imports", "rules", "test"]


def _session(session: nox.Session) -> None:
    session.install("-e", ".[dev]")


@nox.session
def fmt(session: nox.Session) -> None:
    """Format the code and sort the imports."""
    _session(session)
    session.run("ruff", "check", "--fix", ".")
    session.run("ruff", "format", ".")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    _session(session)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types strictly."""
    _session(session)
    session.run("mypy")


@nox.session
def imports(session: nox.Session) -> None:
    """Check that the stages import downwards only."""
    _session(session)
    session.run("lint-imports")


@nox.session
def rules(session: nox.Session) -> None:
    """Run every example of every rule."""
    _session(session)
    session.run("leakscan", "rules", "test")


@nox.session
def test(session: nox.Session) -> None:
    """Run the tests; arguments go to pytest."""
    _session(session)
    session.run("pytest", *session.posargs)


@nox.session
def golden(session: nox.Session) -> None:
    """Compare the golden reports and plans; with `-- --accept` write them anew."""
    _session(session)
    folders = ("tests/golden", "tests/golden_plans")
    session.run("pytest", *folders, "-p", "no:xdist", "-o", "addopts=", *session.posargs)


@nox.session
def deep(session: nox.Session) -> None:
    """Run the property tests with many more examples."""
    _session(session)
    session.run(
        "pytest", "tests/property", *session.posargs, env={"LEAKSCAN_HYPOTHESIS_PROFILE": "deep"}
    )


@nox.session
def bench(session: nox.Session) -> None:
    """Compare speed and memory with other tools: `nox -s bench -- REPO...`."""
    session.install(".", "kingfisher-bin")
    session.run("python", "-m", "tests.bench", *session.posargs)


@nox.session
def bench_hooks(session: nox.Session) -> None:
    """Measure what the pre-push hook adds to a push: `nox -s bench_hooks -- --profile`."""
    session.install(".", "kingfisher-bin", "detect-secrets")
    session.run("python", "-m", "tests.bench.pushes", *session.posargs)


@nox.session
def bench_liveness(session: nox.Session) -> None:
    """Measure what it takes to ask about many keys, against a server on this machine."""
    session.install(".")
    session.run("python", "-m", "tests.bench.liveness", *session.posargs)


@nox.session(name="self")
def scan_self(session: nox.Session) -> None:
    """Scan our own history with leakscan."""
    _session(session)
    session.run("leakscan", "scan", ".")
