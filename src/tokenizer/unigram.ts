/**
 * The unigram language model of a SentencePiece vocabulary (Kudo 2018, arXiv:1804.10959): cuts a word into the pieces whose
 * scores (log probabilities) have the greatest sum, found with Viterbi's algorithm over a trie of the pieces.
 */
import { stringOf } from './aligned_text.ts';
import type { UnigramJson } from './tokenizer_json.ts';

/** How far the score of an unknown character lies below the smallest of the vocabulary (SentencePiece's kUnkPenalty). */
const UNKNOWN_PENALTY = 10;

/** Receives a piece: characters `from` up to `to`, and its id. */
export type PieceVisitor = (from: number, to: number, id: number) => void;

export class Unigram {
  readonly #scores: Float64Array;
  readonly #ids = new Map<string, number>();
  readonly #pieces: readonly string[];
  readonly #unknownId: number;
  readonly #unknownScore: number;
  readonly #trie: Trie;
  // Of the best way to each position: its score, where its last piece starts, and that piece's id. Grows as needed.
  #best = new Float64Array(64);
  #start = new Int32Array(64);
  #id = new Int32Array(64);

  constructor(model: UnigramJson, unknownId: number) {
    this.#pieces = model.vocab.map(([piece]) => piece);
    this.#scores = Float64Array.from(model.vocab, ([, score]) => score);
    this.#unknownId = unknownId;
    this.#unknownScore = this.#scores.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY) - UNKNOWN_PENALTY;
    this.#trie = new Trie(model.vocab.reduce((sum, [piece]) => sum + piece.length, 1));
    for (const [id, [piece]] of model.vocab.entries()) {
      this.#ids.set(piece, id);
      this.#trie.add(piece, id);
    }
  }

  /** Number of pieces. */
  get size(): number {
    return this.#pieces.length;
  }
  /** The id of a piece, or undefined. */
  idOf(piece: string): number | undefined {
    return this.#ids.get(piece);
  }
  /** The piece of an id, or undefined. */
  pieceOf(id: number): string | undefined {
    return this.#pieces[id];
  }

  /**
   * Cuts `word`, calling `visit` for each piece in order; unknown characters in a row are one piece. Takes time and memory in
   * proportion to the word's length. Ties go to the piece that starts first, as in tokenizers (`encode_optimized`).
   */
  cut(word: readonly number[], visit: PieceVisitor): void {
    const length = word.length;
    if (this.#best.length <= length) {
      this.#best = new Float64Array(2 * length);
      this.#start = new Int32Array(2 * length);
      this.#id = new Int32Array(2 * length);
    }
    const [best, start, id] = [this.#best, this.#start, this.#id];
    best[0] = 0;
    start.fill(-1, 0, length + 1);
    const offer = (from: number, to: number, piece: number, score: number): void => {
      const candidate = score + best[from]!;
      if (start[to] === -1 || candidate > best[to]!) {
        best[to] = candidate;
        start[to] = from;
        id[to] = piece;
      }
    };
    for (let from = 0; from < length; from++) {
      let single = false;
      let node = Trie.ROOT;
      for (let to = from; to < length; to++) {
        node = this.#trie.child(node, word[to]!);
        if (node < 0) break;
        const piece = this.#trie.valueOf(node);
        if (piece < 0) continue;
        offer(from, to + 1, piece, this.#scores[piece]!);
        if (to === from) single = true;
      }
      if (!single) offer(from, from + 1, this.#unknownId, this.#unknownScore);
    }
    const cuts: number[] = []; // where each piece ends, from the last to the first
    for (let to = length; to > 0; to = start[to]!) cuts.push(to);
    let from = 0;
    for (let i = cuts.length - 1; i >= 0; i--) {
      const to = cuts[i]!;
      const unknown = id[to] === this.#unknownId;
      if (unknown && i > 0 && id[cuts[i - 1]!] === this.#unknownId) continue;
      // Unknown characters are looked up together once more, as tokenizers does.
      visit(from, to, unknown ? (this.#ids.get(stringOf(word, from, to)) ?? this.#unknownId) : id[to]!);
      from = to;
    }
  }
}

/** A trie over code points; its edges stand in one hash table with open addressing. */
class Trie {
  static readonly ROOT = 0;
  readonly #mask: number;
  readonly #parents: Int32Array;
  readonly #labels: Int32Array;
  readonly #children: Int32Array;
  readonly #values: Int32Array;
  #nodes = 1;

  /** Room for `capacity` nodes, the root among them. */
  constructor(capacity: number) {
    const slots = 2 ** Math.ceil(Math.log2(2 * capacity));
    this.#mask = slots - 1;
    this.#parents = new Int32Array(slots);
    this.#labels = new Int32Array(slots);
    this.#children = new Int32Array(slots); // 0: a free slot, since no edge leads to the root
    this.#values = new Int32Array(capacity).fill(-1);
  }

  add(key: string, value: number): void {
    let node = Trie.ROOT;
    for (const character of key) {
      const label = character.codePointAt(0)!;
      const slot = this.#slot(node, label);
      if (this.#children[slot] === 0) {
        this.#parents[slot] = node;
        this.#labels[slot] = label;
        this.#children[slot] = this.#nodes++;
      }
      node = this.#children[slot]!;
    }
    this.#values[node] = value;
  }

  /** The node that `label` leads to from `node`, or -1. */
  child(node: number, label: number): number {
    return this.#children[this.#slot(node, label)]! || -1;
  }

  /** What was added at `node`, or -1. */
  valueOf(node: number): number {
    return this.#values[node]!;
  }

  #slot(node: number, label: number): number {
    const [parents, labels, children, mask] = [this.#parents, this.#labels, this.#children, this.#mask];
    let slot = (Math.imul(node, 0x9e3779b1) ^ Math.imul(label, 0x85ebca6b)) >>> 0;
    slot = (slot ^ (slot >>> 15)) & mask;
    while (children[slot] !== 0 && (parents[slot] !== node || labels[slot] !== label)) slot = (slot + 1) & mask;
    return slot;
  }
}
