"""WEBCAT's files are served as they were made, and a server says when they vouch for something else than it serves."""

import json
from pathlib import Path
from typing import Any

import pytest

from intake.drop.headers import FIXED
from intake.drop.webcat import BEFORE, BUNDLE, ENROLLMENT, PREFIX, Webcat
from intake.errors import Exit, Usage
from tests.harness.keys import World, make_world
from tests.harness.server import Running, command, running_drop

ENROLLED: dict[str, Any] = {"type": "sigsum", "signers": ["AA"], "threshold": 1, "policy": "AA", "max_age": 7_776_000}
SIGNED: dict[str, Any] = {"enrollment": ENROLLED, "signatures": {"AA": "proof"}}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("keys"))


def saved(drop: Running, to: Path) -> dict[str, Any]:
    """The manifest that `check` writes for a signer, once it found that the site serves just that."""
    done = command(
        "check", drop.url, "--data", drop.data, "--config", drop.folder / "drop.toml", "--drafts", "--save", to
    )
    assert done.returncode == Exit.OK, done.stdout + done.stderr
    manifest: dict[str, Any] = json.loads(to.read_bytes())["manifest"]
    return manifest


def write(folder: Path, manifest: dict[str, Any], **more: Any) -> None:
    """What the tool makes of it; no server can tell whether a signature is right."""
    folder.mkdir(exist_ok=True)
    bundle = {**SIGNED, "manifest": manifest | {"timestamp": "size=1"}}  # a log's tree head, whole
    for name, content in {ENROLLMENT: ENROLLED, BUNDLE: bundle, **more}.items():
        (folder / name).write_text(json.dumps(content))


def test_they_are_served_as_they_are_and_checked(world: World, tmp_path: Path) -> None:
    with running_drop(world, tmp_path / "drop") as drop:
        assert drop.request("GET", PREFIX + BUNDLE).status == 404
        manifest = saved(drop, tmp_path / "manifest.json")
    write(tmp_path / "webcat", manifest)
    with running_drop(world, tmp_path / "drop", webcat=str(tmp_path / "webcat")) as drop:
        assert not any("WEBCAT" in line for line in drop.said)
        for name in (ENROLLMENT, BUNDLE):
            answer = drop.request("GET", PREFIX + name)
            assert (answer.status, answer.body) == (200, (tmp_path / "webcat" / name).read_bytes())
            assert answer.header("content-type") == "application/json"
            assert all(answer.header(each) == value for each, value in FIXED)
        assert drop.request("GET", PREFIX + BEFORE).status == 404
        assert saved(drop, tmp_path / "again.json") == manifest


def test_the_manifest_is_one_that_webcat_takes(world: World, tmp_path: Path) -> None:
    """The rules of its validators.ts: the index is named without its slash, and both pages are among the files."""
    with running_drop(world, tmp_path / "drop") as drop:
        manifest = saved(drop, tmp_path / "manifest.json")
        assert "/" + manifest["default_index"] in manifest["files"]
        assert manifest["default_fallback"] in manifest["files"]
        assert manifest["wasm"] == []
        assert "," not in manifest["default_csp"]
        answers = [drop.request("GET", path) for path in ("/", "/keyring.note", "/nothing")]
    assert {answer.header("content-security-policy") for answer in answers} == {manifest["default_csp"]}


def test_a_server_says_what_was_signed_for_something_else(world: World, tmp_path: Path) -> None:
    with running_drop(world, tmp_path / "drop") as drop:
        manifest = saved(drop, tmp_path / "manifest.json")
    manifest["files"]["/tg"] = "A" * 43
    write(tmp_path / "webcat", manifest)
    with running_drop(world, tmp_path / "drop", webcat=str(tmp_path / "webcat")) as drop:
        (said,) = [line for line in drop.said if "WEBCAT" in line]
        assert said.endswith("signed for something else (/tg)")
        assert drop.request("GET", PREFIX + BUNDLE).status == 200


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (ENROLLMENT, None, "enrollment.json is missing"),
        (BUNDLE, None, "bundle.json is missing"),
        (BUNDLE, "{", "no JSON object"),
        (BUNDLE, "[]", "no JSON object"),
        (ENROLLMENT, json.dumps({**ENROLLED, "type": "other"}), 'lacks a "type"'),
        (ENROLLMENT, json.dumps({**ENROLLED, "max_age": "long"}), 'lacks a "type"'),
        (ENROLLMENT, json.dumps({**ENROLLED, "threshold": 2}), "another enrollment"),
        (BUNDLE, json.dumps({"enrollment": ENROLLED, "manifest": {"files": {}}}), 'no "signatures"'),
        (BUNDLE, json.dumps({**SIGNED, "manifest": {"files": {}}}), 'no "timestamp"'),
        (BEFORE, json.dumps({"enrollment": ENROLLED}), 'no "manifest"'),
    ],
)
def test_what_webcat_would_refuse_is_refused(tmp_path: Path, name: str, content: str | None, words: str) -> None:
    write(tmp_path, {"files": {"/tg": "x"}})
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text(content)
    with pytest.raises(Usage, match=words):
        Webcat.read(tmp_path, Path.read_bytes)


def test_a_signature_that_brings_its_own_time_wants_no_other(tmp_path: Path) -> None:
    enrolled = {"type": "sigstore", "max_age": 7_776_000, "trusted_root": {}, "claims": {"1.2": "us"}}
    bundle = {"enrollment": enrolled, "manifest": {"files": {"/tg": "x"}}, "signatures": {"sigstore": [{}]}}
    write(tmp_path, {}, **{ENROLLMENT: enrolled, BUNDLE: bundle})
    assert Webcat.read(tmp_path, Path.read_bytes).paths == (PREFIX + ENROLLMENT, PREFIX + BUNDLE)
