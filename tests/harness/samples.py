"""Photos, films and recordings as phones make them, with everything hidden in them that can tell on someone.

Each hidden text holds `CANARY`; each is written by the tools of the trade (Pillow, exiftool, ffmpeg), or by hand where
they can't.
"""

import io
import random
import struct
import subprocess
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from PIL import Image, ImageCms, PngImagePlugin

CANARY = "qorakul5503"
_EXIF = [
    *["-Make=qorakul5503 Works", "-Model=Phone qorakul5503", "-Software=qorakul5503 Edit", "-Artist=qorakul5503"],
    *["-OwnerName=qorakul5503", "-SerialNumber=qorakul5503", "-DateTimeOriginal=2026:05:17 10:11:12"],
    *["-GPSLatitude=37.4897", "-GPSLatitudeRef=N", "-GPSLongitude=71.5530", "-GPSLongitudeRef=E"],
    *["-UserComment=qorakul5503", "-ImageDescription=qorakul5503"],
]
_XMP = ["-XMP:Creator=qorakul5503", "-XMP:CreatorTool=qorakul5503", "-XMP:CreateDate=2026:05:17 10:11:12"]
_IPTC = ["-IPTC:By-line=qorakul5503", "-IPTC:City=qorakul5503", "-Comment=qorakul5503"]


