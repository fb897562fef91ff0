"""Names and words across scripts: one spelling for what is written in Tajik, in Russian, or in Latin by any system.

Three keys, each coarser than the one before, for any text at all:

- `fold` is for comparing: Хоруғ is "horug", Раҳмонзода and Rakhmonov are "rahmon", words in order of the alphabet.
- `search_key` is for finding: it joins u with o and e with i as well, so that Хоруғ and Khorog are both "horog".
- `skeleton` is for gathering what may belong together: of each word its first letter and then its consonants.

None of them says that two people are one: a surname proves nothing, and `intake.review.matching` weighs the rest.

**A word** is what stands between characters that are neither letters nor digits. Marks, invisible characters,
apostrophes, modifier letters and the hard and soft signs fall away first and split nothing.

**Fold of a word.** NFC, lower case, `_LATIN`; NFD, marks away, `_LATIN` once more. Then, until nothing changes: sch→sh,
tch→ch, kh→h, gh→g, ph→f, dzh, dj and zh→j, ou and oo→u, ee→i, a y beside a vowel away; of a word over five letters (a
doubled one counts once) the ending away that law and custom give, as long as three letters stay: -ov, -ev, their
feminine, -zoda, -zod, -iyon, -far, -pur; then dz→j (not before: Муродзода), doubled letters once, any other y→i. What
has more than 64 characters after the first sentence is no name: it stays as it is, so that no text can make the rules
run for long.

Ported to the page's script; `tests/report/folding_vectors.json` holds examples that each implementation must meet.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LATIN = (
    dict(zip("абвгғґдеёєзиӣіїйкқлмнопрстуӯўфхҳҷыэ", "abvgggdeeeziiiiykklmnoprstuuufhhjye", strict=True))
    | {"ж": "zh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sh", "ю": "yu", "я": "ya"}
    | {"q": "k", "x": "h", "w": "v", "ı": "i", "ş": "sh", "š": "sh", "ç": "ch", "č": "ch", "ž": "zh", "ǰ": "j"}
    | dict.fromkeys("ъь'’‘`´", "")
)
_RULES = tuple(
    (re.compile(pattern), new)
    for pattern, new in (
        ("sch", "sh"),
        ("tch", "ch"),
        ("kh", "h"),
        ("gh", "g"),
        ("ph", "f"),
        ("dzh|dj|zh", "j"),
        ("o[ou]", "u"),
        ("ee", "i"),
        ("y*([aeiou])y*", r"\1"),
        (r"^(?=(?:(.)\1*(?!\1)){6})(.{3,}?)(?:ova?|eva?|zoda?|ion|ien|far|pur)$", r"\2"),
        ("dz", "j"),
        (r"(.)\1+", r"\1"),
        ("y", "i"),
    )
)
_LONGEST = 64
_DOUBLED = re.compile(r"(.)\1+")
_VOWELS = re.compile("(?<!^)[aeiou]")


class _Kept(dict[int, int | str | None]):
    """What becomes of a character by its category, once per character: kept, dropped, or the end of a word."""

    def __missing__(self, point: int) -> int | str | None:
        category = unicodedata.category(chr(point))
        kept: int | str | None = " "
        if category[0] == "M" or category in {"Cf", "Lm"}:
            kept = None
        elif category[0] in "LN":
            kept = point
        self[point] = kept
        return kept


_TO_LATIN = str.maketrans(_LATIN)
_KEPT = _Kept()


def words(text: str) -> list[str]:
    """Each word folded, in the order of the text: what an index of running text is made of."""
    plain = unicodedata.normalize("NFC", text).lower().translate(_TO_LATIN)
    if not plain.isascii():
        # A letter that is in no alphabet of ours may hide one that is, under a mark.
        plain = unicodedata.normalize("NFD", plain).translate(_KEPT).lower().translate(_TO_LATIN)
    return [_fold(word) if len(word) <= _LONGEST else word for word in plain.translate(_KEPT).split()]


def fold(text: str) -> str:
    """The words folded and sorted, a space between them; "" for a text without a letter or digit."""
    return " ".join(sorted(words(text)))


def search_key(text: str) -> str:
    """The fold with u as o and e as i."""
    return " ".join(sorted(map(word_key, words(text))))


def skeleton(text: str) -> str:
    """Of each word of the fold its first letter and the consonants after it, ch as j."""
    return " ".join(sorted(map(word_skeleton, words(text))))


def word_key(word: str) -> str:
    """The search key of one folded word."""
    return _key(word) if len(word) <= _LONGEST else word


def word_skeleton(word: str) -> str:
    """The skeleton of one folded word."""
    return _VOWELS.sub("", word.replace("ch", "j"))


@lru_cache(maxsize=1 << 16)
def _key(word: str) -> str:
    key = _fold(_DOUBLED.sub(r"\1", word.replace("u", "o").replace("e", "i")))
    return key if key == word else _key(key)


@lru_cache(maxsize=1 << 16)
def _fold(word: str) -> str:
    folded = word
    for pattern, new in _RULES:
        folded = pattern.sub(new, folded)
    return folded if folded == word else _fold(folded)
