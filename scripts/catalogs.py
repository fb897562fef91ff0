"""The `.po` files against what the software says: extracts, updates, checks. What `scripts/translations` runs.

A language has three files in `intake/locale/<code>`: `questionnaire.po`, whose texts have a context (the questions, and
the labels of report.txt), `page.po` (the templates and their words in `intake/drop`) and `statement.po` (the words of
the published statement, with a context too). One that reviewers work in has a fourth, `desk.po` (the full-screen desk).
Headings and comments that people wrote stay; the order is that of the source; a text whose English changed comes back
empty, so that nobody signs it unread.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import escape, read_po

from intake.locale import DESK, packaged_questionnaire
from intake.report.questionnaire import Questionnaire
from intake.report.reading import LABELS
from intake.review import acts
from intake.review.outputs.wording import MESSAGES as STATEMENT
from intake.review.triage import REASONS

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "intake" / "locale"

Key = tuple[str | None, str]

PSEUDO = "ar-XB"
"""Unicode's code for an invented language that is written from right to left."""
_MIRROR = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ابپتثجچحخدذرزسشصضطظعغفقکلم")

_QUESTIONNAIRE_HEAD = """\
# Language: {own_name}
# Direction: {direction}
#
# DRAFT: a native reader has not signed these words. Once one has read and signed the safety and
# consent texts, add a line here that begins with "Native reader:" and gives their name.
"""
_PAGE_HEAD = """\
# The words of the pages (templates/ and intake/drop).
#
# A draft that no native reader has checked. Whoever signs it adds a line "Native reader: NAME" to this comment.
"""
_STATEMENT_HEAD = _PAGE_HEAD.replace(
    "the pages (templates/ and intake/drop)",
    "the statement and the travel sheet (intake/review/outputs/wording.py)",
)
_FIELDS = 'msgid ""\nmsgstr ""\n"Language: {code}\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'


@dataclass(frozen=True)
class State:
    """What an update found in one file."""

    path: Path
    total: int
    missing: tuple[Key, ...]
    stale: tuple[Key, ...]
    changed: bool


def page_messages() -> list[Key]:
    """Every sentence of the templates, of `advice.py` and of `pages.py`, in the order of files and lines, each once."""
    found: dict[Key, None] = {}
    for folder, methods in (
        ("templates", [("**.html", "jinja2")]),
        ("intake/drop", [("advice.py", "python"), ("pages.py", "python")]),
    ):
        for _, _, message, _, _ in extract_from_dir(ROOT / folder, methods, {}, keywords={"_": None}):
            found[(None, str(message))] = None
    return list(found)


def desk_messages() -> list[Key]:
    """Every sentence of the reviewers' desk, and what it says of rules, acts and codes, each once."""
    found: dict[Key, None] = {}
    keywords = {"say": None, "marked": None}
    for _, _, message, _, _ in extract_from_dir(
        ROOT / "intake/review/desk", [("**.py", "python")], {}, keywords=keywords
    ):
        found[(None, str(message))] = None
    spoken = [*REASONS.values(), *(kind.words for kind in acts.kinds().values())]
    spoken += [each for name, told in acts.lists().items() for each in (name, *told.codes)]
    return [*(found | dict.fromkeys((None, each) for each in spoken))]


def questionnaire_messages(questionnaire: Questionnaire) -> list[Key]:
    """Everything that the packaged `questionnaire.po` holds: the questions, then the reader's labels."""
    return [*questionnaire.messages(), *LABELS.items()]


def update(path: Path, messages: Sequence[Key], head: str, *, write: bool) -> State:
    """Bring one file to `messages`, keeping every translation whose context and English still stand."""
    text = path.read_text(encoding="utf-8") if path.is_file() else head
    words, remarks = _read(path)
    blocks = [text.split("\n\n", 1)[0].rstrip("\n") + "\n"]
    blocks += [_entry(key, words.get(key, ""), remarks.get(key, ())) for key in messages]
    new = "\n".join(blocks)
    if write and new != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(new, encoding="utf-8")
    missing = tuple(key for key in messages if not words.get(key))
    return State(path, len(messages), missing, tuple(key for key in words if key not in set(messages)), new != text)


def _read(path: Path) -> tuple[dict[Key, str], dict[Key, Iterable[str]]]:
    """The translations of a file and the comments that translators left on them; a fuzzy one counts as none."""
    if not path.is_file():
        return {}, {}
    with path.open("rb") as file:
        po = read_po(file, abort_invalid=True)
    found = {(m.context, str(m.id)): m for m in po if m.id}
    words = {key: "" if message.fuzzy else str(message.string) for key, message in found.items()}
    return words, {key: message.user_comments for key, message in found.items() if message.user_comments}


def _entry(key: Key, words: str, remarks: Iterable[str]) -> str:
    context, message = key
    lines = [f"# {remark}" for remark in remarks]
    if context is not None:
        lines.append(f"msgctxt {escape(context)}")
    return "\n".join([*lines, f"msgid {escape(message)}", f"msgstr {escape(words)}"]) + "\n"


