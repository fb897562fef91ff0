"""Charts as SVG: bars, and the sketch of a map. They draw what is printed and nothing else.

A bar is as long as the rounded number. "Fewer than 10" is an outline that ends at 9, and what is not shown has no bar:
so a drawing tells no more than the table beside it. There is no script, no style sheet and no reference in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from intake.review.outputs.disclosure import SHOWN_FROM

FONTS = "'Libertinus Serif', 'Liberation Serif', 'Times New Roman', serif"
_WIDTH, _LABEL, _LINE, _BAR = 640, 250, 15, 16
_LETTERS = 38
_INK, _FILL, _QUIET = "#1c1c1c", "#3b5b78", "#c9d3dc"
_TILES: Mapping[str, tuple[int, int, int, int]] = {
    "sughd": (0, 0, 2, 1),
    "dushanbe": (0, 1, 1, 1),
    "drs": (1, 1, 1, 1),
    "khatlon": (0, 2, 2, 1),
    "gbao": (2, 0, 2, 3),
    "border": (0, 3, 2, 1),
    "tj": (2, 3, 2, 1),
    "ru": (4, 0, 1, 2),
    "abroad": (4, 2, 1, 1),
    "unknown": (4, 3, 1, 1),
}
"""Column, row, width and height of each region in the sketch."""
_SHADES = ((50, "#27435c", "#ffffff"), (25, "#4a6d8c", "#ffffff"), (10, "#9db6cb", _INK), (1, "#dbe5ed", _INK))


def bars(title: str, rows: Sequence[tuple[str, str | None, str]]) -> str:
    """Horizontal bars: for each a name, the figure as printed ("15", "<10", None), and the words for it."""
    most = max([SHOWN_FROM, *(int(printed) for _, printed, _ in rows if printed and printed.isdigit())])
    scale = (_WIDTH - _LABEL - 110) / most
    drawn: list[str] = []
    y = 6
    for name, printed, words in rows:
        lines = _wrapped(name, _LETTERS)
        height = max(_BAR + 8, len(lines) * _LINE + 8)
        drawn += [_text(_LABEL - 10, y + 12 + number * _LINE, line, anchor="end") for number, line in enumerate(lines)]
        length = 0.0
        if printed == "<10":
            length = (SHOWN_FROM - 1) * scale
            drawn.append(
                f'<rect x="{_LABEL}" y="{y}" width="{length:.1f}" height="{_BAR}" fill="none" stroke="{_FILL}" '
                'stroke-dasharray="3 2"/>'
            )
        elif printed is not None:
            length = int(printed) * scale
            drawn.append(f'<rect x="{_LABEL}" y="{y}" width="{length:.1f}" height="{_BAR}" fill="{_FILL}"/>')
        drawn.append(_text(_LABEL + length + 6, y + 12, words))
        y += height
    axis = f'<line x1="{_LABEL}" y1="0" x2="{_LABEL}" y2="{y}" stroke="{_INK}" stroke-width="0.8"/>'
    return _drawing(title, _WIDTH, y + 4, [*drawn, axis], _told(rows))


def sketch(title: str, regions: Mapping[str, tuple[str, str | None, str]]) -> str:
    """Regions as tiles, roughly where they lie: name, figure as printed, and the words for it."""
    width, height, gap = 128, 78, 4
    drawn = []
    for code, (column, row, wide, high) in _TILES.items():
        if code not in regions:
            continue
        name, printed, words = regions[code]
        number = 0 if printed is None else int(printed) if printed.isdigit() else 1
        fill, ink = next(((fill, ink) for least, fill, ink in _SHADES if number >= least), ("#ffffff", _INK))
        x, y = column * width, row * height
        w, h = wide * width - gap, high * height - gap
        drawn.append(
            f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="3" fill="{fill}" stroke="{_QUIET}" stroke-width="1"/>'
        )
        lines = _wrapped(name, 17 * wide)[:4]
        top = y + h / 2 - (len(lines) * 14) / 2
        drawn += [_text(x + w / 2, top + 8 + n * 14, line, anchor="middle", ink=ink) for n, line in enumerate(lines)]
        drawn.append(
            _text(x + w / 2, top + 12 + len(lines) * 14, words, anchor="middle", ink=ink, weight="bold", size=13)
        )
    return _drawing(title, 5 * width, 4 * height, drawn, _told(list(regions.values())))


def _told(rows: Sequence[tuple[str, str | None, str]]) -> str:
    return "; ".join(f"{name}: {words}" for name, _, words in rows)


def _drawing(title: str, width: int, height: int, drawn: Sequence[str], description: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label={quoteattr(title)}>\n'
        f"<title>{escape(title)}</title>\n<desc>{escape(description)}</desc>\n" + "\n".join(drawn) + "\n</svg>\n"
    )


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", ink: str = _INK, weight: str = "normal", size: int = 12
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-family={quoteattr(FONTS)} font-size="{size}" font-weight="{weight}" '
        f'fill="{ink}" text-anchor="{anchor}">{escape(words)}</text>'
    )


def _wrapped(words: str, letters: int) -> list[str]:
    lines = [""]
    for word in words.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > letters:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
