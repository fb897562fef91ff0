"""One report typed into the form as a person would: with mouse and keys, in any browser, scripts on or off."""

from itertools import groupby
from typing import Any, Protocol

from playwright.sync_api import Page

TAB, ENTER, SPACE, DOWN, SHIFT = "\ue004", "\ue007", " ", "\ue015", "\ue008"
"""Keys as WebDriver writes them (https://www.w3.org/TR/webdriver2/#keyboard-actions)."""

_PLAYWRIGHT = {TAB: "Tab", ENTER: "Enter", DOWN: "ArrowDown", SHIFT: "Shift"}

CANARY = "zarafshon7319"
"""A word that must never leave a browser readable. Part of every typed text of `fill`."""

ANSWERS: dict[str, Any] = {
    "urgent": ["removal", "medical"],
    "account": f"Моро дар фурудгоҳ боздоштанд.\nҒӣқӯҳҷ «{CANARY}» <b>&amp;</b> \\ 100% 🙂",
    "kind": ["detained", "border"],
    "who": [
        {"name": f"Фарзона {CANARY}", "age": 34},
        {"name": "Karim"},
        {"name": "Саид", "age": 19, "now": "Хоруғ"},
        {"name": f"ду нафари дигар {CANARY}"},
    ],
    "when": {"precision": "month", "date": "2022-05", "text": f"баъди ид {CANARY}"},
    "where": {"text": f"Хоруғ {CANARY}"},
    "by_whom": ["gknb", "plain"],
    "now": "held",
    "relation": "family",
    "consent": ["count", "lawyer", "un_named"],
    "harm": f"Хоҳарам {CANARY}",
    "contact": "via",
}
"""What `fill` answers, in the shapes of the desk."""


class Hands(Protocol):
    """A mouse and a keyboard."""

    def click(self, css: str) -> None:
        """The left button, in the middle of the first element that `css` finds."""

    def write(self, text: str) -> None:
        """Key by key, to whatever has the focus."""


class ChromiumHands:
    """Raw input through Playwright: no script of the page is asked, so it works where scripts are off."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def click(self, css: str) -> None:
        found = self._page.locator(css).first
        found.scroll_into_view_if_needed(timeout=10_000)
        box = found.bounding_box()
        assert box is not None, f"{css} can't be seen"
        self._page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def write(self, text: str) -> None:
        for foreign, keys in groupby(text, lambda key: key not in _PLAYWRIGHT and not key.isascii()):
            if foreign:  # letters that are on no key of Playwright's keyboard, which would insert them one by one
                self._page.keyboard.insert_text("".join(keys))
                continue
            for key in keys:
                if key in _PLAYWRIGHT:
                    self._page.keyboard.press(_PLAYWRIGHT[key])
                else:
                    self._page.keyboard.type("\r" if key == "\n" else key)

    def sees(self, css: str) -> bool:
        return self._page.locator(css).count() > 0


def fill(hands: Hands) -> None:
    """Answer every question with `ANSWERS`. The viewport must be tall enough to show the whole form."""
    for field in ("urgent", "kind", "by_whom", "consent"):
        for code in ANSWERS[field]:
            hands.click(f'[name="{field}"][value="{code}"]')
    for field in ("now", "relation", "contact"):
        hands.click(f'[name="{field}"][value="{ANSWERS[field]}"]')
    for field in ("account", "harm"):
        _into(hands, f"#{field}", ANSWERS[field].replace("\n", ENTER))
    first, second, third, fourth = ANSWERS["who"]
    _into(hands, '[name="who.1.name"]', f"{first['name']}{TAB}{first['age']}{TAB}{TAB}{second['name']}")
    _into(hands, '[name="who.more"]', f"{third['name']}, {third['age']}, {third['now']}{ENTER}{fourth['name']}{TAB}")
    hands.write(f"{TAB}{DOWN * 5}{TAB}2022{TAB}{TAB}{ANSWERS['when']['text']}")
    _into(hands, "#where", ANSWERS["where"]["text"])


def _into(hands: Hands, css: str, text: str) -> None:
    hands.click(css)
    hands.write(text)
