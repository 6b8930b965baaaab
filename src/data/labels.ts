/** The label set: which labels there are, and which id each has. */
import { UserError } from '../errors.ts';
import type { Sentence } from './sentence.ts';

/** Order by code point, as Python's `sorted` has it; `<` on strings compares UTF-16 units, which differs beyond U+FFFF. */
export function byCodePoint(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** The labels of some sentences: "O" first, whether or not it occurs, then the others in order of their code points. */
export function labelSet(sentences: Iterable<Sentence>): string[] {
  const labels = new Set<string>();
  for (const sentence of sentences) for (const label of sentence.labels) labels.add(label);
  labels.delete('O');
  return ['O', ...[...labels].sort(byCodePoint)];
}

/** Id of each label: its place in the list. */
export const labelIdsOf = (labels: readonly string[]): Map<string, number> =>
  new Map(labels.map((label, id) => [label, id]));

/**
 * Reads a label file: one IOB2 label a line, ids by their order; blank lines are skipped.
 * @throws UserError that lists every line that is no IOB2 label or repeats one
 */
export function parseLabelFile(text: string, file: string): string[] {
  const lineOf = new Map<string, number>();
  const faults: string[] = [];
  for (const [i, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const label = line.trim();
    if (label === '') continue;
    const earlier = lineOf.get(label);
    if (earlier !== undefined) faults.push(`${file}:${i + 1}: ${label} stands in line ${earlier} already`);
    else if (!/^(O|[BI]-\S+)$/.test(label)) {
      faults.push(`${file}:${i + 1}: '${label}' is no IOB2 label; expected O, B-TYPE or I-TYPE`);
    } else lineOf.set(label, i + 1);
  }
  if (lineOf.size === 0 && faults.length === 0)
    faults.push(`${file}: no label in it; expected one a line, such as O, B-PER, I-PER`);
  if (faults.length > 0) throw new UserError(faults.join('\n'));
  return [...lineOf.keys()];
}

/** Labels that occur and `known` lacks, with how often they do and where first. */
export function unknownLabels(
  sentences: Iterable<Sentence>,
  known: readonly string[],
): Map<string, { count: number; first: Sentence }> {
  const unknown = new Map<string, { count: number; first: Sentence }>();
  const set = new Set(known);
  for (const sentence of sentences) {
    for (const label of sentence.labels) {
      if (set.has(label)) continue;
      const entry = unknown.get(label);
      if (entry) entry.count++;
      else unknown.set(label, { count: 1, first: sentence });
    }
  }
  return unknown;
}
