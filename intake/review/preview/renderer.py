"""What runs inside the sandbox: decodes a file with other people's code, and writes bare pixels.

Nobody imports this file: `sandbox` starts it, alone, as `python -I renderer.py WISH`, with the file as descriptor 0, a
pipe as descriptor 1, and no network, no writable disk and no file of the person's. WISH is JSON {side, colour, first,
most, stills}; the answer's format stands in `pixels`. It ends with a status of `STATUS`, or is killed by its limits.
"""

from __future__ import annotations

import codecs
import json
import os
import resource
import struct
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

STATUS = {0: "done", 10: "unknown", 11: "malformed", 12: "large", 13: "silent", 14: "missing", 15: "locked"}
"""How it ends: unknown kind, malformed, too many pixels, nothing to see, a part of the sandbox missing, encrypted."""
UNKNOWN, MALFORMED, LARGE, SILENT, MISSING, LOCKED = (status for status in STATUS if status)

ORIGINAL = "/proc/self/fd/0"
PIXELS = 100_000_000
MEMORY = 1_500_000_000
SECONDS = 25
TEXT = 200_000
WIDTH, LINES, LONGEST = 888, 60, 300
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "MPO")
CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,mp3,wav,aac,amr"
IMAGE, PDF, VIDEO, WRITING = range(4)


class Wish:
    """What the desk asked for."""

    def __init__(self, text: str) -> None:
        asked = json.loads(text)
        self.side: int = asked["side"]
        self.colour: bool = asked["colour"]
        self.first: int = asked["first"]
        self.most: int = asked["most"]
        self.stills: int = asked["stills"]

    def fit(self, width: int, height: int) -> tuple[int, int]:
        """The size to show: never larger than the original, at least a pixel each way."""
        scale = min(1.0, self.side / max(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))

    @property
    def mode(self) -> str:
        """Pillow's name of what is sent."""
        return "RGB" if self.colour else "L"


def main() -> None:
    """Find out what it is by its first bytes, and show it: what a witness's device called it counts for nothing."""
    for limit, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(limit, (most, most))
    sys.path.insert(0, "/packages")
    wish = Wish(sys.argv[1])
    begin = os.pread(0, 1024, 0)
    try:
        if b"%PDF-" in begin:
            end = pdf(wish)
        elif moving(begin):
            end = video(wish)
        elif still(begin):
            end = image(wish)
        else:
            end = writing(wish)
    except MemoryError:
        sys.exit(LARGE)
    kind, pages, seconds = end
    send(struct.pack(">4sHHHBB", b"AMPX", 0, min(pages, 65535), min(seconds, 65535), kind, 0))


