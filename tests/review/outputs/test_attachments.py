"""Files that go along with a paper: copies made of pixels, areas hidden in them, never the original by accident."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import wave
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import pypdf
import pytest
from fpdf import FPDF
from PIL import Image

from intake.errors import Exit
from intake.report.package import FileEntry
from intake.review import cases
from intake.review.importing import Import
from intake.review.ladder import Judgement
from intake.review.outputs import working
from intake.review.outputs.covering import Area
from intake.review.sync import read, write
from intake.review.vault import Vault
from intake.sealing import open_bytes
from tests.harness.bundles import make_bundle, make_report, seal_report
from tests.harness.desk import Done, at_once
from tests.harness.keys import World, make_world
from tests.harness.samples import CANARY, jpegs
from tests.harness.vaults import make_vault

CONSENT = ["lawyer", "asylum", "court", "un_named", "anon_report"]
REPORT = f"{1:032x}"


def letter() -> bytes:
    document = FPDF()
    document.set_title(CANARY)
    document.set_author(CANARY)
    for page in (1, 2):
        document.add_page()
        document.set_font("helvetica", size=28)
        document.cell(text=f"Letter, page {page}")
    return bytes(document.output())


def voice() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8_000)
        sound.writeframes(bytes(4_000))
    return file.getvalue()


@dataclass(frozen=True)
class Desk:
    path: Path
    world: World
    case: str
    files: tuple[bytes, ...]

    def run(self, command: str, *arguments: object) -> Done:
        return at_once(self.path, command, *arguments)

    def make(self, out: Path, *arguments: object) -> tuple[Done, dict[str, bytes]]:
        """The lawyer's dossier, opened with the lawyer's key."""
        key = self.world.reviewers[1]
        ask = (self.case, "--for", "lawyer", "--to", "a lawyer", "--out", out, "--key", str(key.recipient))
        done = self.run("dossier make", *ask, *arguments)
        if done.returncode:
            return done, {}
        (sealed,) = out.iterdir()
        with zipfile.ZipFile(io.BytesIO(open_bytes(sealed.read_bytes(), [key]))) as archive:
            return done, {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("attached")
    world = make_world(folder / "keys", reviewers=2)
    photo = next(jpegs(folder))[1]
    contents = (photo, letter(), voice())
    kinds = ("image/jpeg", "application/pdf", "audio/wav")
    entries = tuple(
        FileEntry(f"{CANARY} {n}", kind, len(content), False)
        for n, (kind, content) in enumerate(zip(kinds, contents, strict=True))
    )
    answers = {
        "account": "They took him. Call me: see below.",
        "who": [{"name": "Фирдавс Раҳмонзода"}],
        "consent": CONSENT,
        "victim_consent": "family_agrees",
        "contact": "safe_channel",
        "contact_detail": "+992 901 234567, ask for Nigora",
    }
    report = make_report(world, 1, files=contents, answers=answers)
    report = replace(report, files=entries)
    bundle = folder / "a.bundle"
    bundle.write_bytes(make_bundle(world, {report.id: seal_report(report, world.reviewers, contents)}))
    with make_vault(world, folder / "vault") as vault:
        with Import(vault, world.reviewers[:1], workers=1) as work:
            list(work.take(bundle))
        with vault.journal() as journal:
            case = cases.open_case(journal, "One")
            cases.judge(journal, case, report.id, Judgement.PLAUSIBLE)
    return Desk(folder / "vault", world, case, contents)


def test_a_file_goes_as_pixels_once_it_is_dealt_with(desk: Desk, tmp_path: Path) -> None:
    done, files = desk.make(tmp_path / "none")
    assert done.returncode == Exit.OK, done.stderr
    assert not [name for name in files if name.endswith(".png")]
    assert done.stderr.count("nobody has said yet what must be hidden on it") == 3
    by_name = desk.run(
        "dossier make", desk.case, "--for", "lawyer", "--to", "x", "--out", tmp_path / "no", "--file", f"{REPORT}/1"
    )
    assert by_name.returncode == Exit.CONSENT, "asked for by name, and not dealt with"
    assert not (tmp_path / "no").exists()

    hidden = desk.run("dossier hide", REPORT, "--file", 1, "--black", "0,0,500,500", "--blur", "500,500,1000,1000")
    assert hidden.stdout == "page 1: black 0,0,500,500\npage 1: blur 500,500,1000,1000\n"
    assert "NOT dealt with yet" in hidden.stderr
    assert "dealt with: a copy" in desk.run("dossier hide", REPORT, "--file", 1, "--done").stderr
    for number in (2, 3):
        assert desk.run("dossier hide", REPORT, "--file", number, "--done").returncode == Exit.OK

    done, files = desk.make(tmp_path / "all")
    pictures = {name: content for name, content in files.items() if name.endswith(".png")}
    assert sorted(pictures) == ["1-01-page01.png", "1-02-page01.png", "1-02-page02.png"]
    assert "there is nothing to see in it" in done.stderr, "sound has no pixels, and stays"
    for content in files.values():
        assert CANARY.encode() not in content
        assert not any(original in content for original in desk.files)
    with Image.open(io.BytesIO(pictures["1-01-page01.png"])) as image:
        width, height = image.size
        assert {image.getpixel((x, y)) for x in range(width // 2) for y in range(height // 2)} == {(0, 0, 0)}
        corner = {image.getpixel((x, y)) for x in range(width // 2 + 1, width) for y in range(height // 2 + 1, height)}
        assert len(corner) <= 16
        assert len({image.getpixel((x, 0)) for x in range(width // 2 + 1, width)}) > 16, "elsewhere it is the photo"
    (told,) = (json.loads(content) for name, content in files.items() if name.endswith(".json"))
    photo, paper, sound = told["files"]
    assert [each["sha256"] for each in told["files"]] == [
        hashlib.sha256(content).hexdigest() for content in desk.files
    ], "the original is named by its hash"
    assert (photo["goes_as"], photo["hidden_areas"], len(paper["copies"]), sound["goes_as"]) == (
        "working copy",
        2,
        2,
        None,
    )
    (pdf,) = (content for name, content in files.items() if name.endswith(".pdf"))
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages).replace("\n", "")
    assert "1-01-page01.png" in text
    assert photo["sha256"][:8] in text
    assert "kept sealed as it came" in text


def test_nothing_but_the_picture_is_in_a_copy_by_exiftool(desk: Desk, tmp_path: Path) -> None:
    desk.run("dossier hide", REPORT, "--file", 1, "--done")
    _, files = desk.make(tmp_path / "out", "--file", f"{REPORT}/1")
    (path := tmp_path / "copy.png").write_bytes(files["1-01-page01.png"])
    told = subprocess.run(["exiftool", "-j", "-G1", "-a", "-u", path], capture_output=True, text=True, check=True)
    (tags,) = json.loads(told.stdout)
    groups = {tag.partition(":")[0] for tag in tags} - {"SourceFile"}
    assert groups == {"ExifTool", "System", "File", "PNG", "Composite"}
    assert {tag for tag in tags if tag.startswith("PNG:")} == {
        "PNG:ImageWidth", "PNG:ImageHeight", "PNG:BitDepth", "PNG:ColorType", "PNG:Compression", "PNG:Filter",
        "PNG:Interlace",
    }  # fmt: skip
    assert not [tag for tag in tags if any(word in tag for word in ("GPS", "Date", "Make", "Model", "Thumb", "Text"))
                and not tag.startswith(("System:", "File:"))]  # fmt: skip


def test_the_original_goes_only_by_its_name_and_with_nothing_to_hide(desk: Desk, tmp_path: Path) -> None:
    ask = ("--original", f"{REPORT}/2")
    desk.run("dossier hide", REPORT, "--file", 2, "--done")
    nobody, _ = desk.make(tmp_path / "asks", *ask)
    assert nobody.returncode == Exit.USAGE, "it asks, and here is nobody to ask"
    done, files = desk.make(tmp_path / "whole", *ask, "--without-files", "--yes")
    assert done.returncode == Exit.USAGE
    done, files = desk.make(tmp_path / "whole", *ask, "--file", f"{REPORT}/2", "--yes")
    assert done.returncode == Exit.OK, done.stderr
    assert files["1-02-original.pdf"] == desk.files[1]
    assert "device, place and time" in done.stderr
    nameless = desk.run(
        "dossier make", desk.case, "--for", "anon_report", "--to", "all", "--out", tmp_path / "n", "--yes", *ask
    )
    assert nameless.returncode == Exit.CONSENT
    desk.run("dossier hide", REPORT, "--file", 2, "--page", 2, "--black", "0,0,100,100")
    refused, _ = desk.make(tmp_path / "hidden", *ask, "--yes")
    assert refused.returncode == Exit.CONSENT
    assert "areas that must be hidden" in refused.stderr
    assert not (tmp_path / "hidden").exists()
    taken = desk.run("dossier hide", REPORT, "--file", 2, "--page", 2, "--remove", "0,0,100,100")
    assert "is dealt with" in taken.stderr, "it was marked done without that area"
    given = [json.loads(line) for line in desk.run("dossier given", "--json").stdout.splitlines()]
    went = [{file["name"] for file in each["files"]} for each in given]  # those of one second are in any order
    assert {*files} <= set().union(*went), "the log says that it went"
    assert sum("1-02-original.pdf" in names for names in went) == 1


def test_the_original_is_searched_by_its_bytes_alone(desk: Desk, tmp_path: Path) -> None:
    desk.run("dossier hide", REPORT, "--file", 1, "--done")
    desk.run("dossier hide", REPORT, "--file", 1, "--remove", "0,0,500,500")
    desk.run("dossier hide", REPORT, "--file", 1, "--remove", "500,500,1000,1000")
    desk.run("dossier hide", REPORT, "--file", 1, "--done")
    desk.run("dossier redact", desk.case, "--term", CANARY)
    refused, _ = desk.make(tmp_path / "out", "--original", f"{REPORT}/1", "--file", f"{REPORT}/1", "--yes")
    assert refused.returncode == Exit.FAULT
    assert "holds something" in refused.stderr
    assert not (tmp_path / "out").exists()


def test_the_areas_are_shown_before_they_leave(desk: Desk, tmp_path: Path) -> None:
    desk.run("dossier hide", REPORT, "--file", 1, "--black", "0,0,500,500")
    on_disk = desk.run("dossier hide", REPORT, "--file", 1, "--show", "/var/tmp/look")
    assert on_disk.returncode == Exit.USAGE, "pixels don't fall on a disk by accident"
    shown = desk.run("dossier hide", REPORT, "--file", 1, "--show", tmp_path / "look", "--on-disk")
    assert shown.returncode == Exit.OK, shown.stderr
    names = sorted(path.name for path in (tmp_path / "look").iterdir())
    assert names == ["01-001-leaves.png", "01-001-ruler.png"]
    with Image.open(tmp_path / "look" / "01-001-leaves.png") as image:
        assert image.getpixel((2, 2)) == (0, 0, 0)
    with Image.open(tmp_path / "look" / "01-001-ruler.png") as image:
        assert image.getpixel((0, 0)) == (255, 32, 32)


def test_an_area_of_a_page_that_is_not_there_stops_the_file(desk: Desk, tmp_path: Path) -> None:
    desk.run("dossier hide", REPORT, "--file", 2, "--page", 9, "--black", "0,0,10,10", "--done")
    refused, _ = desk.make(tmp_path / "out", "--file", f"{REPORT}/2")
    assert refused.returncode == Exit.CONSENT
    assert "has no page 9" in refused.stderr
    assert desk.run("dossier hide", REPORT, "--file", 2, "--page", 9, "--remove", "0,0,10,10").returncode == Exit.OK
    assert desk.run("dossier hide", REPORT, "--file", 2, "--remove", "1,1,10,10").returncode == Exit.USAGE


def test_how_the_witness_can_be_reached_is_a_deed_of_its_own(desk: Desk, tmp_path: Path) -> None:
    asked = desk.run("dossier contact", REPORT, "--form", "wgad", "--because", "they ask for the source")
    assert "+992 901 234567, ask for Nigora" in asked.stdout
    seen = desk.run("log export", "--to", tmp_path / "log", "--everything", "--yes")
    assert seen.returncode == Exit.OK, seen.stderr
    looks = [path for path in (tmp_path / "log").rglob("*.json") if "contact/" in path.read_text()]
    assert looks == [], "what tells who a witness is stays out of a log for a court"
    refused = desk.run("dossier contact", REPORT, "--form", "wgad", "--because", " ")
    assert refused.returncode == Exit.USAGE
    _, files = desk.make(tmp_path / "out", "--without-files")
    for name, content in files.items():
        assert b"901" not in content or name.endswith((".pdf", ".docx")), name
        assert b"Nigora" not in content


def test_marks_are_events_that_two_desks_join(tmp_path: Path) -> None:
    world = make_world(tmp_path / "keys", reviewers=2)
    area, other = Area(1, 0, 0, 10, 10), Area(1, 20, 20, 30, 30)
    with make_vault(world, tmp_path / "one") as one, make_vault(world, tmp_path / "two", 2) as two:
        with one.journal() as journal:
            working.hide(journal, REPORT, 1, area, "blur")
            working.mark_done(journal, REPORT, 1)
        with two.journal() as journal:
            working.hide(journal, REPORT, 1, area, "black")
            working.hide(journal, REPORT, 1, other, "black")
        exchange(one, two, world, tmp_path)
        for vault in (one, two):
            with vault.reading() as connection:
                marks = working.marks(connection, REPORT, 1)
            assert marks.areas == ((area, "black"), (other, "black")), "what either hides, and the stronger of two"
            assert marks.done, "more is hidden than was when it was done"
            with vault.reading() as connection:
                assert [*working.hanging(connection, REPORT)] == [working.entity(REPORT, 1)], "erased with its report"
        with two.journal() as journal:
            working.hide(journal, REPORT, 1, area, None)
        with two.reading() as connection:
            assert not working.marks(connection, REPORT, 1).done, "an area that counted is gone: look again"


def exchange(one: Vault, two: Vault, keys: World, folder: Path) -> None:
    """By stick, both ways."""
    for number, (giver, taker) in enumerate(((one, two), (two, one))):
        (stick := folder / f"stick-{number}").mkdir()
        path, _ = write(giver, stick)
        read(taker, path, [keys.reviewers[(number + 1) % 2]])
