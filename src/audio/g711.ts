/** The two laws of telephone audio (ITU-T G.711), 8 bits a sample: from a code to int16. */

export const muLaw = Int16Array.from({ length: 256 }, (_, code) => fromMuLaw(code));
export const aLaw = Int16Array.from({ length: 256 }, (_, code) => fromALaw(code));

/** Sign, 3 bits of exponent, 4 of mantissa, every other bit inverted. */
function fromALaw(code: number): number {
  const inverted = code ^ 0x55;
  const exponent = (inverted >> 4) & 7;
  const mantissa = ((inverted & 15) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 256) << (exponent - 1);
  return inverted & 0x80 ? magnitude : -magnitude;
}

/** As A-law, all bits inverted, with a bias of 132. */
function fromMuLaw(code: number): number {
  const inverted = ~code & 0xff;
  const magnitude = ((((inverted & 15) << 3) + 132) << ((inverted >> 4) & 7)) - 132;
  return inverted & 0x80 ? -magnitude : magnitude;
}
