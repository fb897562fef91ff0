"""Files in the seal: the page's package is the one Python writes, its lengths are Python's, and it streams."""

import base64
import io
import itertools
import random
from typing import Any

import pytest

from intake.report.package import PackageReader, package_size, read_package
from intake.report.sizes import LARGEST, padded, sealed_size
from intake.report.ustar import LARGEST_MEMBER
from intake.sealing import Header, HybridIdentity, open_bytes
from tests.harness.page_code import run_page

MEBIBYTE = 1_048_576
REPORT: dict[str, object] = {
    "id": "0123456789abcdef" * 2,
    "origin": "drop.example",
    "keyring": 7,
    "questionnaire": {"name": "first", "version": "1", "sha256": "0" * 64},
    "language": "tg",
    "day": "2026-11-23",
    "answers": {"files": [1, 2]},
    "replyTo": {"mailbox": "0" * 32, "recipient": "age1pq1qqqqqq"},
}


def _pattern(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def _file(*pieces: int, name: str = "", kind: str = "image/jpeg", cleaned: bool = True) -> dict[str, object]:
    """Pieces as the driver takes them: so many bytes of the pattern or, below zero, so many zeros."""
    return {"name": name, "type": kind, "cleaned": cleaned, "pieces": pieces}


def _packed(*files: dict[str, object]) -> dict[str, Any]:
    (said,) = run_page([{"task": "packed", "report": REPORT, "files": files}])
    return said


def _read(plain: bytes) -> tuple[PackageReader, list[bytes]]:
    package = read_package(io.BytesIO(plain))
    return package, [stream.read() for _, stream in package]


def test_the_lengths_are_python_s() -> None:
    draw = random.Random(7)
    edges = {2**power + delta for power in range(34) for delta in (-1, 0, 1)}
    steps = {padded(size) + delta for size in edges if size <= LARGEST for delta in (-1, 0, 1)}
    sizes = sorted(size for size in edges | steps if 0 <= size <= LARGEST)
    sizes += [int(2 ** draw.uniform(10, 33)) for _ in range(50_000)]
    headers = {count: sealed_size(count, 0) - 16 for count in (1, 3, 9)}
    lengths, *sealed = run_page(
        [
            {"task": "padded", "sizes": sizes},
            *({"task": "sealed size", "header": header, "sizes": sizes} for header in headers.values()),
        ]
    )
    assert lengths["done"] == [padded(size) for size in sizes]
    for count, said in zip(headers, sealed, strict=True):
        assert said["done"] == [sealed_size(count, size) for size in sizes]


@pytest.mark.parametrize("sizes", [[0], [1], [511, 512, 513], [70_000], [MEBIBYTE - 2048, 0, 1_500_000]])
def test_python_reads_the_files_of_the_page_s_package(sizes: list[int]) -> None:
    plain = base64.b64decode(_packed(*map(_file, sizes))["done"])
    package, files = _read(plain)
    assert files == [_pattern(size) for size in sizes]
    assert [entry.size for entry in package.report.files] == sizes
    assert len(plain) == package_size(len(package.content), sizes)


def test_what_the_report_says_about_files() -> None:
    kept = _file(5, name="Хоруғ \ud800 \u202e🙂.jpg", cleaned=False)
    plain = base64.b64decode(_packed(_file(3, -2, 3), kept, _file(1, name="n" * 4000, kind="t" * 4000))["done"])
    package, files = _read(plain)
    assert files[0] == b"\x00\x01\x02\x00\x00\x00\x01\x02"
    first, second, third = package.report.files
    assert (first.name, first.type, first.size, first.cleaned) == ("", "image/jpeg", 8, True)
    assert (second.name, second.cleaned) == ("Хоруғ � \u202e🙂.jpg", False)
    assert (len(third.name), len(third.type)) == (255, 255)


def test_what_no_package_holds_is_refused() -> None:
    """Nothing is read for it: these are runs of zeros."""
    too_large = [
        [_file(-LARGEST_MEMBER - 1)],
        [_file(-LARGEST // 2), _file(-LARGEST // 2)],
        [_file(1)] * 100,
    ]
    assert [_packed(*files) for files in too_large] == [{"refused": "large"}] * len(too_large)


@pytest.mark.parametrize("part", [1000, 65_552, MEBIBYTE])
def test_a_stream_in_parts_is_the_one_file(part: int) -> None:
    identities = [HybridIdentity.generate() for _ in range(3)]
    recipients = [str(identity.recipient) for identity in identities]
    plains = [[16_384], [65_536], [65_537], [-100, MEBIBYTE + 1, -99]]
    said = run_page({"task": "stream", "recipients": recipients, "pieces": pieces, "part": part} for pieces in plains)
    for pieces, answer in zip(plains, said, strict=True):
        parts = [base64.b64decode(one) for one in answer["done"]["parts"]]
        sealed = b"".join(parts)
        assert {len(one) for one in parts[:-1]} <= {part}
        assert len(sealed) == answer["done"]["size"] == sealed_size(3, sum(map(abs, pieces)))
        assert open_bytes(sealed, identities[1:]) == b"".join(
            bytes(-size) if size < 0 else _pattern(size) for size in pieces
        )


def test_every_stream_has_a_key_of_its_own() -> None:
    task = {"task": "stream", "recipients": [str(HybridIdentity.generate().recipient)], "pieces": [200_000]}
    sealed = [
        base64.b64decode("".join(answer["done"]["parts"])) for answer in run_page([{**task, "part": MEBIBYTE}] * 2)
    ]
    bodies = [one[Header.parse(one).size :] for one in sealed]
    # The payload's nonce, then each chunk.
    starts = [0, *range(16, len(bodies[0]), 65_552)]
    for start, end in itertools.pairwise([*starts, len(bodies[0])]):
        assert bodies[0][start:end] != bodies[1][start:end]
