"""One mistake for each target, of the kind that a hurried change makes: a check less in the parser's own source.

By target: the module, what stands once in its source, and what would stand there instead.
"""

PLANTS = {
    "age header": ("intake.sealing.header", "if match is None:", "if match is None and line.isascii() is None:"),
    "sealed file": (
        "intake.sealing.stream",
        "        except InvalidTag:\n            raise",
        "        except KeyError:\n            raise",
    ),
    "armor": ("intake.sealing.armor", "except Base64Error:", "except KeyError:"),
    "identities": ("intake.sealing.bech32", "except KeyError:", "except IndexError:"),
    "note": ("intake.keyring.note", "or raw is None or len(raw) < 5:", "or len(raw or bytes(5)) < 5:"),
    "keyring": (
        "intake.keyring.text",
        "if len(site) > _SITE_LIMIT or not _SITE.fullmatch(site):",
        "if site[30] == '!':",
    ),
    "card": ("intake.keyring.card", "(recipient,) = recipient_line.text(1)", "(recipient,) = recipient_line.values"),
    "private file": ("intake.keyring.identity", "if len(signing) != 1:", "if len(signing) > 1:"),
    "pin": (
        "intake.keyring.trust",
        'lines.one("serial").number(1, SERIAL_LIMIT),',
        'int(lines.one("serial").values[0]),',
    ),
    "sheets": ("intake.keyring.backups", "line.number(2, SHARES_LIMIT, count)", "int(count)"),
    "form's note": ("intake.keyring.form", "(sha256,) = digest.text(1)", "(sha256,) = digest.values"),
    "tar": ("intake.report.ustar", r'[0-7]{11}\0", digits', r'[0-9]{11}\0", digits'),
    "report": ("intake.report.document", "except UnicodeDecodeError:", "except KeyError:"),
    "package": ("intake.report.package", "if key not in self._left:", "if not key:"),
    "index": ("intake.report.bundle", "except ValueError:", "except KeyError:"),
    "bundle": (
        "intake.report.bundle",
        'if found is None:\n                raise Damaged("the bundle',
        'if found == 0:\n                raise Damaged("the bundle',
    ),
    "outbox": ("intake.report.outbox", "serial, encoded = line.text(2)", "serial, encoded = line.values"),
    "answer": ("intake.report.reply", "except (UnicodeDecodeError, Usage):", "except Usage:"),
    "text blocks": ("intake.report.blocks", "except binascii.Error:", "except KeyError:"),
    "code": ("intake.report.code", "if len(digits) != DIGITS:", "if len(digits) > DIGITS:"),
    "answers": ("intake.report.answers", 'r"[0-9]{1,2}|1[0-2]', 'r".{1,2}|1[0-2]'),
    "dates": ("intake.report.dates", "except ValueError:", "except KeyError:"),
    "questionnaire": (
        "intake.report.questionnaire",
        "if type(layer) is not int or layer not in (1, 2, 3):",
        "if layer > 3:",
    ),
    "places": ("intake.report.places", "if len(row) == width:", "if len(row) <= width:"),
    "event": ("intake.review.log", "except ValueError:\n        line.refuse", "except KeyError:\n        line.refuse"),
    "event's content": (
        "intake.review.log",
        'except ValueError as error:\n            raise Damaged(f"{what}',
        'except KeyError as error:\n            raise Damaged(f"{what}',
    ),
    "vault.json": ("intake.review.unlocking", "except (binascii.Error, ValueError):", "except KeyError:"),
    "upload's state": (
        "intake.drop.unfinished",
        "except (ValueError, TypeError, KeyError)",
        "except (ValueError, TypeError)",
    ),
    "manifest": ("intake.drop.checking", "(ValueError, TypeError, KeyError, AttributeError)", "(TypeError, KeyError)"),
    "pixels": ("intake.review.preview.pixels", "if kind >= len(KINDS) or take(1):", "if take(1):"),
    "reading times": (
        "intake.review.triage",
        "not (found := _READING.fullmatch(part))",
        'not (found := _READING.match(part)) and ":" in part',
    ),
    "settings": (
        "intake.drop.config",
        "except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:",
        "except tomllib.TOMLDecodeError as error:",
    ),
    "socket": ("intake.drop.arrival", 'self.path.count("/") == 1', 'self.path.index("/") == 0'),
    "http": ("intake.drop.tus", "except (binascii.Error, UnicodeDecodeError):", "except UnicodeDecodeError:"),
}
