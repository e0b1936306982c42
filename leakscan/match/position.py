"""Line and column of a hit.

Part of the match stage. In: a content and a byte offset in its data. Out: line and column, from 1.
Only hits are counted, never whole contents without one.
"""

from leakscan.match.views import View
from leakscan.model import Content, Encoding


class Positions:
    """Counts lines of one view of one content, onwards from the last hit where it can."""

    def __init__(self, content: Content, view: View) -> None:
        self._data = content.data
        self._view = view
        self._lines_before = content.lines_before
        self._utf16 = _is_utf16(content.data, view)
        self._at = self._lines = 0

    def line_and_column(self, index: int) -> tuple[int, int]:
        """Return line and column of a character of the view, the column in characters.

        The first line of a piece may have begun in the piece before; its columns then count from
        where the piece begins.
        """
        start = self._view.text.rfind(b"\n", 0, index) + 1
        column = _characters(self._data, self._view, start, index) + 1
        return self._lines_before + self._newlines(index) + 1, column

    def _newlines(self, index: int) -> int:
        text = self._view.text if self._utf16 else self._data
        at = index if self._utf16 else self._view.offset(index)
        if at < self._at:
            self._at = self._lines = 0
        self._lines += text.count(b"\n", self._at, at)
        self._at = at
        return self._lines


def _is_utf16(data: bytes, view: View) -> bool:
    """Return whether the content as a whole is the UTF-16 of the view, not only a part of it.

    A zero among the first two units says so; lines of a mixed content are counted in bytes.
    """
    return view.encoding is not Encoding.PLAIN and (
        data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:2]
    )


def _characters(data: bytes, view: View, start: int, index: int) -> int:
    between = data[view.offset(start) : view.offset(index)]
    if view.encoding is Encoding.PLAIN:
        try:
            return len(between.decode())
        except UnicodeDecodeError:
            return len(between)
    return len(between.decode(view.encoding.value, "replace"))
