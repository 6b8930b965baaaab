/**
 * Builds the tokenizer.json of an ALBERT tokenizer from its SentencePiece model, as transformers 5 does
 * (models/albert/tokenization_albert.py). transformers 3 and 4 differ in two things: they take 100 off the score of pieces
 * such as "1,", and a text that ends in a space gets a ▁ of its own.
 */
import { base64Encode } from '@bufbuild/protobuf/wire';
import { UserError } from '../errors.ts';
import type { SentencePieceModel } from '../formats/sentencepiece.ts';
import { readTokenizerConfig } from './tokenizer_config.ts';
import {
  type AddedTokenJson,
  type MetaspaceJson,
  type NormalizerJson,
  type PreTokenizerJson,
  type TokenizerJson,
  template,
} from './tokenizer_json.ts';

/**
 * tokenizer.json for a SentencePiece model and the parsed tokenizer_config.json beside it. Where that is absent or silent,
 * transformers' defaults hold: lower case, no accents, which is wrong for a cased vocabulary (see `settingsWarnings`).
 * Throws a UserError for a vocabulary that is no ALBERT's.
 */
export function tokenizerJsonFromSentencePiece(
  { pieces, modelType, unkId, normalizer }: SentencePieceModel,
  tokenizerConfig?: unknown,
): TokenizerJson {
  if (modelType !== 'unigram')
    throw new UserError(`the SentencePiece model is of type ${modelType}; ALBERT's vocabularies are of type unigram`);
  if (!pieces[unkId])
    throw new UserError(`the SentencePiece model names ${unkId} as its unknown piece and has ${pieces.length} pieces`);
  const config = readTokenizerConfig(tokenizerConfig);
  const ids = new Map(pieces.map(({ piece }, id) => [piece, id]));
  const idOf = (token: string): number => {
    const id = ids.get(token);
    if (id === undefined)
      throw new UserError(
        `the SentencePiece model lacks the piece ${token}, so it is no ALBERT vocabulary; train one with ` +
          '--control_symbols=[CLS],[SEP],[MASK] and --pad_id=0 --unk_id=1 --bos_id=-1 --eos_id=-1',
      );
    return id;
  };
  const cls: [string, number] = [config.clsToken, idOf(config.clsToken)];
  const sep: [string, number] = [config.sepToken, idOf(config.sepToken)];
  const named = new Set([config.clsToken, config.sepToken, config.unkToken, config.padToken, config.maskToken]);
  const added = pieces.flatMap(({ piece, type }, id): AddedTokenJson[] => {
    const special = named.has(piece) || type === 'control';
    if (!special && type !== 'user-defined') return [];
    return [{ id, content: piece, single_word: false, lstrip: false, rstrip: false, normalized: false, special }];
  });
  const prefix = metaspace(config.addPrefixSpace ?? true);
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: albertNormalizer({
      lowerCase: config.doLowerCase ?? true,
      keepAccents: config.keepAccents ?? false,
      charsmap: normalizer.precompiledCharsmap.length > 0 ? base64Encode(normalizer.precompiledCharsmap) : null,
    }),
    pre_tokenizer: albertPreTokenizer(prefix),
    post_processor: template(cls, sep),
    decoder: prefix,
    model: {
      type: 'Unigram',
      unk_id: unkId,
      vocab: pieces.map(({ piece, score }) => [piece, score]),
      byte_fallback: false,
    },
  };
}

/** The normaliser that transformers 5 gives every ALBERT tokenizer. */
export function albertNormalizer(settings: {
  lowerCase: boolean;
  keepAccents: boolean;
  /** SentencePiece's table in base64. */
  charsmap: string | null;
}): NormalizerJson {
  const steps: NormalizerJson[] = [
    { type: 'Replace', pattern: { String: '``' }, content: '"' },
    { type: 'Replace', pattern: { String: "''" }, content: '"' },
  ];
  if (!settings.keepAccents) steps.push({ type: 'NFKD' }, { type: 'StripAccents' });
  if (settings.lowerCase) steps.push({ type: 'Lowercase' });
  if (settings.charsmap !== null) steps.push({ type: 'Precompiled', precompiled_charsmap: settings.charsmap });
  return { type: 'Sequence', normalizers: steps };
}

/** The pre-tokenizer that transformers 5 gives every ALBERT tokenizer. */
export const albertPreTokenizer = (prefix: MetaspaceJson): PreTokenizerJson => ({
  type: 'Sequence',
  pretokenizers: [{ type: 'WhitespaceSplit' }, prefix],
});

/** Words are marked with ▁, also without a space before them where `addPrefixSpace` is set. */
export const metaspace = (addPrefixSpace: boolean): MetaspaceJson => ({
  type: 'Metaspace',
  replacement: '▁',
  prepend_scheme: addPrefixSpace ? 'always' : 'never',
  split: true,
});
