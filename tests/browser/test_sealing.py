"""What the page seals is an age file of the one right length that Python and typage open, at every chunk boundary."""

import base64
import filecmp
import io
import json
from pathlib import Path

import pytest

from intake.errors import NoKeyFits
from intake.report.code import Code
from intake.report.package import read_package
from intake.report.sizes import CLASSES, is_sealed_size, padded, sealed_size
from intake.sealing import Header, HybridIdentity, open_bytes, open_sealed
from tests.harness.node import filtered, node_command, run_node
from tests.harness.page_code import bundle, run_page

CHUNK = 65_536
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1, 5 * CHUNK, 300 * 1000]


def _pattern(size: int) -> bytes:
    return bytes(i % 251 for i in range(size))


def test_python_opens_what_the_page_sealed_at_every_chunk_boundary() -> None:
    identities = [HybridIdentity.generate() for _ in range(3)]
    recipients = [str(identity.recipient) for identity in identities]
    said = run_page({"task": "seal", "recipients": recipients, "size": size} for size in SIZES)
    for number, (size, answer) in enumerate(zip(SIZES, said, strict=True)):
        sealed = base64.b64decode(answer["done"])
        assert len(sealed) == sealed_size(3, size)
        assert {stanza.kind for stanza in Header.parse(sealed).stanzas} == {"mlkem768x25519"}
        assert open_bytes(sealed, [identities[number % 3]]) == _pattern(size)
    with pytest.raises(NoKeyFits):
        open_bytes(sealed, [HybridIdentity.generate()])


def test_typage_opens_what_the_page_sealed_at_every_chunk_boundary() -> None:
    identity = HybridIdentity.generate()
    said = run_page({"task": "seal", "recipients": [str(identity.recipient)], "size": size} for size in SIZES)
    jobs = [{"open": [str(identity)], "sealed": answer["done"]} for answer in said]
    opened = json.loads(run_node("batch.mjs", data=json.dumps(jobs).encode()))
    assert [base64.b64decode(plain) for plain in opened] == [_pattern(size) for size in SIZES]


@pytest.mark.long
def test_300_megabytes_of_the_page_open_in_python_and_in_typage(tmp_path: Path) -> None:
    identity = HybridIdentity.generate()
    script, plain, sealed, back = (tmp_path / name for name in ("stream.mjs", "plain", "sealed", "back"))
    script.write_text(bundle("stream.mjs"))
    with plain.open("wb") as file:
        for number in range(300):
            file.write(bytes([number % 256]) * 1_000_000)
    filtered(["node", str(script), str(identity.recipient)], plain, sealed)
    filtered(node_command("filter.mjs", "open", str(identity)), sealed, back)
    assert filecmp.cmp(plain, back, shallow=False)
    with sealed.open("rb") as source, plain.open("rb") as wanted:
        opened = open_sealed(source, [identity])
        while part := opened.read(1 << 20):
            assert part == wanted.read(len(part))
        assert wanted.read(1) == b""


def test_two_files_share_nothing() -> None:
    task = {"task": "seal", "recipients": [str(HybridIdentity.generate().recipient)], "size": 100}
    one, other = (base64.b64decode(answer["done"]) for answer in run_page([task, task]))
    header = Header.parse(one).size
    assert one[:header] != other[:header]
    assert one[header:] != other[header:]


HOLDER = Code.draw(lambda size: b"\x05" * size).open("drop.example")


def _report(text: str) -> dict[str, object]:
    return {
        "id": "0123456789abcdef" * 2,
        "origin": "drop.example",
        "keyring": 7,
        "questionnaire": {"name": "first", "version": "1", "sha256": "0" * 64},
        "language": "tg",
        "day": "2026-11-23",
        "answers": {"account": text, "urgent": ["removal"]},
        "replyTo": {"mailbox": HOLDER.mailbox, "recipient": HOLDER.reply_to.recipient},
    }


def test_the_package_is_the_one_python_reads() -> None:
    text = 'Ғӣқӯҳҷ «…» \u2028 🙂 \\ " \t'
    (said,) = run_page([{"task": "packed", "report": _report(text)}])
    plain = base64.b64decode(said["done"])
    report = read_package(io.BytesIO(plain)).report
    assert json.loads(report.to_json())["answers"] == {"account": text, "urgent": ["removal"]}
    assert (report.sealed_by, report.keyring, report.day.isoformat()) == ("browser", 7, "2026-11-23")
    assert report.reply_to == HOLDER.reply_to


@pytest.mark.parametrize("letter", ["a", "ҷ", "漢", "🙂", '"', "\n"])
def test_only_the_size_classes_occur(letter: str) -> None:
    counts = [0, 1, 1000, 14_000, 15_900, 65_000, 100_000]
    said = run_page([{"task": "packed", "report": _report(letter * count)} for count in counts])
    for answer in said:
        plain = base64.b64decode(answer["done"])
        assert len(plain) in CLASSES
        assert is_sealed_size(3, sealed_size(3, len(plain)))


def test_more_than_a_report_may_carry_is_refused() -> None:
    fits, longer, too_long = run_page(
        {"task": "packed", "report": _report("a" * (CLASSES[-1] - taken))} for taken in (5_000, 3_040, 0)
    )
    assert len(base64.b64decode(fits["done"])) == CLASSES[-1]
    assert len(base64.b64decode(longer["done"])) == padded(CLASSES[-1] + 1)
    assert too_long == {"refused": "large"}
