"""Figures of this software on this machine, each beside the raw thing it is made of, in one run.

A table on stdout, or JSON with `--json`. Nothing here is a test: figures vary with the machine, so the ratios are what
is worth keeping.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from nacl.bindings import crypto_aead_chacha20poly1305_ietf_encrypt

from intake.durable import new_file
from intake.locale import packaged_places
from intake.report.bundle import read_bundle
from intake.report.document import Json
from intake.report.package import FileEntry, QuestionnaireRef, Report, write_package
from intake.review.importing import Became, Import
from intake.review.inbox import Wanted, counts, lines, number_of
from intake.review.matching import expanded, known_aliases, same_people
from intake.review.opened import contents_of
from intake.review.search import Gazette, query
from intake.review.vault import Vault
from intake.review.workers import Opening, cores
from intake.sealing import CHUNK_SIZE, Guess, HybridIdentity, HybridRecipient, Sealer, open_sealed, seal_bytes

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the tests' harness starts servers and browsers, here as there

from scripts.figures import MB, Figure  # noqa: E402
from scripts.kept import mailbox, moved  # noqa: E402
from scripts.keyed import keyed  # noqa: E402
from scripts.paying import paid  # noqa: E402
from scripts.serving import shared, slowed, started, stored  # noqa: E402
from tests.harness.bundles import make_bundle, seal_for  # noqa: E402
from tests.harness.chromium import chromium  # noqa: E402
from tests.harness.keys import make_world  # noqa: E402
from tests.harness.names import invent, mentions  # noqa: E402
from tests.harness.node import filtered  # noqa: E402
from tests.harness.page_code import bundle  # noqa: E402
from tests.harness.recorder import Recorder  # noqa: E402
from tests.harness.server import running_drop  # noqa: E402
from tests.harness.vaults import make_vault  # noqa: E402


class Null(io.RawIOBase):
    """A sink that keeps nothing."""

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        """Take it."""
        return len(memoryview(data))


def rate(work: Callable[[], object], amount: float, seconds: float) -> float:
    """`amount` per second, the best of the repetitions that fit in `seconds` (at least three)."""
    best, spent, runs = float("inf"), 0.0, 0
    while runs < 3 or spent < seconds:
        start = time.perf_counter()
        work()
        took = time.perf_counter() - start
        best, spent, runs = min(best, took), spent + took, runs + 1
    return amount / best


def bulk(seconds: float) -> Iterator[Figure]:
    """Sealing and opening against the AEADs themselves, all at 64 KiB a call, in one process and one thread."""
    size = 64 * 2**20
    chunk, key, nonce = os.urandom(CHUNK_SIZE), os.urandom(32), bytes(12)
    times = range(size // CHUNK_SIZE)
    aead = ChaCha20Poly1305(key)

    def raw_cryptography() -> None:
        for _ in times:
            aead.encrypt(nonce, chunk, None)

    def raw_nacl() -> None:
        for _ in times:
            crypto_aead_chacha20poly1305_ietf_encrypt(chunk, None, nonce, key)

    reviewers = [HybridIdentity.generate() for _ in range(3)]
    recipients = [each.recipient for each in reviewers]

    def seal() -> None:
        with Sealer(Null(), recipients) as sealer:
            for _ in times:
                sealer.write(chunk)

    sealed = seal_bytes(chunk * len(times), recipients)

    def open_all() -> None:
        opened = open_sealed(io.BytesIO(sealed), reviewers[-1:])
        while opened.read1():
            pass

    raw = rate(raw_cryptography, size / MB, seconds)
    other = rate(raw_nacl, size / MB, seconds)
    yield Figure("raw ChaCha20-Poly1305, cryptography (used)", raw, "MB/s", "64 KiB a call")
    yield Figure("raw ChaCha20-Poly1305, PyNaCl", other, "MB/s", f"{other / raw:.2f} of the one used")
    for name, work in (("seal", seal), ("open", open_all)):
        speed = rate(work, size / MB, seconds)
        yield Figure(f"{name}, three reviewers", speed, "MB/s", f"{speed / raw:.2f} of the raw AEAD")


def page(quick: bool) -> Iterator[Figure]:
    """A file sealed by the page's own code in Chromium, against the AEAD that it is made of in the same engine."""
    with chromium() as browser:
        tab = browser.new_page()
        tab.add_script_tag(content=bundle("speed.mjs"))
        found: dict[str, float] = tab.evaluate(f"speed({(16 if quick else 128) * 2**20}, {4 if quick else 5})")
    yield Figure("raw ChaCha20-Poly1305, in the page", found["raw"], "MB/s", "64 KiB a call")
    share = f"{found['sealed'] / found['raw']:.2f} of the raw AEAD"
    yield Figure("seal a file in the page, three reviewers", found["sealed"], "MB/s", share)


