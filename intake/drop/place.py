"""The address of a bucket, as settings and records write it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from intake.errors import Usage

_PLACE = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[A-Za-z0-9_-]+)*)/?")


@dataclass(frozen=True, slots=True)
class Place:
    """s3://bucket/prefix."""

    bucket: str
    prefix: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `Usage` for anything else, such as keys inside the address."""
        found = _PLACE.fullmatch(text)
        if found is None:
            raise Usage("blobs must be 'folder' or s3://BUCKET/PREFIX", "Keys and endpoint stand in AWS_… variables.")
        return cls(found[1], found[2].strip("/"))

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")
