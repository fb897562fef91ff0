"""Cases: how far they are verified, and that every step of theirs can be taken back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from intake.errors import Exit
from intake.report.document import Json
from intake.review.importing import Import
from intake.review.ladder import Judgement, Level, Source, verify
from intake.review.vault import Vault
from tests.harness.bundles import make_bundle, make_report, seal_report
from tests.harness.desk import review
from tests.harness.keys import make_world
from tests.harness.vaults import PASSPHRASE, QUICK

A = Source("a" * 32, "a" * 32, "1" * 32, "family", frozenset({"saw"}), Judgement.PLAUSIBLE)
B = Source("b" * 32, "b" * 32, None, "cellmate", frozenset({"lived"}), Judgement.PLAUSIBLE)
PAIR = {frozenset((A.id, B.id)): "two countries"}


@pytest.mark.parametrize(
    ("sources", "pairs", "documents", "admitted", "level", "words"),
    [
        ([], {}, [], None, Level.V0, "no source was judged yet"),
        ([replace(A, judgement=None)], {}, ["a"], "b", Level.V0, "no source was judged yet"),
        ([replace(A, judgement=Judgement.UNCLEAR)], {}, [], None, Level.V0, "no source was found plausible"),
        ([A], {}, ["a document"], "the ministry", Level.V1, "a single source"),
        ([A, B], {}, [], None, Level.V1, "a reviewer must say why"),
        ([A, B], PAIR, [], None, Level.V2, "two countries"),
        ([A, B], PAIR, ["a verdict"], None, Level.V3, "document: a verdict"),
        ([A, B], PAIR, [], "the ministry", Level.V3, "admitted: the ministry"),
        ([A, replace(B, judgement=Judgement.UNCLEAR)], PAIR, [], None, Level.V1, "a single source"),
        ([A, B, replace(B, id="c", judgement=Judgement.CONTRADICTS)], PAIR, ["a"], None, Level.X, "c contradicts it"),
        ([A, replace(B, thread=A.thread)], PAIR, [], None, Level.V1, "of one code"),
        ([A, replace(B, mailbox=A.mailbox)], PAIR, [], None, Level.V1, "one mailbox"),
        ([A, replace(B, relation="family")], PAIR, ["a"], None, Level.V1, "the same relation"),
        ([A, replace(B, relation=None)], PAIR, [], None, Level.V1, "relation to the person is not told"),
        ([A, replace(B, known=frozenset())], PAIR, [], None, Level.V1, "how they know is not told"),
        ([A, replace(B, known=frozenset({"saw", "media"}))], PAIR, [], None, Level.V1, "in the same way"),
    ],
)
def test_the_ladder(
    sources: Sequence[Source],
    pairs: Mapping[frozenset[str], str],
    documents: Sequence[str],
    admitted: str | None,
    level: Level,
    words: str,
) -> None:
    found = verify(sources, pairs, documents, admitted)
    assert found.level is level
    assert words in "; ".join(found.reasons)


def test_a_case_from_two_reports_to_a_merge_and_back(tmp_path: Path) -> None:
    world = make_world(tmp_path / "keys", today=datetime.now(UTC).date())
    answers: list[dict[str, Json]] = [
        {"who": [{"name": "Фирдавс Раҳмонзода", "age": 31}], "relation": "family", "known": ["saw"]},
        {"who": [{"name": "Firdavs Rakhmonov"}], "birth_year": {"age": 31}, "relation": "cellmate", "known": ["lived"]},
        {"who": [{"name": "Шаҳло Назарова"}]},
    ]
    names = [number * "9" + (32 - number) * "0" for number in (1, 2, 3)]
    reports = [make_report(world, 1, answers=each, id=name) for each, name in zip(answers, names, strict=True)]
    vault = tmp_path / "vault"
    keys = {"signing": world.reviewer_keys[0], "roots": world.typed, "notes": world.notes}
    bundle = tmp_path / "a.bundle"
    bundle.write_bytes(make_bundle(world, {each.id: seal_report(each, world.reviewers) for each in reports}))
    made = Vault.create(vault, PASSPHRASE, cost=QUICK, **keys)  # type: ignore[arg-type]  # by name
    with made, Import(made, world.reviewers[:1], workers=1) as work:
        list(work.take(bundle))
    suggested = review(vault, "case suggest")
    assert suggested.returncode == Exit.OK, suggested.stderr
    assert "1 of 1 pairs" in suggested.stderr
    assert "Раҳмонзода" in suggested.stdout
    assert "Rakhmonov" in suggested.stdout
    one = review(vault, "case new", "At the bridge\x1b[31m").stdout.strip()
    other = review(vault, "case new", "The same?").stdout.strip()
    assert "is V1" in review(vault, "case judge", one, names[0], "plausible").stderr
    assert "is V1" in review(vault, "case judge", other, names[1], "plausible").stderr
    merged = review(vault, "case merge", other, one)
    assert "a reviewer must say why" in merged.stderr
    undo = merged.stderr.split("case undo ")[1].split()[0]
    assert review(vault, "case undo", undo).returncode == Exit.OK
    assert len(review(vault, "case list").stdout.splitlines()) == 2, "both stand as before"
    assert "is V1" in review(vault, "case judge", one, names[1], "plausible").stderr
    said = review(vault, "case independent", one, names[0], names[1], "--because", "two countries, two years apart")
    assert "is V2" in said.stderr, said.stderr
    assert "is V3" in review(vault, "case set", one, "--document", "verdict, file 3").stderr
    shown = review(vault, "case show", one)
    assert "\x1b" not in shown.stdout
    assert "document: verdict, file 3" in shown.stdout
    told = json.loads(review(vault, "case show", one, "--json").stdout)
    assert (told["level"], sorted(told["parts"]["source"])) == ("V3", sorted(names[:2]))
    assert review(vault, "case independent", one, names[0], names[2], "--because", "x").returncode == Exit.USAGE
