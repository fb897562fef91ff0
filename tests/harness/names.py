"""Invented people, and each of them as eight strangers would write the name.

Nobody here exists. A name is built of syllables that the six Tajik letters and the usual clusters are at home in, with
the parts that make real names hard to tell apart (Мамад-, Ёр-, Шоҳ-, -шо, -бек). The even part of the syllables' pairs
is for writing rules by, the odd part for measuring them: no root is in both.

The eight: Tajik as in a passport; Tajik typed on a Russian keyboard; Russian with a patronymic; Latin as the English
write it; Latin as passports had it, by way of Russian; Latin with ou, dj and sch; Latin as in chats; and any of these
with another ending. Each as people write: name before surname or after, the father's name or not,
with a slip now and then.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from intake.review.matching import Person

HEADS = (
    *(
        "Ҷ",
        "Ғ",
        "Қ",
        "Ҳ",
        "Ш",
        "Х",
        "Б",
        "Д",
        "З",
        "М",
        "Н",
        "Р",
        "С",
        "Т",
        "Ф",
        "Г",
        "Л",
        "В",
        "П",
        "К",
        "Ч",
        "Ах",
        "Ис",
    ),
    *(
        "Ул",
        "Эр",
        "Наср",
        "Мурт",
        "Ҷонд",
        "Қирғ",
        "Ҳусм",
        "Зарг",
        "Фарҳ",
        "Дилб",
        "Шамб",
        "Хушд",
        "Гулб",
        "Бахр",
        "Сарҷ",
    ),
    *("Сафд", "Нурс", "Қалб", "Мирд", "Шерв", "Ғанҷ", "Хирс", "Тағн", "Барз", "Панд", "Кишв", "Лаҳр"),
)
TAILS = (
    *("адар", "осун", "орим", "илол", "анав", "афар", "амон", "оғун", "аруз", "одил", "изан", "иҳам", "оташ", "авиҷ"),
    *("ибур", "иқун", "ашод", "амир", "осоқ", "афиз", "иханд", "огиз", "олав", "ёр", "иё", "ануш", "иҷдон", "осиб"),
    *("имуз", "отам", "авруш", "ониқ", "алиф", "угор", "ехрон", "убдин"),
)
PEN = ("Садои", "Нидои", "Сухани", "Нури", "Ситораи", "Боди", "Қалами", "Паёми", "Голос", "Эхо", "Vatan", "Sipehr")
PLACES = ("khorog", "vamar", "dyu", "dushanbe", "murghob", "moscow", "x_dusti", "bokhtar", "ishkoshim", "warsaw")

SIX = dict(zip("ғӣқӯҳ", "гикух", strict=True))
ENGLISH = dict(zip("абвгдезиӣйкқлмнопрстуӯфыэ", "abvgdeziiykqlmnoprstuufye", strict=True)) | {
    **dict(zip("ғёжхҳцчҷшъьюя", ("gh", "yo", "zh", "kh", "h", "ts", "ch", "j", "sh", "'", "", "yu", "ya"), strict=True))
}


@dataclass(frozen=True)
class Invented:
    """One who doesn't exist: roots in Tajik letters, and what others may know."""

    given: str
    surname: str
    father: str
    born: int
    woman: bool
    alias: str
    place: str
    day: date


def invent(number: int, part: int, seed: int = 1) -> list[Invented]:
    """So many people of part 0 (for the rules) or 1 (held out), no two of one given name and surname.

    One in six is another's brother or sister, with the same father and surname; many names differ in one letter only.
    """
    chance = random.Random(f"{seed} {part}")
    roots = [head + tail for head in HEADS for tail in TAILS][part::2]
    chance.shuffle(roots)
    pens = [
        root for root in roots if root[0] not in "КҲГ"
    ]  # no two of one sound: a pen name is chosen to be told apart
    given = [_made(root, chance) for root in roots[:400]]
    fathers = [_made(root, chance) for root in roots[200:600]]
    surnames = [_made(root, chance) for root in roots[300:]]
    people: list[Invented] = []
    taken: set[tuple[str, str]] = set()
    while len(people) < number:
        kin = people[-1] if people and chance.random() < 1 / 6 else None
        name = chance.choice(given), kin.surname if kin else chance.choice(surnames)
        if name in taken:
            continue
        taken.add(name)
        people.append(
            Invented(
                given=name[0],
                surname=name[1],
                father=kin.father if kin else chance.choice(fathers),
                born=chance.randrange(1950, 2006),
                woman=chance.random() < 0.3,
                alias=f"{PEN[len(people) // len(pens) % len(PEN)]} {pens[len(people) % len(pens)]}",
                place=chance.choice(PLACES),
                day=date(2021, 11, 25) + timedelta(chance.randrange(1500)),
            )
        )
    return people


def _made(root: str, chance: random.Random) -> str:
    low = root.lower()
    return chance.choices(
        (root, f"{root}шо", f"{root}бек", f"Мамад{low}", f"Шоҳ{low}", f"Ёр{low}", f"{root}мамад"),
        (70, 6, 6, 5, 4, 3, 6),
    )[0]


def spell(person: Invented, chance: random.Random) -> list[str]:
    """The name eight times, each by another hand."""
    return [
        _tajik(person, chance),
        _keyboard(_tajik(person, chance), chance),
        _slip(_russian(person, chance), chance),
        _slip(_latin(_tajik(person, chance), ENGLISH), chance),
        _slip(_latin(_russian(person, chance), _passport(chance)), chance),
        _slip(_latin(_either(person, chance), _western(chance)), chance),
        _slip(_chat(_either(person, chance), chance), chance),
        _slip(_other_ending(person, chance), chance),
    ]


