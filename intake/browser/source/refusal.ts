/** Why this page will not seal or send. Each word has its own sentence in the page. */

export type Reason =
  | "keyring" // the keyring did not verify against the roots in this page
  | "closed" // the keyring is past its day
  | "date" // today lies outside the keyring's days: the device's date may be wrong
  | "random" // the browser gives no random numbers
  | "remote" // the page runs on somebody's server (Opera Mini), not on this device
  | "large" // more text than one report may carry
  | "full" // the server's store is full
  | "unreadable" // a file changed, was moved or taken away
  | "stopped" // by the witness
  | "fault"; // anything else: nothing was sent

export class Refusal extends Error {
  /** By its name, since scripts that are loaded one by one have a class each. */
  override readonly name = "Refusal";

  constructor(readonly reason: Reason) {
    super(reason);
  }

  static is(error: unknown): error is Refusal {
    return error instanceof Error && error.name === "Refusal";
  }
}
