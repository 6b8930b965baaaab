/** Dealing one file's sentences out to train, dev and test. */
import { UsageError, UserError } from '../errors.ts';
import { Random } from '../random.ts';
import { SPLITS, type SplitName } from './dataset.ts';
import { wordsKey } from './duplicates.ts';
import type { Sentence } from './sentence.ts';

/** Parts of train, dev and test; test may be 0. */
export type Ratio = Readonly<Record<SplitName, number>>;

/** Reads `80/10/10`, or `90/10` for train and dev alone. @throws UsageError for anything else */
export function parseRatio(text: string): Ratio {
  const parts = text.split('/').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (parts.length < 2 || parts.length > 3 || parts.some((part) => !(part > 0 && Number.isFinite(part)))) {
    throw new UsageError(
      `--split ${text}: expected the parts of train, dev and test, such as 80/10/10, or 90/10 without test.`,
    );
  }
  const [train, dev, test = 0] = parts as [number, number, number?];
  return { train, dev, test };
}

/**
 * Deals sentences out at random; within a split they keep their order. Sentences of the same words go to the same split, so
 * that none of dev's or test's was trained on.
 * @throws UserError where a split would be empty
 */
export function splitSentences(
  sentences: readonly Sentence[],
  ratio: Ratio,
  seed: number,
): Record<SplitName, Sentence[]> {
  const groups = new Map<string, number[]>();
  sentences.forEach((sentence, s) => {
    const key = wordsKey(sentence);
    const group = groups.get(key);
    if (group) group.push(s);
    else groups.set(key, [s]);
  });
  const whole = ratio.train + ratio.dev + ratio.test;
  const wanted = (name: SplitName) => Math.round((sentences.length * ratio[name]) / whole);
  const chosen: Record<SplitName, number[]> = { train: [], dev: [], test: [] };
  for (const group of new Random(seed).shuffle([...groups.values()])) {
    const held = (['dev', 'test'] as const).find((name) => chosen[name].length + group.length <= wanted(name));
    chosen[held ?? 'train'].push(...group);
  }
  for (const name of SPLITS) {
    if (ratio[name] > 0 && chosen[name].length === 0) {
      throw new UserError(
        `${sentences.length} sentences, ${groups.size} of them different, are too few to split: ${name} would be empty.`,
      );
    }
  }
  const take = (name: SplitName) => chosen[name].sort((a, b) => a - b).map((s) => sentences[s]!);
  return { train: take('train'), dev: take('dev'), test: take('test') };
}
