"""Run where there is no network: Firefox ESR opens the form in one file, fills it in in Tajik, and seals it both ways.

Arguments: the form, an empty folder, and short accounts. Prints the blocks of the filled form, then those of a report
for each account; the saved files lie in the folder as notes.dat, notes(1).dat …
"""

import json
import sys
import time
from pathlib import Path

from tests.harness.filling import fill
from tests.harness.firefox import Firefox
from tests.harness.offline import loopback_up


def main(form: Path, folder: Path, accounts: list[str]) -> None:
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
        texts = [_sealed(firefox, folder, 1)]
        for number, account in enumerate(accounts, 2):
            firefox.open(form.as_uri())
            firefox.wait_for("#send:enabled")
            firefox.click("#account")
            firefox.write(account)
            texts.append(_sealed(firefox, folder, number))
        print(json.dumps(texts))


def _sealed(firefox: Firefox, folder: Path, count: int) -> list[str]:
    firefox.click("#send")
    firefox.wait_for("#received:not([hidden])")
    firefox.click("#save")
    end = time.monotonic() + 60
    while len([path for path in folder.iterdir() if path.suffix == ".dat" and path.stat().st_size]) < count:
        assert time.monotonic() < end, "nothing was saved"
        time.sleep(0.1)
    texts = firefox.evaluate("JSON.stringify([...document.querySelectorAll('.blocks textarea')].map(t => t.value))")
    return list(json.loads(texts))


loopback_up()
main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
