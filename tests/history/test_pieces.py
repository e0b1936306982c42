"""A huge thing in pieces is the same thing: nothing lost, every piece in its place."""

import io

import pytest

from leakscan.history import catfile
from leakscan.history.catfile import OVERLAP_BYTES, PIECE_BYTES, pieces
from leakscan.model import Content, Kind


@pytest.mark.parametrize("extra", [0, 1, OVERLAP_BYTES, PIECE_BYTES, 2 * PIECE_BYTES + 17])
def test_pieces_cover_the_whole_and_know_their_place(extra: int) -> None:
    line = b"x" * 999_983 + b"\n"
    whole = (line * ((PIECE_BYTES + extra) // len(line) + 1))[: PIECE_BYTES + extra]
    file = io.BytesIO(whole)
    end = 0
    for piece in pieces(Content(Kind.GIT_FILE, b""), file.read, file.read(PIECE_BYTES)):
        assert len(piece.data) <= catfile.PIECE_BYTES
        assert piece.data == whole[piece.start : piece.start + len(piece.data)]
        assert piece.lines_before == whole.count(b"\n", 0, piece.start)
        assert piece.columns_before == piece.start - (whole.rfind(b"\n", 0, piece.start) + 1)
        assert piece.start <= max(0, end - OVERLAP_BYTES)
        end = piece.start + len(piece.data)
    assert end == len(whole)
