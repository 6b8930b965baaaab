/** seqeval's classification_report: its figures and its table. Source: seqeval 1.2.2. */
import { fixed } from './percentages.ts';
import type { EntityScores } from './scores.ts';

export interface ReportRow {
  precision: number;
  recall: number;
  'f1-score': number;
  support: number;
}

/**
 * What `classification_report(..., output_dict=True)` gives: a row a type, then the three means. Scores that conlleval's rules
 * gave are those of seqeval's default mode; scores by `strictSpansOf` those of `mode='strict', scheme=IOB2`. Where nothing is
 * divided by nothing stands 0 (zero_division=0); the macro mean over no type at all, NaN in seqeval, is 0 as well.
 */
export function seqevalReport({ micro, macro, weighted, types }: EntityScores): Record<string, ReportRow> {
  const row = (s: { precision: number; recall: number; f1: number }, support: number): ReportRow => ({
    precision: s.precision,
    recall: s.recall,
    'f1-score': s.f1,
    support,
  });
  return {
    // seqeval calls a type that labels such as a bare "B" don't name "_".
    ...Object.fromEntries([...types].map(([type, s]) => [type || '_', row(s, s.gold)])),
    'micro avg': row(micro, micro.gold),
    'macro avg': row(macro, micro.gold),
    'weighted avg': row(weighted, micro.gold),
  };
}

/** The table that `classification_report` gives as text, character for character. @param digits after the point */
export function seqevalTable(scores: EntityScores, digits = 2): string {
  const report = seqevalReport(scores);
  const width = Math.max(...Object.keys(report).map((name) => name.length), digits);
  const heads = ['precision', 'recall', 'f1-score', 'support'];
  const cell = (text: string) => ` ${text.padStart(9)}`;
  const lines = [`${' '.repeat(width)} ${heads.map(cell).join('')}`, ''];
  for (const [name, r] of Object.entries(report)) {
    if (name === 'micro avg') lines.push('');
    const cells = [r.precision, r.recall, r['f1-score']].map((v) => cell(fixed(v, digits)));
    lines.push(`${name.padStart(width)} ${cells.join('')}${cell(String(r.support))}`);
  }
  return `${lines.join('\n')}\n`;
}
