/** Scores by entity type as a table for the terminal, and as plain JSON. */
import { fixed } from './percentages.ts';
import type { EntityScores } from './scores.ts';

interface Figures {
  precision: number;
  recall: number;
  f1: number;
}

/** Figures of a type that has none. */
const NONE: Figures = { precision: 0, recall: 0, f1: 0 };

const percent = (value: number): string => fixed(100 * value, 2);

const signed = (difference: number): string => {
  const text = fixed(100 * difference, 2);
  return text === '-0.00' || text === '0.00' ? '0.00' : difference > 0 ? `+${text}` : text;
};

/**
 * A line a type, then the means over all entities (micro) and over types (macro), then the accuracy of labels. With a baseline, its
 * F1 and how much the scores lie above it stand in two more columns. Figures in percent; gold, found and correct count
 * entities.
 */
export function scoreTable(scores: EntityScores, baseline?: EntityScores): string {
  const names = [...new Set([...scores.types.keys(), ...(baseline?.types.keys() ?? [])])].sort();
  const width = Math.max(...names.map((name) => name.length), 'macro'.length);
  const line = (name: string, figures: readonly string[], counts: readonly string[], compared: readonly string[]) =>
    [
      name.padEnd(width),
      ...figures.map((text) => text.padStart(9)),
      ...counts.map((text) => text.padStart(7)),
      ...(baseline ? compared.map((text) => text.padStart(11)) : []),
    ]
      .join('  ')
      .trimEnd();
  const row = (name: string, own: Figures, base: Figures, counts: readonly number[]) =>
    line(
      name,
      [own.precision, own.recall, own.f1].map(percent),
      counts.length > 0 ? counts.map(String) : ['', '', ''],
      [percent(base.f1), signed(own.f1 - base.f1)],
    );
  const lines = [
    line('type', ['precision', 'recall', 'F1'], ['gold', 'found', 'correct'], ['baseline F1', 'difference']),
    ...names.map((name) => {
      const own = scores.types.get(name) ?? { ...NONE, gold: 0, found: 0, correct: 0 };
      return row(name, own, baseline?.types.get(name) ?? NONE, [own.gold, own.found, own.correct]);
    }),
    row('micro', scores.micro, baseline?.micro ?? NONE, [scores.micro.gold, scores.micro.found, scores.micro.correct]),
    row('macro', scores.macro, baseline?.macro ?? NONE, []),
    `accuracy of ${scores.words} labels: ${percent(scores.accuracy)}` +
      (baseline ? ` (baseline ${percent(baseline.accuracy)})` : ''),
  ];
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
