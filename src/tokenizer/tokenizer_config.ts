/** tokenizer_config.json: the settings beside tokenizer.json or spiece.model. */
import { UserError } from '../errors.ts';
import { isObject, shown } from './tokenizer_json.ts';

/** What of tokenizer_config.json matters here; undefined where the file doesn't say. */
export interface TokenizerConfig {
  doLowerCase: boolean | undefined;
  keepAccents: boolean | undefined;
  addPrefixSpace: boolean | undefined;
  /** Infinity where there is no limit. */
  modelMaxLength: number;
  splitSpecialTokens: boolean;
  clsToken: string;
  sepToken: string;
  unkToken: string;
  padToken: string;
  maskToken: string;
}

/** Reads a parsed tokenizer_config.json, or what stands for it where there is none. */
export function readTokenizerConfig(value: unknown = {}): TokenizerConfig {
  if (!isObject(value)) throw new UserError(`tokenizer_config.json is ${shown(value)}, expected an object`);
  const flag = (name: string): boolean | undefined => {
    const found = value[name] ?? undefined;
    if (found !== undefined && typeof found !== 'boolean')
      throw new UserError(`tokenizer_config.json: ${name} is ${shown(found)}, expected true or false`);
    return found;
  };
  // A token stands as a text or, in older files, as an object with its content.
  const token = (name: string, standard: string): string => {
    const found = value[name] ?? standard;
    const content = isObject(found) ? found.content : found;
    if (typeof content !== 'string')
      throw new UserError(`tokenizer_config.json: ${name} is ${shown(found)}, expected a token`);
    return content;
  };
  const limit = value.model_max_length ?? value.max_len;
  return {
    doLowerCase: flag('do_lower_case'),
    keepAccents: flag('keep_accents'),
    addPrefixSpace: flag('add_prefix_space'),
    // transformers writes 1e30 for "no limit".
    modelMaxLength: typeof limit === 'number' && limit > 0 && limit < 1e9 ? limit : Number.POSITIVE_INFINITY,
    splitSpecialTokens: flag('split_special_tokens') ?? false,
    clsToken: token('cls_token', '[CLS]'),
    sepToken: token('sep_token', '[SEP]'),
    unkToken: token('unk_token', '<unk>'),
    padToken: token('pad_token', '<pad>'),
    maskToken: token('mask_token', '[MASK]'),
  };
}
