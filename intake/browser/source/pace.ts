/** How long sending will take, judged by what has left in the last minutes, cuts and pauses included. */

interface Mark {
  readonly at: number;
  readonly bytes: number;
}

/** Milliseconds that are looked back on, and those without which nothing is said. */
const WINDOW = 180_000;
const ENOUGH = 8_000;
const BETWEEN = 1_000;

export class Pace {
  private marks: Mark[] = [];

  /** Seconds left at the time `at` in milliseconds, or null while nobody can know. */
  left(bytes: number, whole: number, at: number): number | null {
    // Fewer than ever: it began anew.
    if (this.marks[0] && bytes < this.marks[0].bytes) this.marks = [];
    const last = this.marks[this.marks.length - 1];
    if (!last || at - last.at >= BETWEEN) this.marks.push({ at, bytes });
    while (this.marks[1] && at - this.marks[1].at >= WINDOW) this.marks.shift();
    const first = this.marks[0]!;
    if (at - first.at < ENOUGH || bytes <= first.bytes) return null;
    return ((whole - bytes) * (at - first.at)) / (bytes - first.bytes) / 1000;
  }
}
