/** Bech32 (BIP 173) without its limit of 90 letters, as age writes recipients. */

const LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

function checksum(values: readonly number[]): number {
  let sum = 1;
  for (const value of values) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    GENERATOR.forEach((term, bit) => {
      if ((top >> bit) & 1) sum ^= term;
    });
  }
  return sum;
}

const expanded = (prefix: string): number[] => {
  const codes = Array.from(prefix, (letter) => letter.charCodeAt(0));
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
};

/** `bytes` under `prefix`, in lower case. */
export function toBech32(prefix: string, bytes: Uint8Array): string {
  const values: number[] = [];
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    bits = ((bits << 8) | byte) & 0xfff;
    for (held += 8; held >= 5; held -= 5) values.push((bits >> (held - 5)) & 31);
  }
  if (held) values.push((bits << (5 - held)) & 31);
  const sum = checksum([...expanded(prefix), ...values, 0, 0, 0, 0, 0, 0]) ^ 1;
  for (let shift = 25; shift >= 0; shift -= 5) values.push((sum >>> shift) & 31);
  return `${prefix}1${values.map((value) => LETTERS[value]).join("")}`;
}

/** The data of lower-case `text` under `prefix`, or null when prefix, letters, checksum or padding are wrong. */
export function fromBech32(prefix: string, text: string): Uint8Array | null {
  if (!text.startsWith(prefix + "1")) return null;
  const values = Array.from(text.slice(prefix.length + 1), (letter) => LETTERS.indexOf(letter));
  if (values.length < 6 || values.includes(-1)) return null;
  if (checksum([...expanded(prefix), ...values]) !== 1) return null;
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const value of values.slice(0, -6)) {
    bits = ((bits << 5) | value) & 0xfff;
    held += 5;
    if (held >= 8) {
      held -= 8;
      bytes.push((bits >> held) & 0xff);
    }
  }
  return held < 5 && (bits & ((1 << held) - 1)) === 0 ? Uint8Array.from(bytes) : null;
}
