"""The form in one file as bytes: small, alone, of the syntax of 2020, and the same whenever it is written."""

import base64
import hashlib
import html
import re
import subprocess
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from intake.drop.assets import Assets
from intake.drop.carried import CarriedForm, Sheet
from intake.errors import Fault
from intake.locale import Language, catalog, packaged_places, packaged_questionnaire
from tests.harness.carried import carried_body, carried_bytes
from tests.harness.installation import LANGUAGES
from tests.harness.keys import World, make_world
from tests.harness.node import environment
from tests.harness.page_code import browser_modules
from tests.harness.server import command, running_drop

REGEXP_OF_2020 = [
    *["lookbehind-assertions", "named-capture-groups", "unicode-property-escapes", "dot-all-flag"],
    *["match-indices", "set-notation"],
]
"""What Firefox 74 or Safari 14 don't read, younger than the rest of ES2020 there."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("keys"), today=datetime.now(UTC).date())


@pytest.fixture(scope="module")
def form(world: World) -> str:
    return carried_bytes(world).decode()


@pytest.mark.parametrize("reviewers", [1, 3, 6])
def test_it_is_small(tmp_path: Path, reviewers: int) -> None:
    """Zipped as any tool does it, and as it is served."""
    form = carried_body(make_world(tmp_path, reviewers=reviewers))
    with zipfile.ZipFile(tmp_path / "form.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("form.html", form.identity)
    assert len(form.identity) <= 220_000
    assert (tmp_path / "form.zip").stat().st_size <= 80_000
    assert len(form.gzip) <= 74_000


def test_its_policy_allows_its_own_script_and_style_alone(form: str) -> None:
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', form)
    (script,) = re.findall(r"<script>(.*?)</script>", form, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", form, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (script, style)]
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{digests[0]}'; style-src 'sha256-{digests[1]}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert form.index("Content-Security-Policy") < form.index("<style>")


def test_it_names_no_address_and_no_file_beside_it(form: str) -> None:
    attributes = re.findall(r'\b(?:src|href|action|formaction|data-seal)=\\?"([^"\\]*)', form)
    assert set(attributes) <= {"data:,", "about:blank", "#", "/tg", "/ru", "/en"}
    script = form[form.index("<script>") :]
    assert not re.search(r"https?://(?!github\.com/paulmillr|paulmillr\.com)", script), "licences name their authors"


def test_its_script_is_of_the_syntax_of_2020(form: str) -> None:
    """What esbuild would have to rewrite for the browsers of 2020 is younger than they are: it rewrites nothing."""
    (script,) = re.findall(r"<script>(.*?)</script>", form, re.DOTALL)

    def printed(*target: str) -> str:
        tool = browser_modules() / ".bin" / "esbuild"
        done = subprocess.run(
            [tool, "--log-level=warning", *target],
            input=script,
            env=environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        return str(done.stdout)

    old = printed("--target=es2020", *[f"--supported:regexp-{one}=false" for one in REGEXP_OF_2020])
    assert old == printed("--target=esnext")
    assert len(old) > len(script)


def test_every_question_stands_in_it_in_every_language(form: str) -> None:
    (sheets,) = re.findall(r'id="sheets">\n(.*?)</script>', form, re.DOTALL)
    codes, tag, page, _sending, places, *words = sheets.split("¦")
    assert codes.split() == list(LANGUAGES)
    count = len(words) // len(LANGUAGES)
    for place, code in enumerate(LANGUAGES):
        said = words[place * count : (place + 1) * count]
        tag_here, written = _filled(f"{tag}¦{page}", said).split("¦")
        assert f'<a href="/{code}" lang="{code}" aria-current="true">' in written
        asked = [field for field in packaged_questionnaire().fields if field.type != "file_list"]
        assert re.findall('data-field="([^"]*)"', written) == [field.id for field in asked]
        read = html.unescape(written)
        assert [field.id for field in asked if catalog(code).gettext(field.question, field.id) not in read] == []
        assert tag_here.startswith(f'lang="{code}" dir="ltr"')
        assert f'data-language="{code}"' in tag_here
    assert places == packaged_places().table(LANGUAGES)


def _filled(sheets: str, said: Sequence[str]) -> str:
    """As the script does it: each slot takes the next text, or says one again."""
    texts = iter(said)
    return re.sub(r"¤|¬(\d+);", lambda slot: said[int(slot[1])] if slot[1] else next(texts), sheets)


def test_the_keyring_stands_in_it_as_it_was_signed(world: World, form: str) -> None:
    (note,) = re.findall(r'<script type="text/plain" id="keyring">\n(.*?)</script>', form, re.DOTALL)
    assert note.encode() == world.note


def test_served_and_written_by_hand_it_is_the_same(world: World, tmp_path: Path) -> None:
    with running_drop(world, tmp_path) as drop:
        served = drop.request("GET", "/form.html")
        out = tmp_path / "carried.html"
        for _ in range(2):
            done = command("form-file", "--config", tmp_path / "drop.toml", "--data", drop.data, "--out", out)
            assert done.returncode == 0, done.stderr
    assert served.status == 200
    assert served.header("Content-Disposition") == 'attachment; filename="form.html"'
    assert served.body == out.read_bytes() == carried_bytes(world)
    assert done.stdout == f"{hashlib.sha256(served.body).hexdigest()}  {out}\n"


def test_languages_that_are_not_built_alike_are_a_fault() -> None:
    def sheet(code: str, page: str) -> Sheet:
        return Sheet(Language(code, code, "ltr"), f"<html><title></title><body>{page}</body>", "")

    with pytest.raises(Fault, match="tg, ru is not built alike"):
        CarriedForm([sheet("tg", "<p>a</p>"), sheet("ru", "<p>a<b>b</b></p>")], "", Assets.load())
    for sign in "¤¬¦":
        with pytest.raises(Fault, match="not built alike"):
            CarriedForm([sheet("tg", sign)], "", Assets.load())
        with pytest.raises(Fault, match="not built alike"):
            CarriedForm([sheet("tg", "")], f"en\nhere||{sign}", Assets.load())


def test_no_text_can_break_out_of_its_block(world: World) -> None:
    hostile = html.escape("</script><script>alert(1)</script><!--")
    sheet = Sheet(Language("en", "English", "ltr"), f"<html><title></title><body>{hostile}</body>", "")
    written = CarriedForm([sheet], "", Assets.load()).file(world.note).identity.decode()
    assert written.count("<script") == written.count("</script>") == 3
    with pytest.raises(Fault, match="can't stand in a file"):
        CarriedForm([sheet], "</script>", Assets.load()).file(world.note)
