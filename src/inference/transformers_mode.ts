/**
 * Exactly what transformers' pipeline("token-classification") answers, quirks included: words are guessed from spaces, so
 * punctuation sticks to its neighbour and may hide an entity ("(Berlin)."), and words of an entity are joined without a
 * space by first, average and max. For comparison with it; the default mode has none of this.
 * Source: the behaviour of transformers 5's TokenClassificationPipeline.
 */
import {
  argmax,
  type Entity,
  type GroupedEntity,
  groupRuns,
  type Labelled,
  mean,
  readTag,
  type Strategy,
  wordProbabilities,
} from './entities.ts';

/** What the tokenizer gives for one window; offsets count code points of the whole text. */
export interface Window {
  ids: readonly number[];
  tokens: readonly string[];
  codePointOffsets: readonly (readonly [number, number])[];
  specialTokensMask: readonly number[];
}

export interface ModeOptions {
  strategy: Strategy;
  labels: readonly string[];
  ignoreLabels: readonly string[];
  unkId: number;
}

interface Piece {
  token: string;
  row: Float32Array;
  start: number;
  end: number;
  index: number;
  /** Guessed to go on with the word before: no space stands at its start. */
  continues: boolean;
}

/** How the Metaspace decoder joins pieces: ▁ is a space, but for the first piece, which loses it. */
const join = (tokens: readonly string[]): string =>
  tokens.map((token, i) => token.replaceAll('▁', i === 0 ? '' : ' ')).join('');

function piecesOf(text: readonly string[], window: Window, probabilities: Float32Array, o: ModeOptions): Piece[] {
  const width = o.labels.length;
  return window.ids.flatMap((id, index) => {
    if (window.specialTokensMask[index]) return [];
    const [start, end] = window.codePointOffsets[index]!;
    const unknown = id === o.unkId;
    return {
      token: unknown ? text.slice(start, end).join('') : window.tokens[index]!,
      row: probabilities.subarray(index * width, (index + 1) * width),
      start,
      end,
      index,
      continues: !unknown && start > 0 && !text.slice(start - 1, start + 1).includes(' '),
    };
  });
}

function labelled(row: ArrayLike<number>, labels: readonly string[], pieces: readonly Piece[], word: string): Labelled {
  const best = argmax(row);
  return { label: labels[best]!, score: row[best]!, word, start: pieces[0]!.start, end: pieces.at(-1)!.end };
}

function answerWindow(text: readonly string[], window: Window, probabilities: Float32Array, o: ModeOptions): Entity[] {
  const pieces = piecesOf(text, window, probabilities, o);
  if (o.strategy === 'none') {
    return pieces
      .map((p): Entity => {
        const { label, score, word, start, end } = labelled(p.row, o.labels, [p], p.token);
        return { entity: label, score, index: p.index, word, start, end };
      })
      .filter((e) => 'entity' in e && !o.ignoreLabels.includes(e.entity));
  }
  const groups: Piece[][] = [];
  for (const piece of pieces) {
    if (o.strategy !== 'simple' && piece.continues && groups.length > 0) groups.at(-1)!.push(piece);
    else groups.push([piece]);
  }
  const words = groups.map((group) => {
    const word = o.strategy === 'simple' ? group[0]!.token : join(group.map((p) => p.token));
    const row = wordProbabilities(
      group.map((p) => p.row),
      o.strategy,
    );
    return labelled(row, o.labels, group, word);
  });
  return groupRuns(words)
    .map(
      (run): GroupedEntity => ({
        entity_group: readTag(run[0]!.label).type,
        score: mean(run.map((w) => w.score)),
        word: join(run.map((w) => w.word)),
        start: run[0]!.start,
        end: run.at(-1)!.end,
      }),
    )
    .filter((e) => !o.ignoreLabels.includes(e.entity_group));
}

/** Of entities that overlap where windows do, the longest stays; of equally long ones the surest. */
function mergeOverlaps(entities: readonly GroupedEntity[]): GroupedEntity[] {
  const merged: GroupedEntity[] = [];
  for (const entity of [...entities].sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (!last || entity.start < last.start || entity.start >= last.end) {
      merged.push(entity);
      continue;
    }
    const longer = entity.end - entity.start - (last.end - last.start);
    if (longer > 0 || (longer === 0 && entity.score > last.score)) merged[merged.length - 1] = entity;
  }
  return merged;
}

/**
 * Entities of a text. start and end count code points.
 * @param windows of the text, and each one's probabilities [tokens, labels].
 */
export function answerAsTransformers(
  text: string,
  windows: readonly { window: Window; probabilities: Float32Array }[],
  options: ModeOptions,
): Entity[] {
  const characters = [...text];
  const all = windows.flatMap(({ window, probabilities }) => answerWindow(characters, window, probabilities, options));
  return windows.length > 1 ? mergeOverlaps(all as GroupedEntity[]) : all;
}
