/** One level of labels of a file, in IOB2 whatever scheme they had. */
import { detectScheme, type LabelScheme, toIob2 } from './label_schemes.ts';
import { counted, type ProblemLog } from './problems.ts';
import type { RawSentence } from './table.ts';

/** What is odd about the labels goes to `log`. @param scheme of the labels; told by them unless given */
export function inIob2(
  sentences: readonly RawSentence[],
  level: (sentence: RawSentence) => readonly string[],
  log: ProblemLog,
  scheme: LabelScheme = detectScheme(sentences.map(level)),
): { scheme: LabelScheme; labels: string[][] } {
  const begins: number[] = [];
  const labels = sentences.map((sentence) => {
    const converted = toIob2(level(sentence), scheme);
    for (const { word, kind, message } of converted.faults) log.warn(kind, sentence.lines[word]!, message);
    if (scheme === 'IOB1') begins.push(...sentence.lines.filter((_, w) => converted.labels[w] !== level(sentence)[w]));
    return converted.labels;
  });
  if (begins[0] !== undefined) {
    const count = counted(begins.length, 'entity begins', 'entities begin');
    log.warn('I- without B-', begins[0], `${count} with I- and none with B-, the first here: IOB1; read as B-`);
  }
  return { scheme, labels };
}
