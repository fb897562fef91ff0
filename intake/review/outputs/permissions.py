"""What people allowed since, as events of the log: words by telephone, exceptions, and the switch for these.

    consent <id>      said: {"reports": […], "speaker": …, "name": …, "day": …, "how": …, "allows": […], "refuses": […]}
    exemption <id>    made: {"case": …, "recipient": …, "reason": …}; by/<label>: true, once for each reviewer
    policy exemptions on: true, or null: off, as it is until somebody switches it on

Each can be undone. `circumstances` gathers all that the gate (`intake.review.outputs.consent`) asks for.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Column, Connection, String, Table, Text, select

from intake.errors import NotConsented, Usage
from intake.report.document import Json
from intake.review import submissions
from intake.review.decisions import standing_of
from intake.review.journal import Journal
from intake.review.lasting import refusals_gone
from intake.review.log import Entity
from intake.review.outputs.consent import Circumstances, Exemption, Permit, Recipient, Speaker, Spoken
from intake.review.projections import Projection, State, metadata, replace

SPOKEN_LIMIT = 500
"""Characters of who said it, of how, and of a reason."""

spoken = Table("spoken", metadata, Column("id", String(16), primary_key=True), Column("said", Text, nullable=False))
"""What was said by telephone: JSON."""

exemption = Table(
    "exemption",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("case", String(16), nullable=False),
    Column("recipient", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),  # JSON: labels
)
"""Exceptions, and who made them."""

policy = Table("policy", metadata, Column("id", String(16), primary_key=True))
"""What is switched on."""

_ASKED = ("victim_consent", "told_gov", "name_form")
_SWITCH = Entity("policy", "exemptions")


def record(journal: Journal, said: Spoken) -> bytes | None:
    """Enter what somebody said by telephone. Raises `Usage` when it says nothing, or not who and how."""
    if not said.name.strip() or not said.how.strip() or not (said.allows or said.refuses) or not said.reports:
        raise Usage("who said what, and how, is not told", "Give --name, --how, and --allows or --refuses.")
    if max(len(said.name), len(said.how)) > SPOKEN_LIMIT:
        raise Usage(f"that is longer than {SPOKEN_LIMIT} characters", "Say it shorter.")
    told: dict[str, Json] = {
        "reports": [*sorted(said.reports)],
        "speaker": said.speaker.value,
        "name": said.name.strip(),
        "day": said.day.isoformat(),
        "how": said.how.strip(),
        "allows": [*sorted(each.value for each in said.allows)],
        "refuses": [*sorted(each.value for each in said.refuses)],
    }
    return journal.record(Entity("consent", secrets.token_hex(8)), "said", told)


def switch(journal: Journal, *, on: bool) -> None:
    """Let two reviewers make exceptions, or none."""
    journal.record(_SWITCH, "on", True if on else None)


def exempt(journal: Journal, label: str, case_id: str, recipient: Recipient, reason: str) -> int:
    """Make an exception, or join one that a colleague made. The number of reviewers who made it now.

    Raises `NotConsented` where none can be made, `Usage` without a reason.
    """
    if recipient not in (Recipient.LAWYER, Recipient.ASYLUM):
        raise NotConsented("an exception can be made for a lawyer, or an asylum office or UNHCR, and for nobody else")
    if journal.connection.execute(select(policy.c.id).where(policy.c.id == _SWITCH.id)).first() is None:
        raise NotConsented(
            "exceptions are switched off at this desk",
            "Decide it together: `intake review dossier exceptions --on` lets two reviewers make one.",
        )
    row = journal.connection.execute(
        select(exemption).where(exemption.c.case == case_id, exemption.c.recipient == recipient.value)
    ).first()
    if row is None and not reason.strip():
        raise Usage("the reason is missing", "Say with --because what death or removal it prevents.")
    entity = Entity("exemption", row.id if row else secrets.token_hex(8))
    if row is None:
        journal.record(entity, "made", {"case": case_id, "recipient": recipient.value, "reason": reason.strip()})
    journal.record(entity, f"by/{label}", True)
    return len({*(json.loads(row.by) if row else ()), label})


def exemption_of(connection: Connection, case_id: str, recipient: Recipient) -> Exemption | None:
    """The exception that was made for a case and a recipient, to be joined; None where there is none."""
    row = connection.execute(
        select(exemption).where(exemption.c.case == case_id, exemption.c.recipient == recipient.value)
    ).first()
    return None if row is None else Exemption(recipient, row.reason, frozenset(json.loads(row.by)))


def circumstances(connection: Connection, reports: Sequence[str], cases: Iterable[str] = ()) -> Circumstances:
    """All that is known of consent about these reports, which are one case's (`cases`: its id, and those merged)."""
    said = [_spoken(json.loads(each)) for each in connection.execute(select(spoken.c.said)).scalars()]
    made = connection.execute(select(exemption).where(exemption.c.case.in_([*cases]))).all()
    return Circumstances(
        tuple(permits(connection, reports)),
        tuple(each for each in said if each.reports & set(reports)),
        tuple(Exemption(Recipient(row.recipient), row.reason, frozenset(json.loads(row.by))) for row in made),
        connection.execute(select(policy.c.id).where(policy.c.id == _SWITCH.id)).first() is not None,
        tuple((date.fromisoformat(day), Speaker(who)) for who, day in refusals_gone(connection, reports)),
    )


