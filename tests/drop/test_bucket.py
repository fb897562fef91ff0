"""Parts in S3-compatible storage, against a real server of that protocol: refusals, a fold, an outage."""

import hashlib
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import Request

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from intake.drop.blobs import FOLDER, opened
from intake.drop.bucket import PAUSE, BucketParts
from intake.drop.folder import DataFolder
from intake.drop.place import Place
from intake.drop.versioning import request
from intake.errors import Exit, Fault, Usage
from tests.drop.test_tus import begun, offset, patch
from tests.harness.bucket import ObjectStore
from tests.harness.keys import World, make_world
from tests.harness.large import PART, pieces, seal_large
from tests.harness.server import command, running_drop, serve_arguments


@pytest.fixture(scope="module")
def objects() -> Iterator[ObjectStore]:
    with ObjectStore() as store, store.known():
        yield store


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder.open(tmp_path / "data", create=True)


def test_parts_are_put_got_listed_and_deleted(objects: ObjectStore, folder: DataFolder) -> None:
    parts = opened(folder, objects.bucket("first"))
    one, other = sorted(os.urandom(16) for _ in range(2))
    for identifier in (other, one):
        for number in (0, 1):
            parts.put(identifier, number, b"x" * (number + 1))
    parts.put(one, 1, b"again")
    assert list(parts.ids()) == [one, other]
    assert (parts.get(one, 1), parts.get(other, 1)) == (b"again", b"xx")
    parts.delete(one)
    parts.delete(one)
    assert list(parts.ids()) == [other]
    with pytest.raises(Fault, match="404"):
        parts.get(one, 0)
    assert opened(folder).get(other, 0) == b"x"
    assert set(objects.objects("first")) == {"drop/belongs-to", *(f"drop/parts/{other.hex()}/{n}" for n in (0, 1))}


def test_a_fold_puts_every_part_again_in_order(objects: ObjectStore, folder: DataFolder) -> None:
    """What the store's own stamp tells then is the time of the fold."""
    parts = opened(folder, objects.bucket("folds"))
    identifier = os.urandom(16)
    for number in (2, 0, 1):
        parts.put(identifier, number, bytes([number]))
    time.sleep(1.1)
    begin = datetime.now(UTC).replace(microsecond=0)
    parts.fold(identifier, range(1, 3), begin.date(), settled=True)
    stamps = {key[-1]: stamp for key, stamp in objects.objects("folds").items() if "parts" in key}
    assert datetime.fromisoformat(stamps["0"]) < begin <= datetime.fromisoformat(stamps["1"])
    assert stamps["1"] <= stamps["2"]
    assert [parts.get(identifier, number) for number in range(3)] == [b"\0", b"\1", b"\2"]


@pytest.mark.parametrize(
    "text",
    ["s3://", "s3://b", "s3://key:secret@bucket/x", "s3://bucket/x?key=1", "s3://bucket//x", "/srv", "http://b/x"],
)
def test_a_place_is_a_bucket_and_a_prefix(text: str) -> None:
    with pytest.raises(Usage, match="blobs"):
        Place.parse(text)
    assert str(Place.parse("s3://bucket/a/b/")) == "s3://bucket/a/b"


def test_what_can_not_be_used_is_refused_and_leaves_nothing(objects: ObjectStore, folder: DataFolder) -> None:
    for place, error, words in (
        (objects.bucket("versions", versions=True), Usage, "keeps versions"),
        ("s3://no-such-bucket/x", Fault, "404"),
    ):
        with pytest.raises(error, match=words):
            opened(folder, place)
        assert not folder.blobs.exists()
    assert [key for key in objects.objects("versions") if "parts" in key] == []


def test_a_bucket_has_one_drop_and_a_drop_one_place(objects: ObjectStore, folder: DataFolder, tmp_path: Path) -> None:
    place = objects.bucket("shared")
    opened(folder, place)
    opened(folder, place)
    with pytest.raises(Usage, match="another drop"):
        opened(DataFolder.open(tmp_path / "other", create=True), place)
    for wanted in (FOLDER, objects.bucket("elsewhere")):
        with pytest.raises(Usage, match="lie in s3://shared/drop"):
            opened(folder, wanted)
    full = DataFolder.open(tmp_path / "full", create=True)
    opened(full).put(os.urandom(16), 0, b"x")
    with pytest.raises(Usage, match="holds reports already"):
        opened(full, objects.bucket("late"))


