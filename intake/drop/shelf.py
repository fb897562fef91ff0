"""The pages of the keyring that is served now."""

from __future__ import annotations

from dataclasses import dataclass

from intake.drop.assets import Assets
from intake.drop.config import Config
from intake.drop.pages import Pages, Setting
from intake.keyring import Chain


@dataclass(slots=True)
class _Shown:
    """The pages for the roots and threshold that they name."""

    roots: tuple[str, ...]
    threshold: int
    pages: Pages


class PageShelf:
    """The pages of the keyring served now: drawn again only when roots or threshold change."""

    def __init__(self, config: Config, assets: Assets, chain: Chain) -> None:
        self._config = config
        self._assets = assets
        self._shown = self._draw(chain)

    def __call__(self) -> Pages:
        """The pages now."""
        return self._shown.pages

    def follow(self, chain: Chain) -> None:
        """Draw again if the page must trust other roots."""
        if (_roots(chain), chain.newest.threshold) != (self._shown.roots, self._shown.threshold):
            self._shown = self._draw(chain)

    def _draw(self, chain: Chain) -> _Shown:
        config, roots, threshold = self._config, _roots(chain), chain.newest.threshold
        setting = Setting(
            origin=chain.origin,
            roots=roots,
            threshold=threshold,
            questionnaire=config.questionnaire,
            languages=config.languages,
            reading_times=config.reading_times,
            urgent_contacts=config.urgent_contacts,
            organisation=config.organisation,
            leave_url=config.leave_url,
            places=config.places,
            catalogs=config.catalogs,
            plain_form=config.plain_form,
            plain_files=config.plain_files,
            onion=config.onion,
            drafts=config.drafts,
        )
        return _Shown(roots, threshold, Pages(setting, self._assets))


def _roots(chain: Chain) -> tuple[str, ...]:
    return tuple(str(key) for key in chain.newest.root_keys)
