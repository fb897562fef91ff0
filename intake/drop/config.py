"""The operator's settings: a flag wins over the variable INTAKE_X, which wins over the TOML file.

    data = "/var/lib/drop"            keyring = "/etc/drop/keyring.note"
    root = ["12345 12345 …", "…"]     listen = "127.0.0.1:8080"
    languages = ["tg", "ru", "en"]    leave_url = "https://www.wikipedia.org/"
    plain_form = true                 plain_files = 8   (MiB of files in it; 0 takes none)
    onion = "http://….onion"
    questionnaire = "own.toml"        places = "own.csv"   (own.ru.po … beside it, one for each language but English)
    database = "postgresql://…"       (default "sqlite", in DATA; the password in PGPASSWORD or PGPASSFILE)
    blobs = "s3://bucket/prefix"      (large reports; default "folder", in DATA)
    webcat = "/etc/drop/webcat"       (a folder with the files that WEBCAT asks for: `webcat`)
    [limits]                          reports = "2000/second" · plain = "50/second" · source = "600/minute"
                                      calm = "300/minute" · reserve = 1024   (MiB of disk for small reports)
                                      room = 0   (MiB that PostgreSQL may take; 0: as many as there are)
                                      counters = "valkey://127.0.0.1:6379/0"   (shared by nodes; default: memory)
    [reading_times]                   en = "…"
    [urgent_contacts]                 en = "…"
    [organisation.en]                 name, who_reads, retention, withdraw, check

A variable that stands for a list or a table holds it as TOML (INTAKE_READING_TIMES='{en = "…"}'); a plain list may also
be words with commas. Every mistake is found before any is reported.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from limits import parse as parse_limit

from intake.drop.blobs import FOLDER
from intake.drop.database import SQLITE
from intake.drop.parts import RESERVE
from intake.drop.place import Place
from intake.drop.webcat import Webcat
from intake.errors import IntakeError, Usage
from intake.keyring import Roots
from intake.locale import SOURCE, Catalog, beside, catalog, languages, packaged_places, packaged_questionnaire, with_own
from intake.report.places import Gazetteer
from intake.report.questionnaire import Questionnaire

LISTEN = "127.0.0.1:8080"
LEAVE_URL = "https://www.wikipedia.org/"
TEXT_LENGTH = 2000
PLAIN_FILES = 8
PLAIN_FILES_MOST = 16
"""MiB. More than that, several times in memory, would not fit beside what else is in flight."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Organisation:
    """What the form says under "Who reads this", in one language."""

    name: str
    who_reads: str
    retention: str
    withdraw: str
    check: str


