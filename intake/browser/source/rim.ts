/** What differs between the online page and the form that is carried: this is the page's side (carried/rim.ts). */

/** How `report.json` says that it was sealed. */
export const SEALED_BY = "browser";

/** Size classes below the others (sizes.py). */
export const SHORT: readonly number[] = [];

/**
 * From so many bytes on a package goes in parts. The drop would take one of 1 MiB at once; a line of 50 kbit/s that
 * breaks every two minutes would never carry it.
 */
export const LONG = 1_048_576;
