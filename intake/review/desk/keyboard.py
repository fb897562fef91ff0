"""Keys as a hand finds them: a letter means the same key whether the keyboard is set to English, Russian or Tajik."""

from __future__ import annotations

from textual.binding import Binding, BindingType

Keys = list[BindingType]
"""What a screen binds."""

_LATIN = "qwertyuiopasdfghjklzxcvbnm"
_CYRILLIC = "йцукенгшщзфывапролдячсмить"
_OTHER = dict(zip(_LATIN, _CYRILLIC, strict=True))


def key(keys: str, action: str) -> Binding:
    """A binding of keys, divided by commas; a Latin letter brings the Cyrillic one of the same key. "/" brings "."."""
    names = keys.split(",")
    names += [
        _OTHER[name.lower()].upper() if name.isupper() else _OTHER[name] for name in names if name.lower() in _OTHER
    ]
    if "slash" in names:
        names.append("full_stop")  # what the same key gives in the Russian layout
    return Binding(",".join(names), action, show=False)
