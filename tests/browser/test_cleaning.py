"""What the page takes out of files: everything that exiftool could name, and not one pixel or sound of the rest."""

import json
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps, ImageSequence

from tests.harness.node import environment
from tests.harness.page_code import bundle
from tests.harness.samples import CANARY, films, jpegs, picture, pngs, webps

PICTURES = ("jpg", "png", "webp")
# What exiftool may still find: the shape of picture and sound, the names of formats, and which way is up.
ALLOWED_GROUPS = {"File", "JFIF", "APP14", "PNG", "RIFF", "QuickTime", "Composite", "ExifTool"}
FORBIDDEN = re.compile(
    r"GPS|Location|Make|Model|Serial|Software|Creator|Artist|Author|Owner|Title|Comment|Description|Thumbnail|"
    r"PreviewImage|Profile|Encoder|Vendor|Language(?!Code)|HandlerDescription|CompressorName|Keywords|Text"
)
A_DAY = re.compile(r"(?!0000)\d{4}[:-]\d\d[:-]\d\d")


@dataclass(frozen=True)
class Sample:
    """A file and its clean copy, on disk."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def kind(self) -> str:
        return self.path.suffix[1:]

    @property
    def clean(self) -> Path:
        """With its own ending, so that every reader takes it for what it is."""
        return self.path.with_name(f"clean-{self.name}")


def _run(files: Iterable[Path], mutants: int = 0) -> dict[str, Any]:
    job = {"files": list(map(str, files)), "mutants": mutants, "seed": 11}
    with tempfile.NamedTemporaryFile("w", suffix=".mjs") as script:
        script.write(bundle("clean.mjs"))
        script.flush()
        done = subprocess.run(
            ["node", script.name], input=json.dumps(job), env=environment(), capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Sample]:
    """All of them, cleaned by the page's code in one go."""
    folder = tmp_path_factory.mktemp("samples")
    found = []
    for make in (jpegs, pngs, webps, films):
        for name, content in make(folder):
            (folder / name).write_bytes(content)
            found.append(Sample(folder / name))
    cleaned = _run(sample.path for sample in found)["cleaned"]
    assert [sample.name for sample, clean in zip(found, cleaned, strict=True) if not clean] == []
    for sample in found:
        sample.path.with_name(f"{sample.name}.clean").rename(sample.clean)
    return found


def _tags(paths: Sequence[Path]) -> Iterator[tuple[str, str, str, str]]:
    """Each tag that exiftool finds, embedded ones too: file, group, name, value."""
    command = ["exiftool", "-j", "-G", "-a", "-ee3", *map(str, paths)]
    done = subprocess.run(command, capture_output=True, check=True)
    for found in json.loads(done.stdout):
        for key, value in found.items():
            group, _, name = key.rpartition(":")
            if group and not (group == "File" and name.startswith(("File", "Directory", "MIME"))):
                yield Path(found["SourceFile"]).name, group, name, str(value)


def _told(tags: Iterable[tuple[str, str, str, str]]) -> list[tuple[str, str, str, str]]:
    """The tags that tell on someone."""
    return [
        (file, group, name, value)
        for file, group, name, value in tags
        if (group, name) != ("EXIF", "Orientation")
        if group not in ALLOWED_GROUPS
        or FORBIDDEN.search(name)
        or (A_DAY.search(value) and name != "MajorBrand")
        or CANARY in value
    ]


def test_exiftool_finds_nothing_that_tells_on_someone(samples: Sequence[Sample]) -> None:
    assert _told(_tags([sample.clean for sample in samples])) == []


def test_the_samples_tell_on_someone_before(samples: Sequence[Sample]) -> None:
    """Or the test above could not fail."""
    told = {(group, name) for _, group, name, _ in _told(_tags([sample.path for sample in samples]))}
    assert {
        *[("EXIF", name) for name in ("Make", "OwnerName", "GPSLatitude", "DateTimeOriginal", "ThumbnailImage")],
        *[("XMP", "Creator"), ("IPTC", "City"), ("ICC_Profile", "ProfileDateTime"), ("MPF", "NumberOfImages")],
        *[("PNG", name) for name in ("Author", "Software", "ModifyDate")],
        *[("QuickTime", name) for name in ("GPSCoordinates", "CreateDate", "HandlerDescription", "Text")],
    } <= told


def test_no_hidden_word_is_left_anywhere_in_the_bytes(samples: Sequence[Sample]) -> None:
    hidden = [sample for sample in samples if sample.name != "late.png"]
    assert all(CANARY.encode() in sample.path.read_bytes() for sample in hidden)
    assert [sample.name for sample in samples if CANARY.encode() in sample.clean.read_bytes()] == []


