/** What the ciphers need and Safari 14 lacks. */

const view = DataView.prototype;

view.setBigUint64 ??= function (this: DataView, at: number, value: bigint, little = false): void {
  const low = Number(BigInt.asUintN(32, value));
  const high = Number(BigInt.asUintN(32, value >> BigInt(32)));
  this.setUint32(at + (little ? 0 : 4), low, little);
  this.setUint32(at + (little ? 4 : 0), high, little);
};

export {};
