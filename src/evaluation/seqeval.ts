/** seqeval's classification_report: its figures and its table. Source: seqeval 1.2.2. */
import type { EntityScores } from './scores.ts';

export interface ReportRow {
  precision: number;
  recall: number;
  'f1-score': number;
  support: number;
}

/** What `classification_report(..., output_dict=True)` gives: a row a type, then the three means. */
export function seqevalReport({ micro, macro, weighted, types }: EntityScores): Record<string, ReportRow> {
  const row = (s: { precision: number; recall: number; f1: number }, support: number): ReportRow => ({
    precision: s.precision,
    recall: s.recall,
    'f1-score': s.f1,
    support,
  });
  return {
    ...Object.fromEntries([...types].map(([type, s]) => [type, row(s, s.gold)])),
    'micro avg': row(micro, micro.gold),
    'macro avg': row(macro, micro.gold),
    'weighted avg': row(weighted, micro.gold),
  };
}

/** The table that `classification_report` gives as text. @param digits after the point. */
export function seqevalTable(scores: EntityScores, digits = 2): string {
  const report = seqevalReport(scores);
  const width = Math.max(...Object.keys(report).map((name) => name.length), digits);
  const heads = ['precision', 'recall', 'f1-score', 'support'];
  const lines = [`${' '.repeat(width)} ${heads.map((h) => h.padStart(10)).join('')}`, ''];
  for (const [name, r] of Object.entries(report)) {
    if (name === 'micro avg') lines.push('');
    const cells = [r.precision, r.recall, r['f1-score']].map((v) => v.toFixed(digits).padStart(10));
    lines.push(`${name.padStart(width)} ${cells.join('')}${String(r.support).padStart(10)}`);
  }
  return `${lines.join('\n')}\n`;
}
