/** Sentences as what the model is given: windows of sub-token ids, with a label at the first sub-token of each word. */
import { UserError } from '../errors.ts';
import { placeOf, type Sentence } from './sentence.ts';
import { splitIntoWindows, subTokensInWindow } from './windows.ts';

/** Label of positions that count neither in the loss nor in scores, as in PyTorch and transformers. */
export const IGNORED_LABEL = -100;

/** Which word the first sub-token at a position stands for. */
export interface WordPosition {
  /** Index among the sentences. */
  readonly sentence: number;
  /** Index among the sentence's words. */
  readonly word: number;
  /** Index into ids and labels. */
  readonly position: number;
}

/** One window. */
export interface Feature {
  /** [CLS] … [SEP] */
  readonly ids: Int32Array;
  /** Label id at each word's first sub-token, -100 elsewhere; as long as `ids`. */
  readonly labels: Int32Array;
  /** The window's words, in order. */
  readonly words: readonly WordPosition[];
}

export interface FeatureOptions {
  readonly clsId: number;
  readonly sepId: number;
  /** Stands for a word that tokenises to nothing. */
  readonly unkId: number;
  /** Sub-tokens of a window, [CLS] and [SEP] included. */
  readonly window: number;
  /** Id of each label; without it every label is -100 (text whose labels nobody knows). */
  readonly labelIds?: ReadonlyMap<string, number>;
}

/**
 * The windows of one sentence. Every word gets exactly one position in one of them.
 * @param sentence index that the positions name
 * @param pieces sub-token ids of each word, without special tokens; may be empty for a word
 * @throws UserError for a label that `labelIds` lacks
 */
export function sentenceFeatures(
  { words, labels, source }: Sentence,
  sentence: number,
  pieces: readonly (readonly number[])[],
  { clsId, sepId, unkId, window, labelIds }: FeatureOptions,
): Feature[] {
  if (pieces.length !== words.length) throw new Error(`${words.length} words, but pieces of ${pieces.length}`);
  return splitIntoWindows(pieces, window).map(({ from, to }) => {
    const ids = [clsId];
    const targets = [IGNORED_LABEL];
    const positions: WordPosition[] = [];
    for (let word = from; word < to; word++) {
      positions.push({ sentence, word, position: ids.length });
      const wordIds =
        pieces[word]!.length === 0 ? [unkId] : pieces[word]!.slice(0, subTokensInWindow(pieces[word]!, window));
      ids.push(...wordIds);
      targets.push(labelIds ? labelId(labelIds, labels[word]!, source) : IGNORED_LABEL);
      for (let i = 1; i < wordIds.length; i++) targets.push(IGNORED_LABEL);
    }
    ids.push(sepId);
    targets.push(IGNORED_LABEL);
    return { ids: Int32Array.from(ids), labels: Int32Array.from(targets), words: positions };
  });
}

/** The windows of all sentences, in order. `pieces` gives the sub-token ids of each of some words. */
export function makeFeatures(
  sentences: readonly Sentence[],
  pieces: (words: readonly string[]) => readonly (readonly number[])[],
  options: FeatureOptions,
): Feature[] {
  return sentences.flatMap((sentence, s) => sentenceFeatures(sentence, s, pieces(sentence.words), options));
}

function labelId(labelIds: ReadonlyMap<string, number>, label: string, source: Sentence['source']): number {
  const id = labelIds.get(label);
  if (id !== undefined) return id;
  const where = source ? `${placeOf(source)}: a word of this sentence` : 'a word';
  throw new UserError(
    `${where} has the label ${label}, which the label set lacks (${[...labelIds.keys()].join(' ')}).`,
  );
}
