/** The files of a model folder that hold its tokenizer, as transformers 5 loads them. */
import { albertNormalizer, albertPreTokenizer, metaspace } from './from_sentencepiece.ts';
import type { AlbertTokenizer } from './tokenizer.ts';
import type { NormalizerJson, TokenizerJson } from './tokenizer_json.ts';

export interface TokenizerFilesOptions {
  /** The SentencePiece model that the tokenizer came from, where there was one. */
  spieceModel?: Uint8Array;
  /** The longest input in pieces; by default the tokenizer's own limit. */
  modelMaxLength?: number;
}

/**
 * Names and contents of tokenizer.json, tokenizer_config.json, special_tokens_map.json and, where there was one,
 * spiece.model.
 *
 * transformers 5 takes only the vocabulary from tokenizer.json and builds the rest of an AlbertTokenizer from
 * tokenizer_config.json. So that it tokenises as we do, do_lower_case and keep_accents are written as tokenizer.json's
 * normaliser has them, and a tokenizer that is built otherwise is written as PreTrainedTokenizerFast, which takes the
 * whole file.
 */
export function tokenizerFiles(
  tokenizer: AlbertTokenizer,
  { spieceModel, modelMaxLength = tokenizer.modelMaxLength }: TokenizerFilesOptions = {},
): Map<string, string | Uint8Array> {
  const { json, config } = tokenizer;
  const { clsToken, sepToken, unkToken, padToken, maskToken } = config;
  const specialTokens = {
    bos_token: clsToken,
    cls_token: clsToken,
    eos_token: sepToken,
    mask_token: maskToken,
    pad_token: padToken,
    sep_token: sepToken,
    unk_token: unkToken,
  };
  const built = asTransformersBuilds(json);
  const tokenizerConfig = {
    ...(built && {
      add_prefix_space: built.addPrefixSpace,
      do_lower_case: built.lowerCase,
      keep_accents: built.keepAccents,
    }),
    ...specialTokens,
    ...(Number.isFinite(modelMaxLength) && { model_max_length: modelMaxLength }),
    ...(config.splitSpecialTokens && { split_special_tokens: true }),
    tokenizer_class: built ? 'AlbertTokenizer' : 'PreTrainedTokenizerFast',
  };
  const text = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  return new Map<string, string | Uint8Array>([
    ['tokenizer.json', text(json)],
    ['tokenizer_config.json', text(tokenizerConfig)],
    ['special_tokens_map.json', text(specialTokens)],
    ...(spieceModel ? [['spiece.model', spieceModel] as const] : []),
  ]);
}

interface BuiltSettings {
  lowerCase: boolean;
  keepAccents: boolean;
  addPrefixSpace: boolean;
}

/** The settings with which transformers 5 builds this very tokenizer, or undefined where no settings do. */
export function asTransformersBuilds(json: TokenizerJson): BuiltSettings | undefined {
  const { normalizer, pre_tokenizer: preTokenizer, model } = json;
  if (normalizer?.type !== 'Sequence' || model.unk_id !== 1) return undefined;
  // transformers 3 and 4 end with collapsing spaces, which changes nothing before a split at white space.
  const steps = normalizer.normalizers.filter((step) => !collapsesSpaces(step));
  const has = (type: NormalizerJson['type']): boolean => steps.some((step) => step.type === type);
  const precompiled = steps.find((step) => step.type === 'Precompiled');
  const lowerCase = has('Lowercase');
  const keepAccents = !has('StripAccents');
  const charsmap = precompiled?.precompiled_charsmap ?? null;
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  if (!same({ type: 'Sequence', normalizers: steps }, albertNormalizer({ lowerCase, keepAccents, charsmap })))
    return undefined;
  for (const addPrefixSpace of [true, false])
    if (same(preTokenizer, albertPreTokenizer(metaspace(addPrefixSpace))))
      return { lowerCase, keepAccents, addPrefixSpace };
  return undefined;
}

const collapsesSpaces = (step: NormalizerJson): boolean =>
  step.type === 'Replace' && 'Regex' in step.pattern && step.pattern.Regex === ' {2,}' && step.content === ' ';