def small(seconds: float) -> Iterator[Figure]:
    """Smallest reports opened per second by the reviewer whose stanza stands last, in one thread."""
    for count in (1, 3, 5, 10):
        reviewers = [HybridIdentity.generate() for _ in range(count)]
        sealed = sealed_report([each.recipient for each in reviewers])

        def open_hundred(sealed: bytes = sealed, mine: list[HybridIdentity] = reviewers[-1:]) -> None:
            for _ in range(100):
                open_sealed(io.BytesIO(sealed), mine).read()

        speed = rate(open_hundred, 100, seconds)
        yield Figure(
            f"reports opened, {count} reviewer{'s' * (count > 1)}", speed, "per second", f"{len(sealed)} bytes"
        )


def opened(count: int) -> Iterator[Figure]:
    """What a desk does with each report that it imports, by the reviewer whose stanza stands last.

    In one process, by the processor's own time, and then `count` of them in all workers, by the clock.
    """
    for reviewers, identities in ((1, 1), (3, 1), (5, 1), (10, 1), (3, 2)):
        keys = [HybridIdentity.generate() for _ in range(reviewers)]
        mine = [*(HybridIdentity.generate() for _ in range(identities - 1)), keys[-1]]
        sealed = [sealed_report([each.recipient for each in keys], number) for number in range(500)]
        guess = Guess()
        start = time.process_time()
        for body in sealed:
            contents_of(body, mine, guess)
        alone = len(sealed) / (time.process_time() - start)
        with Opening(mine) as opening:
            list(opening.each(enumerate(sealed)))  # the workers are up
            start = time.perf_counter()
            for _ in opening.each((number, sealed[number % len(sealed)]) for number in range(count)):
                pass
            together = count / (time.perf_counter() - start)
        who = f"{reviewers} reviewer{'s' * (reviewers > 1)}" + f", {identities} identities" * (identities > 1)
        yield Figure(
            f"imported reports opened, {who}",
            alone,
            "per second",
            f"of one core; {together:,.0f} with {cores()} workers",
        )


OPEN = """
import time
from pathlib import Path
from intake.review.opening import open_into
from intake.review.sealed import Sealed
from intake.sealing import HybridIdentity
me, start, used = HybridIdentity.parse({key!r}), time.perf_counter(), time.process_time()
with open({path!r}, "rb") as file:
    open_into(Path({target!r}), Sealed("a", file, lambda: None), [me], lambda *_: "")
Path({target!r}, "took").write_text(f"{{time.process_time() - used}} {{time.perf_counter() - start}}")
"""