def _frames(path: Path) -> list[tuple[str, tuple[int, int], bytes]]:
    """Each frame decoded and turned upright; of several pictures in one file only the first."""
    with Image.open(path) as image:
        frames = [image] if image.format == "MPO" else list(ImageSequence.Iterator(image))
        turned = [ImageOps.exif_transpose(frame) for frame in frames]
        return [(frame.mode, frame.size, frame.tobytes()) for frame in turned]


def _orientation(path: Path) -> int | None:
    with Image.open(path) as image:
        return image.getexif().get(0x0112)


def test_pixels_are_the_same_and_upright(samples: Sequence[Sample]) -> None:
    pictures = [sample for sample in samples if sample.kind in PICTURES]
    assert [sample.name for sample in pictures if _frames(sample.path) != _frames(sample.clean)] == []
    assert len(pictures) == 30
    upright = {sample.name: _orientation(sample.clean) for sample in pictures}
    assert [upright[f"turned-{value}.jpg"] for value in range(1, 9)] == [None, 2, 3, 4, 5, 6, 7, 8]
    assert (upright["mode-RGB.png"], upright["late.png"], upright["lossy-RGB.webp"]) == (7, 6, 6)


def _decoded(path: Path) -> str:
    """A hash of each picture and each piece of sound, as played: turned upright, in time."""
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-nostdin",
        "-i",
        str(path),
        "-map",
        "0:v?",
        "-map",
        "0:a?",
        "-f",
        "framemd5",
        "-",
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_films_and_voices_play_the_same(samples: Sequence[Sample]) -> None:
    played = [sample for sample in samples if sample.kind not in PICTURES]
    assert [sample.name for sample in played if _decoded(sample.path) != _decoded(sample.clean)] == []
    assert len(played) == 7
    assert all(sample.path.stat().st_size == sample.clean.stat().st_size for sample in played)
    turned = subprocess.run(["exiftool", "-Rotation", "-s3", played[0].clean], capture_output=True, text=True)
    assert turned.stdout.strip() == "90"


def test_what_is_clean_stays_as_it_is(samples: Sequence[Sample], tmp_path: Path) -> None:
    copies = [tmp_path / sample.name for sample in samples]
    for sample, copy in zip(samples, copies, strict=True):
        copy.write_bytes(sample.clean.read_bytes())
    assert all(_run(copies)["cleaned"])
    assert [copy.name for copy in copies if copy.read_bytes() != (tmp_path / f"{copy.name}.clean").read_bytes()] == []


@pytest.mark.parametrize("mutants", [200, pytest.param(5_000, marks=pytest.mark.long)])
def test_damage_never_crashes_and_cleaning_twice_is_cleaning_once(samples: Sequence[Sample], mutants: int) -> None:
    said = _run((sample.path for sample in samples), mutants)
    assert said["wrong"] == []
    assert min(said["mutants"].values()) > mutants


def test_what_nobody_here_can_vouch_for_is_not_cleaned(samples: Sequence[Sample], tmp_path: Path) -> None:
    whole = {sample.name: sample.path.read_bytes() for sample in samples}
    jpeg, png, webp, film = (whole[name] for name in ("turned-1.jpg", "cropped.png", "lossy-RGB.webp", "phone.mp4"))
    refused = {
        "empty": b"",
        "short": b"\xff",
        "words": b"Hello. " * 100,
        "paper.pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        "no-end.jpg": jpeg[:-2],
        "no-scan.jpg": jpeg[: jpeg.index(b"\xff\xda")] + b"\xff\xd9",
        "lossless.jpg": whole["progressive.jpg"].replace(b"\xff\xdb", b"\xff\xf7", 1),
        "no-end.png": png[: png.index(b"IEND") - 4],
        "no-picture.png": png[:33] + png[png.index(b"IEND") - 4 :],
        "unknown-critical.png": png.replace(b"IDAT", b"XDAT", 1),
        "cut.webp": webp[:-40],
        "no-picture.webp": b"RIFF\x04\0\0\0WEBP",
        "cut.mp4": film[:-40],
        "no-moov.mp4": film.replace(b"moov", b"junk", 1),
        "elsewhere.mp4": film.replace(b"stco", b"stcx", 1),
        "in-pieces.mp4": film + b"\0\0\0\x08moof",
    }
    for name, content in refused.items():
        (tmp_path / name).write_bytes(content)
    cleaned = _run(tmp_path / name for name in refused)["cleaned"]
    assert [name for name, clean in zip(refused, cleaned, strict=True) if clean] == []


def test_a_large_photo_is_cleaned_as_a_small_one(tmp_path: Path) -> None:
    """Longer than any piece that is read at once."""
    path = tmp_path / "large.jpg"
    picture(size=(1500, 1100)).save(path, quality=97, comment=CANARY.encode())
    assert path.stat().st_size > 1_000_000
    assert _run([path])["cleaned"] == [True]
    clean = path.with_name("large.jpg.clean")
    assert CANARY.encode() not in clean.read_bytes()
    assert _frames(path) == _frames(clean)
