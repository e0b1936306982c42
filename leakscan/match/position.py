"""Line and column of a hit.

Part of the match stage. In: a content and a byte offset in its data. Out: line and column, from 1.
Only hits are counted, never whole contents without one.
"""

from leakscan.match.views import View
from leakscan.model import Content, Encoding


class Positions:
    """Counts lines and columns of one view of one content, onwards from the last hit if it can.

    The first line of a piece may have begun in the piece before, which its columns count in bytes.
    """

    def __init__(self, content: Content, view: View) -> None:
        self._data = content.data
        self._view = view
        self._lines_before = content.lines_before
        self._utf16 = _is_utf16(content.data, view)
        self._columns_before = content.columns_before // view.width
        self._index = self._lines = 0
        self._columns = self._columns_before

    def line_and_column(self, index: int) -> tuple[int, int]:
        """Return line and column of a character of the view, the column in characters."""
        if index < self._index:
            self._index = self._lines = 0
            self._columns = self._columns_before
        view, last = self._view, self._index
        newline = view.text.rfind(b"\n", last, index)
        if self._utf16:
            self._lines += view.text.count(b"\n", last, index)
        else:
            start = view.offset(last) if last else 0
            self._lines += self._data.count(b"\n", start, view.offset(index))
        if newline >= 0:
            self._columns = 0
        self._columns += _characters(self._data, view, max(newline + 1, last), index)
        self._index = index
        return self._lines_before + self._lines + 1, self._columns + 1


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
