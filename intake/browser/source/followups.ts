/**
 * Follow-ups: a question that an answer opens comes after the first ones, under the title of its section. Every other
 * one waits folded under "More questions", and may be answered there as well.
 *
 * What show_if closes again goes back there with what was written in it, and is not sent until it is seen again: its
 * fold opened, or the question itself. A condition names only questions asked before, so one pass in order settles all.
 */

import type { Answer } from "./answers.ts";
import { holds } from "./conditions.ts";
import { element, say } from "./view.ts";

type Answers = Readonly<Record<string, Answer>>;

interface Group {
  readonly fold: HTMLDetailsElement;
  readonly section: HTMLElement;
  readonly opened: HTMLElement;
  readonly title: string;
}

interface Followup {
  readonly id: string;
  readonly showIf: string;
  readonly ask: HTMLElement;
  readonly group: Group;
  /** Where it stands while closed and while opened: invisible marks, so that the order is never lost. */
  readonly home: Comment;
  readonly away: Comment;
}

const asks = (part: HTMLElement): boolean => part.querySelector("[data-field]") !== null;

/** The opened questions of a fold get a place of their own: in its section if that asks others, else before all folds. */
function group(fold: HTMLDetailsElement): Group {
  const heading = fold.querySelector("h3")!.cloneNode(true);
  const section = fold.closest("section")!;
  const opened = document.createElement("section");
  opened.append(heading);
  if (section.querySelector('[data-layer="1"]')) fold.before(opened);
  else element("opened").append(opened);
  return { fold, section, opened, title: heading.textContent! };
}

export class Followups {
  private readonly followups: Followup[] = [];
  private readonly groups = new Map<HTMLDetailsElement, Group>();
  private readonly unseen = new Set<string>();

  constructor(form: HTMLFormElement) {
    document.getElementById("more")?.before(element("opened"));
    form.querySelectorAll<HTMLElement>('[data-layer="2"]').forEach((ask) => this.add(ask));
    this.tidy();
  }

  private add(ask: HTMLElement): void {
    const fold = ask.closest("details")!;
    const found = this.groups.get(fold) ?? group(fold);
    if (!this.groups.has(fold)) {
      this.groups.set(fold, found);
      fold.addEventListener("toggle", () => fold.open && this.see(found));
    }
    const [home, away] = [new Comment(), new Comment()];
    ask.before(home);
    found.opened.append(away);
    this.followups.push({ id: ask.dataset["field"]!, showIf: ask.dataset["show"]!, ask, group: found, home, away });
  }

  private see(seen: Group): void {
    this.followups.forEach(({ id, group }) => group === seen && this.unseen.delete(id));
  }

  private tidy(): void {
    this.groups.forEach(({ fold, section, opened }) => {
      opened.hidden = !asks(opened);
      fold.hidden = !asks(fold);
      section.hidden = !asks(section);
    });
    element("opened").hidden = !asks(element("opened"));
  }

  /** The answers without those that were closed again and not seen since. */
  seen(answers: Answers): Answers {
    return Object.fromEntries(Object.entries(answers).filter(([field]) => !this.unseen.has(field)));
  }

  /** Opens and closes questions by all that the form holds, and says aloud what came. */
  follow(answers: Answers): void {
    const counted = new Map(Object.entries(this.seen(answers)));
    const came = new Set<string>();
    for (const { id, showIf, ask, group, home, away } of this.followups) {
      const [before, now] = [ask.previousSibling === away, holds(showIf, counted)];
      if (now === before) continue;
      (now ? away : home).after(ask);
      if (now) {
        came.add(group.title);
        this.unseen.delete(id);
        if (id in answers) counted.set(id, answers[id]);
      } else if (!group.fold.open) {
        this.unseen.add(id);
        counted.delete(id);
      }
    }
    this.tidy();
    if (came.size) say("questions", Array.from(came).join("; "));
  }
}
