"""The command `intake`: three doors, each imported only when it is opened."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import cast

import click

from intake.errors import Exit, IntakeError
from intake.memory import keep_private, lasting
from intake.options import Lazy
from intake.terminal import safe, say

_DOORS = {
    "keys": ("intake.keyring.commands", "Make, sign and check the keys (offline)."),
    "drop": ("intake.drop.commands", "Run the online server that takes sealed reports."),
    "review": ("intake.review.commands", "Open and work on reports (offline)."),
}

# Commands that stand behind a door whose package must not know theirs: `rewrap` is about keys, but walks over bundles,
# and the keys know no bundles (the layers in pyproject.toml). Only here may both be seen.
_GUESTS = {"keys": {"rewrap": "intake.review.commands.rewrap"}}


class _Doors(click.Group):
    """A group whose commands live in their own packages, so that the desk never loads the server and the reverse."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_DOORS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _DOORS:
            return None
        module = _DOORS[cmd_name][0]
        if module not in sys.modules:
            with lasting():
                import_module(module)
        door = cast(click.Group, sys.modules[module].door)
        if cmd_name not in _GUESTS:
            return door
        return click.CommandCollection(cmd_name, sources=[door, Lazy(modules=_GUESTS[cmd_name])], help=door.help)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Doors"):
            formatter.write_dl([(name, about) for name, (_, about) in _DOORS.items()])


@click.group(cls=_Doors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="intake", message="%(version)s")
def door() -> None:
    """Anonymous, end-to-end encrypted intake for reports of detention."""


def main() -> None:
    """Run the command and leave with the exit status that `intake.errors.Exit` promises."""
    keep_private()
    try:
        status = door.main(prog_name="intake", standalone_mode=False)
        sys.exit(status if isinstance(status, int) else Exit.OK)
    except IntakeError as error:
        say(f"intake: {safe(str(error))}")
        if error.advice:
            say(f"        {safe(error.advice)}")
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(Exit.USAGE)
    except (click.Abort, KeyboardInterrupt):
        say("intake: stopped.")
        sys.exit(Exit.FAULT)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(Exit.FAULT)
