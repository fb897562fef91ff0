/** The keyring of one visit: fetched until it comes, believed, and never gone back on. */

import { random } from "./bytes.ts";
import { believe, type Keyring, type Trust } from "./keyring.ts";
import { growing, line } from "./line.ts";
import { Refusal } from "./refusal.ts";

export class Visit {
  /** YYYY-MM-DD, by the device's clock or, once asked, by the person. */
  today = new Date().toISOString().slice(0, 10);
  private asked = false;
  private keyring: Keyring | null = null;
  private seen: Keyring | undefined;

  /** `waiting` is called whenever the keyring can't be fetched and will be tried again. */
  constructor(
    readonly trust: Trust,
    private readonly waiting: () => void,
  ) {}

  /** The day as a person says it. */
  date(day: string): void {
    this.asked = true;
    this.today = day;
  }

  async current(): Promise<Keyring> {
    return this.keyring ?? this.newest();
  }

  /** Fetched anew. Throws `Refusal`. */
  async newest(): Promise<Keyring> {
    const note = await this.fetchNote();
    this.keyring = null;
    this.seen = this.keyring = believe(note, this.trust, this.today, this.asked, this.seen);
    return this.keyring;
  }

  private async fetchNote(): Promise<Uint8Array> {
    for (let tries = 0; ; tries++) {
      try {
        const answer = await fetch("/keyring.note", { cache: "no-store", credentials: "omit", redirect: "error" });
        if (answer.ok) return new Uint8Array(await answer.arrayBuffer());
      } catch {
        // No connection is the common case here, not an error: wait and try again.
      }
      this.waiting();
      await line.pause(growing(tries));
    }
  }
}

/** A first draw, so that a browser without randomness says so before anything is typed. */
export function checkRandom(): void {
  try {
    if (!random(32).some(Boolean)) throw new Refusal("random");
  } catch {
    throw new Refusal("random");
  }
}