@dataclass(frozen=True, slots=True)
class Limits:
    """How many requests are served, in the notation of the library `limits`; "" is no limit.

    `reports` and `plain` are shared by everybody: behind an onion or a proxy all come from one address, and what they
    protect is this machine. `source` counts for one address that is not this machine's own. Beyond `calm`, sealed
    reports must bring a proof of work (`toll`).
    """

    reports: str = "2000/second"
    plain: str = "50/second"
    source: str = "600/minute"
    calm: str = "300/minute"
    counters: str = ""
    """Where nodes count together: valkey://HOST:PORT/0; "" is in memory, each alone."""
    reserve: int = RESERVE // 2**20
    """MiB of the disk, or of `room`, that only the smallest reports may use."""
    room: int = 0
    """MiB that PostgreSQL may take, which doesn't tell how full its disk is; 0 for as many as there are."""


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that `serve` needs. The mappings are by language code."""

    data: Path
    keyring: Path
    root: tuple[str, ...]
    reading_times: Mapping[str, str]
    urgent_contacts: Mapping[str, str]
    organisation: Mapping[str, Organisation]
    listen: str = LISTEN
    workers: int = 1
    database: str = ""
    blobs: str = FOLDER
    limits: Limits = Limits()
    languages: tuple[str, ...] = ("en",)
    questionnaire: Questionnaire = field(default_factory=packaged_questionnaire)
    places: Gazetteer = field(default_factory=packaged_places)
    onion: str | None = None
    leave_url: str = LEAVE_URL
    plain_form: bool = True
    plain_files: int = PLAIN_FILES
    drafts: bool = False
    webcat: Webcat = field(default_factory=Webcat)
    catalogs: Mapping[str, Catalog] = field(default_factory=dict, repr=False)

    def words(self, code: str) -> Catalog:
        """What witnesses read in this language."""
        return self.catalogs.get(code) or catalog(code)


NAMES = tuple(name for name in Config.__dataclass_fields__ if name != "catalogs")
_TABLES = ("limits", "reading_times", "urgent_contacts", "organisation")


def load(
    flags: Mapping[str, object],
    environment: Mapping[str, str],
    toml: bytes | None = None,
    *,
    read: Callable[[Path], bytes] = Path.read_bytes,
) -> Config:
    """The settings from their three sources; flags that are None or empty count as not given.

    Raises `Usage` with every mistake, one a line.
    """
    return _Loader(flags, environment, toml, read).config()


class _Loader:
    def __init__(
        self,
        flags: Mapping[str, object],
        environment: Mapping[str, str],
        toml: bytes | None,
        read: Callable[[Path], bytes],
    ) -> None:
        self._mistakes: list[str] = []
        self._read = read
        self._given: dict[str, Any] = {}
        self._take(self._toml(toml), "the configuration file")
        self._take(self._environment(environment), "the environment")
        self._take({name: value for name, value in flags.items() if value not in (None, (), "")}, "the command line")

    def config(self) -> Config:
        """Check every setting, then give them all or raise them all."""
        roots = self._strings("root")
        drafts = self._flag("drafts", default=False)
        codes = self._languages(drafts)
        questionnaire = self._questionnaire()
        found: dict[str, Any] = {
            "data": self._path("data"),
            "keyring": self._path("keyring"),
            "root": self._roots(roots),
            "reading_times": self._texts("reading_times", codes),
            "urgent_contacts": self._texts("urgent_contacts", codes),
            "organisation": self._organisation(codes),
            "listen": self._listen(),
            "workers": self._workers(),
            "database": self._database(),
            "blobs": self._blobs(),
            "limits": self._limits(),
            "languages": codes,
            "questionnaire": questionnaire,
            "catalogs": self._catalogs(questionnaire, codes, drafts),
            "places": self._places(),
            "onion": self._url("onion"),
            "leave_url": self._url("leave_url") or LEAVE_URL,
            "plain_form": self._flag("plain_form", default=True),
            "plain_files": self._plain_files(),
            "drafts": drafts,
            "webcat": self._webcat(),
        }
        if self._mistakes:
            listed = "\n".join(f"  - {mistake}" for mistake in self._mistakes)
            raise Usage(
                f"the settings of this drop have mistakes:\n{listed}",
                "Correct them in the configuration file, the INTAKE_… variables or the flags.",
            )
        return Config(**found)

    def _toml(self, toml: bytes | None) -> dict[str, Any]:
        try:
            return tomllib.loads((toml or b"").decode())
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            self._mistakes.append(f"the configuration file is no TOML: {error}")
            return {}

    def _environment(self, environment: Mapping[str, str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in NAMES:
            text = environment.get(f"INTAKE_{name.upper()}")
            if not text:
                continue
            try:
                found[name] = tomllib.loads(f"value = {text}")["value"]
            except tomllib.TOMLDecodeError:
                found[name] = text
        return found

    def _take(self, settings: Mapping[str, Any], source: str) -> None:
        for name, value in settings.items():
            if name in NAMES:
                self._given[name] = value
            else:
                self._mistakes.append(f"{source} sets {name!r}, which is no setting")

    def _wrong(self, name: str, reason: str) -> None:
        self._mistakes.append(f"{name}: {reason}")

    def _text(self, name: str) -> str | None:
        value = self._given.get(name)
        if value is None or (isinstance(value, str) and value):
            return value
        self._wrong(name, "must be a text")
        return None

    def _path(self, name: str) -> Path:
        value = self._given.get(name)
        if isinstance(value, Path):
            return value
        text = self._text(name)
        if value is None:
            self._wrong(name, "is missing")
        return Path(text or ".")

    def _strings(self, name: str) -> tuple[str, ...]:
        value = self._given.get(name, ())
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        if isinstance(value, list | tuple) and all(isinstance(item, str | int) for item in value):
            return tuple(str(item) for item in value)
        self._wrong(name, "must be a list of texts")
        return ()

    def _flag(self, name: str, *, default: bool) -> bool:
        value = self._given.get(name, default)
        words = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}
        if isinstance(value, str):
            value = words.get(value.lower())
        if isinstance(value, bool):
            return value
        self._wrong(name, "must be true or false")
        return default

    def _roots(self, typed: tuple[str, ...]) -> tuple[str, ...]:
        if not typed:
            self._wrong("root", "is missing: give the fingerprints of the roots from paper")
            return ()
        try:
            return Roots.typed(typed).fingerprints
        except IntakeError as error:
            self._wrong("root", str(error))
            return ()

    def _languages(self, drafts: bool) -> tuple[str, ...]:
        known = {language.code for language in languages()}
        finished = {code for code in known if drafts or not catalog(code).draft}
        codes = self._strings("languages")
        if not codes:
            return tuple(sorted(finished))
        if missing := [code for code in codes if code not in known]:
            self._wrong("languages", f"no translation for {', '.join(missing)}; there are {', '.join(sorted(known))}")
        if unfinished := [code for code in codes if code in known - finished]:
            self._wrong(
                "languages",
                f"{', '.join(unfinished)}: a draft that no native reader has signed; serve it with --drafts",
            )
        if len(set(codes)) < len(codes):
            self._wrong("languages", "names one twice")
        return tuple(code for code in codes if code in known)

    def _table(self, name: str) -> Mapping[str, Any]:
        value = self._given.get(name, {})
        if isinstance(value, dict):
            return value
        self._wrong(name, "must be a table")
        return {}

    def _texts(self, name: str, codes: tuple[str, ...]) -> dict[str, str]:
        table = self._table(name)
        if not table:
            self._wrong(name, "is missing: people rely on it, so the form is not served without")
            return {}
        for code in codes:
            if code not in table:
                self._wrong(name, f"has no text in {code}")
        return {code: self._sentence(f"{name}.{code}", value) for code, value in table.items()}

    def _sentence(self, name: str, value: object) -> str:
        if isinstance(value, str) and value.strip() and len(value) <= TEXT_LENGTH:
            return value.strip()
        self._wrong(name, f"must be a text of 1 to {TEXT_LENGTH} characters")
        return ""

    def _organisation(self, codes: tuple[str, ...]) -> dict[str, Organisation]:
        table = self._table("organisation")
        if not table:
            self._wrong("organisation", "is missing: the form must say who reads reports")
            return {}
        found = {}
        for code in codes:
            if code not in table:
                self._wrong("organisation", f"has no texts in {code}")
        wanted = Organisation.__dataclass_fields__
        for code, texts in table.items():
            if not isinstance(texts, dict) or set(texts) != set(wanted):
                self._wrong(f"organisation.{code}", f"must have exactly {', '.join(wanted)}")
                continue
            found[code] = Organisation(**{k: self._sentence(f"organisation.{code}.{k}", v) for k, v in texts.items()})
        return found

    def _listen(self) -> str:
        text = self._text("listen") or LISTEN
        if text.startswith("unix:/"):
            return text
        host, _, port = text.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:
            self._wrong("listen", f"{text!r} is not HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080, nor unix:/PATH")
        return text

    def _workers(self) -> int:
        value = self._given.get("workers", 1)
        if value not in (1, "1"):
            self._wrong("workers", "must be 1: for more, let several nodes share a database")
        return 1

    def _plain_files(self) -> int:
        value = self._given.get("plain_files", PLAIN_FILES)
        if isinstance(value, str) and value.isdecimal():
            value = int(value)
        if type(value) is int and 0 <= value <= PLAIN_FILES_MOST:
            return value
        self._wrong("plain_files", f"must be a number of MiB from 0 to {PLAIN_FILES_MOST}")
        return PLAIN_FILES

    def _database(self) -> str:
        text = self._text("database") or ""
        if text in ("", SQLITE):
            return text
        from intake.drop.postgres import conninfo  # a large library, of use to few

        try:
            conninfo(text)
        except Usage as error:
            self._mistakes.append(f"{error}. {error.advice}")
        return text

    def _blobs(self) -> str:
        text = self._text("blobs") or FOLDER
        try:
            return text if text == FOLDER else str(Place.parse(text))
        except Usage as error:
            self._mistakes.append(f"{error}. {error.advice}")
        return FOLDER

    def _limits(self) -> Limits:
        table = self._table("limits")
        found: dict[str, Any] = {}
        for name, value in table.items():
            if name in ("reserve", "room"):
                if type(value) is int and value >= 0:
                    found[name] = value
                else:
                    self._wrong(f"limits.{name}", "must be a number of MiB")
            elif name not in Limits.__dataclass_fields__:
                self._wrong("limits", f"{name!r} is no limit; there are {', '.join(Limits.__dataclass_fields__)}")
            elif name == "counters":
                found[name] = self._counters(value)
            elif not isinstance(value, str) or not _is_limit(value):
                self._wrong(f"limits.{name}", 'must look like "100/minute", or be "" for none')
            else:
                found[name] = value
        return Limits(**found)

    def _counters(self, value: object) -> str:
        if value:
            from intake.drop.counters import checked  # a library of its own, of use to few

            try:
                checked(str(value))
            except Usage as error:
                self._mistakes.append(f"{error}. {error.advice}")
        return str(value or "")

    def _questionnaire(self) -> Questionnaire:
        return self._parsed("questionnaire", Questionnaire.parse) or packaged_questionnaire()

    def _catalogs(self, questionnaire: Questionnaire, codes: tuple[str, ...], drafts: bool) -> dict[str, Catalog]:
        """The words of each language, with those that an operator's own questionnaire brings along."""
        found = {code: catalog(code) for code in codes}
        if questionnaire is packaged_questionnaire():
            return found
        for code in found.keys() - {SOURCE}:
            path = beside(Path(str(self._given["questionnaire"])), code)
            try:
                found[code] = with_own(found[code], self._read(path), questionnaire)
            except OSError as error:
                self._wrong("questionnaire", f"{path} can't be read: {error.strerror}")
            except Usage as error:
                self._wrong("questionnaire", f"{path}: {error}")
            if found[code].draft and not drafts:
                self._wrong("questionnaire", f"{path} names no native reader; serve the draft with --drafts")
        return found

    def _places(self) -> Gazetteer:
        return self._parsed("places", Gazetteer.parse) or packaged_places()

    def _parsed(self, name: str, parse: Callable[[bytes], _T]) -> _T | None:
        """What the file that this setting names holds; None without one, and for one with mistakes."""
        path = self._text(name)
        if path is None:
            return None
        try:
            return parse(self._read(Path(path)))
        except OSError as error:
            self._wrong(name, f"{path} can't be read: {error.strerror}")
        except Usage as error:
            self._wrong(name, str(error))
        return None

    def _webcat(self) -> Webcat:
        path = self._text("webcat")
        try:
            return Webcat.read(Path(path), self._read) if path is not None else Webcat()
        except Usage as error:
            self._wrong("webcat", str(error))
        return Webcat()

    def _url(self, name: str) -> str | None:
        text = self._text(name)
        if text is None:
            return None
        if not text.startswith(("https://", "http://")) or any(c.isspace() for c in text):
            self._wrong(name, "must be an address that begins with https:// or http://")
        return text.rstrip("/") if name == "onion" else text


def _is_limit(text: str) -> bool:
    try:
        return not text or parse_limit(text) is not None
    except ValueError:
        return False
