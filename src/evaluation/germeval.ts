/**
 * GermEval 2014's three metrics over two levels of entities.
 * Source: Benikova, Biemann, Kisselew, Padó 2014, "GermEval 2014 Named Entity Recognition Shared Task", section 4.
 */
import { type Scores, scoresOf } from './scores.ts';
import { type Span, spanKey, spansOf } from './spans.ts';

/** One sentence's labels on both levels. */
export interface NestedSentence {
  gold: { outer: readonly string[]; inner: readonly string[] };
  predicted: { outer: readonly string[]; inner: readonly string[] };
}

export interface GermEvalScores {
  /** Bounds, type and level must be right; outer and inner entities count together. */
  strict: Scores;
  /** As strict, but LOCderiv and LOCpart count as LOC, and so on. */
  loose: Scores;
  outer: Scores;
  inner: Scores;
}

const looseType = (type: string): string => type.replace(/(deriv|part)$/, '');

export function scoreGermEval(sentences: Iterable<NestedSentence>): GermEvalScores {
  const empty = () => ({ gold: 0, found: 0, correct: 0 });
  const counts = { strict: empty(), loose: empty(), outer: empty(), inner: empty() };
  for (const { gold, predicted } of sentences) {
    for (const level of ['outer', 'inner'] as const) {
      const [goldSpans, foundSpans] = [spansOf(gold[level]), spansOf(predicted[level])];
      const shared = (change: (span: Span) => Span) => {
        const keys = new Set(goldSpans.map((s) => spanKey(change(s))));
        return foundSpans.filter((s) => keys.has(spanKey(change(s)))).length;
      };
      const strict = shared((s) => s);
      const loose = shared((s) => ({ ...s, type: looseType(s.type) }));
      for (const [name, correct] of [
        ['strict', strict],
        ['loose', loose],
        [level, strict],
      ] as const) {
        counts[name].gold += goldSpans.length;
        counts[name].found += foundSpans.length;
        counts[name].correct += correct;
      }
    }
  }
  return {
    strict: scoresOf(counts.strict),
    loose: scoresOf(counts.loose),
    outer: scoresOf(counts.outer),
    inner: scoresOf(counts.inner),
  };
}

/** A table of the metrics as the shared task reports them. */
export function germevalReport(scores: GermEvalScores): string {
  const rows: [string, Scores][] = [
    ['M1 strict, outer and inner', scores.strict],
    ['M2 loose types', scores.loose],
    ['M3 outer', scores.outer],
    ['M3 inner', scores.inner],
  ];
  const percent = (v: number) => (100 * v).toFixed(2).padStart(10);
  const lines = [`${''.padEnd(28)} precision    recall        F1`];
  for (const [name, s] of rows)
    lines.push(`${name.padEnd(28)}${percent(s.precision)}${percent(s.recall)}${percent(s.f1)}`);
  return `${lines.join('\n')}\n`;
}
