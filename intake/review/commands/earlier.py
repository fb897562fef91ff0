r"""`intake review case import`: earlier cases out of a table, first without writing anything.

intake review case import archive.xlsx --map archive.toml             what each line would make, and what is wrong
intake review case import archive.xlsx --map archive.toml --write     make it
intake review case import --map archive.toml --undo                   take the newest of these back
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import click

from intake.errors import Exit, Usage
from intake.keyring.files import read_file
from intake.review import earlier, spreadsheet, taking
from intake.review.entrance import enter, vault_option
from intake.review.taking import Compared
from intake.terminal import progress, put, safe, say

_FILE = click.Path(path_type=Path, dir_okay=False)
_MOST = 65_536


@click.command("import")
@vault_option
@click.argument("table", type=_FILE, required=False, metavar="[TABLE]")
@click.option("--map", "mapping", type=_FILE, required=True, help="Which column is what: a TOML file.")
@click.option("--write", is_flag=True, help="Write it into the vault. Without this nothing is written.")
@click.option("--skip-wrong", is_flag=True, help="Leave lines out that can't be understood, and take the others.")
@click.option("--undo", is_flag=True, help="Take back what was written last from this source.")
@click.option("--json", "as_json", is_flag=True, help="Tell it as JSON.")
def command(
    vault: Path, table: Path | None, mapping: Path, write: bool, skip_wrong: bool, undo: bool, as_json: bool
) -> int:
    """Take in earlier cases from a CSV or XLSX table. Says what each line would make, and writes only with --write.

    The same table again changes nothing, a longer one adds what is new, and what reviewers changed since stays. These
    cases have no reports and stand at V0. The mapping is told at the head of `intake/review/earlier.py`.
    """
    if undo == (table is not None) or (undo and write):
        raise Usage("say one thing to do", "Give a table, or --undo without one.")
    by = earlier.parse(read_file(mapping, _MOST))
    with enter(vault) as desk:
        if table is None:
            with desk.journal() as journal:
                undone, stay = taking.take_back(journal, by)
            say(f"{undone} facts taken back." + (f" {stay} stay: they were changed since." if stay else ""))
            return Exit.SOME_FAILED if stay else Exit.OK
        lines = [*earlier.lines(spreadsheet.read(table), by)]
        with desk.reading() as connection:
            compared = taking.compare(connection, lines)
        for each in compared:
            put(json.dumps(_facts(each), ensure_ascii=False) if as_json else safe(_told(each)))
        counts = Counter(each.word for each in compared)
        said = ", ".join(f"{counts[word]} {word}" for word in ("new", "adds", "as before", "differs", "wrong"))
        say(f"{len(compared)} lines: {said}.")
        wrong = bool(counts["wrong"])
        if not write:
            say("Nothing is written. With --write it is.")
            return Exit.SOME_FAILED if wrong else Exit.OK
        if wrong and not skip_wrong:
            raise Usage(
                f"{counts['wrong']} lines are wrong: nothing is written",
                "Correct them, or leave them out with --skip-wrong.",
            )
        with progress(len(compared), "Writing") as heard, desk.journal() as journal:
            events = taking.take(journal, by, table.read_bytes(), compared, heard)
        say(f"{events} facts written. --undo takes them back." if events else "There was nothing new to write.")
        return Exit.SOME_FAILED if wrong else Exit.OK


def _told(each: Compared) -> str:
    head = f"line {each.line.number}: {each.word}"
    if each.line.wrong:
        return f"{head}: {'; '.join(each.line.wrong)}"
    told = [f"{fact.field} {_short(fact.value)}" for fact in each.new if fact.field != "case"]
    differs = [f"{field} differs, and stays as the vault has it" for field in each.differs]
    return f"{head}: case {each.line.case[:8]}: {'; '.join([*told, *differs]) or 'nothing to do'}"


def _short(value: object) -> str:
    if value is True:
        return ""
    if isinstance(value, dict):
        return " ".join(str(value[key]) for key in ("date", "time", "zone") if key in value)
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _facts(each: Compared) -> dict[str, object]:
    facts = [
        {"of": f"{fact.entity.kind} {fact.entity.id}", "field": fact.field, "value": fact.value} for fact in each.new
    ]
    told = {"line": each.line.number, "key": each.line.key, "case": each.line.case, "is": each.word}
    return told | {"new": facts, "differs": [*each.differs], "wrong": [*each.line.wrong]}
