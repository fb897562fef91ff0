"""Options as people write them: `--root A --root B` and `--root A B` mean the same, a day is YYYY-MM-DD.

And groups whose commands are imported only when asked for.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime
from functools import wraps
from importlib import import_module
from typing import Any, cast

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Several(click.Option):
    """An option that goes on taking values until the next option, or until one that does not `belong` to it."""

    def __init__(
        self, declared: Sequence[str], *, belongs: Callable[[str], bool] = lambda _: True, **others: Any
    ) -> None:
        super().__init__(declared, **(others | {"multiple": True}))
        self.belongs = belongs


class Day(click.ParamType[date]):
    """A day as YYYY-MM-DD."""

    name = "day"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Fail with a message that shows the form wanted."""
        if isinstance(value, date):
            return value
        try:
            return datetime.strptime(str(value), "%Y-%m-%d").replace(tzinfo=UTC).date()
        except ValueError:
            self.fail(f"{value} is not a day as YYYY-MM-DD", param, ctx)


def months_after(day: date, months: int) -> date:
    """The same day of the month, or the last one before it: 12 months after 29 February is 28 February."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def as_one(kind: Callable[..., object], name: str, *options: Decorator) -> Decorator:
    """Options that belong together, handed to the command as one: `kind`, a dataclass with a field for each."""
    known = [each.name for each in fields(cast(Any, kind))]

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def command(**given: Any) -> Any:
            value = kind(**{each: given.pop(each) for each in known})
            return function(**given, **{name: value})

        made: Callable[..., Any] = command
        for option in reversed(options):
            made = option(made)
        return made

    return decorate


class Command(click.Command):
    """A command whose `Several` options may be given as lists."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat the option before each further value, which is how click takes several."""
        return super().parse_args(ctx, list(self._spread(args)))

    def _spread(self, args: list[str]) -> Iterator[str]:
        several = {name: p for p in self.params if isinstance(p, Several) for name in p.opts}
        option: tuple[str, Several] | None = None
        rest = iter(args)
        for arg in rest:
            name = arg.partition("=")[0]
            if arg == "--":
                yield arg
                yield from rest
                return
            if name in several:
                option = name, several[name]
                yield arg
                if "=" not in arg:
                    yield from (value for value in [next(rest, None)] if value is not None)
            elif option and not arg.startswith("-") and option[1].belongs(arg):
                yield option[0]
                yield arg
            else:
                option = None
                yield arg


class Lazy(click.Group):
    """A group whose commands live in modules of their own: name to module, each with one `command`."""

    def __init__(self, name: str | None = None, *, modules: Mapping[str, str], **others: Any) -> None:
        super().__init__(name, **others)
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, in the order given."""
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One of them, imported now."""
        if cmd_name not in self._modules:
            return None
        return cast(click.Command, import_module(self._modules[cmd_name]).command)
