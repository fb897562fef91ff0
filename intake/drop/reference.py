"""The installed release with these settings, asked in this process: what a live site is compared with.

It is the app that `serve` runs, above parts that hold nothing and refuse everything.
"""

from __future__ import annotations

from typing import Any, NoReturn

from intake.drop.app import create_app
from intake.drop.assets import Assets
from intake.drop.checking import linked
from intake.drop.config import Config
from intake.drop.shelf import PageShelf
from intake.drop.visitor import Answer, Request
from intake.errors import Fault
from intake.keyring import Chain


class _Nothing:
    """A store, mailboxes and uploads in which nothing is and nothing can be put."""

    def __getattr__(self, name: str) -> Any:
        def refuse(*_: Any, **__: Any) -> NoReturn:
            raise Fault(f"the reference holds no {name}")

        return refuse


class Reference:
    """Answers as a site of this release does."""

    def __init__(self, config: Config, chain: Chain) -> None:
        nothing, self._assets, self._signed = _Nothing(), Assets.load(), config.webcat.paths
        self._pages = PageShelf(config, self._assets, chain)()
        self._app = create_app(config, lambda: chain, nothing, nothing, nothing, lambda: self._pages, self._assets)
        self._client = self._app.test_client()

    @property
    def index(self) -> str:
        """The page that `/` gives, under its own path."""
        return f"/{self._pages.default}"

    def paths(self) -> tuple[str, ...]:
        """Every page of every language, every script and every style."""
        pages = [
            rule.rule.replace("<language>", language)
            for rule in self._app.url_map.iter_rules()
            if rule.arguments == {"language"} and rule.methods and "GET" in rule.methods
            for language in self._pages.languages
        ]
        named = (path for page in pages for path in linked(self.ask(Request("GET", page)).body))
        return (*pages, *dict.fromkeys((*named, *self._pages.scripts(), *self._assets.paths())))

    def signed(self) -> tuple[str, ...]:
        """What vouches for those."""
        return self._signed

    def ask(self, request: Request) -> Answer:
        """One answer."""
        got = self._client.open(request.path, method=request.method, headers=list(request.headers))
        return Answer.of(got.status_code, list(got.headers), got.get_data())