def streamed(quick: bool) -> Iterator[Figure]:
    """One large report opened into a folder of files, forced to disk, against the raw AEAD; both by processor time."""
    size = 64 if quick else 500
    with tempfile.TemporaryDirectory() as name:
        folder, me = Path(name), HybridIdentity.generate()
        others = [HybridIdentity.generate().recipient for _ in range(2)]
        seal_large(folder / "a.age", [*others, me.recipient], size * MB)
        aead, chunk, nonce = ChaCha20Poly1305(os.urandom(32)), os.urandom(CHUNK_SIZE), bytes(12)
        closed = aead.encrypt(nonce, chunk, None)
        start = time.process_time()
        for _ in range(size * MB // CHUNK_SIZE):
            aead.decrypt(nonce, closed, None)
        raw = size / (time.process_time() - start)
        code = OPEN.format(path=str(folder / "a.age"), target=str(folder / "out"), key=str(me))
        peak = peak_memory(code)
        used, took = map(float, (folder / "out" / "took").read_text().split())
        beside = f"{size / used / raw:.2f} of the raw AEAD; {size / took:,.0f} by the clock; peak {peak:.0f} MB"
        yield Figure(f"opened into a folder, {size} MB", size / used, "MB/s", beside)


def desk(count: int) -> Iterator[Figure]:
    """A desk whose vault is open: reports opened, `count` taken in from one bundle, searched, listed, people matched.

    Beside the clock stands what it took of a core: on a machine that does other things too, that is what is worth
    reading.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = make_world(folder / "keys", today=datetime.now(UTC).date())
        recipients = [each.recipient for each in world.reviewers]
        places = [place.id for place in packaged_places().places]
        sealed = {}
        for number in range(1, count + 1):
            report = replace(report_of(number), origin=world.origin, answers=told(number, places), day=world.today)
            sealed[report.id] = seal_for(report, recipients)
        bundle = folder / "a.bundle"
        bundle.write_bytes(make_bundle(world, sealed))
        size = sum(map(len, sealed.values()))
        sealed.clear()
        with make_vault(world, folder / "vault") as vault:
            yield from opened(count // 10)
            alone = opening_rate(world.reviewers[-1:], bundle)
            start, used, others = time.perf_counter(), time.process_time(), children()
            with Import(vault, world.reviewers[-1:]) as work:
                taken = sum(arrival.became is Became.NEW for arrival in work.take(bundle))
            took, used, others = time.perf_counter() - start, time.process_time() - used, children() - others
            if taken != count:
                sys.exit(f"{taken} of {count} reports were taken in")
            speed = count / (used + others)
            yield Figure(
                f"imported into the vault, {count:,} reports",
                speed,
                "per second",
                f"of one core, {speed / alone:.2f} of opening these alone ({alone:,.0f}); {count / took:,.0f} by the "
                f"clock with {cores()} workers, {size / MB / took:,.0f} MB/s; of {used + others:.0f} s of a core the "
                f"desk's own process took {used:.0f}",
            )
            yield from looked_at(vault, count)
            yield from matched(count)


def opening_rate(mine: Sequence[HybridIdentity], bundle: Path) -> float:
    """How many reports of a bundle one core opens and verifies in a second, doing nothing else with them."""
    with bundle.open("rb") as file:
        bodies = [stream.read() for _, (_, stream) in zip(range(1000), read_bundle(file), strict=False)]
    guess, start = Guess(), time.process_time()
    for body in bodies:
        contents_of(body, mine, guess)
    return len(bodies) / (time.process_time() - start)


def looked_at(vault: Vault, count: int) -> Iterator[Figure]:
    """What a reviewer waits for: a search as it is typed, and the inbox."""
    gazette, now = Gazette(packaged_places()), vault.now()
    for typed in ("Хоруғ", "rahmonov", "Firdavs Rakhmonzoda", "мост", "4711"):
        asked = Wanted(query=query(typed, gazette))
        with vault.reading() as connection:
            found = lines(connection, asked, now, 40)
            spent, used = best(lambda: lines(connection, asked, now, 40))  # noqa: B023
            number = number_of(connection, asked, now)
        beside = f"{used:.0f} ms of a core; {len(found)} lines of {number:,} among {count:,} reports"
        yield Figure(f"search, {typed}", spent, "ms", beside)
    with vault.reading() as connection:
        spent, used = best(lambda: lines(connection, Wanted(waiting=True), now, 40))
        counting, counted = best(lambda: counts(connection, vault.label, now))
    beside = f"{used + counted:.0f} ms of a core; {counting:.0f} ms of it for the counts"
    yield Figure(f"inbox of {count:,} reports", spent + counting, "ms", beside)


def matched(count: int) -> Iterator[Figure]:
    """People who may be one, among invented names in eight spellings; and how well, on names kept from the rules."""
    people = [person for _, person in mentions(invent(count // 8, 0))]
    start, used = time.perf_counter(), time.process_time()
    table = known_aliases(people)
    pairs = sum(1 for _ in same_people([expanded(person, table) for person in people]))
    took, used = time.perf_counter() - start, time.process_time() - used
    yield Figure(f"matching {count:,} names", took, "s", f"{used:.1f} s of one core; {pairs:,} pairs suggested")
    number = 200 if count < 100_000 else 600
    found = list(mentions(invent(number, 1)))
    table, whose = known_aliases(person for _, person in found), {person.key: who for who, person in found}
    for what, mentioned in (
        ("with the table of pen names", [expanded(person, table) for _, person in found]),
        ("without it", [replace(person, aliases=()) for _, person in found]),
    ):
        suggested = [whose[pair.left] == whose[pair.right] for pair in same_people(mentioned)]
        recall = 100 * sum(suggested) / (number * 8 * 7 / 2)
        wrong = 100 * (1 - sum(suggested) / len(suggested))
        yield Figure(f"same people found, {what}", recall, "%", f"{wrong:.2f} % of those suggested are wrong")


def children() -> float:
    """Seconds of a core's time that the processes which this one waited for have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def best(work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds by the clock and of a core, the best of five."""
    took, spent = [], []
    for _ in range(5):
        start, used = time.perf_counter(), time.process_time()
        work()
        took.append(time.perf_counter() - start)
        spent.append(time.process_time() - used)
    return min(took) * 1000, min(spent) * 1000


def told(number: int, places: list[str]) -> dict[str, Json]:
    """Answers of a report of usual length, with a name, a place and some urgency."""
    given, family = ("Фирдавс", "Manija", "Rustam", "Шаҳло", "Iqbol"), ("Раҳмонзода", "Karimov", "Назаров", "Shoeva")
    answers: dict[str, Json] = {
        "account": f"Двое в форме увезли его к мосту, номер {number}. " * 10,
        "who": [{"name": f"{given[number % 5]} {family[number % 4]} {number % 997}", "age": 20 + number % 50}],
        "where": {"id": places[number % len(places)], "text": ""},
        "kind": ["taken"],
    }
    if number % 50 == 0:
        answers["urgent"] = ["just_taken" if number % 500 == 0 else "court"]
    elif number % 3 == 0:
        answers["now"] = "held"
    return answers


def sealed_report(recipients: list[HybridRecipient], number: int = 0) -> bytes:
    """A sealed report of the smallest class; `number` makes its id."""
    return seal_for(report_of(number), recipients)


def report_of(number: int) -> Report:
    """A report without attachments."""
    return Report(
        id=f"{number:032x}",
        origin="bench",
        keyring=1,
        questionnaire=QuestionnaireRef("bench", "1", "0" * 64),
        language="en",
        sealed_by="cli",
        day=date(2026, 1, 1),
        answers={"account": "Three lines of text. " * 20},
    )


def peak_memory(code: str) -> float:
    """Peak resident memory in MB of a fresh Python that runs `code`."""
    # Not ru_maxrss: a child inherits its parent's.
    script = code + "\nprint(open('/proc/self/status').read())"
    return high_water(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout)


SEAL_SOME = """
import io, os
from intake.sealing import HybridIdentity, Sealer, open_sealed
me, piece = HybridIdentity.generate(), os.urandom(65536)
with open({path!r}, "w+b") as file:
    with Sealer(file, [me.recipient]) as sealer:
        for _ in range({chunks}):
            sealer.write(piece)
    file.seek(0)
    opened = open_sealed(file, [me])
    while opened.read1():
        pass
"""


def memory(quick: bool) -> Iterator[Figure]:
    """Peak memory of sealing and opening a little and a lot: the difference is what length costs."""
    large = 64 if quick else 1024
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "file.age")
        base = peak_memory(SEAL_SOME.format(path=path, chunks=1))
        peak = peak_memory(SEAL_SOME.format(path=path, chunks=large * 16))
    yield Figure("peak memory, 64 kB sealed and opened", base, "MB")
    yield Figure(f"peak memory, {large} MiB sealed and opened", peak, "MB", f"{peak - base:+.1f} MB for the length")


