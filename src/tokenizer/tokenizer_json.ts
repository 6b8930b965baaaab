/**
 * tokenizer.json: the parts of it that an ALBERT tokenizer has, checked as they are read.
 *
 * It is the format of Hugging Face's tokenizers; of its many components only those are taken that transformers
 * 3 to 5 write for ALBERT, and the few that people use when they train such a tokenizer themselves.
 */
import { UserError } from '../errors.ts';

export type PatternJson = { String: string } | { Regex: string };
export type NormalizerJson =
  | { type: 'Sequence'; normalizers: NormalizerJson[] }
  | { type: 'Replace'; pattern: PatternJson; content: string }
  | { type: 'NFD' | 'NFKD' | 'StripAccents' | 'Lowercase' }
  | { type: 'Precompiled'; precompiled_charsmap: string | null };
export type PrependScheme = 'always' | 'never' | 'first';
export interface MetaspaceJson {
  type: 'Metaspace';
  /** One character: what a space becomes. */
  replacement: string;
  prepend_scheme: PrependScheme;
  split: boolean;
}
export type PreTokenizerJson =
  | { type: 'Sequence'; pretokenizers: PreTokenizerJson[] }
  | { type: 'WhitespaceSplit' }
  | MetaspaceJson;
export interface AddedTokenJson {
  id: number;
  content: string;
  single_word: boolean;
  lstrip: boolean;
  rstrip: boolean;
  normalized: boolean;
  special: boolean;
}
export interface UnigramJson {
  type: 'Unigram';
  unk_id: number | null;
  vocab: [piece: string, score: number][];
  byte_fallback: boolean;
}
export type TemplateItemJson =
  | { SpecialToken: { id: string; type_id: number } }
  | { Sequence: { id: 'A' | 'B'; type_id: number } };
export interface TemplateJson {
  type: 'TemplateProcessing';
  single: TemplateItemJson[];
  pair: TemplateItemJson[];
  special_tokens: Record<string, { id: string; ids: number[]; tokens: string[] }>;
}
export interface TokenizerJson {
  version: string;
  truncation: unknown;
  padding: unknown;
  added_tokens: AddedTokenJson[];
  normalizer: NormalizerJson | null;
  pre_tokenizer: PreTokenizerJson | null;
  post_processor: TemplateJson | null;
  decoder: unknown;
  model: UnigramJson;
}

export type Json = Record<string, unknown>;
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** `value` for a message, shortened. */
export const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
};
const wrong = (where: string, found: unknown, expected: string): UserError =>
  new UserError(`tokenizer.json: ${where} is ${shown(found)}, expected ${expected}`);
const isId = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;

function object(value: unknown, where: string): Json {
  if (!isObject(value)) throw wrong(where, value, 'an object');
  return value;
}
function list(value: unknown, where: string): unknown[] {
  if (!Array.isArray(value)) throw wrong(where, value, 'a list');
  return value;
}
function text(value: unknown, where: string): string {
  if (typeof value !== 'string') throw wrong(where, value, 'a text');
  return value;
}
function identifier(value: unknown, where: string): number {
  if (!isId(value)) throw wrong(where, value, 'a whole number from 0');
  return value;
}

/** Reads a parsed tokenizer.json. Throws a UserError that names the part it can't take. */
export function readTokenizerJson(value: unknown): TokenizerJson {
  const json = object(value, 'the file');
  const postProcessor = readPostProcessor(json.post_processor ?? null);
  const model = readModel(json.model);
  const added = list(json.added_tokens ?? [], 'added_tokens').map(readAddedToken);
  const pieces = new Set(model.vocab.map(([piece]) => piece));
  for (const { content, id } of added)
    if (id < model.vocab.length && !pieces.has(content))
      throw wrong(
        `the id of the added token ${shown(content)}`,
        id,
        `at least ${model.vocab.length} (not in the model)`,
      );
  return {
    version: text(json.version ?? '1.0', 'version'),
    truncation: json.truncation ?? null,
    padding: json.padding ?? null,
    added_tokens: added,
    normalizer: readNormalizer(json.normalizer ?? null),
    pre_tokenizer: readPreTokenizer(json.pre_tokenizer ?? null),
    post_processor: postProcessor,
    decoder: json.decoder ?? null,
    model,
  };
}