def picture(mode: str = "RGB", size: tuple[int, int] = (97, 61)) -> Image.Image:
    """Noise and edges: no two rows alike, so that a turned or a lost one shows."""
    draw = random.Random(3)
    image = Image.new("RGB", size)
    image.putdata(
        [(x * 255 // size[0], y * 255 // size[1], draw.randrange(256)) for y in range(size[1]) for x in range(size[0])]
    )
    return image.convert(mode)


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _exiftool(path: Path, *arguments: str) -> bytes:
    assert arguments
    subprocess.run(["exiftool", "-q", "-q", "-m", "-overwrite_original", *arguments, str(path)], check=True)
    return path.read_bytes()


def _written(folder: Path, name: str, content: bytes, *arguments: str) -> bytes:
    path = folder / name
    path.write_bytes(content)
    return _exiftool(path, *arguments) if arguments else content


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _after_soi(jpeg: bytes, *segments: bytes) -> bytes:
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def jpegs(folder: Path) -> Iterator[tuple[str, bytes]]:
    """As cameras write them; "turned" ones with each orientation."""
    thumbnail = folder / "thumbnail.jpg"
    thumbnail.write_bytes(_saved(picture(size=(16, 12)), "JPEG"))
    plain = _saved(picture(), "JPEG", quality=90, icc_profile=_profile())
    for value in range(1, 9):
        known = [*_EXIF, *_XMP, *_IPTC, f"-ThumbnailImage<={thumbnail}", f"-Orientation#={value}"]
        order = "II" if value % 2 else "MM"
        yield f"turned-{value}.jpg", _written(folder, f"turned-{value}.jpg", plain, f"-ExifByteOrder={order}", *known)
    full = (folder / "turned-6.jpg").read_bytes()
    film = b"\0\0\0\x18ftypmp42" + CANARY.encode() * 9
    yield "moving-photo.jpg", full + film
    yield "fill-bytes.jpg", full[:2] + b"\xff\xff\xff" + full[2:]
    progressive = _saved(picture(), "JPEG", progressive=True)
    yield "progressive.jpg", _written(folder, "progressive.jpg", progressive, *_EXIF, *_XMP)
    restarts = _saved(picture(), "JPEG", restart_marker_blocks=2, comment=CANARY.encode())
    yield "restarts.jpg", restarts
    yield "grey.jpg", _written(folder, "grey.jpg", _saved(picture("L"), "JPEG"), *_EXIF)
    yield "ink.jpg", _written(folder, "ink.jpg", _saved(picture("CMYK"), "JPEG"), *_EXIF)
    space = b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 32 + struct.pack(">II", 40, 0)
    yield (
        "extended.jpg",
        _after_soi(
            plain,
            _segment(0xE1, space + CANARY.encode() * 3),
            _segment(0xE0, b"JFXX\0\x10" + _saved(picture(size=(8, 8)), "JPEG", comment=CANARY.encode())),
            _segment(0xE3, b"META" + CANARY.encode()),
            _segment(0xEB, b"JP" + CANARY.encode()),
            _segment(0xEC, b"Ducky" + CANARY.encode()),
            _segment(0xFE, CANARY.encode()),
        ),
    )
    several = io.BytesIO()
    second = picture(size=(31, 17))
    picture().save(several, "MPO", save_all=True, append_images=[second], comment=CANARY.encode())
    yield "several.jpg", several.getvalue()


def pngs(folder: Path) -> Iterator[tuple[str, bytes]]:
    """With text in all three ways, times, profiles, Exif, unknown chunks, and what a crop left behind the end."""
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", CANARY)
    text.add_text("Software", CANARY, zip=True)
    text.add_itxt("Title", CANARY, "en", CANARY)
    text.add(b"tIME", struct.pack(">HBBBBB", 2026, 5, 17, 10, 11, 12))
    text.add(b"prVt", CANARY.encode())
    for mode in ("RGB", "L", "RGBA", "P", "1"):
        name = f"mode-{mode}.png"
        content = _saved(picture(mode), "PNG", pnginfo=text, icc_profile=_profile(), dpi=(72, 72))
        yield name, _written(folder, name, content, *_EXIF, *_XMP, f"-Orientation#={7 if mode == 'RGB' else 1}")
    whole = _saved(picture(), "PNG", pnginfo=text)
    yield "cropped.png", whole + whole[whole.index(b"IDAT") :]
    late = _saved(picture(), "PNG")
    body = b"eXIf" + b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    yield "late.png", late[:-12] + chunk + late[-12:]
    frames = [picture(), picture().rotate(180)]
    yield "moving.png", _saved(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=100, pnginfo=text)


def webps(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Lossy and lossless, with and without alpha, moving, turned."""
    kinds: Mapping[str, dict[str, object]] = {"lossy": {"quality": 80}, "lossless": {"lossless": True}}
    for kind, options in kinds.items():
        for mode in ("RGB", "RGBA"):
            name = f"{kind}-{mode}.webp"
            content = _saved(picture(mode), "WEBP", icc_profile=_profile(), **options)
            turned = f"-Orientation#={6 if mode == 'RGB' else 1}"
            yield name, _written(folder, name, content, *_EXIF, *_XMP, turned)
    yield "simple.webp", _saved(picture(), "WEBP") + CANARY.encode()
    frames = [picture("RGBA"), picture("RGBA").rotate(180)]
    moving = _saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=100, xmp=CANARY.encode())
    yield "moving.webp", moving


def _ffmpeg(path: Path, *arguments: str) -> bytes:
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments, str(path)], check=True)
    return path.read_bytes()


def films(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Films and voice recordings; one with a track of positions beside picture and sound."""
    seen = ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=10:duration=3"]
    heard = ["-f", "lavfi", "-i", "sine=frequency=440:duration=3"]
    known = ["-metadata", "creation_time=2026-05-17T10:11:12Z", "-metadata", f"title={CANARY}"]
    known += ["-metadata", "location=+37.4897+071.5530/", "-metadata:s", f"handler_name={CANARY}"]
    known += ["-metadata:s", "language=tgk"]
    codecs = ["-c:v", "libx264", "-bsf:v", "filter_units=remove_types=6", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    places = ["-GPSCoordinates=37.4897 71.5530 2100", f"-Keys:Make={CANARY}", f"-Keys:Model={CANARY}", *_XMP]
    both = [*seen, *heard, *known, *codecs]
    words = folder / "positions.srt"
    words.write_text("".join(f"{n + 1}\n00:00:0{n},000 --> 00:00:0{n},900\n{CANARY} {n}\n\n" for n in range(3)))
    track = ["-i", str(words), "-map", "0", "-map", "1", "-map", "2", "-c:s", "mov_text"]
    made: Mapping[str, list[str]] = {
        "phone.mp4": [*both, "-movflags", "+use_metadata_tags"],
        "first.mp4": [*both, "-movflags", "+faststart"],
        "tablet.mov": both,
        "positions.mp4": [*seen, *heard, *track, *known, *codecs],
        "positions.mov": [*seen, *heard, *track, *known, *codecs],
        "voice.m4a": [*heard, *known, "-c:a", "aac"],
        "voice.3gp": [*heard, "-ar", "8000", "-ac", "1", "-c:a", "aac", *known],
    }
    for name, arguments in made.items():
        path = folder / name
        _ffmpeg(path, *arguments)
        turned = ["-Rotation=90"] if name == "phone.mp4" else []
        yield name, path.read_bytes() if name.endswith("3gp") else _exiftool(path, *turned, *places)
