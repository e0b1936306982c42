"""Make the table of character pairs that tells random secrets from source text, and measure it.

    python tests/bench/train_bigrams.py train OUT REPO...    # writes the table
    python tests/bench/train_bigrams.py measure REPO...      # recall and false candidates

Each REPO is a git repository; every file at its HEAD up to 1 MiB is read, in the order of git's
tree, so equal commits give an equal table. Train and measure on different repositories. What the
shipped table was made from, and what was measured, stands in leakscan/score/bigram.py.

The table holds, for each pair of the base64 alphabet, the bits that the second character costs
after the first, in 1/16 bit, 0 to 255: 4096 bytes. Tokens are runs of 4 to 39 characters, each
counted once; add-half smoothing.
"""

import math
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from leakscan.score.bigram import ALPHABET, bits_per_character
from leakscan.score.entropy import shannon

TOKEN = re.compile(rb"[A-Za-z0-9+/]+")
HEX = re.compile(rb"[0-9a-f]{40}|[0-9A-F]{40}")
MAX_FILE_BYTES = 1 << 20


def files(repo: str) -> Iterator[bytes]:
    listing = subprocess.run(
        ["git", "-C", repo, "ls-tree", "-r", "-l", "-z", "HEAD"], capture_output=True, check=True
    ).stdout
    for entry in listing.split(b"\0"):
        meta = entry.split(b"\t")[0].split()
        if (
            len(meta) == 4
            and meta[1] == b"blob"
            and meta[3].isdigit()
            and int(meta[3]) <= MAX_FILE_BYTES
        ):
            yield subprocess.run(
                ["git", "-C", repo, "cat-file", "blob", meta[2].decode()],
                capture_output=True,
                check=True,
            ).stdout


def tokens(repos: list[str], shortest: int, longest: int) -> set[bytes]:
    found: set[bytes] = set()
    for repo in repos:
        for data in files(repo):
            if b"\0" not in data[:8000]:
                found.update(t for t in TOKEN.findall(data) if shortest <= len(t) <= longest)
    return found


def train(words: set[bytes]) -> bytes:
    index = {char: number for number, char in enumerate(ALPHABET)}
    counts = [[0.5] * 64 for _ in range(64)]
    for word in words:
        for first, second in pairwise(word):
            counts[index[first]][index[second]] += 1
    return bytes(
        min(255, round(-16 * math.log2(count / sum(row)))) for row in counts for count in row
    )


def measure(repos: list[str]) -> None:
    rng = random.Random(20261122)
    secrets = ("".join(rng.choices(ALPHABET.decode(), k=40)).encode() for _ in range(200_000))
    scores = sorted(bits_per_character(secret) for secret in secrets)
    runs = sorted(run for run in tokens(repos, 40, 40) if not HEX.fullmatch(run))
    source = {run: bits_per_character(run) for run in runs}
    print(f"random secrets {len(scores)}, source runs {len(runs)}")
    for recall in (1.0, 0.9999, 0.999, 0.99):
        cut = scores[min(round(len(scores) * (1 - recall)), len(scores) - 1)]
        false = [run for run, bits in source.items() if bits >= cut]
        gated = [run for run in false if shannon(run) >= 4.2]
        print(f"recall {recall:.2%}: cut {cut:.2f}, false {len(false)}, with entropy {len(gated)}")
    for cut in (6.5, 6.75, 7.0, 7.25, 7.5):
        lost = sum(score < cut for score in scores)
        kept = [run for run, bits in source.items() if bits >= cut and shannon(run) >= 4.2]
        print(f"cut {cut}: lost {lost}, false {len(kept)} of {len(runs)}")


def main(command: str, *arguments: str) -> None:
    if command == "train":
        words = tokens(list(arguments[1:]), 4, 39)
        Path(arguments[0]).write_bytes(train(words))
        print(f"{len(words)} tokens")
    else:
        measure(list(arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
