/** What differs between the online page and the form that is carried: this is the page's side (carried/rim.ts). */

/** How `report.json` says that it was sealed. */
export const SEALED_BY = "browser";

/** Size classes below the others (sizes.py). */
export const SHORT: readonly number[] = [];