function readModel(value: unknown): UnigramJson {
  const json = object(value, 'model');
  const type = json.type ?? (Array.isArray(json.vocab) ? 'Unigram' : undefined);
  if (type !== 'Unigram')
    throw wrong('model.type', json.type, '"Unigram": ALBERT has a SentencePiece unigram vocabulary');
  if (json.byte_fallback === true) throw wrong('model.byte_fallback', true, 'false: ALBERT has no byte pieces');
  const vocab = list(json.vocab, 'model.vocab').map((entry, id): [string, number] => {
    if (!Array.isArray(entry) || typeof entry[0] !== 'string' || typeof entry[1] !== 'number')
      throw wrong(`model.vocab[${id}]`, entry, 'a pair of piece and score');
    return [entry[0], entry[1]];
  });
  const unknown = json.unk_id ?? null;
  if (unknown !== null && identifier(unknown, 'model.unk_id') >= vocab.length)
    throw wrong('model.unk_id', unknown, `less than the ${vocab.length} pieces`);
  return { type: 'Unigram', unk_id: unknown as number | null, vocab, byte_fallback: false };
}

function readAddedToken(value: unknown, i: number): AddedTokenJson {
  const where = `added_tokens[${i}]`;
  const json = object(value, where);
  const content = text(json.content, `${where}.content`);
  if (content === '') throw wrong(`${where}.content`, content, 'a text of at least one character');
  return {
    id: identifier(json.id, `${where}.id`),
    content,
    single_word: json.single_word === true,
    lstrip: json.lstrip === true,
    rstrip: json.rstrip === true,
    normalized: json.normalized === true,
    special: json.special === true,
  };
}

function readNormalizer(value: unknown): NormalizerJson | null {
  if (value === null) return null;
  const json = object(value, 'normalizer');
  switch (json.type) {
    case 'Sequence':
      return {
        type: 'Sequence',
        normalizers: list(json.normalizers, 'normalizer.normalizers')
          .map(readNormalizer)
          .filter((step) => step !== null),
      };
    case 'Replace':
      return {
        type: 'Replace',
        pattern: readPattern(json.pattern),
        content: text(json.content, 'normalizer.content'),
      };
    case 'NFD':
    case 'NFKD':
    case 'StripAccents':
    case 'Lowercase':
      return { type: json.type };
    case 'Precompiled': {
      const charsmap = json.precompiled_charsmap ?? null;
      return {
        type: 'Precompiled',
        precompiled_charsmap: charsmap === null ? null : text(charsmap, 'precompiled_charsmap'),
      };
    }
    default:
      throw wrong(
        'normalizer.type',
        json.type,
        'one of Sequence, Replace, NFD, NFKD, StripAccents, Lowercase, Precompiled',
      );
  }
}

function readPattern(value: unknown): PatternJson {
  if (isObject(value)) {
    if (typeof value.String === 'string') return { String: value.String };
    if (typeof value.Regex === 'string') return { Regex: value.Regex };
  }
  throw wrong('normalizer.pattern', value, '{"String": …} or {"Regex": …}');
}

function readPreTokenizer(value: unknown): PreTokenizerJson | null {
  if (value === null) return null;
  const json = object(value, 'pre_tokenizer');
  switch (json.type) {
    case 'Sequence':
      return {
        type: 'Sequence',
        pretokenizers: list(json.pretokenizers, 'pre_tokenizer.pretokenizers')
          .map(readPreTokenizer)
          .filter((step) => step !== null),
      };
    case 'WhitespaceSplit':
      return { type: 'WhitespaceSplit' };
    case 'Metaspace':
      return readMetaspace(json);
    default:
      throw wrong('pre_tokenizer.type', json.type, 'one of Sequence, WhitespaceSplit, Metaspace');
  }
}

