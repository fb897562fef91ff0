"""The form in one file as a drop gives it, for any world of keys, and what was carried out of it."""

import io
from pathlib import Path

from intake.drop.assets import Assets
from intake.drop.pages import Pages, Setting
from intake.locale import packaged_questionnaire
from intake.report.package import Report, read_package
from intake.sealing import open_bytes
from tests.harness.installation import LANGUAGES, LEAVE_URL, ORGANISATION, READING_TIMES, URGENT_CONTACTS
from tests.harness.keys import World


def carried_bytes(world: World, note: bytes | None = None) -> bytes:
    """The file in Tajik, Russian and English; with `note` in place of the keyring that the world has."""
    setting = Setting(
        origin=world.origin,
        roots=world.root_vkeys,
        threshold=world.threshold,
        questionnaire=packaged_questionnaire(),
        languages=LANGUAGES,
        reading_times=READING_TIMES,
        urgent_contacts=URGENT_CONTACTS,
        organisation=ORGANISATION,
        leave_url=LEAVE_URL,
        drafts=True,
    )
    return Pages(setting, Assets.load()).carried(note or world.note).identity


def carried_file(world: World, folder: Path, note: bytes | None = None) -> Path:
    """The same on disk, under a name that says nothing."""
    path = folder / "form.html"
    path.write_bytes(carried_bytes(world, note))
    return path


def opened(sealed: bytes, world: World) -> list[Report]:
    """What each reviewer reads in a sealed file."""
    return [read_package(io.BytesIO(open_bytes(sealed, [one]))).report for one in world.reviewers]
