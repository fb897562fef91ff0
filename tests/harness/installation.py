"""An installation's own words, invented, in three languages: what `Setting` and a drop's configuration need."""

from intake.drop.config import Organisation
from intake.drop.pages import Setting
from intake.locale import packaged_questionnaire
from tests.harness.keys import World

LEAVE_URL = "https://www.wikipedia.org/"
LANGUAGES = ("tg", "ru", "en")

READING_TIMES = {
    "en": "every day at 9:00 and 18:00, Dushanbe time",
    "ru": "каждый день в 9:00 и 18:00 по Душанбе",
    "tg": "ҳар рӯз соати 9:00 ва 18:00 бо вақти Душанбе",
}
URGENT_CONTACTS = {
    "en": "the lawyer on duty, +00 000 000 000",
    "ru": "дежурный юрист, +00 000 000 000",
    "tg": "ҳуқуқшиноси навбатдор, +00 000 000 000",
}


ORGANISATION = {
    "en": Organisation(
        "A group of lawyers abroad.",
        "Three trained people, on computers that are never online.",
        "Until it is checked, at most 24 months.",
        "Write again and say which report you mean.",
        "Ask us for the fingerprints on paper, and compare them.",
    ),
    "ru": Organisation(
        "Группа юристов за рубежом.",
        "Три обученных человека, на компьютерах, которые никогда не бывают в сети.",
        "Пока не проверено, не дольше 24 месяцев.",
        "Напишите снова и скажите, о каком сообщении речь.",
        "Попросите у нас отпечатки ключей на бумаге и сравните.",
    ),
    "tg": Organisation(
        "Гурӯҳи ҳуқуқшиносон дар хориҷа.",
        "Се нафари омӯзишдида, дар компютерҳое, ки ҳеҷ гоҳ ба шабака пайваст намешаванд.",
        "То санҷида шудан, на бештар аз 24 моҳ.",
        "Аз нав нависед ва бигӯед, ки сухан дар бораи кадом хабар аст.",
        "Аз мо изи калидҳоро дар коғаз пурсед ва муқоиса кунед.",
    ),
}


def setting_of(world: World) -> Setting:
    """The pages of a drop with these keys, in three languages."""
    return Setting(
        origin=world.origin,
        roots=world.root_vkeys,
        threshold=world.threshold,
        questionnaire=packaged_questionnaire(),
        languages=LANGUAGES,
        reading_times=READING_TIMES,
        urgent_contacts=URGENT_CONTACTS,
        organisation=ORGANISATION,
        leave_url=LEAVE_URL,
        drafts=True,
    )
