/** conlleval's report, character for character. Source: conlleval, version 2004-01-26, of the CoNLL-2003 shared task. */
import type { EntityScores } from './scores.ts';

const percent = (value: number): string => (100 * value).toFixed(2).padStart(6);

/** The table that conlleval prints, with a final newline. */
export function conllevalReport({ words, accuracy, micro, types }: EntityScores): string {
  const lines = [
    `processed ${words} tokens with ${micro.gold} phrases; found: ${micro.found} phrases; correct: ${micro.correct}.`,
    `accuracy: ${percent(accuracy)}%; precision: ${percent(micro.precision)}%; recall: ${percent(micro.recall)}%; FB1: ${percent(micro.f1)}`,
  ];
  for (const [type, s] of types) {
    lines.push(
      `${type.padStart(17)}: precision: ${percent(s.precision)}%; recall: ${percent(s.recall)}%; FB1: ${percent(s.f1)}  ${s.found}`,
    );
  }
  return `${lines.join('\n')}\n`;
}
