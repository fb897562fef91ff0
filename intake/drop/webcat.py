"""The files by which WEBCAT, an extension of Tor Browser and Firefox, checks a site before it runs a line of it.

The operator's folder holds them as WEBCAT's own tool made them, from the manifest of `intake drop check --save`:

    enrollment.json     who signs, and how many of them must: what WEBCAT's list of sites names by its hash
    bundle.json         {"enrollment": …, "manifest": …, "signatures": …}
    bundle-prev.json    the one before, while both are in use

They are served as they are, at the paths that WEBCAT asks for (github.com/freedomofpress/webcat, config.ts and
validators.ts). They can't be made here: signing needs keys that no server has, and a public log that is online. With
its tool (github.com/freedomofpress/webcat-cli, beside it sigsum-go), and MANIFEST as `--save` wrote it, under Sigsum:

    webcat enrollment create --policy-file POLICY --threshold N --max-age SECONDS --cas-url URL --signer KEY …
    jq --arg head "$(curl --fail LOG/get-tree-head)" '.manifest.timestamp = $head' MANIFEST > timed
    webcat manifest sign --policy-file POLICY --key KEY --input timed --output signed
    webcat bundle create --enrollment enrollment.json --manifest signed --output bundle.json
    webcat manifest verify bundle.json

The first is done once, long before, and `sign` by each signer in turn. The time that a witnessed log gives must be in
what is signed (the tool's own `generate` puts it in, but wants the pages as files, of which some would be folders too).
After `max_age` seconds from that time WEBCAT turns visitors away, so all but the first is done again before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from intake.errors import Usage

PREFIX = "/.well-known/webcat/"
ENROLLMENT, BUNDLE, BEFORE = "enrollment.json", "bundle.json", "bundle-prev.json"
SIZE = 1 << 20

_ADVICE = "Make it with WEBCAT's tool from the manifest that `intake drop check --save` writes."
_SIGSUM = "sigsum"
_TYPES = (_SIGSUM, "sigstore")


@dataclass(frozen=True, slots=True)
class Webcat:
    """What is served, by name; nothing for a drop that does without."""

    files: Mapping[str, bytes] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path, read: Callable[[Path], bytes]) -> Self:
        """The files of a folder. Raises `Usage` for one that WEBCAT would refuse whatever the site serves."""
        found = {}
        for name in (ENROLLMENT, BUNDLE, BEFORE):
            try:
                found[name] = read(folder / name)
            except FileNotFoundError:
                if name != BEFORE:
                    raise Usage(f"{folder / name} is missing", _ADVICE) from None
            except OSError as error:
                raise Usage(f"{folder / name} can't be read: {error.strerror}", _ADVICE) from error
        enrollment = _enrollment(ENROLLMENT, _object(ENROLLMENT, found[ENROLLMENT]))
        for name in found.keys() - {ENROLLMENT}:
            bundle = _object(name, found[name])
            for part in ("enrollment", "manifest", "signatures"):
                if not isinstance(bundle.get(part), dict) or not bundle[part]:
                    raise Usage(f'{name} has no "{part}"', _ADVICE)
            kind = _enrollment(name, bundle["enrollment"])["type"]
            if kind == _SIGSUM and not isinstance(bundle["manifest"].get("timestamp"), str):
                raise Usage(f'the manifest in {name} has no "timestamp", which a signature by {_SIGSUM} wants', _ADVICE)
        if _object(BUNDLE, found[BUNDLE])["enrollment"] != enrollment and BEFORE not in found:
            raise Usage(f"{BUNDLE} is of another enrollment than {ENROLLMENT}", _ADVICE)
        return cls(found)

    @property
    def paths(self) -> tuple[str, ...]:
        """Where they are."""
        return tuple(f"{PREFIX}{name}" for name in self.files)

    def cautions(self, manifest: bytes) -> tuple[str, ...]:
        """What is signed but not served, or served but not signed, in sentences without a full stop.

        `manifest` is that of what this release serves with these settings.
        """
        if not self.files:
            return ()
        signed, ours = json.loads(self.files[BUNDLE])["manifest"], json.loads(manifest)["manifest"]
        wrong = [
            name for name in ("default_csp", "default_index", "default_fallback") if signed.get(name) != ours[name]
        ]
        listed = signed.get("files")
        listed = listed if isinstance(listed, dict) else {}
        paths = sorted({*listed, *ours["files"]})
        wrong += [path for path in paths if listed.get(path) != ours["files"].get(path)]
        if not wrong:
            return ()
        told = ", ".join(wrong[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")
        return (f"whoever uses WEBCAT is turned away: {BUNDLE} was signed for something else ({told})",)


def _object(name: str, content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content) if len(content) <= SIZE else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Usage(f"{name} is no JSON object of at most {SIZE >> 20} MiB", _ADVICE)
    return found


def _enrollment(name: str, found: dict[str, Any]) -> dict[str, Any]:
    age = found.get("max_age")
    if found.get("type") not in _TYPES or isinstance(age, bool) or not isinstance(age, int | float) or age <= 0:
        raise Usage(f'the enrollment in {name} lacks a "type" ({", ".join(_TYPES)}) or a "max_age"', _ADVICE)
    return found
