"""The pages of one installation, in all languages; and the two databases on which a drop's store is tested."""

from collections.abc import Callable, Iterator

import pytest

from intake.drop.assets import Assets
from intake.drop.config import Config, load
from intake.drop.folder import DataFolder
from intake.drop.pages import Pages, Setting
from tests.harness.house import House
from tests.harness.installation import setting_of
from tests.harness.keys import World, make_world
from tests.harness.postgres import Cluster
from tests.harness.server import SETTINGS, toml


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Keys of one installation, on the fixed day of `tests.harness.keys`."""
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def setting(world: World) -> Setting:
    """The pages of that world."""
    return setting_of(world)


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


@pytest.fixture(scope="module")
def config(world: World) -> Config:
    """Settings of the world of a test's module."""
    flags = {"data": world.folder, "keyring": world.folder / "keyring.note", "root": world.fingerprints}
    return load(flags, {}, toml(SETTINGS).encode())


@pytest.fixture
def house(world: World, config: Config) -> House:
    """The app of that world."""
    return House(world, config)
