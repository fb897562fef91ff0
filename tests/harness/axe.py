"""axe-core in a page, and every state that the form can be in."""

from typing import Any

from playwright.sync_api import Page

from tests.harness.node import node_modules

STATES = [
    *["loading", "unreachable", "ready", "empty", "sealing", "sending", "retrying", "keyring", "closed", "date"],
    *["random", "remote", "large", "full", "fault", "working", "day"],
]


def violations_of(page: Page) -> list[Any]:
    """What axe finds: each rule, and the elements that break it."""
    page.evaluate((node_modules() / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]


def show_state(page: Page, state: str) -> None:
    """Any state, as the page's own code would show it."""
    page.evaluate(
        """state => {
            for (const part of document.querySelectorAll("[data-state]")) part.hidden = part.dataset.state !== state;
            for (const part of document.querySelectorAll("[data-also]"))
              part.hidden = !part.dataset.also.split(" ").includes(state);
            document.getElementById("send").disabled = false;
        }""",
        state,
    )
