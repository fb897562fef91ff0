"""The headers that every answer carries, whichever part of the server gave it. Tests list them all.

Strict-Transport-Security is missing on purpose: browsers store it, and nothing of ours may stay on a witness's phone.
(A front over TLS sends `max-age=0`, which makes them forget; over plain http it must not be sent: RFC 6797, 7.2.)
"""

from __future__ import annotations

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "worker-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)

_FEATURES = (
    "accelerometer",
    "autoplay",
    "browsing-topics",
    "camera",
    "clipboard-read",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "gamepad",
    "geolocation",
    "gyroscope",
    "hid",
    "idle-detection",
    "local-fonts",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "picture-in-picture",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "usb",
    "xr-spatial-tracking",
)

FIXED = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", CSP),
    ("Cross-Origin-Embedder-Policy", "require-corp"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", ", ".join(f"{feature}=()" for feature in _FEATURES)),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),  # for browsers that don't know frame-ancestors
)

UPLOADS = "/uploads"
TUS = ("Tus-Resumable", "1.0.0")
"""The protocol's header, on every answer about uploads."""

_OURS = {name.lower() for name, _ in FIXED}
_NEVER = {"link", "refresh", "server", "set-cookie", "strict-transport-security", "x-powered-by"}
_NOT_OTHERS = _OURS | _NEVER


def is_upload(path: str) -> bool:
    """Whether a request's path is about uploads."""
    return path == UPLOADS or path.startswith(f"{UPLOADS}/")


def allowed(name: str) -> bool:
    """Whether a header of this name may be sent at all."""
    return name.lower() not in _NEVER


def complete(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """`headers` with the fixed ones, and without those that may never be sent."""
    kept = [(name, value) for name, value in headers if name.lower() not in _NOT_OTHERS]
    return [*kept, *FIXED]