def mentions(people: list[Invented], seed: int = 1, *, by_alias: bool = True) -> Iterator[tuple[int, Person]]:
    """(whose, mention): eight for each person. One in 12 names only an alias that one in 4 knows."""
    chance = random.Random(f"mentions {seed}")
    for whose, person in enumerate(people):
        for at, name in enumerate(spell(person, chance)):
            only_alias, knows = chance.random() < 1 / 12, chance.random() < 1 / 4
            day = person.day + timedelta(chance.randrange(-10, 400 if chance.random() < 0.2 else 15))
            born = person.born + chance.choice((0, 0, 0, 0, -1, 1))
            context = (chance.random() < 0.7, chance.random() < 0.8, chance.random() < 0.5)
            yield (
                whose,
                Person(
                    f"{whose}.{at}",
                    (person.alias if only_alias and by_alias else name,),
                    aliases=(person.alias,) if knows and by_alias else (),
                    places=frozenset({person.place}) if context[0] else frozenset(),
                    days=(day, day) if context[1] else None,
                    born=(born, born) if context[2] else None,
                ),
            )


def _order(surname: str, given: str, father: str, chance: random.Random) -> str:
    """Surname first or last; the father's name one time in two."""
    known = chance.random() < 0.5
    if chance.random() < 0.5:
        return f"{surname} {given} {father}" if known else f"{surname} {given}"
    return f"{given} {father} {surname}" if known else f"{given} {surname}"


def _tajik(person: Invented, chance: random.Random) -> str:
    ending = chance.choice(("зода", "зода", "ов", "", "иён"))
    return _order(_ended(person.surname, ending, person.woman), person.given, person.father, chance)


def _russian(person: Invented, chance: random.Random) -> str:
    father = person.father + ("овна" if person.woman else "ович")
    name = _order(_ended(person.surname, "ов", person.woman), person.given, father, chance)
    for tajik, russian in (*SIX.items(), ("ҷ", "дж"), ("Ҷ", "Дж"), ("Ғ", "Г"), ("Қ", "К"), ("Ҳ", "Х"), ("ъ", "")):
        name = name.replace(tajik, russian)
    if chance.random() < 0.3:
        name = name.replace("он", "ан").replace("од", "ад")
    return name


def _either(person: Invented, chance: random.Random) -> str:
    return chance.choice((_tajik, _russian))(person, chance)


def _ended(root: str, ending: str, woman: bool) -> str:
    if ending == "ов":
        soft = root[-1] in "иеёӣйьаё"
        return (root[:-1] if root[-1] in "аӣ" else root) + ("ев" if soft else "ов") + ("а" if woman else "")
    return root + ending


def _keyboard(name: str, chance: random.Random) -> str:
    j = chance.choice(("ч", "ж", "дж"))
    table = {**SIX, "ҷ": j}
    return "".join(table.get(c, table.get(c.lower(), c).capitalize() if c.lower() in table else c) for c in name)


def _latin(name: str, table: dict[str, str]) -> str:
    return "".join(table.get(c, c) if c.islower() or c == " " else table.get(c.lower(), c).capitalize() for c in name)


def _passport(chance: random.Random) -> dict[str, str]:
    soft = chance.choice((("yo", "yu", "ya"), ("io", "iu", "ia"), ("e", "yu", "ya")))
    return ENGLISH | dict(zip("ёюя", soft, strict=True)) | {"е": chance.choice(("e", "e", "ye")), "й": "i"}


def _western(chance: random.Random) -> dict[str, str]:
    kh, sh = chance.choice(("kh", "h")), chance.choice(("sch", "sh"))
    return ENGLISH | dict(
        zip("уӯҷшчқхвж", ("ou", "ou", "dj", sh, "tch", "k", kh, chance.choice("vw"), "j"), strict=True)
    )


def _chat(name: str, chance: random.Random) -> str:
    table = ENGLISH | dict(zip("хғқӯъи", (*map(chance.choice, ("hx", "g", "kq", "uo")), "", "i"), strict=True))
    if chance.random() < 0.3:  # as Persian writes it; the endings stay
        name = re.sub("о(?!в(?:а|ич|на)?\\b|да?\\b)", "а", name)
    if chance.random() < 0.2:
        name = name.replace("и", "е")
    if chance.random() < 0.4:
        name = name.replace("Шоҳ", "Шо").replace("Мамад", "Муҳаммад")
    spelled = _latin(name, table)
    return spelled.lower() if chance.random() < 0.5 else spelled


def _other_ending(person: Invented, chance: random.Random) -> str:
    ending = chance.choice(("пур", "фар", "зод", "иён", ""))
    name = _order(_ended(person.surname, ending, person.woman), person.given, person.father, chance)
    how: Callable[[str], str] = chance.choice(
        (str, lambda name: _latin(name, ENGLISH), lambda name: _chat(name, chance), str.upper)
    )
    return how(name)


def _slip(name: str, chance: random.Random) -> str:
    """Once in twenty a letter is left out, doubled or mistaken for a neighbour."""
    if chance.random() > 0.05:
        return name
    at = chance.randrange(1, len(name))
    if name[at] == " ":
        return name
    return name[:at] + chance.choice(("", name[at] * 2, chance.choice("aeiouаеио"))) + name[at + 1 :]
