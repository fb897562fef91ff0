"""A drop in this very process, for tests that look at it through a browser: real app, store and pages on loopback."""

import io
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

from intake.drop.app import create_app
from intake.drop.assets import Assets
from intake.drop.config import Config
from intake.drop.folder import DataFolder
from intake.drop.mailboxes import Mailboxes
from intake.drop.pages import Pages, Setting
from intake.drop.store import Store
from intake.drop.uploads import Uploads
from intake.report.package import Report, read_package
from intake.sealing import open_bytes
from tests.harness.installation import LANGUAGES, LEAVE_URL, ORGANISATION, READING_TIMES, URGENT_CONTACTS
from tests.harness.keys import World, make_world


@dataclass(frozen=True)
class Site:
    """The running drop, and the reviewers' way to read what it holds."""

    port: int
    world: World
    store: Store
    seen: set[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def newest(self) -> Report:
        """The one report that came since this was asked last, opened offline by the last reviewer."""
        (identifier,) = {entry.id for entry in self.store.entries()} - self.seen
        self.seen.add(identifier)
        sealed = self.store.body(identifier)
        return read_package(io.BytesIO(open_bytes(sealed, [self.world.reviewers[-1]]))).report

    def world_copy(self, folder: Path) -> World:
        """The same keys, writing elsewhere."""
        return replace(self.world, folder=folder)


@dataclass(frozen=True)
class Made:
    """A drop's app with its store, asked by calling it."""

    app: Flask
    world: World
    store: Store


@contextmanager
def made_app(folder: Path, **settings: Any) -> Iterator[Made]:
    """An app until the block ends, with a keyring issued today by browsers' clock; `settings` are fields of Config."""
    words = {"reading_times": READING_TIMES, "urgent_contacts": URGENT_CONTACTS, "organisation": ORGANISATION}
    settings = {**words, "languages": LANGUAGES, **settings}
    today = datetime.now(UTC).date()
    world = make_world(folder / "keys", today=today)
    config = Config(
        data=folder / "data",
        keyring=folder / "keys" / "keyring.note",
        root=world.fingerprints,
        leave_url=LEAVE_URL,
        drafts=True,
        **settings,
    )
    assets = Assets.load()
    setting = Setting(
        origin=world.origin,
        roots=world.root_vkeys,
        threshold=world.threshold,
        questionnaire=config.questionnaire,
        languages=config.languages,
        reading_times=config.reading_times,
        urgent_contacts=config.urgent_contacts,
        organisation=config.organisation,
        leave_url=config.leave_url,
        places=config.places,
        catalogs=config.catalogs,
        drafts=config.drafts,
    )
    pages, chain = Pages(setting, assets), world.chain()
    with Store(DataFolder.open(config.data, create=True)) as store:
        uploads = Uploads(store.folder, store.parts, store)
        app = create_app(config, lambda: chain, store, Mailboxes(store), uploads, lambda: pages, assets)
        yield Made(app, world, store)


@contextmanager
def running_site(folder: Path, **settings: Any) -> Iterator[Site]:
    """The same, served on loopback."""
    with made_app(folder, **settings) as made:
        channels: dict[int, socket.socket] = {}
        listener = socket.create_server(("127.0.0.1", 0))
        bounds: dict[str, Any] = {"map": channels, "threads": 8, "clear_untrusted_proxy_headers": True}
        server = create_server(made.app, sockets=[listener], **bounds)
        runner = threading.Thread(target=server.run)
        runner.start()
        try:
            yield Site(listener.getsockname()[1], made.world, made.store, set())
        finally:
            server.close()
            runner.join(10)
            wasyncore.close_all(channels)
