"""The full-screen desk: a list by urgency, a pane to read in, cases, and a key for everything a reviewer does.

Textual draws it (`app`, `front`, `casework`); what it shows is made in `reading` and `texts`, what it writes in
`deeds`.
The rules that every screen keeps:

- a witness's words are only ever a `Text` made by `texts.plain`: no markup, nothing that moves a terminal;
- what is opened is noted in the log, and who the witness is shows only after it is asked for;
- everything else can be taken back with u.

Lists are read a page at a time (`window`), so that a hundred thousand submissions are as quick as a hundred.
"""
