"""What a person is told when something did not work: in plain words, by the last word of `urn:amonat:<word>`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something did not work, and what to do, in one language."""

    title: str
    advice: str


def _(text: str) -> str:
    """Mark a sentence for the catalogues; it is translated where it is used."""
    return text


PROBLEMS = {
    "bad-request": (
        _("This could not be read"),
        _("Nothing was kept. Go back, check that your text is still there, and send it once more."),
    ),
    "not-found": (_("There is no such page"), _("Check the address, or begin at the form.")),
    "method-not-allowed": (_("This does not work here"), _("Begin at the form.")),
    "too-large": (
        _("This is too long"),
        _("Nothing was kept. Go back, shorten your text, or send it in two parts."),
    ),
    "files-too-large": (
        _("The files are too large"),
        _("Without JavaScript all files together may have {plain_files} MB. Nothing was kept. Go back, send fewer."),
    ),
    "busy": (_("Too many at once"), _("Nothing was kept. Go back, wait a minute, and send it once more.")),
    "unavailable": (
        _("This does not work just now"),
        _("Nothing was kept. Go back, wait a few minutes, and send it once more."),
    ),
    "full": (
        _("No more can be taken just now"),
        _("Nothing was kept. Try again later, or use another way: {urgent_contacts}."),
    ),
    "closed": (
        _("We can't take reports now"),
        _("The keys of this page are past their day. Nothing was kept. Use another way: {urgent_contacts}."),
    ),
    "plain-form-off": (
        _("This form needs JavaScript"),
        _("Nothing was kept. Turn JavaScript on, or use another way: {urgent_contacts}."),
    ),
}
"""Titles and advice for the catalogues, with places for `{plain_files}` (MB) and `{urgent_contacts}`."""


AGAIN = {
    "empty": (_("Every answer is empty"), _("One is enough. Write here, or go back to the other questions.")),
    "too-large": (
        _("This is too long"),
        _("Nothing was kept here. Shorten the text below, or send it in two parts; your other answers go along."),
    ),
    "files-too-large": (
        _("The files are too large"),
        _("Nothing was kept here. Your answers stand in this page: send them from here."),
    ),
    "busy": (
        _("Too many at once"),
        _("Nothing was kept here. Your answers stand in this page: wait a minute, and send them from here."),
    ),
    "unavailable": (
        _("This does not work just now"),
        _("Nothing was kept here. Your answers stand in this page: wait a few minutes, and send them from here."),
    ),
    "full": (
        _("No more can be taken just now"),
        _(
            "Nothing was kept here. Your answers stand in this page: send them from here later, or use another way:"
            " {urgent_contacts}."
        ),
    ),
}
"""What a person is told whose plain report comes back to be sent once more."""
