/** conlleval's reports, character for character. Source: conlleval, version 2004-01-26, of the CoNLL-2003 shared task. */
import { type Percentages, percentagesOf, percentColumn } from './percentages.ts';
import type { EntityScores } from './scores.ts';

/** The table that conlleval prints, with a final newline. Without any word it is its first line alone. */
export function conllevalReport({ words, correctWords, micro, types }: EntityScores): string {
  const figures = ({ precision, recall, f1 }: Percentages): string =>
    `precision: ${percentColumn(precision)}%; recall: ${percentColumn(recall)}%; FB1: ${percentColumn(f1)}`;
  const lines = [
    `processed ${words} tokens with ${micro.gold} phrases; found: ${micro.found} phrases; correct: ${micro.correct}.`,
  ];
  if (words > 0) {
    lines.push(`accuracy: ${percentColumn((100 * correctWords) / words)}%; ${figures(percentagesOf(micro))}`);
  }
  for (const [type, scores] of types) {
    lines.push(`${type.padStart(17)}: ${figures(percentagesOf(scores))}  ${scores.found}`);
  }
  return `${lines.join('\n')}\n`;
}

/** The rows of a LaTeX table that `conlleval -l` prints in place of the table above. */
export function conllevalLatex({ micro, types }: EntityScores): string {
  const row = (name: string, { precision, recall, f1 }: Percentages): string =>
    `${name.padEnd(7)} &  ${percentColumn(precision)}\\% & ${percentColumn(recall)}\\% & ${percentColumn(f1)} \\\\`;
  const rows = [...types].map(([type, scores]) => `\n${row(type, percentagesOf(scores))}`);
  return (
    `        & Precision &  Recall  & F$_{\\beta=1} \\\\\\hline${rows.join('')}\\hline\n` +
    `${row('Overall', percentagesOf(micro))}\\hline\n`
  );
}
