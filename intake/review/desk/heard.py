"""What other parts of the desk say in English, for `Words.heard`: errors and their advice, alarms, warnings, marks.

Each sentence is the other part's own, a name for each of its gaps (the tests compare them with the source). What is
not here is shown as it came.
"""

from __future__ import annotations

from intake.review.desk.marking import marked

HEARD = (
    # What a key may answer
    marked("that is no name for a {kind}"),
    marked("Give one line of at most 200 characters."),
    marked("{typed} is no date"),
    marked("that is no date"),
    marked("Write 2026-12-01, 2026-12 or 2026, perhaps with a time: 2026-12-01 09:30 +05:00."),
    marked("Write 2026-12-01, 2026-12 or 2026, perhaps with a time: 2026-12-01 09:30."),
    marked("why is not said"),
    marked("Give --reason: whoever reads this later must understand it."),
    marked("that is no name for a flag or tag"),
    marked("Give a few plain words, {number} characters at most."),
    marked("there is no such event to undo"),
    marked("It may be erased, or not have come with a stick yet."),
    marked("this was changed again since"),
    marked("Undo the later change first, or write the value you want."),
    marked("there is nothing to take back"),
    marked("Only what was done since the desk was opened can be."),
    # The vault
    marked("the vault is locked"),
    marked("Type its passphrase to go on."),
    marked("the vault is in use"),
    marked("Wait until the work under way has ended."),
    marked("the passphrase does not open this vault"),
    marked("Type it again; check the keyboard's language and Caps Lock."),
    marked("this passphrase was given up, or never came to be: a change of it was interrupted"),
    marked("Type the other one."),
    marked("opening a vault takes {number} MB of memory, which is not free here"),
    marked("Close other programs and try again."),
    marked("the disk is full"),
    marked("Make room: nothing that was under way was kept, nothing older is lost."),
    marked("vault.db is damaged"),
    marked("Keep it as it is, and copy the newest backup of the vault back."),
    marked("the vault failed: {why}"),
    marked("Check the disk that holds the vault."),
    marked("the original {hash} can't be read: {why}"),
    marked("the original {hash} has other bytes than it came with"),
    marked("Copy the vault's newest backup back, or import the bundle again that it came in."),
    marked("the vault holds no original {hash}"),
    marked("It may have been erased."),
    # Files
    marked("it is empty"),
    marked("There is nothing to see."),
    marked("it is larger than the {number} GiB that are looked at"),
    marked("there is not enough memory: {why}"),
    marked("Close other programs."),
    marked("it took longer than {number} seconds"),
    marked("it broke the program that decodes it, which the sandbox contained"),
    marked("the sandbox answered in no way that it may"),
    marked("the sandbox broke off"),
    marked("Whatever decoded it may be under the control of who made it. Trust nothing that it showed."),
    marked("bubblewrap is missing"),
    marked("the Python package {package} is missing"),
    marked("this system lets bubblewrap build no sandbox (user namespaces are off)"),
    marked("Files can't be shown without it, and are not shown in any other way: {what}"),
    marked("it is no image, PDF, video or text that can be shown here"),
    marked("it is malformed"),
    marked("it would unpack to too many pixels, or take too much memory"),
    marked("it is sound: there is nothing to see in it, and sound is never played here"),
    marked("a part of the sandbox is missing"),
    marked("it is locked by a password"),
    marked("Install the kit again: Pillow, pypdfium2, ffmpeg, fonts-dejavu-core."),
    marked("The original is kept as it came. Don't open it with other programs on this machine."),
    # What this machine and the keyring warn of
    marked("memory may be written to the disk in the clear ({devices})"),
    marked("Switch it off: sudo swapoff -a, and take its line out of /etc/fstab."),
    marked("this machine may write all of its memory to the disk when it sleeps"),
    marked("Switch it off: sudo systemctl mask hibernate.target hybrid-sleep.target suspend-then-hibernate.target."),
    marked("keyring {serial} was issued on {day}, after {today}: check this machine's date"),
    marked("keyring {serial} closed on {day}: nothing is sealed to it any more"),
    marked("keyring {serial} expired on {day}: rotate; it closes in {days} days"),
    marked("keyring {serial} expires today: extend or rotate it by then"),
    marked("keyring {serial} expires in 1 day: extend or rotate it by then"),
    marked("keyring {serial} expires in {days} days: extend or rotate it by then"),
    marked("keyring {serial} closes today: then nothing is sealed any more"),
    marked("keyring {serial} closes in 1 day: then nothing is sealed any more"),
    marked("keyring {serial} closes in {days} days: then nothing is sealed any more"),
    marked("there is only one root: if its key is lost, no keyring can ever follow this one"),
    marked("all {number} roots must sign: if one key is lost, no keyring can ever follow this one"),
    marked("any one of the {number} roots can change the keyring: whoever steals one key can add a reviewer"),
    marked("there is only one reviewer: if that key is lost, every report is"),
    # Alarms of the chain of bundles
    marked("this machine says {today}, but the last bundle was imported on {day}: set its date"),
    marked("no new bundle for {days} days, since {day}: ask the operator, and other reviewers"),
    marked("another bundle {name} came before, with another list: the drop shows two histories"),
    marked("bundle {name} is the first here: what came before it is missing"),
    marked("bundle {name} follows another bundle {earlier} than the one here"),
    marked("bundle {missing} is missing before bundle {name}: ask the operator for it"),
    marked("bundles {first} to {last} are missing before bundle {name}: ask the operator for them"),
    marked("bundle {name} begins a new epoch: the server was restored, right after bundle {earlier}"),
    marked("bundle {name} is of a new epoch: the server was restored from a backup"),
    marked("bundle {name} follows a bundle that is not here: ask the operator for it"),
    marked("report {ids}: listed in bundle {earlier}, missing from bundle {later}, and acknowledged by nobody"),
    marked("reports {ids}: listed in bundle {earlier}, missing from bundle {later}, and acknowledged by nobody"),
    marked("report {ids}: another file in bundle {later} than in bundle {earlier}"),
    marked("reports {ids}: another file in bundle {later} than in bundle {earlier}"),
    marked(
        "test report {id} of {reviewer}, made on {day}, has not come out: the drop may be losing reports, or nobody "
        "sent it"
    ),
    # What such a line begins with, and what to do about a log
    marked("bundle {name} was imported before; the newest here is bundle {newest}"),
    marked("bundle {later}, which is here, follows another bundle {name} than this one"),
    marked("bundle {name} came when epoch {epoch} had begun: it is older than the restore, or a second server runs"),
    marked("bundle {name} names keyring {serial}, and bundle {earlier} before it named {other}"),
    marked("bundle {name} takes reports for keyring {serials}, which was closed before"),
    marked("bundle {name} passes over bundle {missing}, as if nothing had been between"),
    marked("bundle {name} passes over bundles {first} to {last}, as if nothing had been between"),
    marked(
        "bundle {name} begins a new epoch after bundle {parent}: the server was restored from a backup, "
        "and knows nothing of bundle {missing} of epoch {epoch}"
    ),
    marked(
        "bundle {name} begins a new epoch after bundle {parent}: the server was restored from a backup, "
        "and knows nothing of bundles {first} to {last} of epoch {epoch}"
    ),
    marked("the drop made two bundles {serial} of epoch {epoch}: {seen}"),
    marked("the log of {reviewer} forks behind event {number}"),
    marked("the log of {reviewer} begins twice"),
    marked("Ask that reviewer what happened; both lines are kept."),
    marked("The server lies to one of you: compare the bundles."),
    marked("ALARM"),
    marked("Warning"),
    # Marks beside a report, and alarms about one
    marked("the drop gave this report the id {outer}, but its own is {id}"),
    marked("this report was made for {own}, not for {origin}"),
    marked("it was sent as sealed under keyring {claimed}, and says {serial}"),
    marked("it is sealed under keyring {serial}, which was closed"),
    marked("keys that are no longer in the keyring open it, too: {labels}"),
    marked("it names keyring {serial}, which is not known here"),
    marked(
        "it is sealed to {number} of the {all} reviewers of its keyring: others may not be able to read it",
    ),
    marked("another report than {id} claims to be it: one of the two is forged; {hash} came second"),
    marked(
        "report {id} was sent as sealed under keyring {serial}, which names a key that is here, and that key does not "
        "open it"
    ),
    marked("report {id}: the drop gave this report the id {outer}, but its own is {own}"),
    marked("report {id}: this report was made for {own}, not for {origin}"),
    marked("report {id}: it names keyring {serial}, which is not known here"),
)
