/** Bytes and the three ways this page writes them as text. */

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export function concat(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

export function random(size: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(size));
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes of hexadecimal text that is known to be such. */
export const fromHex = (text: string): Uint8Array =>
  Uint8Array.from({ length: text.length / 2 }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));

/** Standard alphabet; `padded` adds the `=` that signed notes have and age files don't. */
export function base64(bytes: Uint8Array, padded = false): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const triple = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += LETTERS[triple >> 18]! + LETTERS[(triple >> 12) & 63]!;
    if (left > 1) text += LETTERS[(triple >> 6) & 63]!;
    if (left > 2) text += LETTERS[triple & 63]!;
  }
  return padded ? text.padEnd(Math.ceil(bytes.length / 3) * 4, "=") : text;
}

/** The bytes of padded base64, or null: only the one canonical spelling of each value is taken. */
export function fromBase64(text: string): Uint8Array | null {
  const letters = text.replace(/={1,2}$/, "");
  const bytes = new Uint8Array(Math.floor((letters.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const letter of letters) {
    const value = LETTERS.indexOf(letter);
    if (value < 0) return null;
    bits = ((bits << 6) | value) & 0xfff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[at++] = bits >> held;
    }
  }
  return base64(bytes, true) === text ? bytes : null;
}
