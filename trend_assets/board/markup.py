"""HTML built so that data cannot become markup: every text is escaped unless it was built here.

What belongs here: the element builder, a small bar and a sparkline as SVG. What doesn't: what is shown (``sections/``, ``digest.py``).
Labels, notes and posts come from strangers; the board and the digest put them on a page through this module only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_EMPTY = ("br", "meta", "link", "rect", "line", "circle", "polyline", "path")


class Html(str):
    """Text that is markup already; made by ``element`` and ``join`` only."""

    __slots__ = ()


def element(name: str, /, *children: str, **attributes: str | int | float | None) -> Html:
    """An element. Children that are plain text are escaped; an underscore in an attribute's name stands for a hyphen, ``class_`` for class.

    Raises:
        ValueError: the name of the element or an attribute is no name, or an attribute would run a script.
    """
    names = [attribute.rstrip("_").replace("_", "-") for attribute in attributes]
    for checked in (name, *names):
        if not _NAME.fullmatch(checked.lower()) or checked.startswith("on") or checked == "script":
            raise ValueError(f"not a name for markup: {checked!r}")
    given = zip(names, attributes.values(), strict=True)
    attached = "".join(f' {key}="{escape(str(value), quote=True)}"' for key, value in given if value is not None)
    if name in _EMPTY:
        return Html(f"<{name}{attached}>" if name in ("br", "meta", "link") else f"<{name}{attached}/>")
    return Html(f"<{name}{attached}>{join(*children)}</{name}>")


def join(*children: str) -> Html:
    """Children one after another, plain text escaped."""
    return Html("".join(child if isinstance(child, Html) else escape(str(child), quote=True) for child in children))


def style_sheet(css: str) -> Html:
    """A style element of the program's own rules; never give it data."""
    return Html(f"<style>{css}</style>")


def sparkline(values: Sequence[float | None], *, width: int = 160, height: int = 32, marked: int | None = None, title: str = "") -> Html:
    """A line of values as inline SVG; ``None`` is a gap. ``marked`` is the place of a moment to point out."""
    known = [value for value in values if value is not None]
    if not known:
        return Html("")
    top = max(*known, 1e-9)
    step = width / max(len(values) - 1, 1)
    runs: list[list[str]] = [[]]
    for number, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{number * step:.1f},{height - 2 - (height - 4) * value / top:.1f}")
    shapes = [element("polyline", points=" ".join(run), fill="none", stroke="currentColor", stroke_width="1.5") for run in runs if run]
    if marked is not None:
        place = f"{marked * step:.1f}"
        shapes.insert(0, element("line", x1=place, x2=place, y1=0, y2=height, stroke="#B34700", stroke_width="1", stroke_dasharray="3 2"))
    body = join(element("title", title), *shapes) if title else join(*shapes)
    return element("svg", body, viewBox=f"0 0 {width} {height}", width=width, height=height, role="img", aria_label=title or None)
