"""The pages of one installation, in all languages."""

import pytest

from intake.drop.assets import Assets
from intake.drop.pages import Pages, Setting
from intake.locale import packaged_questionnaire
from tests.harness.installation import LANGUAGES, LEAVE_URL, ORGANISATION, READING_TIMES, URGENT_CONTACTS
from tests.harness.keys import make_world


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    world = make_world(tmp_path_factory.mktemp("world"))
    return Setting(
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


@pytest.fixture(scope="module")
def pages(setting: Setting) -> Pages:
    return Pages(setting, Assets.load())
