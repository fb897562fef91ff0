/** The form in one file: the page and its sealing worker as they are, run side by side. */

import "../page.ts";
import "../seal.ts";
