/**
 * ALBERT's tokenizer: text or words into ids of its SentencePiece vocabulary, with the word and the characters that each
 * piece came from.
 *
 * What it gives is what transformers' AlbertTokenizer gives, which is the Rust library tokenizers: ids, pieces, word ids and
 * offsets. It is written after that and not on @huggingface/tokenizers, since that library gives no offsets, applies
 * NFKC in place of the vocabulary's own normalisation table, loses the ▁ before a quotation mark written `` or '' inside
 * a word, and takes a gigabyte of memory for a megabyte of text without spaces.
 */
import { UserError } from '../errors.ts';
import { AddedTokenFinder } from './added_tokens.ts';
import { AlignedText, stringOf } from './aligned_text.ts';
import { type Encoding, type Span, toCodePoints } from './encoding.ts';
import { makeNormalizer, type Normalizer } from './normalizer.ts';
import { makePreTokenizer, type PreTokenizer } from './pre_tokenizer.ts';
import { readTokenizerConfig, type TokenizerConfig } from './tokenizer_config.ts';
import { type AddedTokenJson, readTokenizerJson, type TemplateItemJson, type TokenizerJson } from './tokenizer_json.ts';
import { Unigram } from './unigram.ts';

export type { Encoding, Span } from './encoding.ts';

export interface EncodeOptions {
  /** Put [CLS] before and [SEP] after (default true). */
  addSpecialTokens?: boolean;
}
export interface DecodeOptions {
  /** Leave out [CLS], [SEP], <pad> and the like (default false). */
  skipSpecialTokens?: boolean;
}

/** Words of which `pieces` remembers the ids; with more the memory is begun anew. */
const REMEMBERED_WORDS = 200_000;

/** Receives a piece of a text. `start` and `end` are UTF-16 units of the text; `split` counts the text's words. */
type PieceVisitor = (id: number, token: () => string, start: number, end: number, split: number) => void;

export class AlbertTokenizer {
  /** The tokenizer.json that this was made from, as read. */
  readonly json: TokenizerJson;
  readonly config: TokenizerConfig;
  readonly clsId: number;
  readonly sepId: number;
  readonly unkId: number;
  /** 0, as in AlbertConfig, where the vocabulary has no padding token: packed batches need none. */
  readonly padId: number;
  /** Undefined where the vocabulary has no mask token. */
  readonly maskId: number | undefined;
  /** One more than the greatest id: the rows that the word embedding needs. */
  readonly vocabSize: number;
  /** The longest input in pieces, special tokens included; Infinity where tokenizer_config.json sets no limit. */
  readonly modelMaxLength: number;
  /** Whether capital letters become small ones. */
  readonly lowerCases: boolean;
  /** Whether ü becomes u. */
  readonly stripsAccents: boolean;

  readonly #model: Unigram;
  readonly #normalizer: Normalizer;
  readonly #preTokenizer: PreTokenizer;
  readonly #before: { id: number; token: string }[];
  readonly #after: { id: number; token: string }[];
  readonly #addedById: ReadonlyMap<number, AddedTokenJson>;
  readonly #addedInSource: AddedTokenFinder;
  readonly #addedInNormalized: AddedTokenFinder;
  readonly #known = new Map<string, readonly number[]>();

