/**
 * What the server says before this script, in the page's language: the places it may suggest, and the part of the page
 * that only a script shows. So a visit without scripts costs no byte for either.
 */

interface Given {
  readonly places: string;
  readonly sending: string;
  readonly pick?: string;
  readonly files?: string;
}

const given = self as unknown as Given;

/** A place a line: its id, the id of the place around it, its name here, its other names, with "|" between them. */
export const places: string = given.places;

/** How a question for files is answered with scripts, and the path of the script that it then takes. */
export const { pick = "", files = "" } = given;

document.getElementById("sending")!.outerHTML = given.sending;
