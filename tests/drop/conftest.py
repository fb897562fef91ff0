"""The pages of one installation, in all languages; and the two databases on which a drop's store is tested."""

from collections.abc import Callable, Iterator

import pytest

from intake.drop.assets import Assets
from intake.drop.folder import DataFolder
from intake.drop.pages import Pages, Setting
from intake.locale import packaged_questionnaire
from tests.harness.installation import LANGUAGES, LEAVE_URL, ORGANISATION, READING_TIMES, URGENT_CONTACTS
from tests.harness.keys import make_world
from tests.harness.postgres import Cluster


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


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL for tests of what is in it; it doesn't wait for the disk."""
    with Cluster(fsync="off") as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def lay(request: pytest.FixtureRequest) -> Callable[[DataFolder], DataFolder]:
    """Makes the reports of a new DATA lie in one database or the other."""
    if request.param == "sqlite":
        return lambda folder: folder
    cluster: Cluster = request.getfixturevalue("cluster")

    def laid(folder: DataFolder) -> DataFolder:
        cluster.give(folder)
        return folder

    return laid
