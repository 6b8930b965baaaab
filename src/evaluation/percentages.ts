/** Figures in percent, and numbers rounded as C's printf and Python's format round them, which the reports here follow. */
import type { Counts } from './scores.ts';

/**
 * `value` with `digits` decimals. An exact tie goes to the even digit, as in C, Perl and Python (15.625 -> 15.62), where
 * `toFixed` rounds up.
 */
export function fixed(value: number, digits: number): string {
  // Of binary fractions only odd multiples of 2^-(digits + 1) lie exactly in the middle of two decimals.
  const isTie = Math.abs((value * 2 ** (digits + 1)) % 2) === 1;
  const up = value.toFixed(digits);
  if (!isTie || Number(up.at(-1)) % 2 === 0) return up;
  return (value - (Math.sign(value) * 10 ** -digits) / 4).toFixed(digits);
}

/** `%6.2f` of a percentage. */
export const percentColumn = (value: number): string => fixed(value, 2).padStart(6);

export interface Percentages {
  precision: number;
  recall: number;
  f1: number;
}

/** In the order of operations of conlleval and GermEval's script, so that not even the last bit before rounding differs. */
export function percentagesOf({ gold, found, correct }: Counts): Percentages {
  const precision = found === 0 ? 0 : (100 * correct) / found;
  const recall = gold === 0 ? 0 : (100 * correct) / gold;
  return { precision, recall, f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}