def moving(begin: bytes) -> bool:
    """Whether it begins like a video or a sound."""
    if begin[4:8] == b"ftyp":
        return begin[8:12] not in (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")
    if begin.startswith(b"RIFF"):
        return begin[8:12] in (b"AVI ", b"WAVE")
    if begin[:1] == b"G" and begin[188:189] == b"G":
        return True  # packets of an MPEG transport stream
    return begin.startswith(
        (b"\x1aE\xdf\xa3", b"OggS", b"FLV", b"\x30\x26\xb2\x75", b"\x00\x00\x01\xba", b"ID3", b"#!AMR", b"\xff\xfb")
    )


def still(begin: bytes) -> bool:
    """Whether it begins like an image."""
    return (
        begin.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\x00", b"MM\x00*"))
        or (begin.startswith(b"RIFF") and begin[8:12] == b"WEBP")
        or (begin[4:8] == b"ftyp")
    )


def image(wish: Wish) -> tuple[int, int, int]:
    """One image, turned the way the camera was held."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = PIXELS
    try:
        with open(0, "rb", closefd=False) as file:
            file.seek(0)
            with Image.open(file, formats=FORMATS) as picture:
                if picture.width * picture.height > PIXELS:
                    sys.exit(LARGE)
                picture.draft(wish.mode, (wish.side, wish.side))
                # First small, then turned and whitened: a copy of the whole costs memory.
                picture.thumbnail((wish.side, wish.side))
                shown: Any = ImageOps.exif_transpose(picture)
                if shown.has_transparency_data:
                    shown = shown.convert("RGBA")
                    paper = Image.new("RGBA", shown.size, "white")
                    paper.alpha_composite(shown)
                    shown = paper
                shown = shown.convert(wish.mode)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
        sys.exit(LARGE)
    except UnidentifiedImageError:
        sys.exit(UNKNOWN)
    except Exception:  # whatever a decoder raises on a malformed file
        sys.exit(MALFORMED)
    frame(1, shown.width, shown.height, shown.tobytes())
    return IMAGE, 1, 0


def pdf(wish: Wish) -> tuple[int, int, int]:
    """Pages as they would print, without forms, scripts or attachments."""
    try:
        import pypdfium2
    except ImportError:
        sys.exit(MISSING)
    try:
        document = pypdfium2.PdfDocument(open(0, "rb", closefd=False))  # noqa: SIM115
    except pypdfium2.PdfiumError as error:
        sys.exit(LOCKED if "password" in str(error).lower() else MALFORMED)
    count = len(document)
    for number in range(wish.first, min(count, wish.first + wish.most - 1) + 1):
        try:
            page = document[number - 1]
            width, height = page.get_size()
            if not (0 < width < 1e6 and 0 < height < 1e6):
                sys.exit(MALFORMED)
            scale = wish.side / max(width, height)
            bitmap = page.render(scale=scale, grayscale=not wish.colour, rev_byteorder=True, prefer_bgrx=False)
        except (pypdfium2.PdfiumError, RuntimeError, ValueError):
            sys.exit(MALFORMED)
        channels = 3 if wish.colour else 1
        if bitmap.n_channels != channels:
            sys.exit(MALFORMED)
        rows = bytes(bitmap.buffer)
        used = bitmap.width * channels
        if bitmap.stride != used:
            starts = range(0, bitmap.stride * bitmap.height, bitmap.stride)
            rows = b"".join(rows[start : start + used] for start in starts)
        frame(number, bitmap.width, bitmap.height, rows, channels)
        bitmap.close()
        page.close()
    return PDF, count, 0


def video(wish: Wish) -> tuple[int, int, int]:
    """Stills, evenly over its length. The sound is not even decoded."""
    told = run(
        *("ffprobe", *QUIET, "-select_streams", "v:0", "-show_entries", "stream=width,height:format=duration"),
        *("-of", "json", ORIGINAL),
    )
    try:
        found = json.loads(told)
        streams = found["streams"]
        seconds = float(found.get("format", {}).get("duration", 0) or 0)
        if not streams:
            sys.exit(SILENT)
        width, height = int(streams[0]["width"]), int(streams[0]["height"])
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        sys.exit(MALFORMED)
    if width < 1 or height < 1:
        sys.exit(MALFORMED)
    if width * height > PIXELS:
        sys.exit(LARGE)
    seconds = seconds if 0 < seconds < 1e6 else 0.0
    shown, (wide, high) = 0, wish.fit(width, height)
    channels = 3 if wish.colour else 1
    for moment in moments(seconds, wish.stills):
        pixels = run(
            *(
                "ffmpeg",
                "-nostdin",
                *QUIET,
                "-noautorotate",
                "-ss",
                f"{moment:.3f}",
                "-i",
                ORIGINAL,
                "-an",
                "-sn",
                "-dn",
            ),
            *("-map", "0:v:0", "-frames:v", "1", "-vf", f"scale={wide}:{high}", "-threads", "1"),
            *("-f", "rawvideo", "-pix_fmt", "rgb24" if wish.colour else "gray", "pipe:1"),
        )
        if len(pixels) == wide * high * channels:
            shown += 1
            frame(shown, wide, high, pixels)
    if not shown:
        sys.exit(MALFORMED)
    return VIDEO, shown, int(seconds)


QUIET = ["-v", "quiet", "-threads", "1", "-protocol_whitelist", "file", "-format_whitelist", CONTAINERS]


def moments(seconds: float, count: int) -> Iterator[float]:
    """`count` moments in the middle of as many equal parts, or the first moment of what has no length."""
    yield from ((number + 0.5) * seconds / count for number in range(count)) if seconds else (0.0,)


def run(*command: str) -> bytes:
    """What one of ffmpeg's programs writes; whatever goes wrong leaves it short."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)  # noqa: S603
    except FileNotFoundError:
        sys.exit(MISSING)
    return done.stdout


def writing(wish: Wish) -> tuple[int, int, int]:
    """Text set in one plain font; a letter that the font hasn't is a box, a control character too."""
    content = os.pread(0, TEXT, 0)
    text = decoded(content)
    if text is None:
        sys.exit(UNKNOWN)
    try:
        from PIL import Image, ImageDraw, ImageFont

        font = ImageFont.truetype(FONT, 16)
    except (ImportError, OSError):
        sys.exit(MISSING)
    written = "".join(
        c if c.isprintable() or c == "\n" else "\ufffd" for c in "\n".join(text.expandtabs(4).splitlines())
    )
    lines = [piece for line in written.split("\n") for piece in broken(line, font.getlength)]
    pages = [lines[start : start + LINES] for start in range(0, len(lines), LINES)]
    for number, page in enumerate(pages, 1):
        if wish.first <= number < wish.first + wish.most:
            paper = Image.new("L", (WIDTH + 32, 24 + 20 * len(page)), 255)
            pen = ImageDraw.Draw(paper)
            for row, line in enumerate(page):
                pen.text((16, 12 + 20 * row), line, fill=0, font=font)
            frame(number, paper.width, paper.height, paper.tobytes(), 1)
    return WRITING, len(pages), 0


def broken(line: str, length: Callable[[str], float]) -> Iterator[str]:
    """A line in pieces that fit the width, cut at spaces where there are any."""
    while len(line) > LONGEST or length(line) > WIDTH:
        end = next((end for end in range(1, LONGEST) if length(line[:end]) > WIDTH), LONGEST) - 1
        end = (line.rfind(" ", 1, end) + 1) or max(1, end)
        yield line[:end]
        line = line[end:]
    yield line


def decoded(content: bytes) -> str | None:
    """UTF-8 or UTF-16 with its mark, else Windows' Cyrillic if it has no byte that text hasn't; None for no text."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    if any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in content):
        return None
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(content, final=len(content) < TEXT)
    except UnicodeDecodeError:
        return content.decode("cp1251", "replace")


def frame(page: int, width: int, height: int, pixels: bytes, channels: int = 0) -> None:
    """One picture, out."""
    channels = channels or len(pixels) // (width * height)
    send(struct.pack(">4sHHHBB", b"AMPX", page, width, height, channels, 0) + pixels)


def send(content: bytes) -> None:
    """All of it, to the desk."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(1, rest) :]


if __name__ == "__main__":
    main()