function readMetaspace(json: Json): MetaspaceJson {
  const replacement = text(json.replacement ?? '▁', 'pre_tokenizer.replacement');
  if ([...replacement].length !== 1) throw wrong('pre_tokenizer.replacement', replacement, 'one character');
  // Before tokenizers 0.15 there was only `add_prefix_space`.
  const scheme = json.add_prefix_space === false ? 'never' : (json.prepend_scheme ?? 'always');
  if (scheme !== 'always' && scheme !== 'never' && scheme !== 'first')
    throw wrong('pre_tokenizer.prepend_scheme', scheme, 'one of always, never, first');
  return { type: 'Metaspace', replacement, prepend_scheme: scheme, split: json.split !== false };
}

function readPostProcessor(value: unknown): TemplateJson | null {
  if (value === null) return null;
  const json = object(value, 'post_processor');
  switch (json.type) {
    case 'TemplateProcessing':
      return {
        type: 'TemplateProcessing',
        single: list(json.single, 'post_processor.single').map(readTemplateItem),
        pair: list(json.pair ?? [], 'post_processor.pair').map(readTemplateItem),
        special_tokens: Object.fromEntries(
          Object.entries(object(json.special_tokens, 'post_processor.special_tokens')).map(([name, token]) => {
            const where = `post_processor.special_tokens[${shown(name)}]`;
            const { ids, tokens } = object(token, where);
            return [
              name,
              {
                id: name,
                ids: list(ids, `${where}.ids`).map((id) => identifier(id, `${where}.ids`)),
                tokens: list(tokens, `${where}.tokens`).map((name) => text(name, `${where}.tokens`)),
              },
            ];
          }),
        ),
      };
    case 'BertProcessing':
    case 'RobertaProcessing':
      return template(pairOf(json.cls, 'post_processor.cls'), pairOf(json.sep, 'post_processor.sep'));
    default:
      throw wrong('post_processor.type', json.type, 'TemplateProcessing or BertProcessing');
  }
}

function pairOf(value: unknown, where: string): [token: string, id: number] {
  const [token, id] = list(value, where);
  return [text(token, where), identifier(id, where)];
}

function readTemplateItem(value: unknown): TemplateItemJson {
  if (isObject(value)) {
    const { SpecialToken: special, Sequence: sequence } = value;
    if (isObject(special) && typeof special.id === 'string')
      return { SpecialToken: { id: special.id, type_id: Number(special.type_id ?? 0) } };
    if (isObject(sequence) && (sequence.id === 'A' || sequence.id === 'B'))
      return { Sequence: { id: sequence.id, type_id: Number(sequence.type_id ?? 0) } };
  }
  throw wrong('an item of post_processor', value, '{"SpecialToken": …} or {"Sequence": …}');
}

/** `[CLS] A [SEP]` and `[CLS] A [SEP] B [SEP]`, as every ALBERT has it. */
export function template(
  [cls, clsId]: [token: string, id: number],
  [sep, sepId]: [token: string, id: number],
): TemplateJson {
  const special = (id: string, type_id: number): TemplateItemJson => ({ SpecialToken: { id, type_id } });
  const sequence = (id: 'A' | 'B', type_id: number): TemplateItemJson => ({ Sequence: { id, type_id } });
  return {
    type: 'TemplateProcessing',
    single: [special(cls, 0), sequence('A', 0), special(sep, 0)],
    pair: [special(cls, 0), sequence('A', 0), special(sep, 0), sequence('B', 1), special(sep, 1)],
    special_tokens: {
      [cls]: { id: cls, ids: [clsId], tokens: [cls] },
      [sep]: { id: sep, ids: [sepId], tokens: [sep] },
    },
  };
}
