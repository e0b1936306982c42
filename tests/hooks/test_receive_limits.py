"""What a gate must not pass over, nor say: too long lists, passwords in URLs, shallow history."""

from tests.support.hooks import FILLER, Work, names

ZERO = "0" * 40


def test_no_refs_are_too_many_to_be_read(served: Work) -> None:
    """What lies behind any limit on the list of refs must not be accepted unseen."""
    old, new = served.repo.id("main"), b"%b" % served.leak()[1].encode()
    line = b"%b %b refs/heads/" % (b"1" * 40, b"0" * 40)
    line += b"x" * (127 - len(line)) + b"\n"
    bad = b"%b %b refs/heads/main\n" % (old.encode(), new)
    served.remote.git("fetch", "-q", served.repo.path, "main:refs/tmp/x")
    served.remote.git("update-ref", "-d", "refs/tmp/x")
    text = line * ((64 << 20) // len(line)) + bad
    assert served.leakscan("pre-receive", stdin=text, cwd=served.remote.path).refused


def test_a_server_that_takes_shallow_history(served: Work) -> None:
    """It gets commits whose parents it will never have."""
    served.repo.commit({b"a": FILLER})
    assert not served.push("origin", "main").refused
    clone = served.remote.clone(served.folder / "clone", "--depth=1")
    second = served.add_remote("second")
    second.git("config", "receive.shallowUpdate", "true")
    served.hook("pre-receive", second)
    clone.git("remote", "add", "second", second.path)
    clean = clone.commit({b"b": b"1\n"})
    pushed = served.push("second", "main", repo=clone)
    assert not pushed.refused, pushed.said
    assert served.at("refs/heads/main", second) == clean
    bad = clone.commit({b"app/.env": served.keys.leak().env()})
    assert names(served.push("second", "main", repo=clone), bad, "app/.env", 1)


def test_a_password_in_a_url_is_not_shown(work: Work) -> None:
    _, commit = work.leak()
    line = f"main {commit} refs/heads/main {ZERO}\n".encode()
    for url in ("https://user:hunter2-hunter2@git.example/x.git", "ssh://u:hunter2-hunter2@h/x"):
        done = work.leakscan("pre-push", url, url, stdin=line)
        assert names(done, commit, "app/.env", 1)
        assert "hunter2" not in done.said