REWRAP = """
from intake.cli import door
assert not door.main(["keys", "rewrap", *{arguments!r}], standalone_mode=False)
"""


def rewrapped(quick: bool) -> Iterator[Figure]:
    """`intake keys rewrap`, a fresh process and its start included, against copying the same files in the same run.

    It forces each copy to disk before it has a name, so a copy that does the same stands beside the plain one.
    """
    count, large = (2_000, 64) if quick else (10_000, 1_000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = make_world(folder / "keys")
        recipients = [each.recipient for each in world.reviewers]
        (folder / "me").write_text(f"{world.reviewers[-1]}\n")
        newcomer = make_world(folder / "newcomer", reviewers=1).folder / "reviewer-r1.card"
        (folder / "many").mkdir()
        for number in range(count):
            (folder / "many" / f"{number:032x}.age").write_bytes(sealed_report(recipients, number))
        (folder / "large").mkdir()
        seal_large(folder / "large" / "1.age", recipients, large * MB)
        mine = ["-i", str(folder / "me"), "--reviewer", str(newcomer), "--to", str(folder / "for")]
        for source, amount, unit, what in (
            ("many", count, "per second", f"{count:,} small reports"),
            ("large", large, "MB/s", f"one of {large:,} MB"),
        ):
            plain = amount / copied(folder / source, folder / "copies", durable=False)
            forced = amount / copied(folder / source, folder / "copies", durable=True)
            yield Figure(f"copied, {what}", plain, unit, f"{forced:,.1f} when each is forced to disk")
            for more in ([], ["--check"]):
                start = time.perf_counter()
                peak = peak_memory(REWRAP.format(arguments=[str(folder / source), *mine, *more]))
                speed = amount / (time.perf_counter() - start)
                shutil.rmtree(folder / "for")
                beside = f"{speed / plain:.2f} of copying, {speed / forced:.2f} of forced; peak {peak:.0f} MB"
                yield Figure(f"rewrapped{', --check' * bool(more)}, {what}", speed, unit, beside)


def seal_large(path: Path, recipients: list[HybridRecipient], size: int) -> None:
    """A sealed report with one attachment of `size` random bytes."""
    report = replace(report_of(1), files=(FileEntry("a", "video/mp4", size, False),))
    with tempfile.TemporaryFile() as attachment, path.open("wb") as file:
        for start in range(0, size, MB):
            attachment.write(os.urandom(min(MB, size - start)))
        attachment.seek(0)
        with Sealer(file, recipients) as sealer:
            write_package(report, [attachment], sealer)


def copied(source: Path, target: Path, *, durable: bool) -> float:
    """Seconds that copying the files of a folder takes; `durable` forces each one and its name to disk."""
    target.mkdir()
    start = time.perf_counter()
    for path in source.iterdir():
        if durable:
            with path.open("rb") as original, new_file(target / path.name) as copy:
                shutil.copyfileobj(original, copy)
        else:
            shutil.copyfile(path, target / path.name)
    took = time.perf_counter() - start
    shutil.rmtree(target)
    return took


def high_water(status: str) -> float:
    """Peak resident memory in MB, from the text of a process's /proc/PID/status."""
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / MB


def visits() -> Iterator[Figure]:
    """What crosses the wire on a first visit over plain http (as on an onion, where browsers take gzip only)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = make_world(folder / "keys", today=datetime.now(UTC).date())
        with running_drop(world, folder / "drop") as drop, chromium() as browser:
            for script in (True, False):
                with Recorder(urlsplit(drop.url).port or 0) as wire:
                    headers = {"Accept-Encoding": "gzip"}  # on loopback Chromium would take brotli, too
                    context = browser.new_context(java_script_enabled=script, extra_http_headers=headers)
                    page = context.new_page()
                    page.goto(f"{wire.url}/en")
                    if script:
                        page.wait_for_selector("#send:enabled")
                    answers = wire.answers()
                    body, whole = sum(len(each.body) for each in answers), sum(each.size for each in answers)
                    page.close()
                what = f"first visit with{'' if script else 'out'} JavaScript, three reviewers"
                yield Figure(what, body / 1000, "kB", f"{len(answers)} requests; {whole / 1000:.1f} kB with headers")
            form = drop.request("GET", "/form.html").body
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
                archive.writestr("form.html", form)
            beside = f"{len(packed.getvalue()) / 1000:.1f} as a ZIP, all languages"
            yield Figure("the form in one file, three reviewers", len(form) / 1000, "kB", beside)


def peers(quick: bool) -> Iterator[Figure]:
    """Our filter beside Debian's `age`: one file, sealed to an X25519 key and opened, each by a fresh process.

    X25519, since the `age` that Debian has knows no hybrid keys; the bulk of the work is the same.
    """
    size = (64 if quick else 512) * 2**20
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(["age-keygen", "-o", folder / "key"], check=True, capture_output=True)
        told = subprocess.run(["age-keygen", "-y", folder / "key"], check=True, capture_output=True, text=True)
        to, key = told.stdout.strip(), str(folder / "key")
        (folder / "plain").write_bytes(os.urandom(size))
        ours = [sys.executable, "-m", "intake.sealing"]
        speeds = {}
        for who, sealing, opening in (
            ("age", ["age", "-r", to], ["age", "-d", "-i", key]),
            ("ours", [*ours, "--encrypt", "-r", to], [*ours, "--decrypt", "-i", key]),
        ):
            for what, command, source, target in (
                ("seal", sealing, "plain", f"{who}.age"),
                ("open", opening, f"{who}.age", "opened"),
            ):
                speeds[who, what] = rate(
                    lambda: filtered(command, folder / source, folder / target),  # noqa: B023
                    size / MB,
                    0 if quick else 3,
                )
        for what in ("seal", "open"):
            yield Figure(f"`age`, {what} {size // 2**20} MiB", speeds["age", what], "MB/s", "X25519")
            beside = f"{speeds['ours', what] / speeds['age', what]:.2f} of `age`"
            yield Figure(f"our filter, {what} {size // 2**20} MiB", speeds["ours", what], "MB/s", beside)


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: a rough idea or the figures, and how many reports a desk takes in."""

    quick: bool
    reports: int

    @property
    def seconds(self) -> float:
        """For each of the small things."""
        return 0.3 if self.quick else 3.0


PARTS: dict[str, Callable[[Scale], Iterator[Figure]]] = {
    "bulk": lambda scale: bulk(scale.seconds),
    "peers": lambda scale: peers(scale.quick),
    "page": lambda scale: page(scale.quick),
    "keyed": lambda scale: keyed(scale.quick),
    "small": lambda scale: small(scale.seconds),
    "streamed": lambda scale: streamed(scale.quick),
    "desk": lambda scale: desk(scale.reports),
    "memory": lambda scale: memory(scale.quick),
    "rewrapped": lambda scale: rewrapped(scale.quick),
    "stored": lambda scale: stored(scale.quick),
    "slowed": lambda scale: slowed(scale.quick),
    "shared": lambda scale: shared(scale.quick),
    "moved": lambda scale: moved(scale.quick),
    "mailbox": lambda scale: mailbox(scale.quick),
    "started": lambda scale: started(scale.quick),
    "paid": lambda scale: paid(scale.quick),
    "visits": lambda _: visits(),
}


def main() -> None:
    """Measure everything, or some of it, and print it."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measure this software on this machine.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quick", action="store_true", help="a rough idea in a minute or two")
    parser.add_argument("--only", nargs="+", metavar="PART", help=f"measure only these: {', '.join(PARTS)}")
    parser.add_argument("--reports", type=int, metavar="N", help="how many a desk takes in (100,000; quick: 5,000)")
    arguments = parser.parse_args()
    if unknown := {*(arguments.only or ())} - {*PARTS}:
        parser.error(f"there is no {', '.join(sorted(unknown))}: give some of {', '.join(PARTS)}")
    scale = Scale(arguments.quick, arguments.reports or (5_000 if arguments.quick else 100_000))
    parts = (part(scale) for name, part in PARTS.items() if name in (arguments.only or PARTS))
    figures = []
    for part in parts:
        for figure in part:
            figures.append(figure)
            if not arguments.json:
                print(f"{figure.what:<48}{figure.value:>10,.1f} {figure.unit:<11} {figure.beside}", flush=True)
    if arguments.json:
        print(json.dumps([asdict(figure) for figure in figures], indent=2))


if __name__ == "__main__":
    main()
