/** Rounding to IEEE 754 half precision. */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Half-precision bits nearest to the number with these single-precision bits; ties go to the even one. */
function roundBits(single: number): number {
  const sign = (single >>> 16) & 0x8000;
  const magnitude = single & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // not a number
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65520 and more round to infinity
  if (magnitude < 0x38800000) {
    // Below 2⁻¹⁴: a multiple of 2⁻²⁴. From 0.5 on float32 has that very distance between neighbours, so the sum rounds as wanted.
    bits[0] = magnitude;
    float[0] = float[0]! + 0.5;
    return sign | (bits[0]! - 0x3f000000);
  }
  return sign | ((magnitude + 0xfff + ((magnitude >>> 13) & 1) - 0x38000000) >>> 13);
}

/** Bits of the half-precision number nearest to `value`, which float32 holds. Beyond 65504 it is infinite. */
export function halfBits(value: number): number {
  float[0] = value;
  return roundBits(bits[0]!);
}

/** Values as half-precision bits. */
export function toHalf(values: Float32Array): Uint16Array {
  const singles = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < halves.length; i++) halves[i] = roundBits(singles[i]!);
  return halves;
}
