"""Run where there is no network: Firefox ESR opens the form in one file, fills it in in Tajik, and seals it both ways.

Arguments: the form, and an empty folder. Prints the blocks of text; the saved file lies in the folder.
"""

import json
import sys
import time
from pathlib import Path

from tests.harness.filling import fill
from tests.harness.firefox import Firefox
from tests.harness.offline import loopback_up


def main(form: Path, folder: Path) -> None:
    saved = {
        "browser.download.folderList": 2,
        "browser.download.dir": str(folder),
        "browser.download.useDownloadDir": True,
        "browser.helperApps.neverAsk.saveToDisk": "application/octet-stream",
    }
    (folder.parent / "profile").mkdir()
    with Firefox(saved, folder.parent / "profile") as firefox:
        firefox.resize(900, 20_000)
        firefox.open(form.as_uri())
        firefox.wait_for("#send:enabled")
        fill(firefox)
        firefox.click("#send")
        firefox.wait_for("#received:not([hidden])")
        firefox.click("#save")
        end = time.monotonic() + 60
        while not (found := [path for path in folder.iterdir() if path.suffix == ".dat" and path.stat().st_size]):
            assert time.monotonic() < end, "nothing was saved"
            time.sleep(0.1)
        assert [path.name for path in found] == ["notes.dat"]
        texts = firefox.evaluate("JSON.stringify([...document.querySelectorAll('.blocks textarea')].map(t => t.value))")
        print(json.dumps(json.loads(texts)))


loopback_up()
main(*map(Path, sys.argv[1:]))
