"""Files of every kind, sound and poisoned, looked at through the real sandbox; and a renderer turned hostile in it."""

from __future__ import annotations

import io
import os
import shutil
import struct
import subprocess
import sys
import zlib
from functools import partial
from pathlib import Path
from textwrap import dedent

import pytest
from fpdf import FPDF
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from intake.errors import Damaged, Fault, Usage
from intake.review.preview import Picture, Refused, Wish, preview, why_not
from intake.review.preview import sandbox as box
from intake.review.preview.pixels import End

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"


def picture(kind: str, size: tuple[int, int] = (800, 600), **options: object) -> bytes:
    file = io.BytesIO()
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    image.save(file, kind, **options)
    return file.getvalue()


def pdf(pages: int, words: str = "Суд Хоруғ") -> bytes:
    document = FPDF()
    document.add_font("plain", fname=FONT)
    for number in range(1, pages + 1):
        document.add_page()
        document.set_font("plain", size=20)
        document.cell(text=f"{words} {number}")
    return bytes(document.output())


def film(folder: Path, *options: str, name: str = "film.mp4") -> bytes:
    path = folder / name
    command = ["ffmpeg", "-v", "error", "-y", *options, str(path)]
    subprocess.run(command, check=True)
    return path.read_bytes()


def look(content: bytes, wish: Wish | None = None) -> tuple[list[Picture], End]:
    return preview(io.BytesIO(content), wish or Wish())


def refusal(content: bytes) -> str:
    with pytest.raises(Refused) as caught:
        look(content)
    assert caught.value.advice
    return str(caught.value)


def png_that_claims(width: int, height: int, content: bytes = b"") -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", content) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"])
def test_an_image_opens_small_and_grey(kind: str) -> None:
    (shown,), end = look(picture(kind))
    assert (shown.width, shown.height, shown.channels) == (480, 360, 1)
    assert end == End("image", 1, 0)
    assert shown.pixels[0] < 40 < 200 < shown.pixels[-1], "dark above, light below, as it was"


def test_colour_and_size_on_demand() -> None:
    (shown,), _ = look(picture("PNG"), Wish(side=700, colour=True))
    assert (shown.width, shown.height, shown.channels) == (700, 525, 3)


def test_a_small_image_is_never_blown_up() -> None:
    (shown,), _ = look(picture("PNG", (3, 200)))
    assert (shown.width, shown.height) == (3, 200)


def test_a_photo_stands_as_the_camera_was_held() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    (shown,), _ = look(picture("JPEG", exif=exif))
    assert (shown.width, shown.height) == (360, 480)


def test_what_is_transparent_shows_on_white() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (9, 9), (0, 0, 0, 0)).save(file, "PNG")
    (shown,), _ = look(file.getvalue())
    assert set(shown.pixels) == {255}


def test_nothing_of_the_original_but_its_pixels_is_in_the_png() -> None:
    exif = Image.Exif()
    exif[0x010E] = "CANARY"
    (shown,), _ = look(picture("JPEG", exif=exif, comment=b"CANARY"))
    made = shown.png()
    assert b"CANARY" not in made
    with Image.open(io.BytesIO(made)) as again:
        assert (again.size, again.mode, again.info) == ((480, 360), "L", {})
        assert again.tobytes() == shown.pixels


def test_pages_of_a_pdf() -> None:
    pages, end = look(pdf(12), Wish(side=800, first=3, most=4))
    assert [page.page for page in pages] == [3, 4, 5, 6]
    assert (end.kind, end.pages) == ("pdf", 12)
    assert all(max(page.width, page.height) == 800 and min(page.pixels) < 100 for page in pages)
    assert len(look(pdf(12))[0]) == 10


def test_a_page_that_is_not_there() -> None:
    with pytest.raises(Refused, match="only 2 pages"):
        look(pdf(2), Wish(first=3))


def test_stills_of_a_video_and_never_its_sound(tmp_path: Path) -> None:
    source = ["-f", "lavfi", "-i", "testsrc=d=6:s=640x480:r=10", "-f", "lavfi", "-i", "sine=d=6"]
    stills, end = look(film(tmp_path, *source, "-pix_fmt", "yuv420p"), Wish(stills=4, colour=True))
    assert [(still.page, still.width, still.height, still.channels) for still in stills] == [
        (number, 480, 360, 3) for number in (1, 2, 3, 4)
    ]
    assert (end.kind, end.seconds) == ("video", 6)
    assert len({still.pixels for still in stills}) == 4, "moments apart"


