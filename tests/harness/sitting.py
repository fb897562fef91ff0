"""A reviewer at the full-screen desk: keys are pressed, and what stands on the screen is read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.segment import Segment
from textual.pilot import Pilot
from textual.strip import Strip

from intake.keyring.trust import Roots
from intake.review import practice
from intake.review.desk.app import Desk
from intake.review.importing import Import
from intake.review.vault import Vault
from tests.harness.vaults import PASSPHRASE, QUICK

SIZE = (80, 24)


class Sitting:
    """One desk, its pilot, and its screen as lines of text."""

    def __init__(self, desk: Desk, pilot: Pilot[None]) -> None:
        self.desk, self.pilot = desk, pilot

    async def press(self, *keys: str) -> None:
        """Keys, each after the one before is done."""
        for each in keys:
            await self.pilot.press(each)
            await self.settle()

    async def type(self, text: str) -> None:
        """Letters, as a keyboard gives them."""
        for each in text:
            await self.pilot.press("space" if each == " " else each)
        await self.settle()

    async def settle(self) -> None:
        """Wait until nothing is left to do: the pilot's own pause takes a process that gets no time for an idle one."""
        await self._quiet()
        self.desk.screen._on_timer_update()  # what was put off to the next frame
        await self._quiet()

    async def _quiet(self) -> None:
        """Until no message waits and no task could go on, three times over a little while."""
        loop = asyncio.get_running_loop()
        quiet = 0
        while quiet < 3:
            await self.pilot._wait_for_screen()
            await asyncio.sleep(0.005)  # for whoever waits on a clock
            while loop._ready:  # type: ignore[attr-defined]
                await asyncio.sleep(0)
            desk = self.desk
            here = [desk, *(node for screen in desk.screen_stack for node in screen.walk_children(with_self=True))]
            quiet = quiet + 1 if all(node.message_queue_size == 0 for node in here) else 0

    @property
    def strips(self) -> list[Strip]:
        """What the screen shows just now."""
        return self.desk.screen._compositor.render_strips()

    @property
    def lines(self) -> list[str]:
        """The same as text."""
        return [strip.text for strip in self.strips]

    @property
    def shown(self) -> str:
        """All of it."""
        return "\n".join(line.rstrip() for line in self.lines)

    @property
    def segments(self) -> list[Segment]:
        """All of it, with its styles."""
        return [segment for strip in self.strips for segment in strip]

    async def until(self, words: str) -> None:
        """Wait for something that is made beside the screen."""
        for _ in range(200):
            await self.pilot.pause(0.1)
            if words in self.shown:
                return
        raise AssertionError(f"{words!r} was never shown:\n{self.shown}")


def sit(
    vault: Vault,
    play: Callable[[Sitting], Awaitable[None]],
    *,
    language: str = "en",
    size: tuple[int, int] = SIZE,
    idle: timedelta = timedelta(minutes=5),
) -> Desk:
    """Let `play` have the desk of this vault; the desk afterwards."""
    desk = Desk(vault, language, idle=idle)

    async def run() -> None:
        async with desk.run_test(size=size) as pilot:
            await pilot.pause()
            await play(Sitting(desk, pilot))

    asyncio.run(run())
    return desk


def practise(folder: Path) -> Path:
    """A practice vault with its thirty reports imported, closed."""
    made = practice.make(datetime.now(UTC).date())
    vault = folder / "practice"
    bundle = folder / practice.BUNDLE
    bundle.write_bytes(made.bundle)
    roots = Roots.of(made.vkeys, made.threshold)
    with (
        Vault.create(
            vault, PASSPHRASE, signing=made.private.signing, roots=roots, notes=[made.note], cost=QUICK
        ) as desk,
        Import(desk, made.private.identities, workers=1) as work,
    ):
        assert len([*work.take(bundle)]) == 30
    return vault
