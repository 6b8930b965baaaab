/** Scores by entity type as a table for the terminal, and as plain JSON. */
import type { EntityScores, Scores } from './scores.ts';

const percent = (value: number): string => (100 * value).toFixed(2).padStart(9);

/**
 * A line a type, then the means. With a baseline, its F1 stands in a last column.
 * Percentages; gold, found and correct count entities.
 */
export function scoreTable(scores: EntityScores, baseline?: EntityScores): string {
  const width = Math.max(9, ...[...scores.types.keys()].map((t) => t.length)) + 2;
  const head = `${'type'.padEnd(width)}precision   recall       F1     gold    found  correct${baseline ? '  baseline F1' : ''}`;
  const last = (f1: number | undefined) => (baseline ? (100 * (f1 ?? 0)).toFixed(2).padStart(13) : '');
  const row = (name: string, s: Scores, base: number | undefined) =>
    `${name.padEnd(width)}${percent(s.precision)}${percent(s.recall)}${percent(s.f1)}` +
    [s.gold, s.found, s.correct].map((n) => String(n).padStart(9)).join('') +
    last(base);
  const lines = [head];
  for (const [type, s] of scores.types) lines.push(row(type, s, baseline?.types.get(type)?.f1));
  lines.push(row('all', scores.micro, baseline?.micro.f1));
  const { macro } = scores;
  lines.push(
    `${'macro'.padEnd(width)}${percent(macro.precision)}${percent(macro.recall)}${percent(macro.f1)}${' '.repeat(27)}${last(baseline?.macro.f1)}`,
  );
  return `${lines.join('\n')}\n`;
}

/** The same figures as fractions of 1. */
export function scoresToJson({
  words,
  accuracy,
  micro,
  macro,
  weighted,
  types,
}: EntityScores): Record<string, unknown> {
  return { words, accuracy, micro, macro, weighted, types: Object.fromEntries(types) };
}
