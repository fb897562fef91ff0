"""What is odd about a file's name, as a witness or somebody who poses as one gave it.

A name is only ever shown: attachments are stored by number. What would trick a reader, or a program that saves the file
under its name, is said beside it.
"""

from __future__ import annotations

import re
import unicodedata

PATH, HIDDEN, RESERVED, DOUBLE, PROGRAM = "path", "hidden", "reserved", "double", "program"

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"  # Persian spelling and composed emoji need them
_WIDE = re.compile(r"\s{3,}")  # pushes what follows out of sight
_DEVICES = re.compile(r"(?i)\s*(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?")
_FORBIDDEN = re.compile(r'[<>:"|?*]|[. ]$')
_DOCUMENTS = (
    "jpe?g|png|gif|webp|heic|bmp|tiff?|svg|pdf|docx?|xlsx?|pptx?|odt|ods|rtf|txt|csv|"
    "mp3|m4a|ogg|opus|wav|amr|mp4|mov|3gp|avi|mkv"
)
_DOUBLE = re.compile(rf"(?i)\.({_DOCUMENTS})\s*\.\s*[a-z0-9]{{1,6}}\s*$")
_PROGRAM = re.compile(
    r"(?i)\.(exe|scr|com|bat|cmd|pif|ps1|vbs?|vbe|jse?|wsf|wsh|hta|lnk|url|jar|msi|msix|appx?|apk|dmg|pkg|deb|rpm|run|"
    r"sh|bash|desktop|py|pl|rb|php|reg|inf|cpl|dll|sys|docm|xlsm|pptm|iso|img|chm)\s*$"
)


def tricks(name: str) -> tuple[str, ...]:
    """Which of `PATH`, `HIDDEN`, `RESERVED`, `DOUBLE` and `PROGRAM` hold for a name.

    Windows' rules for names ("Naming Files, Paths, and Namespaces") are the strictest, and every desk may meet them.
    """
    seen = "".join(c for c in name if not _is_hidden(c))
    found = {
        PATH: "/" in name or "\\" in name or seen.strip() in (".", "..") or seen.startswith("~"),
        HIDDEN: seen != name or _WIDE.search(name) is not None,
        RESERVED: _DEVICES.fullmatch(seen) is not None or _FORBIDDEN.search(seen) is not None,
        DOUBLE: _DOUBLE.search(seen) is not None,
        PROGRAM: _PROGRAM.search(seen) is not None,
    }
    return tuple(kind for kind, holds in found.items() if holds)


def _is_hidden(character: str) -> bool:
    return character not in _JOINERS and unicodedata.category(character) in _HIDDEN
