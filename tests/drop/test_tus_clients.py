"""Other people's tus clients, only their chunk size set: tus-js-client and tuspy against the real process."""

import io
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from intake.report.bundle import read_bundle
from tests.harness.keys import World, make_world
from tests.harness.large import PART, seal_large
from tests.harness.node import run_node
from tests.harness.server import Running, running_drop
from tests.harness.slow_line import ANSWER, SlowLine


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), today=datetime.now(UTC).date())


@pytest.fixture(scope="module")
def drop(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_drop(world, tmp_path_factory.mktemp("drop")) as running:
        yield running


@pytest.fixture
def sealed(world: World, tmp_path: Path) -> Path:
    """A file that no other test sends."""
    path = tmp_path / "report.age"
    path.write_bytes(seal_large(world))
    return path


@pytest.fixture
def readable(tmp_path: Path, sealed: Path) -> Path:
    """As long as a sealed one, and not sealed."""
    path = tmp_path / "notes.txt"
    path.write_bytes(b"my brother\n" * (sealed.stat().st_size // 11) + bytes(sealed.stat().st_size % 11))
    return path


def opened(path: Path) -> io.BytesIO:
    """tuspy leaves open what it opens."""
    return io.BytesIO(path.read_bytes())


def stored(drop: Running, folder: Path, url: str | None) -> bytes:
    """What a bundle carries under the id that ends this address."""
    assert url
    (folder / "stick").mkdir()
    with drop.export(folder / "stick", "--all").open("rb") as file:
        return {entry.id: stream.read() for entry, stream in read_bundle(file)}[url.rpartition("/")[2]]


def tus_js(endpoint: str, path: Path, chunk: int, how: str = "") -> dict[str, Any]:
    """What tus-js-client says at its end."""
    return dict(json.loads(run_node("upload.mjs", f"{endpoint}/uploads", str(path), str(chunk), how)))


@pytest.mark.parametrize("chunk", [PART, 300_000])
def test_tus_js_client_uploads_and_goes_on(drop: Running, sealed: Path, tmp_path: Path, chunk: int) -> None:
    stopped = tus_js(drop.url, sealed, chunk, f"stop={chunk}")
    assert stopped["stopped"]
    assert drop.request("HEAD", f"/uploads/{stopped['url'].rpartition('/')[2]}", headers={"Tus-Resumable": "1.0.0"})
    done = tus_js(drop.url, sealed, chunk, f"resume={stopped['url']}")
    assert (done["done"], done["url"]) == (True, stopped["url"])
    assert stored(drop, tmp_path, done["url"]) == sealed.read_bytes()


def test_tus_js_client_mends_a_line_that_is_cut(drop: Running, sealed: Path, tmp_path: Path) -> None:
    """In the middle of a part, and when the answer was on its way."""
    with SlowLine(drop.port, cuts=[500_000, ANSWER, 10]) as line:
        done = tus_js(line.url, sealed, PART, "retry")
        assert done["done"]
        assert len(line.sendings) == 3 + 3 - 1  # the part whose answer was lost had arrived
    assert stored(drop, tmp_path, done["url"]) == sealed.read_bytes()


def test_tuspy_uploads_and_goes_on(drop: Running, sealed: Path, tmp_path: Path) -> None:
    client = TusClient(f"{drop.url}/uploads")
    first = client.uploader(file_stream=opened(sealed), chunk_size=PART)
    first.upload(stop_at=PART)
    again = client.uploader(file_stream=opened(sealed), chunk_size=700_000, url=first.url)
    assert again.offset == PART
    again.upload()
    assert stored(drop, tmp_path, first.url) == sealed.read_bytes()


def test_tuspy_mends_a_line_that_is_cut(drop: Running, sealed: Path, tmp_path: Path) -> None:
    with SlowLine(drop.port, cuts=[500_000, ANSWER]) as line:
        uploader = TusClient(f"{line.url}/uploads").uploader(
            file_stream=opened(sealed), chunk_size=PART, retries=5, retry_delay=0.2
        )
        uploader.upload()
    assert stored(drop, tmp_path, uploader.url) == sealed.read_bytes()


def test_both_are_told_what_is_wrong(drop: Running, sealed: Path, readable: Path) -> None:
    told = tus_js(drop.url, readable, PART)
    assert (told["status"], json.loads(told["body"])["type"]) == (422, "urn:amonat:not-sealed")
    assert tus_js(drop.url, sealed, 2 * PART)["status"] == 413
    other = sealed.with_name("odd")
    other.write_bytes(sealed.read_bytes()[:-1])
    assert tus_js(drop.url, other, PART)["status"] == 422
    client = TusClient(f"{drop.url}/uploads")
    for path, chunk, status in ((readable, PART, 422), (sealed, 2 * PART, 413), (other, PART, 422)):
        with pytest.raises(TusCommunicationError) as caught:
            client.uploader(file_stream=opened(path), chunk_size=chunk).upload()
        assert caught.value.status_code == status
    with pytest.raises(TusCommunicationError) as caught:
        client.uploader(file_stream=opened(sealed), chunk_size=PART, url=f"{drop.url}/uploads/{os.urandom(16).hex()}")
    assert caught.value.status_code == 404


def test_a_name_given_along_is_refused(drop: Running, sealed: Path) -> None:
    client = TusClient(f"{drop.url}/uploads")
    with pytest.raises(TusCommunicationError) as caught:
        client.uploader(file_stream=opened(sealed), chunk_size=PART, metadata={"filename": "Khorog.mp4"}).upload()
    assert caught.value.status_code == 400
