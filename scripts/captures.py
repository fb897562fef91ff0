"""Makes .pictures/first-hour.png: a reviewer's first hour with the practice vault, six screens, as they are.

    python -m scripts.captures

The vault is a new practice vault, imported by the command itself; the desk is played with keys. Text becomes SVG by
Rich and Textual, and PNG by Chromium.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

from intake.review.desk.app import Desk
from intake.review.vault import Vault

ROOT = Path(__file__).resolve().parent.parent
PASSPHRASE = "correct horse battery"
SIZE = (92, 28)

PLAY: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("triage: the most urgent first, opened when somebody opens it", ("down", "down", "down", "down")),
    ("read: everything but who the witness is", ("enter",)),
    (
        "link: who else may be the same, side by side, with reasons",
        ("escape", "s", "down", "enter", "escape", "enter"),
    ),
    ("preview: plain pixels out of the sandbox, small and grey", ("escape", "escape", "p", "enter", "wait")),
    (
        "code: a case, its timeline, and HURIDOCS codes",
        (
            *("escape", "escape", "escape", "l", "enter", *"Rustam", "enter", "enter", "k"),
            *("y", *"Rustam", "enter"),
            *("a", "2", *"2026-11", "enter", *"Moscow", "enter"),
            *("x", "1", "7", "6", "enter"),
        ),
    ),
)


def main() -> None:
    """Make the picture."""
    with tempfile.TemporaryDirectory() as there:
        folder = Path(there)
        panels = [("import: checked, opened, sorted by urgency", commands(folder))]
        panels += asyncio.run(play(folder / "practice"))
        (folder / "all.html").write_text(page(panels))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            sheet = browser.new_page(viewport={"width": 1500, "height": 800})
            sheet.goto((folder / "all.html").as_uri())
            sheet.screenshot(path=ROOT / ".pictures" / "first-hour.png", full_page=True)
            browser.close()


def commands(folder: Path) -> str:
    """The first commands as a terminal shows them."""
    lines = [
        "intake review init --vault practice --practice",
        "intake review import practice-stick --vault practice -i practice-stick/reviewer-r1.age",
        "intake review inbox --vault practice --limit 9",
    ]
    console = Console(record=True, width=SIZE[0], height=SIZE[1], file=Path(os.devnull).open("w"), force_terminal=True)  # noqa: SIM115
    for line in lines:
        done = subprocess.run(
            [sys.executable, "-m", *line.split()],
            cwd=folder,
            env={**os.environ, "INTAKE_PASSPHRASE_COMMAND": f"echo {PASSPHRASE}"},
            capture_output=True,
            text=True,
            check=True,
        )
        console.print(Text.assemble(("$ ", "bold green"), (line, "bold")), no_wrap=True, overflow="ellipsis")
        for told in (done.stderr + done.stdout).splitlines():
            console.print(Text(told), no_wrap=True, overflow="ellipsis")
    return console.export_svg(title="a laptop that is never online")


async def play(vault: Path) -> list[tuple[str, str]]:
    """The desk, played with keys: a capture after each part."""
    panels = []
    with Vault.open(vault, PASSPHRASE) as opened:
        desk = Desk(opened)
        async with desk.run_test(size=SIZE) as pilot:
            await pilot.pause()
            for caption, keys in PLAY:
                for key in keys:
                    if key == "wait":
                        await asyncio.sleep(8)
                    else:
                        await pilot.press({"-": "minus", " ": "space"}.get(key, key))
                    await pilot.pause()
                await pilot.pause(0.5)
                panels.append((caption, desk.export_screenshot(title="intake review desk")))
    return panels


def page(panels: list[tuple[str, str]]) -> str:
    """All captures on one sheet, two in a row."""
    figures = "".join(
        f"<figure>{svg.replace('terminal-', f'panel{at}-')}<figcaption>{at}. {caption}</figcaption></figure>"
        for at, (caption, svg) in enumerate(panels, 1)
    )
    return (
        "<meta charset=utf-8><style>body{margin:0;padding:16px;display:grid;grid-template-columns:1fr 1fr;gap:16px;"
        "background:#fff;font:18px sans-serif}figure{margin:0}svg{width:100%;height:auto}"
        f"figcaption{{text-align:center;padding-top:4px}}</style>{figures}"
    )


if __name__ == "__main__":
    main()