def test_a_bucket_that_kept_versions_once_is_refused_before_anything_is_put(
    objects: ObjectStore, folder: DataFolder
) -> None:
    """Older versions and the marks of deletions stay in it, and each deletion would leave another."""
    place = objects.bucket("suspended", versions=True)
    parts, old = BucketParts(Place.parse(place)), os.urandom(16)
    for content in (b"first", b"second"):
        parts.put(old, 0, content)
    parts.delete(old)
    objects.keep_versions("suspended", "Suspended")
    before = objects.kept("suspended")
    assert before == [f"drop/parts/{old.hex()}/0"] * 3
    with pytest.raises(Usage, match="kept versions once: older ones stay") as error:
        opened(folder, place)
    assert "never on. Versioning can be suspended, but not undone" in error.value.advice
    assert objects.kept("suspended") == before
    assert not folder.blobs.exists()


def test_a_bucket_with_object_lock_is_refused(objects: ObjectStore, folder: DataFolder) -> None:
    """It keeps versions, always."""
    with pytest.raises(Usage, match="keeps versions"):
        opened(folder, objects.bucket("locked", lock=True))
    assert objects.kept("locked") == []


NO_ANSWER = b"<Error><Code>NotImplemented</Code></Error>"
DENIED = b"<Error><Code>AccessDenied</Code></Error>"
LOCKED = (
    b"<DeleteResult><Error><Key>drop/%s</Key><Code>AccessDenied</Code>"
    b"<Message>Access Denied because object protected by object lock.</Message></Error></DeleteResult>"
)


class Other:
    """A store that answers `deviant` as it wants, and the rest as moto does."""

    def __init__(self, deviant: str) -> None:
        self.deviant, self.put = deviant, list[str]()

    def __call__(self, method: str, path: str) -> tuple[int, bytes, dict[str, str]] | None:
        probe = path.rpartition("/")[2] if "probe-" in path else ""
        if probe and method == "PUT":
            self.put.append(probe)
        match self.deviant:
            case "keys are wrong":
                return 403, DENIED, {}
            case "may not be asked" if "versioning" in path:
                return 403, DENIED, {}
            case "fails" if "versioning" in path:
                return 500, b"", {}
            case "elsewhere" if "versioning" in path:
                return 307, b"", {"Location": "/somewhere?versioning="}
            case "knows no versions" | "says null" | "says a number" if "versioning" in path:
                return 501, NO_ANSWER, {}
            case "says null" | "says a number" if probe and method == "PUT":
                number = "null" if self.deviant == "says null" else "3sL4kqtJlcpXroDTDmJ"
                return 200, b"", {"ETag": '"1"', "x-amz-version-id": number}
            case "retains" if path.endswith("?delete"):
                return 200, LOCKED % self.put[-1].encode(), {}
            case "talks of others" if path.endswith("?delete"):
                return 200, LOCKED % b"another", {}
            case "never replaces" if len(self.put) > 1 and method == "PUT":
                return 403, DENIED, {}
        return None


@pytest.mark.parametrize(
    ("deviant", "error", "words"),
    [
        ("keys are wrong", Fault, "403"),
        ("may not be asked", Usage, "whether s3://.* keeps versions may not be asked"),
        ("fails", Fault, "500"),
        ("elsewhere", Fault, "307"),
        ("says null", Usage, "kept versions once"),
        ("says a number", Usage, "keeps versions"),
        ("retains", Usage, "as probe-.* can't be replaced or deleted"),
        ("talks of others", Fault, "answers what no such storage may"),
        ("never replaces", Usage, "as probe-.* can't be replaced or deleted"),
    ],
)
def test_what_other_stores_answer_is_understood(
    objects: ObjectStore, folder: DataFolder, deviant: str, error: type[Exception], words: str
) -> None:
    other, place = Other(deviant), objects.bucket(deviant.replace(" ", "-"))
    with objects.instead(other), pytest.raises(error, match=words):
        opened(folder, place)
    assert not folder.blobs.exists()
    assert set(objects.objects(deviant.replace(" ", "-"))) <= {f"drop/{each}" for each in other.put}


