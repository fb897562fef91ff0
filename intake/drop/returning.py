"""Coming back: the page that asks for a code, and what the server does for a browser without JavaScript.

With JavaScript the code never leaves the browser, and the page is constant. Without it, the code is posted: the server
opens it in memory, looks into its mailbox, believes the answer or not as the page would, shows it, and forgets both.
Every such answer is one length for all that it may hold, and is not packed: neither says on the wire whether there was
a reply.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from intake.drop.assets import Asset, Body
from intake.errors import Damaged, NoKeyFits, NotSealed, Usage
from intake.keyring import Keyring
from intake.report.code import Code, Holder
from intake.report.reply import Misplaced, NotGenuine, OutOfDate, Reply, verify

LENGTH = 24_576
"""Bytes of a page that answers a posted code, or a multiple of it: an answer all of quotation marks needs more."""

DOUBTS = ("forged", "elsewhere", "old", "broken")
SHOWN = ("slip", "nothing", "reply", *DOUBTS, "added")
"""What such a page may show."""

CODE, DAY, NUMBER, TEXT = (f"\x02{name}\x03" for name in ("code", "day", "number", "text"))
"""What a template writes where something is to be put in."""

_HERE = re.compile("\x02([a-z]+)\x03")


@dataclass(frozen=True, slots=True)
class ReturnPages:
    """The bodies of one language. `plain`: the text of each page in `SHOWN`, with places to put things in."""

    script: Asset
    page: Body
    plain: dict[str, str]

    def answer(self, seen: Seen) -> bytes:
        """The page that answers a posted code."""
        facts = {"code": str(seen.code or "")}
        if seen.reply is not None:
            facts |= {"day": str(seen.reply.day), "number": str(seen.reply.number), "text": seen.reply.text}
        content = _HERE.sub(lambda here: html.escape(facts[here[1]], quote=False), self.plain[seen.shown]).encode()
        return content.ljust(-(-len(content) // LENGTH) * LENGTH)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a posted code led to: a word of `SHOWN`, the code while it is worth keeping on the page, and the reply."""

    shown: str
    code: Code | None = None
    reply: Reply | None = None


def read_code(pairs: Sequence[tuple[str, str]]) -> Code:
    """The code in a posted form: in one field, or in six. Raises `Usage`."""
    return Code.parse(" ".join(value for name, value in pairs if name.partition(".")[0] == "code"))


def look(
    pairs: Sequence[tuple[str, str]], keyring: Keyring, today: date, ask: Callable[[bytes], bytes]
) -> tuple[Seen, Holder | None]:
    """Open the code of a posted form and what lies in its mailbox. `ask` is `Mailboxes.ask`.

    The holder comes with it, for whoever adds something. Raises `Fault` when the store fails.
    """
    try:
        code = read_code(pairs)
    except Usage:
        return Seen("slip"), None
    holder = code.open(keyring.origin)
    said = ask(bytes.fromhex(holder.mailbox))
    if not said[0]:
        return Seen("nothing", code), holder
    try:
        return Seen("reply", code, verify(said[1:], holder.identity, keyring, holder.mailbox, today)), holder
    except NotGenuine:
        return Seen("forged", code), holder
    except Misplaced:
        return Seen("elsewhere", code), holder
    except OutOfDate:
        return Seen("old", code), holder
    except (Damaged, NoKeyFits, NotSealed):
        return Seen("broken", code), holder


def added(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """What a posted form adds: its fields but for the code and the button."""
    return [(name, value) for name, value in pairs if name.partition(".")[0] not in ("code", "send")]
