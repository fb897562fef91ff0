"""What can be done to a keyring, as one table that Python and the page's code are both run on.

Each case is plain JSON: `name`; `notes`, signed notes oldest first; `seen`, those believed before, of which Python
keeps a pin and the page what it read earlier in the same visit; `roots` (vkeys), `threshold` and `origin`, trusted by
hand; `today`; `verdict`, one of

    ok        believed, seals
    expired   believed, seals, with a warning
    early     believed, seals, but today is before the day of issue: the page asks for the date
    closed    believed, nothing is sealed to it
    refused   not believed

`because`, words of Python's message for a refusal ("" otherwise); and `page`, the page's verdict. The page holds the
roots and keeps nothing, so it judges the newest note alone, after those of `seen`. Where it differs from Python's, only
the chain shows that attack, which drop and desks walk. The keys are made anew for each run.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from intake.keyring import Keyring, Retired, Root, SignedNote, SigningKey, VerifyKey, fingerprint
from intake.sealing import HybridIdentity, X25519Identity
from tests.harness.keys import ORIGIN, World, make_world, new_key

Case = dict[str, object]
ISSUED = date(2026, 11, 23)


def keyring_cases() -> list[Case]:
    """The whole table, with new keys. `len` and names never vary."""
    with tempfile.TemporaryDirectory() as folder:
        world = make_world(Path(folder), today=ISSUED)
        parts = (_believed, _days, _signatures, _chains, _later, _forgotten, _texts, _notes)
        return [case for part in parts for case in part(world)]


def _case(
    name: str,
    world: World,
    notes: Iterable[bytes],
    verdict: str = "ok",
    because: str = "",
    *,
    roots: Iterable[SigningKey] | None = None,
    threshold: int | None = None,
    today: date = ISSUED,
    seen: Iterable[bytes] = (),
    page: str | None = None,
) -> Case:
    trusted = world.roots if roots is None else roots
    return {
        "name": name,
        "notes": [note.decode() for note in notes],
        "seen": [note.decode() for note in seen],
        "roots": [str(key.verify_key) for key in trusted],
        "threshold": world.threshold if threshold is None else threshold,
        "origin": world.origin,
        "today": today.isoformat(),
        "verdict": verdict,
        "because": because,
        "page": verdict if page is None else page,
    }


def _signed(keyring: Keyring | bytes, *keys: SigningKey) -> bytes:
    return bytes(SignedNote.sign(bytes(keyring), *keys))


def _others(count: int = 3) -> tuple[SigningKey, ...]:
    return tuple(new_key(label) for label in "defg"[:count])


def _believed(world: World) -> Iterator[Case]:
    a, b, c = world.roots
    stranger = new_key("z")
    d, e, f = _others()
    yield _case("two of three roots signed", world, [world.note])
    yield _case("the two others signed", world, [_signed(world.keyring, c, b)])
    yield _case("all three signed", world, [_signed(world.keyring, a, b, c)])
    yield _case("a stranger signed too", world, [_signed(world.keyring, stranger, a, b)])
    yield _case("one root signed twice, another once", world, [_signed(world.keyring, a, a, b)])
    yield _case("a chain of three", world, world.next(reviewers=2).next(reviewers=4).notes)
    yield _case("one keyring of a chain, and its own roots", world, [world.next(reviewers=2).note])
    replaced = world.next(roots=(b, c, d))
    yield _case("a root replaced, the old paper", world, replaced.notes)
    yield _case("a root replaced, the new paper", world, replaced.notes, roots=(b, c, d))
    everyone = world.next(roots=(d, e, f), signers=(a, b, d, e))
    yield _case("all roots replaced, the old paper", world, everyone.notes)
    yield _case("all roots replaced, the new paper", world, everyone.notes, roots=(d, e, f))
    yield _case("all roots replaced, the new paper, only the newest", world, [everyone.note], roots=(d, e, f))
    reserved = replace(
        world.keyring,
        sites=("https://drop.example", f"http://{'a2' * 28}.onion/tg"),
        retired=(Retired("r9", fingerprint("an old key"), ISSUED),),
    )
    yield _case("sites and a retired key", world, [_signed(reserved, a, b)])


def _days(world: World) -> Iterator[Case]:
    keyring, day = world.keyring, timedelta(days=1)
    yield _case("the day before it expires", world, [world.note], today=keyring.expires - day)
    yield _case("the day it expires", world, [world.note], "expired", today=keyring.expires)
    yield _case("the day before it closes", world, [world.note], "expired", today=keyring.closes - day)
    yield _case("the day it closes", world, [world.note], "closed", today=keyring.closes)
    yield _case("a clock years ahead", world, [world.note], "closed", today=date(2040, 1, 1))
    yield _case("the day before it was issued", world, [world.note], "early", today=keyring.issued - day)
    yield _case("a clock years behind", world, [world.note], "early", today=date(1970, 1, 1))
    closing = world.next(issued=ISSUED, expires=ISSUED, closes=ISSUED)
    yield _case("closed by a newer keyring", world, closing.notes, "closed")
    longer = world.next(closes=date(2030, 1, 1))
    yield _case("a closed one, followed by an open one", world, longer.notes, "expired", today=date(2029, 1, 1))


def _signatures(world: World) -> Iterator[Case]:
    a, b, c = world.roots
    d, e, f = _others()
    text = bytes(world.keyring)
    false = b.sign(b"another text\n")
    strangers = make_strangers(world)
    half = "1 of the 2 signatures it needs from its own roots"
    yield _case("half signed", world, [_signed(world.keyring, a)], "refused", half)
    yield _case("one root signed twice", world, [_signed(world.keyring, a, a)], "refused", half)
    yield _case("one root and a stranger", world, [_signed(world.keyring, a, d)], "refused", half)
    yield _case("strangers only", world, [_signed(world.keyring, d, e)], "refused", "0 of the 2 signatures")
    yield _case("not signed", world, [text + b"\n"], "refused", "not signed by anybody")
    yield _case("only the text", world, [text], "refused", "no empty line")
    yield _case("forged roots", world, [strangers], "refused", "not among the roots")
    yield _case("other roots were trusted", world, [world.note], "refused", "not among the roots", roots=(d, e, f))
    yield _case(
        "three trusted roots must have signed", world, [world.note], "refused", "only 2 of the typed roots", threshold=3
    )
    yield _case(
        "the trusted roots are others than those who signed",
        world,
        [_signed(world.keyring, a, b)],
        "refused",
        "only 1 of the typed roots",
        roots=(b, c),
    )
    note = SignedNote.parse(_signed(world.keyring, a))
    bad = "the signature of drop.example/b is not genuine"
    yield _case(
        "a false signature of a root",
        world,
        [bytes(replace(note, signatures=(*note.signatures, false)))],
        "refused",
        bad,
    )
    enough = SignedNote.parse(_signed(world.keyring, a, c))
    yield _case(
        "a false signature beside enough good ones",
        world,
        [bytes(replace(enough, signatures=(*enough.signatures, false)))],
        "refused",
        bad,
    )
    changed = world.note.replace(b"closes 2027", b"closes 2037", 1)
    yield _case("changed after signing", world, [changed], "refused", "is not genuine")


def make_strangers(world: World) -> bytes:
    """The same keyring with other roots under the same labels, signed by them."""
    keys = tuple(new_key(root.label) for root in world.keyring.roots)
    roots = tuple(Root(root.label, key.verify_key) for root, key in zip(world.keyring.roots, keys, strict=True))
    return _signed(replace(world.keyring, roots=roots), *keys)


def _chains(world: World) -> Iterator[Case]:
    a, b, c = world.roots
    d, e, f = _others()
    second = world.next(reviewers=2)
    third = second.next(reviewers=3)

    def after(name: str, because: str, later: World, page: str = "refused") -> Case:
        return _case(name, world, [world.note, later.note], "refused", because, page=page)

    yield after(
        "roots that nobody voted for",
        "0 of the 2 signatures it needs from the roots of keyring 1",
        world.next(roots=(d, e, f), signers=(d, e, f)),
    )
    yield after(
        "one old root goes over to strangers",
        "1 of the 2 signatures it needs from the roots of keyring 1",
        world.next(roots=(a, d, e), signers=(a, d, e)),
    )
    yield after(
        "new roots that did not sign",
        "1 of the 2 signatures it needs from its own roots",
        world.next(roots=(a, d, e), signers=(a, b, c)),
    )
    yield after(
        "one root lowers the threshold alone",
        "1 of the 2 signatures it needs from the roots of keyring 1",
        world.next(threshold=1, signers=(a,)),
    )
    yield after(
        "a raised threshold without the signatures",
        "2 of the 3 signatures it needs from its own roots",
        world.next(threshold=3, signers=(a, b)),
    )
    yield after("half signed, the second", "1 of the 2 signatures it needs from its own", world.next(signers=(a,)))
    yield after("a serial skipped", "the chain has a gap", third, page="ok")
    yield after("fast forward", "the chain has a gap", world.next(serial=999_999), page="ok")
    yield after("another text before it", "follows another text", world.next(previous=bytes(32)), page="ok")
    yield _case("another origin", world, [world.note, _moved(world)], "refused", "is of elsewhere.example")
    early = world.next(issued=ISSUED - timedelta(days=1))
    yield after("issued before the one it follows", "before keyring 1", early, page="ok")
    reopened = world.next(closed_through=1).next(closed_through=0)
    yield _case("closed serials opened again", world, reopened.notes, "refused", "opens serials again", page="ok")
    yield _case(
        "two texts under one serial",
        world,
        [world.note, second.note, world.next(reviewers=4).note],
        "refused",
        "two different texts",
        page="ok",
    )
    mixed = SignedNote(bytes(second.keyring), SignedNote.parse(world.note).signatures)
    yield _case("the signatures of the one before", world, [world.note, bytes(mixed)], "refused", "is not genuine")
    yield _case(
        "a first keyring that nobody signed, then a good one",
        world,
        [_signed(world.keyring, d), second.note],
        "refused",
        "keyring 1 has 0 of the 2",
        page="ok",
    )
    forged = [make_strangers(world), second.note]
    yield _case("a forged past", world, forged, "refused", "follows another text", page="ok")


def _later(world: World) -> Iterator[Case]:
    """What comes to somebody who has seen the keyrings 1 and 2 already, and pinned the second."""
    a, b, c = world.roots
    second = world.next(reviewers=2, closed_through=1, issued=ISSUED + timedelta(days=9))
    third = second.next(reviewers=4)
    day = second.keyring.issued

    def case(
        name: str,
        notes: Iterable[bytes],
        verdict: str = "ok",
        because: str = "",
        today: date = day,
        page: str | None = None,
    ) -> Case:
        return _case(name, world, notes, verdict, because, today=today, seen=second.notes, page=page)

    yield case("rollback to the keyring before", world.notes, "refused", "keyring 1 is older than keyring 2")
    yield case("the same again", second.notes)
    yield case("freeze: the same for months", second.notes, "expired", today=second.keyring.expires)
    yield case("freeze: the same for a year", second.notes, "closed", today=second.keyring.closes)
    more = bytes(SignedNote.sign(bytes(second.keyring), a, b, c))
    yield case("the same text with one more signature", [world.note, more])
    other = world.next(reviewers=3, issued=day)
    yield case("another text under the serial seen", other.notes, "refused", "another text than the one believed")
    beyond = other.next(reviewers=2)
    yield case("a fork, one keyring on", beyond.notes, "refused", "another text than the one believed")
    yield case("the one that follows", third.notes)
    yield case("the one that follows, half signed", second.next(signers=(a,)).notes, "refused", "1 of the 2 signatures")
    swapped = second.next(roots=(b, c, new_key("d")), signers=(b, c))
    yield case("two that follow at once", swapped.next(signers=(b, c)).notes)
    yield case(
        "a truncated chain",
        [third.next(reviewers=5).note],
        "refused",
        "the chain starts at keyring 4, after keyring 2",
        page="ok",
    )
    reopened = second.next(closed_through=0)
    yield case("a closed serial opened again", reopened.notes, "refused", "opens serials again")
    yield case("a day of issue that goes back", second.next(issued=ISSUED).notes, "refused", "before keyring 2")
    lost = second.next(previous=bytes(32))
    yield case("it follows another text", lost.notes, "refused", "follows another text of keyring 2")
    leap = replace(third.keyring, serial=999_999)
    yield case(
        "fast forward from what was seen", [*second.notes, _signed(leap, a, b)], "refused", "has a gap", page="ok"
    )


def _forgotten(world: World) -> Iterator[Case]:
    """Retired lines written by hand. Keyring 2 let r3 go and lists it; what follows is signed by all roots."""
    second = world.next(reviewers=2)
    opens, signs = second.keyring.retired
    r3 = world.keyring.reviewers[2]
    x = Retired("x", fingerprint("a key that never stood"), ISSUED)

    def case(name: str, verdict: str, because: str, seen: World, **changes: object) -> Case:
        fields = {"serial": seen.keyring.serial + 1, "previous": seen.keyring.hash, **changes}
        keyring = replace(seen.keyring, **fields)  # type: ignore[arg-type]  # fields are named by the case
        return _case(name, world, [*seen.notes, _signed(keyring, *world.roots)], verdict, because, seen=seen.notes)

    def refused(name: str, because: str, seen: World, **changes: object) -> Case:
        return case(name, "refused", because, seen, **changes)

    yield refused(
        "a retired line dropped", f"forgets the key of r3 that was retired on {ISSUED}", second, retired=(opens,)
    )
    yield refused("all retired lines dropped", "forgets the key of r3", second, retired=())
    yield refused(
        "a retired line of another day",
        "forgets the key of r3",
        second,
        retired=(opens, replace(signs, day=ISSUED + timedelta(days=1))),
    )
    yield refused(
        "a retired line of another label", "or alters its line", second, retired=(replace(opens, label="r4"), signs)
    )
    yield refused(
        "retired lines in another order", "does not begin its retired keys with those", second, retired=(signs, opens)
    )
    yield refused(
        "a new retired line before the old", "does not begin its retired keys with", second, retired=(x, opens, signs)
    )
    yield refused(
        "a reviewer dropped and not retired",
        "a key of reviewer r3 is gone from keyring 2, which does not list it as retired",
        world,
        reviewers=world.keyring.reviewers[:2],
        retired=(),
    )
    yield refused(
        "a signing key changed and not retired",
        "a key of reviewer r3 is gone",
        world,
        reviewers=(*world.keyring.reviewers[:2], replace(r3, key=new_key("r3").verify_key)),
        retired=(),
    )
    yield refused(
        "a root dropped and not retired", "a key of root c is gone", world, roots=world.keyring.roots[:2], retired=()
    )
    yield refused(
        "a server's key dropped and not retired",
        "a key of drop d1 is gone",
        world,
        drops=(replace(world.keyring.drops[0], key=new_key("d1").verify_key),),
        retired=(),
    )
    yield refused(
        "a retired reviewer comes back, the lines dropped",
        "forgets the key of r3",
        second,
        reviewers=world.keyring.reviewers,
        retired=(),
    )
    yield refused(
        "a retired reviewer comes back beside the lines",
        "is that of reviewer r3, which is named already",
        second,
        reviewers=world.keyring.reviewers,
    )
    yield case("a key retired that never stood", "ok", "", second, retired=(opens, signs, x))


def _moved(world: World) -> bytes:
    """Keyring 2 by the same people under another origin, signed under the old names and the new."""

    def renamed(key: SigningKey) -> SigningKey:
        return SigningKey(key.name.replace(world.origin, "elsewhere.example"), key.seed)

    roots = tuple(renamed(key) for key in world.roots)
    keyring = replace(
        world.next().keyring,
        origin="elsewhere.example",
        roots=tuple(Root(r.label, k.verify_key) for r, k in zip(world.keyring.roots, roots, strict=True)),
        drops=tuple(
            replace(d, key=renamed(k).verify_key) for d, k in zip(world.keyring.drops, world.drop_keys, strict=True)
        ),
        reviewers=tuple(
            replace(r, key=renamed(k).verify_key)
            for r, k in zip(world.keyring.reviewers, world.reviewer_keys, strict=True)
        ),
    )
    return _signed(keyring, *world.roots, *roots)


def _texts(world: World) -> Iterator[Case]:
    """Texts that the roots signed and that are no keyring all the same."""
    a, b, _ = world.roots
    text = bytes(world.keyring)
    lines = text.decode().splitlines()
    root_a, root_b = (line for line in lines if line.startswith(("root a", "root b")))
    drop, r1, r2 = (
        next(line for line in lines if line.startswith(word)) for word in ("drop ", "reviewer r1", "reviewer r2")
    )
    previous = "previous -"
    classic = str(X25519Identity.generate().recipient)
    old = "-".join(["12345"] * 8)

    def case(name: str, because: str, edit: Callable[[str], str]) -> Case:
        edited = edit(text.decode())
        if edited == text.decode():
            raise AssertionError(f"{name} changes nothing")
        return _case(name, world, [_signed(edited.encode(), a, b)], "refused", because)

    def swap(old: str, new: str) -> Callable[[str], str]:
        return lambda whole: whole.replace(old, new, 1)

    def add(line: str) -> Callable[[str], str]:
        return lambda whole: f"{whole}{line}\n"

    yield case("a newer format", "a newer format", swap("amonat/keyring/1", "amonat/keyring/2"))
    yield case("another kind of note", "the first line is not", swap("amonat/keyring/1", "amonat/bundle/1"))
    yield case("an unknown line", "line 10: an unknown line", swap("root a", "witness x\nroot a"))
    yield case("an unknown last line", "an unknown line", add("note hello"))
    yield case("a comment", "an unknown line", swap("root a", "# checked\nroot a"))
    yield case("a line twice", "'threshold' is there twice", swap("threshold 2", "threshold 2\nthreshold 1"))
    yield case("a line missing", "'serial' is missing", swap("serial 1\n", ""))
    yield case("lines in another order", "'serial' is missing", swap("serial 1\nprevious -", "previous -\nserial 1"))
    yield case("a root after the drops", "in the wrong place", add(root_a.replace("root a", "root e")))
    yield case("an empty line inside", "an empty line", swap("threshold", "\nthreshold"))
    yield case("two spaces", "a space too many", swap("serial 1", "serial  1"))
    yield case("a space at the end", "a space too many", swap("serial 1", "serial 1 "))
    yield case("a value too many", "takes 1 value", swap("serial 1", "serial 1 2"))
    yield case("a value missing", "takes 3 values", swap(r1, r1.rpartition(" ")[0]))
    yield case("serial with a leading zero", "not a plain number", swap("serial 1", "serial 01"))
    yield case("serial zero", "not between 1 and", swap("serial 1", "serial 0"))
    yield case("serial in other digits", "not a plain number", swap("serial 1", "serial \u0661"))
    yield case("serial without end", "not a plain number", swap("serial 1", "serial " + "9" * 5000))
    yield case("the first keyring with one before it", "can't have one", swap(previous, f"previous {'A' * 43}="))
    yield case("a later keyring with none before it", "names no keyring before", swap("serial 1", "serial 2"))
    yield case(
        "a hash in another spelling of base64",
        "not a SHA-256 in base64",
        lambda whole: whole.replace("serial 1", "serial 2").replace(previous, f"previous {'A' * 42}B="),
    )
    yield case("a day that is none", "no day as YYYY-MM-DD", swap("issued 2026-11-23", "issued 2026-11-31"))
    yield case("a day in another form", "no day as YYYY-MM-DD", swap("issued 2026-11-23", "issued 20261123"))
    yield case("expires before it is issued", "'expires' is before 'issued'", swap("issued 2026", "issued 2027"))
    yield case("closes before it expires", "'closes' is before 'expires'", swap("closes 2027", "closes 2026"))
    yield case("closes itself", "not between 0 and 0", swap("closed-through 0", "closed-through 1"))
    yield case("a site in the clear", "not an https address", swap("threshold", "site http://drop.example\nthreshold"))
    yield case("a site that is a script", "not an https address", swap("threshold", "site javascript:1\nthreshold"))
    yield case(
        "a site twice", "the same site twice", swap("threshold", "site https://a.b\nsite https://a.b\nthreshold")
    )
    yield case("threshold zero", "not between 1 and", swap("threshold 2", "threshold 0"))
    yield case("a threshold that can't be met", "asked of only 3 roots", swap("threshold 2", "threshold 4"))
    yield case("an origin in capitals", "the origin holds U+0044", swap("origin drop", "origin Drop"))
    yield case("an origin with a homograph", "U+043E, which may look like", swap("origin drop", "origin dr\u043ep"))
    yield case("an over-long origin", "longer than 64", swap("origin drop", "origin " + "d" * 60))
    yield case("a label with a homograph", "U+0430, which may look like", swap("root a ", "root \u0430 "))
    yield case("an over-long label", "longer than 32", swap("root a ", f"root {'a' * 33} "))
    yield case("a label in capitals", "the label holds U+0041", swap("root a ", "root A "))
    yield case("a label twice", "the label a twice", swap(root_b, root_b.replace("root b", "root a")))
    yield case("a root twice", "the label a twice", swap(root_b, root_a))
    yield case("one key under two labels", "the same as that of root a", swap(root_b, _relabelled(root_a, "b")))
    yield case(
        "a root's key as a drop's", "the same as that of root a", swap(drop, _relabelled(root_a, "d1", word="drop"))
    )
    yield case("a key that bears another name", "does not bear the name", swap("root a ", "root e "))
    yield case("a key that does not fit its hash", "does not fit its own hash", swap(root_b, _mistyped(root_b)))
    yield case("a key of small order", "no point of the curve", swap(root_b, _small_order(world.origin)))
    yield case("no root", "'root' is missing", lambda whole: "".join(_without(whole, "root ")))
    yield case("no drop", "'drop' is missing", lambda whole: "".join(_without(whole, "drop ")))
    yield case("no reviewer", "'reviewer' is missing", lambda whole: "".join(_without(whole, "reviewer ")))
    yield case("a recipient twice", "the same as that of reviewer r1", swap(r2.split()[2], r1.split()[2]))
    yield case("a recipient cut", "not one of age's post-quantum kind", swap(r1.split()[2], r1.split()[2][:-1]))
    yield case("a recipient in capitals", "not one of age's", swap(r1.split()[2], r1.split()[2].upper()))
    yield case("a recipient of the classic kind", "not one of age's post-quantum kind", swap(r1.split()[2], classic))
    yield case(
        "three on duty", "more than 2 lines 'duty'", add("\n".join(f"duty x{n} {_recipient()}" for n in range(3)))
    )
    yield case("retired without a day", "takes 3 values", add(f"retired r9 {old}"))
    yield case("retired, the fingerprint cut", "not 8 groups", add(f"retired r9 {old[:-1]} 2026-11-23"))
    yield case("retired twice", "which is named already", add("\n".join([f"retired r9 {old} 2026-11-23"] * 2)))
    yield case(
        "retired and active",
        "is that of reviewer r1",
        add(f"retired r9 {fingerprint(r1.split()[2]).replace(' ', '-')} 2026-11-23"),
    )


def _without(text: str, word: str) -> list[str]:
    return [line for line in text.splitlines(keepends=True) if not line.startswith(word)]


def _relabelled(line: str, label: str, word: str = "root") -> str:
    key = VerifyKey.parse(line.split()[2])
    return f"{word} {label} {VerifyKey(f'{ORIGIN}/{label}', key.public)}"


def _mistyped(line: str) -> str:
    return line[:-1] + ("A" if line[-1] != "A" else "B")


def _small_order(origin: str) -> str:
    return f"root b {VerifyKey(f'{origin}/b', bytes([1]) + bytes(31))}"


def _recipient() -> str:
    return str(HybridIdentity.generate().recipient)


def _notes(world: World) -> Iterator[Case]:
    """Notes that are none."""
    good = world.note
    last = good.splitlines(keepends=True)[-1]
    yield _case("an empty note", world, [b""], "refused", "no empty line")
    yield _case("cut in the last line", world, [good[:-1]], "refused", "cut off in its last line")
    yield _case("cut in the middle", world, [good[: len(good) // 2]], "refused", "no empty line")
    yield _case("a line below the signatures", world, [good + b"More.\n"], "refused", "is not a signature")
    yield _case("lines that end as on Windows", world, [good.replace(b"\n", b"\r\n")], "refused", "control character")
    yield _case(
        "a control character", world, [good.replace(b"serial", b"\x1bserial", 1)], "refused", "control character"
    )
    yield _case("a byte order mark", world, [b"\xef\xbb\xbf" + good], "refused", "the first line is not")
    yield _case("too many signatures", world, [good + last * 100], "refused", "more than 100 signatures")
    yield _case("too large", world, [good.replace(b"\n\n", b"\n" + b"x" * 300_000 + b"\n\n")], "refused", "larger than")
    yield _case("a page, not a note", world, [b"<!doctype html>\n<p>Not found.</p>\n\n"], "refused", "not signed by")
