"""How papers leave: packed into one ZIP, sealed as an age file to a passphrase or to the recipient's key.

ZIP because every office can open one; age because the recipient's `age -d` opens it, or ours. The name tells nothing.
"""

from __future__ import annotations

import io
import secrets
import zipfile
from collections.abc import Mapping, Sequence

from intake.sealing import Recipient, ScryptRecipient, parse_recipient, seal_bytes


def packed(files: Mapping[str, bytes]) -> bytes:
    """A ZIP with these files, without times or anything about this machine."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def sealed(files: Mapping[str, bytes], *, keys: Sequence[str] = (), passphrase: str = "") -> bytes:
    """The ZIP, sealed to age recipients or else to a passphrase. Raises `Usage` for what is none."""
    recipients: list[Recipient] = [parse_recipient(each) for each in keys]
    return seal_bytes(packed(files), recipients or [ScryptRecipient(passphrase)])


def neutral_name() -> str:
    """A name for the sealed file."""
    return f"{secrets.token_hex(6)}.age"
