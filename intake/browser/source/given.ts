/**
 * What the server says before this script, in the page's language: the places it may suggest, and the part of the page
 * that only a script shows. So a visit without scripts costs no byte for either.
 */

const given = self as unknown as { readonly places: string; readonly sending: string };

/** A place a line: its id, the id of the place around it, its name here, its other names, with "|" between them. */
export const places: string = given.places;

document.getElementById("sending")!.outerHTML = given.sending;
