/** Why this page will not seal or send. Each word has its own sentence in the page. */

export type Reason =
  | "keyring" // the keyring did not verify against the roots in this page
  | "closed" // the keyring is past its day
  | "date" // today lies outside the keyring's days: the device's date may be wrong
  | "random" // the browser gives no random numbers
  | "remote" // the page runs on somebody's server (Opera Mini), not on this device
  | "large" // more text than one report may carry
  | "full" // the server's store is full
  | "fault"; // anything else: nothing was sent

export class Refusal extends Error {
  constructor(readonly reason: Reason) {
    super(reason);
  }
}