@pytest.mark.parametrize("name", ["voice.ogg", "voice.m4a", "voice.mp3", "voice.wav"])
def test_a_voice_note_is_named_as_such(name: str, tmp_path: Path) -> None:
    assert "sound" in refusal(film(tmp_path, "-f", "lavfi", "-i", "sine=d=1", name=name))


def test_text_in_every_letter_of_the_witnesses() -> None:
    (shown,), end = look("Ҷамшед аз Хоруғ: қӯҳи ӣ\n".encode())
    assert (end.kind, shown.width) == ("text", 920)
    boxes, _ = look("\ue000\n".encode())
    assert min(shown.pixels) < 60
    assert look("ҷ".encode())[0][0].pixels != boxes[0].pixels, "a letter of its own, no box"
    assert look("Хорог".encode("cp1251"))[0][0].pixels == look("Хорог".encode())[0][0].pixels


def test_long_text_has_pages() -> None:
    pages, end = look("слово ".encode() * 20_000, Wish(most=2))
    assert len(pages) == 2
    assert end.pages > 10
    look(b"a" * 200_000)


POISONED = {
    "empty": b"",
    "noise": bytes(range(256)) * 9,
    "a program": b"\x7fELF" + bytes(999),
    "no more than a JPEG's first bytes": b"\xff\xd8\xff\xe0",
    "a JPEG cut off": picture("JPEG")[:3000],
    "a PNG of 4,000,000,000 pixels": png_that_claims(65_000, 65_000, zlib.compress(bytes(1000))),
    "a PNG bomb": png_that_claims(30_000, 30_000, zlib.compress(bytes(30_001 * 3_000))),
    "a PNG cut off": picture("PNG")[:-100],
    "a GIF cut off": b"GIF89a\xff\xff\xff\xff" + bytes(20),
    "no more than a PDF's first bytes": b"%PDF-1.7\n",
    "a PDF cut off": pdf(3)[:500],
    "an mp4 cut off": b"\x00\x00\x00\x20ftypisom" + bytes(500),
    "an mkv of noise": b"\x1aE\xdf\xa3" + bytes(range(256)) * 9,
    "a HEIC image": b"\x00\x00\x00\x20ftypheic" + bytes(500),
    "an archive": b"PK\x03\x04" + bytes(500),
}


@pytest.mark.parametrize("name", POISONED)
def test_what_is_poisoned_is_named_and_nothing_happens(name: str) -> None:
    assert refusal(POISONED[name]).startswith("it ")


def test_a_bomb_inside_a_pdf_is_contained() -> None:
    stream = zlib.compress(zlib.compress(bytes(200_000_000)))
    body = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    body += b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9e9 9e9]/Contents 4 0 R>>endobj\n"
    body += b"4 0 obj<</Filter[/FlateDecode/FlateDecode]/Length %d>>stream\n" % len(stream) + stream
    (page,), _ = look(body + b"\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%EOF")
    assert max(page.width, page.height) == 480
    assert set(page.pixels) == {255}, "an empty sheet"


def test_a_pdf_under_a_password_says_so() -> None:
    document = FPDF()
    document.set_encryption("owner", "user")
    document.add_page()
    assert "password" in refusal(bytes(document.output()))


def test_a_playlist_reaches_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("CANARY")
    text = f"#EXTM3U\n#EXTINF:1,\nfile://{tmp_path}/secret\n"
    assert look(text.encode())[1].kind == "text"
    assert look(b"<svg><image href='file:///etc/passwd'/></svg>")[1].kind == "text"


@given(st.binary(min_size=1, max_size=300), st.sampled_from([b"", b"%PDF-1.4", b"\xff\xd8\xff", b"GIF89a", b"BM"]))
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_bytes_are_shown_or_named(noise: bytes, begin: bytes) -> None:
    try:
        pictures, _ = look(begin + noise)
    except Refused:
        return
    assert pictures


def test_more_than_is_ever_shown_is_refused() -> None:
    for wish in (partial(Wish, side=5000), partial(Wish, most=51), partial(Wish, first=0), partial(Wish, stills=0)):
        with pytest.raises(Usage):
            wish()


def test_a_file_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(box, "FILE_LIMIT", 1 << 20)
    with pytest.raises(Refused, match="larger"):
        look(bytes((1 << 20) + 1))