  private constructor(json: TokenizerJson, config: TokenizerConfig) {
    this.json = json;
    this.config = config;
    this.#normalizer = makeNormalizer(json.normalizer);
    this.#preTokenizer = makePreTokenizer(json.pre_tokenizer);
    const piece = new Map(json.model.vocab.map(([content], id) => [content, id]));
    for (const { content, id } of json.added_tokens) piece.set(content, id);
    const idOf = (name: string, token: string): number => {
      const id = piece.get(token);
      if (id === undefined)
        throw new UserError(
          `the tokenizer's vocabulary lacks ${name} ${JSON.stringify(token)}; name the right piece as "${name}" in tokenizer_config.json`,
        );
      return id;
    };
    this.unkId = json.model.unk_id ?? idOf('unk_token', config.unkToken);
    this.padId = piece.get(config.padToken) ?? 0;
    this.maskId = piece.get(config.maskToken);
    this.#model = new Unigram(json.model, this.unkId);
    this.vocabSize = json.added_tokens.reduce((size, { id }) => Math.max(size, id + 1), json.model.vocab.length);
    this.modelMaxLength = config.modelMaxLength;
    [this.#before, this.#after] = specialTokensAround(json);
    this.clsId = this.#before[0]?.id ?? idOf('cls_token', config.clsToken);
    this.sepId = this.#after[0]?.id ?? idOf('sep_token', config.sepToken);

    this.#addedById = new Map(json.added_tokens.map((token) => [token.id, token]));
    const found = json.added_tokens.filter(({ special }) => !(special && config.splitSpecialTokens));
    const bySource = found.filter(({ normalized }) => !normalized).map((token) => [token.content, token] as const);
    const byNormalized = found
      .filter(({ normalized }) => normalized)
      .map((token) => [this.normalize(token.content), token] as const)
      .filter(([content]) => content !== '');
    this.#addedInSource = new AddedTokenFinder(new Map(bySource));
    this.#addedInNormalized = new AddedTokenFinder(new Map(byNormalized));

    this.lowerCases = this.normalize('A') === 'a';
    this.stripsAccents = this.normalize('ü') === 'u';
  }

  /**
   * A tokenizer from a parsed tokenizer.json and, where there is one, tokenizer_config.json. The normaliser is the one in
   * tokenizer.json, whatever do_lower_case and keep_accents say; `settingsWarnings` tells where they contradict each other.
   * Throws a UserError that names what it can't take.
   */
  static fromJson(tokenizerJson: unknown, tokenizerConfig?: unknown): AlbertTokenizer {
    return new AlbertTokenizer(readTokenizerJson(tokenizerJson), readTokenizerConfig(tokenizerConfig));
  }

  /** `text` as the vocabulary's pieces spell it, ▁ aside. */
  normalize(text: string): string {
    return this.#normalizer(AlignedText.of(text)).toString();
  }

  /** The piece or added token of an id, or undefined. */
  tokenOf(id: number): string | undefined {
    return this.#addedById.get(id)?.content ?? this.#model.pieceOf(id);
  }

  /**
   * `text` as ids. `wordIds` count the words that the tokenizer itself finds: a run without spaces, in which each added token,
   * such as a parenthesis, stands alone. Offsets have transformers' peculiarities: the ▁ of a word has the span of its first
   * character, a composed character stands for the first of those it was composed from, and after a control character at
   * the very start that the normaliser drops, spans lie one character too early.
   */
  encode(text: string, options: EncodeOptions = {}): Encoding {
    return this.#encodeParts([text], options, (_, split) => split);
  }

  /**
   * Words as ids; `wordIds` are positions in `words`, offsets count within each word. A word that the normaliser makes
   * nothing of has no piece. As transformers with `is_split_into_words`.
   */
  encodeWords(words: readonly string[], options: EncodeOptions = {}): Encoding {
    return this.#encodeParts(words, options, (part) => part);
  }

  /** The ids of each word by itself, without special tokens; empty for a word that the normaliser makes nothing of. */
  pieces(words: readonly string[]): number[][] {
    return words.map((word) => {
      let ids = this.#known.get(word);
      if (ids === undefined) {
        const found: number[] = [];
        this.#cut(word, (id) => found.push(id));
        if (this.#known.size >= REMEMBERED_WORDS) this.#known.clear();
        this.#known.set(word, found);
        ids = found;
      }
      return [...ids];
    });
  }

  /** The text of ids, as far as the pieces tell it; ids beyond the vocabulary are left out. */
  decode(ids: readonly number[], { skipSpecialTokens = false }: DecodeOptions = {}): string {
    const tokens = ids
      .filter((id) => !(skipSpecialTokens && this.#addedById.get(id)?.special))
      .map((id) => this.tokenOf(id))
      .filter((token) => token !== undefined);
    // The mark of the first piece stands for no space.
    return tokens.map((token, i) => token.replaceAll('▁', i === 0 ? '' : ' ')).join('');
  }

  #encodeParts(
    parts: readonly string[],
    { addSpecialTokens = true }: EncodeOptions,
    wordId: (part: number, split: number) => number,
  ): Encoding {
    const encoding: Encoding = {
      ids: [],
      tokens: [],
      wordIds: [],
      offsets: [],
      codePointOffsets: [],
      specialTokensMask: [],
    };
    const addSpecial = (specials: readonly { id: number; token: string }[]): void => {
      for (const { id, token } of addSpecialTokens ? specials : []) {
        encoding.ids.push(id);
        encoding.tokens.push(token);
        encoding.wordIds.push(null);
        encoding.offsets.push([0, 0]);
        encoding.codePointOffsets.push([0, 0]);
        encoding.specialTokensMask.push(1);
      }
    };
    addSpecial(this.#before);
    for (const [part, text] of parts.entries()) {
      const spans: Span[] = [];
      this.#cut(text, (id, token, start, end, split) => {
        encoding.ids.push(id);
        encoding.tokens.push(token());
        encoding.wordIds.push(wordId(part, split));
        encoding.specialTokensMask.push(0);
        spans.push([start, end]);
      });
      for (const span of spans) encoding.offsets.push(span);
      for (const span of toCodePoints(text, spans)) encoding.codePointOffsets.push(span);
    }
    addSpecial(this.#after);
    return encoding;
  }

  /** The pieces of a text, in order: added tokens, then the normalised rest cut into words and those into pieces. */
  #cut(text: string, visit: PieceVisitor): void {
    let split = 0;
    for (const stretch of this.#addedInSource.split(text)) {
      const source = text.slice(stretch.start, stretch.end);
      if (stretch.token) {
        visit(stretch.token.id, () => source, stretch.start, stretch.end, split++);
        continue;
      }
      const normalized = this.#normalizer(AlignedText.of(source, stretch.start));
      for (const part of this.#splitNormalized(normalized)) {
        if (part.token) {
          const { text: whole } = part;
          visit(part.token.id, () => whole.toString(), whole.starts[0]!, whole.ends.at(-1)!, split++);
          continue;
        }
        for (const word of this.#preTokenizer(part.text)) {
          const { codePoints, starts, ends } = word;
          this.#model.cut(codePoints, (from, to, id) =>
            visit(id, () => stringOf(codePoints, from, to), starts[from]!, ends[to - 1]!, split),
          );
          split++;
        }
      }
    }
  }

  /** The stretches of a normalised text between added tokens that are found only there. */
  #splitNormalized(text: AlignedText): { text: AlignedText; token?: AddedTokenJson }[] {
    const string = text.toString();
    const stretches = this.#addedInNormalized.split(string);
    if (stretches.length === 1 && !stretches[0]!.token) return [{ text }];
    let from = 0;
    return stretches.map(({ start, end, token }) => {
      const to = from + [...string.slice(start, end)].length;
      const part = text.slice(from, to);
      from = to;
      return token ? { text: part, token } : { text: part };
    });
  }
}

type Around = { id: number; token: string }[];

/** The special tokens that the post-processor puts before and after a text. */
function specialTokensAround({ post_processor: processor }: TokenizerJson): [before: Around, after: Around] {
  if (processor === null) return [[], []];
  const at = processor.single.findIndex((item) => 'Sequence' in item);
  const tokens = (items: readonly TemplateItemJson[]): Around =>
    items.flatMap((item) => {
      if (!('SpecialToken' in item)) return [];
      const named = processor.special_tokens[item.SpecialToken.id];
      if (!named) throw new UserError(`tokenizer.json: post_processor names no ids for ${item.SpecialToken.id}`);
      return named.ids.map((id, i) => ({ id, token: named.tokens[i] ?? item.SpecialToken.id }));
    });
  if (at < 0) throw new UserError('tokenizer.json: post_processor.single has no place for the text');
  return [tokens(processor.single.slice(0, at)), tokens(processor.single.slice(at + 1))];
}
