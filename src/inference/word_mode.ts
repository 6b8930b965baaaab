/**
 * The default mode: entities of whole words. The text is split into words as corpora are, so that the model sees what it was
 * trained on; each word is read in its sentence's window, nothing is cut off, and an entity's `word` is the source's own text.
 */
import {
  argmax,
  type GroupedEntity,
  groupRuns,
  type Labelled,
  mean,
  readTag,
  type Strategy,
  wordProbabilities,
} from './entities.ts';
import type { Word } from './words.ts';

/** A stretch of words that fits the model's window, with one word's ids after the other. */
export interface WordWindow {
  ids: Int32Array;
  /** For each word of the window: which word of the text, and where its pieces lie in `ids`, end exclusive. */
  words: { word: number; from: number; to: number }[];
}

export interface WindowTokens {
  clsId: number;
  sepId: number;
  unkId: number;
}

/**
 * Packs words into windows of at most `window` pieces, [CLS] and [SEP] among them. A word of no piece takes [UNK]; one that
 * is longer than a window is cut, its first pieces stand for it.
 */
export function wordWindows(
  pieces: readonly (readonly number[])[],
  window: number,
  tokens: WindowTokens,
): WordWindow[] {
  const room = window - 2;
  const windows: WordWindow[] = [];
  let ids: number[] = [];
  let words: WordWindow['words'] = [];
  const close = () => {
    if (words.length > 0) windows.push({ ids: Int32Array.from([tokens.clsId, ...ids, tokens.sepId]), words });
    ids = [];
    words = [];
  };
  pieces.forEach((list, word) => {
    const own = (list.length === 0 ? [tokens.unkId] : list).slice(0, room);
    if (ids.length + own.length > room) close();
    const from = ids.length + 1;
    ids.push(...own);
    words.push({ word, from, to: from + own.length });
  });
  close();
  return windows;
}

/** Label and score of each word of a text. */
export function labelWords(
  count: number,
  windows: readonly { window: WordWindow; probabilities: Float32Array }[],
  labels: readonly string[],
  strategy: Strategy,
): { label: string; score: number }[] {
  const result = new Array<{ label: string; score: number }>(count);
  for (const { window, probabilities } of windows) {
    for (const { word, from, to } of window.words) {
      const rows = Array.from({ length: to - from }, (_, i) =>
        probabilities.subarray((from + i) * labels.length, (from + i + 1) * labels.length),
      );
      const row = wordProbabilities(rows, strategy);
      const best = argmax(row);
      result[word] = { label: labels[best]!, score: row[best]! };
    }
  }
  return result;
}

/** Words of one entity as one; start and end count UTF-16 units of `text`. */
export function groupWords(
  text: string,
  words: readonly Word[],
  labelled: readonly { label: string; score: number }[],
  ignoreLabels: readonly string[],
): GroupedEntity[] {
  const items = words.map(({ start, end, text: word }, i): Labelled => ({ ...labelled[i]!, word, start, end }));
  return groupRuns(items)
    .map((run) => {
      const [start, end] = [run[0]!.start, run.at(-1)!.end];
      const entity_group = readTag(run[0]!.label).type;
      return { entity_group, score: mean(run.map((w) => w.score)), word: text.slice(start, end), start, end };
    })
    .filter((e) => !ignoreLabels.includes(e.entity_group));
}