def test_a_store_that_knows_no_versions_is_taken_at_its_word(objects: ObjectStore, folder: DataFolder) -> None:
    with objects.instead(Other("knows no versions")):
        opened(folder, objects.bucket("simple")).put(os.urandom(16), 0, b"x")
    assert len(objects.objects("simple")) == 2


def test_the_question_is_signed_as_amazon_describes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of its documentation, and what its own library makes of our address."""
    keys = {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_REGION": "us-east-1",
    }
    moment = datetime(2013, 5, 24, tzinfo=UTC)
    signed = request("https://examplebucket.s3.amazonaws.com/", "lifecycle", keys, moment)
    assert (signed.get_header("Authorization") or "").endswith(
        "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
    )
    keys |= {"AWS_SESSION_TOKEN": "a+token/=", "AWS_REGION": "eu-north-1"}
    ours = request("https://store.example:9000/bucket", "versioning", keys, datetime.now(UTC))
    theirs = AWSRequest("GET", ours.full_url, headers={"X-Amz-Content-SHA256": hashlib.sha256(b"").hexdigest()})
    given = Credentials(keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], keys["AWS_SESSION_TOKEN"])
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: _moment(ours))
    S3SigV4Auth(given, "s3", keys["AWS_REGION"]).add_auth(theirs)
    assert ours.get_header("Authorization") == theirs.headers["Authorization"]


def _moment(signed: Request) -> datetime:
    return datetime.strptime(signed.get_header("X-amz-date") or "", "%Y%m%dT%H%M%SZ")  # noqa: DTZ007  # as botocore's


@pytest.mark.parametrize("missing", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_keys_come_from_the_environment(
    objects: ObjectStore, folder: DataFolder, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.delenv(missing)
    with pytest.raises(Usage, match=missing):
        opened(folder, "s3://bucket/x")


def test_keys_never_cross_a_network_in_the_clear(
    objects: ObjectStore, folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://storage.example")
    with pytest.raises(Usage, match="not https"):
        opened(folder, "s3://bucket/x")


def test_a_drop_serves_from_a_bucket_through_an_outage(
    objects: ObjectStore, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """While the store hangs a witness is told to try again; nothing acknowledged is lost, and it heals by itself."""
    folder = tmp_path_factory.mktemp("drop")
    world: World = make_world(folder / "keys", today=datetime.now(UTC).date())
    body = seal_large(world)
    kept = objects.bucket("kept", versions=True)
    objects.keep_versions("kept", "Suspended")
    refused = command(*serve_arguments(world, folder / "v", blobs=kept))
    assert (refused.returncode, "kept versions once" in refused.stderr) == (Exit.USAGE, True)
    with running_drop(world, folder, blobs=objects.bucket("served")) as drop:
        assert b"canary" not in Path(f"/proc/{drop.pid}/cmdline").read_bytes()
        place = begun(drop, len(body))
        assert patch(drop, place, 0, body[:PART]).status == 204
        objects.stop()
        answer = patch(drop, place, PART, body[PART : 2 * PART])
        while answer.word == "locked":  # the server's own fold hangs at the store with this upload
            answer = patch(drop, place, PART, body[PART : 2 * PART])
        assert (answer.status, answer.word) == (503, "unavailable")
        assert drop.put(os.urandom(16).hex(), seal_large(world, 16384), 1).status == 201
        assert offset(drop, place) == PART
        objects.go_on()
        time.sleep(PAUSE + 0.1)
        for start, piece in pieces(body, start=offset(drop, place)):
            assert patch(drop, place, start, piece).status == 204
        bundle = drop.export(folder)
        assert command("status", "--data", drop.data).returncode == 0
        assert any("canary" in line for line in drop.said) is False
    assert body in bundle.read_bytes()
    assert not (drop.data / "parts").exists()
    assert b"canary" not in (drop.data / "blobs").read_bytes()
