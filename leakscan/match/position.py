"""Line and column of a hit.

Part of the match stage. In: a content and a byte offset in its data. Out: line and column, from 1.
Only hits are counted, never whole contents without one.
"""

from leakscan.match.views import View
from leakscan.model import Content, Encoding


def line_and_column(content: Content, view: View, index: int) -> tuple[int, int]:
    """Return line and column of a character of a view, the column in characters.

    The first line of a piece may have begun in the piece before; its columns then count from
    where the piece begins.
    """
    text = view.text
    start = text.rfind(b"\n", 0, index) + 1
    if _is_utf16(content.data, view):
        lines = text.count(b"\n", 0, index)
    else:
        lines = content.data.count(b"\n", 0, view.offset(index))
    return content.lines_before + lines + 1, _characters(content.data, view, start, index) + 1


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
