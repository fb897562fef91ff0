export type Kind = string;
export function answersOf(_kinds: Map<string, Kind>, pairs: Array<[string, string]>): Record<string, unknown> {
  return Object.fromEntries(pairs.filter(([, value]) => value !== ""));
}
