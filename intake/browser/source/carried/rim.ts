/** What differs between the online page and the form that is carried: this is the form's side (rim.ts). */

export const SEALED_BY = "carried-form";

/** A class of its own below the others, so that a short report is only a few messages long. */
export const SHORT: readonly number[] = [8192];

/** It is handed over whole, however long. */
export const LONG = Infinity;
