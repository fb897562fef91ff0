"""The options by which a command learns whom to believe: fingerprints of roots from paper, and how many must agree."""

from __future__ import annotations

import click

from intake.keyring.fingerprint import is_candidate
from intake.options import Several

root_option = click.option(
    "--root",
    "roots",
    cls=Several,
    belongs=is_candidate,
    metavar="FINGERPRINT…",
    help="Root fingerprints from paper, 40 digits each, in groups or not; several in a row, or --root for each.",
)
"""`roots`: texts of digits."""

threshold_option = click.option(
    "--threshold", type=click.IntRange(1), help="How many of them must have signed. Default: more than half."
)
"""`threshold`: a number, or None."""
