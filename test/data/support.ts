/** Data written down in tests. */
import { type ReadOptions, readSentences } from '../../src/data/read.ts';
import type { Sentence } from '../../src/data/sentence.ts';

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Reads `content` as a file named `file`; problems come as `line severity kind`. */
export function read(content: string | Uint8Array, options: ReadOptions = {}, file = 'file') {
  const bytes = typeof content === 'string' ? utf8(content) : content;
  const result = readSentences({ file, bytes }, options);
  const problems = result.problems.map(({ line, severity, kind }) => `${line ?? '-'} ${severity} ${kind}`);
  return { ...result, problems, words: result.sentences.map(({ words }) => words.join(' ')) };
}

/** A sentence from `word/label` pairs: `sentence('Anna/B-PER kam/O')`. */
export function sentence(text: string, file = 'file', line = 1): Sentence {
  const pairs = text.split(' ').map((pair) => pair.split('/') as [string, string]);
  return { words: pairs.map(([word]) => word), labels: pairs.map(([, label]) => label), source: { file, line } };
}
