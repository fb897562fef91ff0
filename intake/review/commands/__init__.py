"""The door `intake review`: the offline desk, a module for each command, imported when it is asked for.

A module here is the rim: it reads options and the keyboard, calls the desk, and tells. It has one `command`.
"""

from __future__ import annotations

import click

from intake.options import Lazy

COMMANDS = {
    "open": "intake.review.commands.open",
    "init": "intake.review.commands.init",
    "import": "intake.review.commands.import_",
    "inbox": "intake.review.commands.inbox",
    "list": "intake.review.commands.list",
    "desk": "intake.review.commands.desk",
    "show": "intake.review.commands.show",
    "preview": "intake.review.commands.preview",
    "translate": "intake.review.commands.translate",
    "compare": "intake.review.commands.compare",
    "search": "intake.review.commands.search",
    "mark": "intake.review.commands.mark",
    "reply": "intake.review.commands.reply",
    "outbox": "intake.review.commands.outbox",
    "test-report": "intake.review.commands.test_report",
    "alarm": "intake.review.commands.alarm",
    "case": "intake.review.commands.case",
    "dossier": "intake.review.commands.dossier",
    "export": "intake.review.commands.export",
    "statement": "intake.review.commands.statement",
    "erase": "intake.review.commands.erase",
    "retention": "intake.review.commands.retention",
    "forget": "intake.review.commands.forget",
    "vault": "intake.review.commands.vault",
    "sync": "intake.review.commands.sync",
    "log": "intake.review.commands.log",
    "doctor": "intake.review.commands.doctor",
}
"""In the order in which `--help` shows them."""


@click.group(cls=Lazy, modules=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
def door() -> None:
    """Open and work on reports. Made for a machine that is never online."""
