/**
 * The notation that data/sample/corpus.txt is written in, and the files made from it.
 *
 * A line is a sentence, its tokens apart by single spaces; `# name` opens a section. A name stands in brackets behind its type,
 * and a name within it in brackets of its own, two levels at most:
 *
 *     Der [LOCderiv Berliner] Senat lobte den [ORG FC [LOC Bayern]] .
 */
import { UserError } from '../src/errors.ts';
import { Random } from '../src/random.ts';

/** GermEval 2014's twelve types (Benikova et al. 2014). */
export const TYPES = ['LOC', 'PER', 'ORG', 'OTH'].flatMap((type) => [type, `${type}deriv`, `${type}part`]);

export interface Span {
  type: string;
  /** First token and the token behind the last. */
  start: number;
  end: number;
}
export interface Sentence {
  tokens: string[];
  outer: Span[];
  inner: Span[];
  section: string;
  /** Line of the source file, from 1. */
  line: number;
}
export type Split = 'train' | 'dev' | 'test';

/** Reads one annotated line. Throws an Error that says what is wrong with it. */
export function parseSentence(text: string, section = '', line = 1): Sentence {
  const sentence: Sentence = { tokens: [], outer: [], inner: [], section, line };
  const open: Span[] = [];
  for (const word of text.split(' ')) {
    if (word.startsWith('[')) {
      const type = word.slice(1);
      if (!TYPES.includes(type)) throw new Error(`unknown type '${type}', expected one of ${TYPES.join(', ')}`);
      if (open.length === 2) throw new Error(`'${word}' stands on a third level, only two are possible`);
      open.push({ type, start: sentence.tokens.length, end: -1 });
      continue;
    }
    const token = word.replace(/\]+$/, '');
    if (token === '' || /[[\]\s\p{C}]/u.test(token)) {
      throw new Error(
        `'${word}' is not a token: expected text, with single spaces between tokens and ']' only at its end`,
      );
    }
    sentence.tokens.push(token);
    for (let i = token.length; i < word.length; i++) {
      const span = open.pop();
      if (!span) throw new Error(`']' after '${token}' closes nothing`);
      span.end = sentence.tokens.length;
      (open.length === 0 ? sentence.outer : sentence.inner).push(span);
    }
  }
  if (open.length > 0) throw new Error(`'[${open[0]!.type}' is never closed`);
  return sentence;
}

/** Reads the whole corpus. Every faulty line and every sentence that occurs twice is reported, in one UserError. */
export function parseCorpus(text: string, file: string): Sentence[] {
  const sentences: Sentence[] = [];
  const problems: string[] = [];
  const lineOf = new Map<string, number>();
  let section = '';
  for (const [i, content] of text.split('\n').entries()) {
    const line = i + 1;
    if (content === '') continue;
    if (content.startsWith('# ')) {
      section = content.slice(2);
      continue;
    }
    try {
      const sentence = parseSentence(content, section, line);
      const words = sentence.tokens.join(' ');
      const earlier = lineOf.get(words);
      if (earlier !== undefined) problems.push(`${file}:${line}: the same sentence stands in line ${earlier}`);
      else sentences.push(sentence);
      lineOf.set(words, earlier ?? line);
    } catch (error) {
      problems.push(`${file}:${line}: ${(error as Error).message}`);
    }
  }
  if (problems.length > 0) throw new UserError(`${problems.join('\n')}\n${problems.length} problem(s) in ${file}`);
  return sentences;
}

/** Deals the sentences out at random: `held_out` of them to dev, as many to test, the others to train. */
export function splitCorpus(sentences: readonly Sentence[], held_out: number, seed: number): Record<Split, Sentence[]> {
  const shuffled = new Random(seed).shuffle([...sentences]);
  return {
    dev: shuffled.slice(0, held_out),
    test: shuffled.slice(held_out, 2 * held_out),
    train: shuffled.slice(2 * held_out),
  };
}

/** IOB2 labels of `length` tokens. */
function labels(length: number, spans: readonly Span[]): string[] {
  const result = new Array<string>(length).fill('O');
  for (const { type, start, end } of spans) {
    result.fill(`I-${type}`, start, end);
    result[start] = `B-${type}`;
  }
  return result;
}

/**
 * GermEval 2014's format: a comment line with source and date, then a line a token (number from 1, token, outer label, inner
 * label, apart by tabs), and an empty line behind each sentence.
 */
export function toGermEval(sentences: readonly Sentence[], source: string, date: string): string {
  const blocks = sentences.map(({ tokens, outer, inner, section, line }) => {
    const [outerLabels, innerLabels] = [labels(tokens.length, outer), labels(tokens.length, inner)];
    const rows = tokens.map((token, i) => `${i + 1}\t${token}\t${outerLabels[i]}\t${innerLabels[i]}\n`);
    return `#\t${source}:${line} (${section})\t[${date}]\n${rows.join('')}\n`;
  });
  return blocks.join('');
}
