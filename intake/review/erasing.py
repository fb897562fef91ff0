"""Erasure as it is done: everything of a report goes, at every desk that learns of the decision.

The sealed original and its copies, their file keys, report.json, the index of its words, what reviewers said of it, the
answers that were written to it and the cases that were named with it. The events of all these stay in the logs without
their contents, so that the chains go on to verify; what stays readable are the fields of `intake.review.erasures`.

`carry_out` does whatever is decided and not done yet. It runs when a vault is opened by a command and when a stick was
read, and does nothing where nothing is left: so a colleague who still writes about the report, or whose stick brings a
content back, changes nothing for long. At its end the database is written anew (VACUUM), since a row that is
overwritten may have had another place before. Killed on the way, the vault does the rest when it opens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, text, update

from intake.report.reading import changes
from intake.review import acts, erasures, projections, submissions
from intake.review.cases import case_part
from intake.review.erasures import SEALED, SUBMISSION, Erasure, Lasting
from intake.review.journal import Journal
from intake.review.lasting import mark_of
from intake.review.log import Content, Entity
from intake.review.outputs import permissions
from intake.review.outputs.consent import REFUSED, Speaker
from intake.review.submissions import content, copy, quarantine, submission
from intake.review.tables import event, original, removal
from intake.review.vault import Vault


@dataclass(frozen=True, slots=True)
class Erased:
    """What was removed here: the thing, how many sealed files, and how many contents of events."""

    entity: Entity
    files: int
    contents: int


def carry_out(vault: Vault) -> tuple[Erased, ...]:
    """Do what is decided and not done here yet. Raises `Fault` while something else reads the vault."""
    with vault.reading() as connection:
        decided = [each for each in erasures.every(connection) if each.decided(erasures.needed(vault.chain))]
        due = [each for each in decided if _left(connection, each)]
    if not due:
        return ()
    with vault.journal() as journal:
        found = tuple(_erase(journal, each, vault.label, vault.today().isoformat()) for each in due)
        vault.must_clean(journal.connection)
    vault.clean()
    return found


def cases_of(connection: Connection, thing: Entity) -> tuple[str, ...]:
    """The ids of the cases that were made of a submission."""
    query = select(case_part.c.id).where(case_part.c.kind == "source", case_part.c.name == thing.id)
    return tuple(connection.execute(query.order_by(case_part.c.id)).scalars())


def sealed_of(connection: Connection, thing: Entity) -> tuple[bytes, ...]:
    """The hashes of the sealed files that hold it: the original, its copies, and what waits for a key under its id."""
    if thing.kind == SEALED:
        return (bytes.fromhex(thing.id),)
    queries = (
        select(submission.c.original).where(submission.c.id == thing.id),
        select(copy.c.sha256).join(submission, submission.c.number == copy.c.number).where(submission.c.id == thing.id),
        select(quarantine.c.sha256).where(quarantine.c.outer == thing.id, quarantine.c.waits),
    )
    return tuple(dict.fromkeys(bytes(each) for query in queries for each in connection.execute(query).scalars()))


def lasting(connection: Connection, thing: Entity) -> Lasting:
    """What of a submission must outlive its erasure (`intake.review.lasting`)."""
    reports = submissions.reports(connection, [thing.id])
    if thing.kind != SUBMISSION or thing.id not in reports:
        return Lasting()
    report = reports[thing.id]
    found = {
        (word.speaker.value, word.day.isoformat())
        for _, word in permissions.words_alone(connection, thing.id)
        if word.refuses and word.speaker is not Speaker.WITNESS
    }
    said = report.answers.get("victim_consent")
    if isinstance(said, str) and said in REFUSED:
        found.add((REFUSED[said].value, report.day.isoformat()))
    return Lasting(mark_of(connection, thing.id) if changes(report) else None, tuple(sorted(found)))


def _left(connection: Connection, what: Erasure) -> bool:
    """Whether anything of it is here."""
    if any(True for _ in _contents(connection, _entities(connection, what))):
        return True
    held = select(original.c.sha256).where(original.c.sha256.in_(_files(connection, what)))
    waits = select(quarantine.c.sha256).where(quarantine.c.sha256.in_(_files(connection, what)))
    read = select(submission.c.number).where(submission.c.id == what.entity.id)
    return any(connection.execute(query).first() is not None for query in (held, waits, read))


def _erase(journal: Journal, what: Erasure, label: str, day: str) -> Erased:
    connection, thing = journal.connection, what.entity
    files = _files(connection, what)
    held = [
        bytes(each)
        for table in (original, quarantine)
        for each in connection.execute(select(table.c.sha256).where(table.c.sha256.in_(files))).scalars()
    ]
    entities = tuple(_entities(connection, what))
    numbers = connection.execute(select(submission.c.number).where(submission.c.id == thing.id)).scalars().all()
    if thing.kind == SUBMISSION:
        for number in numbers:
            connection.execute(text("DELETE FROM words WHERE rowid = :number"), {"number": number})
            for table in (copy, content, submission):
                connection.execute(delete(table).where(table.c.number == number))
    for table in (original, quarantine):
        connection.execute(delete(table).where(table.c.sha256.in_(files)))
    if held:
        connection.execute(insert(removal).prefix_with("OR IGNORE"), [{"sha256": each} for each in sorted(set(held))])
    bare = [*_contents(connection, entities)]
    if bare:
        connection.execute(update(event).where(event.c.id.in_(bare)).values(salt=None, content=None))
    for entity in entities:
        projections.refresh(connection, entity)
    others = [each for each in entities if each != thing and each.kind != "case"]
    erasures.tell(journal, thing, label, day, [each.hex() for each in held], others)
    return Erased(thing, len(set(held)), len(bare))


def _files(connection: Connection, what: Erasure) -> Sequence[bytes]:
    return tuple({*sealed_of(connection, what.entity), *(bytes.fromhex(each) for each in what.sealed)})


def _entities(connection: Connection, what: Erasure) -> Iterator[Entity]:
    """Of which entities the log is emptied: the thing, what modules of the desk hang on it, and the cases named."""
    yield what.entity
    for module in projections.modules():
        hanging = getattr(module, "hanging", None)
        if hanging is not None and what.entity.kind == SUBMISSION:
            yield from hanging(connection, what.entity.id)
    for case_id in what.cases:
        yield Entity("case", case_id)
        yield from acts.hanging_case(connection, case_id)
    yield from (each for each in what.emptied if not _stands(connection, each))


def _stands(connection: Connection, entity: Entity) -> bool:
    """Whether any table shows it. What was emptied shows nowhere, even when a colleague says one more thing of it.

    So nobody can have anything emptied by naming it: what stands goes only by what this desk finds to hang on a report.
    """
    tables = {table for each in projections.by_kind().get(entity.kind, ()) for table in each.tables}
    return any(
        connection.execute(select(identity).where(identity == entity.id)).first() is not None
        for identity in (next(iter(table.c)) for table in tables)
    )


def _contents(connection: Connection, entities: Iterable[Entity]) -> Iterator[int]:
    """The events of these entities whose contents are here and have to go."""
    for entity in entities:
        rows = connection.execute(
            select(event.c.id, event.c.content).where(
                event.c.kind == entity.kind, event.c.entity == entity.id, event.c.content.is_not(None)
            )
        ).all()
        for row in rows:
            if not erasures.stays(Content.parse(row.content.encode()).field):
                yield row.id