def hostile(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on this runs inside the sandbox, with all that a broken decoder could do."""
    script = tmp_path / "renderer.py"
    script.write_text("import os, struct, sys, time\n" + dedent(code))
    monkeypatch.setattr(box, "_RENDERER", script)


def test_a_decoder_that_was_taken_over_finds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "vault.db").write_text("CANARY")
    hostile(
        f"""
        import ctypes, socket
        def fails(attempt):
            try:
                attempt()
            except OSError:
                return 1
            return 0
        libc = ctypes.CDLL(None, use_errno=True)
        def call(number, *arguments):
            if libc.syscall(number, *arguments) < 0:
                raise OSError(ctypes.get_errno(), "")
        attempts = [
            lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
            lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
            lambda: open({str(tmp_path / "vault.db")!r}),
            lambda: open("/etc/passwd"),
            lambda: os.listdir("/home"),
            lambda: os.listdir("/root") if "/root" not in sys.base_prefix else open("/root/.profile"),
            lambda: open("/tmp/x", "w"),
            lambda: open("/x", "w"),
            lambda: open("/usr/x", "w"),
            lambda: open("/proc/self/fd/0", "r+b", 0).write(b"changed"),
            lambda: os.write(0, b"changed"),
            lambda: os.kill(os.getppid() if os.getppid() > 1 else {os.getpid()}, 0),
            lambda: call(272, 0x10000000),  # unshare(CLONE_NEWUSER)
            lambda: call(165, 0, 0, 0, 0, 0),  # mount
            lambda: call(321, 0, 0, 0),  # bpf
            lambda: call(425, 0, 0),  # io_uring_setup
        ]
        results = bytes(map(fails, attempts)) + bytes([len([n for n in os.listdir("/proc") if n.isdigit()]) < 5])
        results += bytes([not any(k not in ("PATH", "LC_ALL", "PWD", "LC_CTYPE") for k in os.environ)])
        os.write(1, struct.pack(">4sHHHBB", b"AMPX", 1, len(results), 1, 1, 0) + results)
        os.write(1, struct.pack(">4sHHHBB", b"AMPX", 0, 1, 0, 0, 0))
        """,
        tmp_path,
        monkeypatch,
    )
    (answer,), _ = look(b"x")
    assert list(answer.pixels) == [1] * 18


@pytest.mark.parametrize(
    "code",
    [
        'os.write(1, b"<html>" * 99)',
        'os.write(1, struct.pack(">4sHHHBB", b"AMPX", 1, 60000, 60000, 3, 0))',
        'os.write(1, struct.pack(">4sHHHBB", b"AMPX", 1, 2, 2, 2, 0) + bytes(8))',
        'os.write(1, struct.pack(">4sHHHBB", b"AMPX", 1, 2, 2, 1, 0))',
        'os.write(1, struct.pack(">4sHHHBB", b"AMPX", 0, 1, 0, 9, 0))',
        'os.write(1, struct.pack(">4sHHHBB", b"AMPX", 0, 1, 0, 0, 0) + b"more")',
        '[os.write(1, struct.pack(">4sHHHBB", b"AMPX", 1, 1, 1, 1, 0) + b"x") for _ in range(99)]',
        "",
    ],
)
def test_an_answer_of_another_form_is_refused(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile(code, tmp_path, monkeypatch)
    with pytest.raises((Damaged, Refused)):
        look(b"x")


@pytest.mark.parametrize("code", ["time.sleep(600)", "while True: os.write(1, b'') or time.sleep(0.01)"])
def test_one_that_never_ends_is_ended(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile(code, tmp_path, monkeypatch)
    monkeypatch.setattr(box, "TIME_LIMIT", 0.5)
    with pytest.raises(Refused, match="longer than"):
        look(b"x")


def test_without_bubblewrap_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    why_not.cache_clear()
    try:
        with pytest.raises(Fault, match="bubblewrap is missing") as caught:
            look(picture("PNG"))
        assert "not shown in any other way" in caught.value.advice
    finally:
        monkeypatch.undo()
        why_not.cache_clear()


def test_where_namespaces_are_off_nothing_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    why_not.cache_clear()
    try:
        with pytest.raises(Fault, match="user namespaces are off"):
            look(picture("PNG"))
    finally:
        monkeypatch.undo()
        why_not.cache_clear()


def test_this_process_never_imports_a_decoder() -> None:
    code = "import sys, intake.review.preview as p; p.why_not(); print(sorted({*sys.modules} & {'PIL', 'pypdfium2'}))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