def hanging(connection: Connection, submission_id: str) -> Iterator[Entity]:
    """What is said by telephone about this report alone: it goes when the report is erased.

    A word about several stays: a refusal among them must go on to hold for the others.
    """
    for entity, _ in words_alone(connection, submission_id):
        yield entity


def words_alone(connection: Connection, submission_id: str) -> Iterator[tuple[Entity, Spoken]]:
    """What is said by telephone about this report and no other."""
    for row in connection.execute(select(spoken)).all():
        said = json.loads(row.said)
        if said["reports"] == [submission_id]:
            yield Entity("consent", row.id), _spoken(said)


def permits(connection: Connection, reports: Sequence[str]) -> Iterator[Permit]:
    """What each report that is here says of consent now, in the order given."""
    for report_id, report in submissions.reports(connection, reports).items():
        now = standing_of(connection, report_id)
        victim, told_gov, name_form = (_code(report.answers.get(each)) for each in _ASKED)
        yield Permit(report_id, report.day, now.allowed, victim, told_gov, name_form, now.stopped)


def _code(answer: Json) -> str | None:
    return answer if isinstance(answer, str) else None


def _spoken(told: dict[str, Any]) -> Spoken:
    return Spoken(
        frozenset(told["reports"]),
        Speaker(told["speaker"]),
        told["name"],
        date.fromisoformat(told["day"]),
        told["how"],
        frozenset(Recipient(each) for each in told["allows"]),
        frozenset(Recipient(each) for each in told["refuses"]),
    )


def _project_spoken(connection: Connection, entity: str, state: State) -> None:
    said = state["said"].value if "said" in state else None
    rows = []
    if isinstance(said, dict):
        try:
            _spoken(said)
        except (
            KeyError,
            TypeError,
            ValueError,
        ):  # another version's, or a colleague's mistake: nothing is allowed by it
            said = None
        rows = [{"said": json.dumps(said, ensure_ascii=False, sort_keys=True)}] if said else []
    replace(connection, spoken, entity, rows)


def _project_exemption(connection: Connection, entity: str, state: State) -> None:
    made, rows = (state["made"].value if "made" in state else None), []
    if isinstance(made, dict) and {"case", "recipient", "reason"} <= made.keys():
        by = sorted(
            edit.reviewer
            for name, said in state.items()
            for edit in said.edits
            if name == f"by/{edit.reviewer}" and edit.value is True
        )
        told = {name: str(made[name]) for name in ("case", "recipient", "reason")}
        if told["recipient"] in {each.value for each in Recipient}:
            rows = [{**told, "by": json.dumps(by)}]
    replace(connection, exemption, entity, rows)


def _project_policy(connection: Connection, entity: str, state: State) -> None:
    on = "on" in state and all(edit.value is True for edit in state["on"].edits)
    replace(connection, policy, entity, [{}] if on else [])


PROJECTIONS = (
    Projection("consent", (spoken,), _project_spoken),
    Projection("exemption", (exemption,), _project_exemption),
    Projection("policy", (policy,), _project_policy),
)
