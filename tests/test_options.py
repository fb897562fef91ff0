"""Lists on the command line, and days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import click
import pytest
from click.testing import CliRunner

from intake.keyring.fingerprint import is_candidate
from intake.options import Command, Day, Several, as_one, months_after


@click.command(cls=Command)
@click.argument("files", nargs=-1)
@click.option("--root", "roots", cls=Several, belongs=is_candidate)
@click.option("--key", "-k", "keys", cls=Several)
@click.option("--at", type=Day())
@click.option("--flag", is_flag=True)
def _command(
    files: tuple[str, ...], roots: tuple[str, ...], keys: tuple[str, ...], at: date | None, flag: bool
) -> None:
    click.echo(repr((files, roots, keys, str(at) if at else None, flag)))


@pytest.mark.parametrize(
    ("args", "seen"),
    [
        ("f --root 1 2 3 --flag", (("f",), ("1", "2", "3"), (), None, True)),
        ("--root 1 --root 2 3", ((), ("1", "2", "3"), (), None, False)),
        ("--root=1 2 f g", (("f", "g"), ("1", "2"), (), None, False)),
        ("--root 1 2-3 f 4", (("f", "4"), ("1", "2-3"), (), None, False)),
        ("--root d/a+00ff00ff+AXc/+= f+g", (("f+g",), ("d/a+00ff00ff+AXc/+=",), (), None, False)),
        ("--key a b -k c d --flag f", (("f",), (), ("a", "b", "c", "d"), None, True)),
        ("--key a -- b c", (("b", "c"), (), ("a",), None, False)),
        ("--flag f --at 2026-11-23 g", (("f", "g"), (), (), "2026-11-23", True)),
        ("", ((), (), (), None, False)),
    ],
)
def test_several_values(args: str, seen: tuple[object, ...]) -> None:
    done = CliRunner().invoke(_command, args.split())
    assert done.output.strip() == repr(seen)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ("--root", "requires an argument"),
        ("--key a --unknown b", "No such option"),
        ("--at 23.11.2026", "23.11.2026 is not a day as YYYY-MM-DD"),
        ("--at 2026-02-30", "is not a day"),
    ],
)
def test_mistakes_are_still_mistakes(args: str, message: str) -> None:
    done = CliRunner().invoke(_command, args.split())
    assert done.exit_code == 2
    assert message in done.output


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 11, 23), 12, date(2027, 11, 23)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 12, 1), 0, date(2026, 12, 1)),
    ],
)
def test_months_later(day: date, months: int, later: date) -> None:
    assert months_after(day, months) == later


@dataclass(frozen=True)
class Route:
    """Two options and an argument, as one."""

    place: str
    by: str | None
    slowly: bool


@click.command()
@as_one(
    Route, "route", click.argument("place"), click.option("--by", help="How."), click.option("--slowly", is_flag=True)
)
@click.option("--much", type=int, default=1)
def _travel(route: Route, much: int) -> None:
    click.echo(repr((route, much)))


def test_options_that_belong_together_come_as_one() -> None:
    done = CliRunner().invoke(_travel, ["Khorog", "--slowly", "--much", "2"])
    assert done.output.strip() == repr((Route("Khorog", None, True), 2))
    shown = CliRunner().invoke(_travel, ["--help"]).output
    assert "PLACE" in shown
    assert shown.index("--by") < shown.index("--slowly") < shown.index("--much"), "in the order in which they are told"
