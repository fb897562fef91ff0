"""Answers that any witness may get, in three languages: they hold nothing of a report, and promise nothing.

Tajik and Russian are drafts: no native reader has checked them. A reviewer reads the one that is sent.
"""

from __future__ import annotations

from collections.abc import Mapping

DRAFTS = frozenset({"tg", "ru"})

PHRASES: Mapping[str, Mapping[str, str]] = {
    "received": {
        "en": "We received what you sent and have read it. We keep it safe. You need do nothing more. If something "
        "changes, write to us with the same code.",
        "ru": "Мы получили и прочли то, что вы отправили. Мы храним это надёжно. Больше ничего делать не нужно. Если "
        "что-то изменится, напишите нам с тем же кодом.",
        "tg": "Мо он чи фиристодед, гирифтем ва хондем. Онро боэҳтиёт нигоҳ медорем. Дигар коре кардан лозим нест. "
        "Агар чизе тағйир ёбад, бо ҳамин рамз ба мо нависед.",
    },
    "question": {
        "en": "We received what you sent. One thing would help: did you see it yourself, or did somebody tell you? "
        "Answer only if it is safe for you. Ask nobody to take a risk.",
        "ru": "Мы получили то, что вы отправили. Помогло бы одно: вы видели это сами или вам рассказали? Отвечайте, "
        "только если это для вас безопасно. Никого не просите рисковать.",
        "tg": "Мо он чи фиристодед, гирифтем. Як чиз ёрӣ мекард: шумо инро худатон дидед ё касе ба шумо гуфт? Танҳо "
        "агар барои шумо бехатар бошад, ҷавоб диҳед. Аз касе хоҳиш накунед, ки хавф кунад.",
    },
    "consent": {
        "en": "We received what you sent. Nobody outside is asked for help until you allow it. If you want that, tick "
        "what we may do, on this page. You can take it back at any time.",
        "ru": "Мы получили то, что вы отправили. Пока вы не разрешите, мы никого не просим о помощи. Если хотите "
        "этого, отметьте на этой странице, что нам можно делать. Это можно отозвать в любое время.",
        "tg": "Мо он чи фиристодед, гирифтем. То шумо иҷозат надиҳед, мо аз касе ёрӣ намепурсем. Агар инро хоҳед, дар "
        "ҳамин саҳифа қайд кунед, ки ба мо чӣ мумкин аст. Онро ҳар вақт бозпас гирифтан мумкин аст.",
    },
    "withdrawn": {
        "en": "We read that you want to change what you allowed. Nothing new is passed on until a person has "
        "decided; what is deleted, a person decides too. If somebody made you write this, you need not answer.",
        "ru": "Мы прочли, что вы хотите изменить разрешённое. Пока человек не решит, дальше больше ничего не "
        "передают; что удалить, тоже решает человек. Если вас заставили это написать, отвечать не нужно.",
        "tg": "Мо хондем, ки шумо мехоҳед иҷозатро тағйир диҳед. То одам қарор надиҳад, дигар чизе дода "
        "намешавад; чиро нест кардан лозим аст, онро ҳам одам ҳал мекунад. "
        "Агар касе шуморо маҷбур карда бошад, ҷавоб додан лозим нест.",
    },
}
"""By name and language."""
