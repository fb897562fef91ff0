"""Whether a bucket keeps, or once kept, versions of its objects: GetBucketVersioning, signed with Signature Version 4.

`obstore` speaks of objects alone, so this one request is made here. A bucket whose versions are suspended can't be told
from others by putting something into it: its older versions stay, and each deletion leaves a marker with the name.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

_NOTHING = hashlib.sha256(b"").hexdigest()
_ANSWER = 65_536  # bytes that are read of it
_CONFIGURATION = re.compile(rb"<(VersioningConfiguration|GetBucketVersioningResponse)\b")
"""The first is S3's; stores that were made after its old description in SOAP send the other."""
_STATUS = re.compile(rb"<Status>\s*(\w+)\s*</Status>")
_UNKNOWN = (400, 404, 405, 501)
"""How stores answer that have no versions at all: not implemented, in one way or another."""


class Versions(Enum):
    """What the store says of a bucket."""

    NEVER = "never"
    ENABLED = "enabled"
    SUSPENDED = "suspended"
    UNTOLD = "untold"  # the store has no answer
    FORBIDDEN = "forbidden"  # these keys may not ask it


class _Here(HTTPRedirectHandler):
    """What is signed for one place goes to no other."""

    def redirect_request(self, *_: object) -> None:
        return None


def versions(bucket: str, environment: Mapping[str, str], *, seconds: float = 10) -> Versions:
    """Ask the store that the AWS_… variables name. Raises `OSError` when it does not answer."""
    asked = request(_address(bucket, environment), "versioning", environment, datetime.now(UTC))
    try:
        with build_opener(_Here).open(asked, timeout=seconds) as answer:
            content = answer.read(_ANSWER)
    except HTTPError as error:
        with error:
            if error.code == 403:
                return Versions.FORBIDDEN
            if error.code in _UNKNOWN:
                return Versions.UNTOLD
            raise
    except HTTPException as error:
        raise OSError(f"no answer that can be read: {type(error).__name__}") from error
    if _CONFIGURATION.search(content) is None:
        return Versions.UNTOLD
    status = _STATUS.search(content)
    if status is None:
        return Versions.NEVER
    return Versions.SUSPENDED if status[1] == b"Suspended" else Versions.ENABLED


def _address(bucket: str, environment: Mapping[str, str]) -> str:
    """Where the bucket is, as `obstore` finds it from the same variables."""
    endpoint = environment.get("AWS_ENDPOINT_URL", "").rstrip("/")
    inside = environment.get("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "").lower() in ("1", "true", "yes", "on", "y")
    if inside:
        return f"{endpoint or f'https://{bucket}.s3.{_region(environment)}.amazonaws.com'}/"
    return f"{endpoint or f'https://s3.{_region(environment)}.amazonaws.com'}/{bucket}"


def _region(environment: Mapping[str, str]) -> str:
    return environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"


def request(address: str, what: str, environment: Mapping[str, str], now: datetime) -> Request:
    """A signed GET of `address`?`what`, for the keys and region of the AWS_… variables."""
    place = urlsplit(address)
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": place.netloc, "x-amz-content-sha256": _NOTHING, "x-amz-date": stamp}
    if token := environment.get("AWS_SESSION_TOKEN"):
        headers["x-amz-security-token"] = token
    names = ";".join(sorted(headers))
    told = "".join(f"{name}:{value}\n" for name, value in sorted(headers.items()))
    canonical = f"GET\n{place.path}\n{what}=\n{told}\n{names}\n{_NOTHING}"
    scope = f"{stamp[:8]}/{_region(environment)}/s3/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{environment['AWS_SECRET_ACCESS_KEY']}".encode()
    for each in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"):
        key = hmac.digest(key, each.encode(), "sha256")
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={environment['AWS_ACCESS_KEY_ID']}/{scope}, "
        f"SignedHeaders={names}, Signature={key.hex()}"
    )
    del headers["host"]  # which urllib sends by itself
    return Request(f"{address}?{what}=", headers=headers)  # noqa: S310  # https, or http on this machine: see `bucket`
