"""One drop in service: the parts put together."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack

from intake.drop.acceptance import BODY_LIMIT
from intake.drop.app import create_app, utc_today
from intake.drop.arrival import Bounds
from intake.drop.assets import Assets
from intake.drop.belief import Belief
from intake.drop.blobs import FOLDER
from intake.drop.caretaker import Caretaker, Say
from intake.drop.config import Config
from intake.drop.counters import Counters
from intake.drop.database import SQLITE
from intake.drop.folder import DataFolder, Role
from intake.drop.mailboxes import Mailboxes
from intake.drop.parts import keep_reserve
from intake.drop.plain import body_limit
from intake.drop.server import Server
from intake.drop.shelf import PageShelf
from intake.drop.sockets import allow_files, listener, place
from intake.drop.store import Store
from intake.drop.tally import silence
from intake.drop.uploads import Uploads
from intake.durable import write_private
from intake.keyring import Chain, Roots
from intake.memory import keep_unswapped, lasting


def _signed(config: Config, chain: Chain) -> tuple[str, ...]:
    """Whether WEBCAT's files vouch for what is served now."""
    if not config.webcat.files:
        return ()
    from intake.drop.checking import Manifest  # only who has such files pays for these two
    from intake.drop.reference import Reference

    reference = Reference(config, chain)
    return config.webcat.cautions(bytes(Manifest.of(reference.ask, reference.index, reference.paths())))


def serve(config: Config, say: Say) -> None:
    """Serve until SIGTERM or SIGINT. Raises `IntakeError` for whatever keeps it from starting."""
    os.umask(0o077)
    if not keep_unswapped():
        say("memory may be written to swap: switch swap off, or let the service lock memory (LimitMEMLOCK=infinity)")
    tally = silence()
    bounds = Bounds(plain=body_limit(config.plain_files * 2**20) if config.plain_form else BODY_LIMIT)
    allow_files(bounds.connections)
    folder = DataFolder.open(config.data, create=True)
    reserve = config.limits.reserve * 2**20
    database, room = config.database or SQLITE, config.limits.room * 2**20
    with (
        ExitStack() as start,
        folder.held(Role.SERVE),
        Store(folder, reserve=reserve, database=database, blobs=config.blobs, room=room) as store,
        store.database.serving(alone=config.blobs == FOLDER),
    ):
        start.enter_context(lasting())
        keep_reserve(folder, reserve)
        belief = Belief(folder, config.keyring, Roots.typed(config.root), utc_today)
        store.bind(belief.chain.origin)
        assets = Assets.load()
        pages = PageShelf(config, assets, belief.chain)
        mailboxes = Mailboxes(store)
        uploads = Uploads(folder, store.parts, store, reserve=reserve)
        store.parts.ready(utc_today())
        uploads.ready(utc_today())
        counters = Counters(config.limits.counters)
        write_private(folder.counters, counters.place.encode(), replace=True)
        app = create_app(config, lambda: belief.chain, store, mailboxes, uploads, pages, assets, counters=counters)
        with listener(config.listen) as bound:
            server = Server(app, bound, bounds)
            caretaker = Caretaker(
                folder,
                store,
                mailboxes,
                uploads,
                belief,
                pages,
                lambda: app.failures + server.failures + tally.counts,
                say,
                trouble=lambda: " ".join(f"{each}." for each in counters.cautions()),
            )
            caretaker.start()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: server.stop())
            for warning in (*belief.chain.warnings, *store.database.cautions(), *_signed(config, belief.chain)):
                say(warning)
            start.close()
            say(f"serving {place(bound)}")
            server.serve()
            caretaker.end()
