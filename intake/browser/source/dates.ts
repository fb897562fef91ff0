/** Dates as people know them: a year, a month of a year, or a day, written YYYY[-MM[-DD]] (intake/report/dates.py). */

export const YEAR = /^(19[0-9]{2}|20[0-9]{2}|2100)$/;

const TWO = /^(0?[1-9]|[12][0-9]|3[01])$/;
const ISO = /^([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?$/;
const DOTTED = /^(?:(?:([0-9]{1,2})\.)?([0-9]{1,2})\.)?([0-9]{4})$/;

/** How much of a date is known: 0 nothing, 1 the year, 2 the month too, 3 the day. */
export const depth = (date: string): number => (date ? date.split("-").length : 0);

/** The date of text as people type it, or nothing. */
export function readDate(text: string): string {
  const [iso, dotted] = [ISO.exec(text), DOTTED.exec(text)];
  const parts = iso ? iso.slice(1) : dotted ? dotted.slice(1).reverse() : [];
  const given = parts.filter(Boolean).length;
  const date = buildDate(parts[0] ?? "", parts[1] ?? "", parts[2] ?? "");
  return depth(date) === given ? date : "";
}

/** The date as far as year, month and day fit together, from the left. */
export function buildDate(year: string, month: string, day: string): string {
  if (!YEAR.test(year)) return "";
  if (!TWO.test(month) || Number(month) > 12) return year;
  const upToMonth = `${year}-${month.padStart(2, "0")}`;
  const whole = `${upToMonth}-${day.padStart(2, "0")}`;
  const time = TWO.test(day) ? Date.parse(`${whole}T00:00:00Z`) : NaN;
  return !isNaN(time) && new Date(time).toISOString().startsWith(whole) ? whole : upToMonth;
}