def begin(code: str, own_name: str, direction: str) -> None:
    """The heads of a new language's files."""
    folder = LOCALE / code
    if folder.exists():
        raise SystemExit(f"{folder.relative_to(ROOT)} is there already")
    folder.mkdir()
    fields = _FIELDS.format(code=code)
    head = _QUESTIONNAIRE_HEAD.format(own_name=own_name, direction=direction)
    (folder / "questionnaire.po").write_text(head + fields, encoding="utf-8")
    (folder / "page.po").write_text(_PAGE_HEAD + fields, encoding="utf-8")
    (folder / "statement.po").write_text(_STATEMENT_HEAD + fields, encoding="utf-8")


def packaged(*, write: bool) -> list[State]:
    """The state of every file of every language here."""
    states = []
    sources: dict[str, Sequence[Key]] = {
        "questionnaire.po": questionnaire_messages(packaged_questionnaire()),
        "page.po": page_messages(),
        "statement.po": list(STATEMENT.items()),
    }
    desk = desk_messages()
    for folder in sorted(path.parent for path in LOCALE.glob("*/questionnaire.po")):
        for name, messages in sources.items():
            head = (_STATEMENT_HEAD if name == "statement.po" else _PAGE_HEAD) + _FIELDS.format(code=folder.name)
            states.append(update(folder / name, messages, head, write=write))
        if (folder / DESK).is_file():
            states.append(update(folder / DESK, desk, head, write=write))
    return states


def mirrored(text: str) -> str:
    """English as letters of a script that is written from the right; what is filled in later stays as it is."""
    parts = re.split(r"(\{\w+\})", text)
    return "".join(part if part.startswith("{") else part.lower().translate(_MIRROR) for part in parts)


def pseudo(folder: Path) -> list[State]:
    """A language that nobody speaks, complete and written from right to left, into `folder`: what a page looks like in
    one, and, by the English that is left in it, what escapes the translators.
    """
    folder.mkdir(parents=True, exist_ok=True)
    heads = (
        ("questionnaire.po", _QUESTIONNAIRE_HEAD.format(own_name=mirrored("Mirror"), direction="rtl")),
        ("page.po", _PAGE_HEAD),
    )
    sources = {"questionnaire.po": questionnaire_messages(packaged_questionnaire()), "page.po": page_messages()}
    for name, head in heads:
        entries = [_entry(key, mirrored(key[1]), ()) for key in sources[name]]
        (folder / name).write_text("\n".join([head + _FIELDS.format(code=PSEUDO), *entries]), encoding="utf-8")
    return [update(folder / name, sources[name], head, write=False) for name, head in heads]


def own(definition: Path, codes: Sequence[str], *, write: bool) -> list[State]:
    """The state of the translations beside an operator's own questionnaire: `own.toml` has `own.ru.po`."""
    messages = list(Questionnaire.parse(definition.read_bytes()).messages())
    states = []
    for code in codes:
        head = _PAGE_HEAD.replace("the pages (templates/ and intake/drop)", f"{definition.name}")
        path = definition.with_name(f"{definition.stem}.{code}.po")
        states.append(update(path, messages, head + _FIELDS.format(code=code), write=write))
    return states


def tell(states: Sequence[State]) -> None:
    """One line a file, then what is missing, so that a translator can see how far it is."""
    for state in states:
        done = state.total - len(state.missing)
        print(f"{state.path.parent.name}/{state.path.name}: {done} of {state.total}")
        for context, message in state.missing:
            print(f"  missing  {f'[{context}] ' if context else ''}{message}")
        for context, message in state.stale:
            print(f"  no longer said  {f'[{context}] ' if context else ''}{message}")


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every file is complete; with --check also only when none would change."""
    parser = argparse.ArgumentParser(prog="scripts/translations", description="Bring the .po files up to date.")
    parser.add_argument("--check", action="store_true", help="change nothing; fail where something is missing or stale")
    parser.add_argument("--new", nargs=3, metavar=("CODE", "OWN-NAME", "ltr|rtl"), help="begin a language")
    parser.add_argument("--pseudo", type=Path, metavar="FOLDER", help="write an invented right-to-left language there")
    parser.add_argument("--questionnaire", type=Path, metavar="FILE", help="an operator's own, instead of the packaged")
    parser.add_argument("languages", nargs="*", metavar="CODE", help="with --questionnaire: for which languages")
    options = parser.parse_args(arguments)
    if options.new:
        begin(*options.new)
    if options.pseudo:
        states = pseudo(options.pseudo)
    elif options.questionnaire:
        states = own(options.questionnaire, options.languages, write=not options.check)
    else:
        states = packaged(write=not options.check)
    tell(states)
    return int(any(state.missing or (options.check and state.changed) for state in states))


if __name__ == "__main__":
    sys.exit(main())
