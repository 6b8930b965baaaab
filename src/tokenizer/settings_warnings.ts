/** Whether a tokenizer's settings fit its vocabulary, and what transformers would make of them. */
import type { AlbertTokenizer } from './tokenizer.ts';
import { asTransformersBuilds } from './tokenizer_files.ts';

/** Share of the pieces that the normaliser may make unreachable without a warning: stray pieces are in every vocabulary. */
const TOLERATED = 0.005;

/** One text for each way in which the tokenizer's settings contradict its vocabulary or each other; none if all fits. */
export function settingsWarnings(tokenizer: AlbertTokenizer): string[] {
  return [...vocabularyWarnings(tokenizer), ...transformersWarnings(tokenizer)];
}

function vocabularyWarnings({ json, lowerCases, stripsAccents }: AlbertTokenizer): string[] {
  const added = new Set(json.added_tokens.map(({ content }) => content));
  const pieces = json.model.vocab.map(([piece]) => piece).filter((piece) => !added.has(piece));
  const capitals = pieces.filter((piece) => piece !== piece.toLowerCase());
  const accents = pieces.filter((piece) => /\p{M}/u.test(piece.normalize('NFD')));
  const count = (found: readonly string[]): string =>
    `${found.length} of the ${pieces.length} pieces of its vocabulary (${found.slice(0, 3).join(' ')} …)`;
  const many = (found: readonly string[]): boolean => found.length > TOLERATED * pieces.length;
  const warnings: string[] = [];
  if (lowerCases && many(capitals))
    warnings.push(
      `the tokenizer turns capitals into small letters, but ${count(capitals)} have capitals and are never found: the ` +
        'vocabulary is a cased one; set "do_lower_case": false in tokenizer_config.json',
    );
  if (stripsAccents && many(accents))
    warnings.push(
      `the tokenizer takes accents off letters (ü becomes u), but ${count(accents)} have accents and are never found; ` +
        'set "keep_accents": true in tokenizer_config.json',
    );
  if (!lowerCases && capitals.length === 0 && pieces.some((piece) => piece !== piece.toUpperCase()))
    warnings.push(
      `the tokenizer keeps capitals, but none of the ${pieces.length} pieces of its vocabulary has one, so that every ` +
        'capital is unknown: the vocabulary is an uncased one; set "do_lower_case": true in tokenizer_config.json',
    );
  return warnings;
}

/** transformers 5 goes by tokenizer_config.json where this package goes by tokenizer.json. */
function transformersWarnings({ json, config }: AlbertTokenizer): string[] {
  const built = asTransformersBuilds(json);
  if (!built) return [];
  const warnings: string[] = [];
  const compare = (name: string, stated: boolean | undefined, standard: boolean, actual: boolean): void => {
    if ((stated ?? standard) === actual) return;
    const found = stated === undefined ? `does not say ${name}, which means ${standard}` : `says "${name}": ${stated}`;
    warnings.push(
      `tokenizer_config.json ${found}, but tokenizer.json was made with ${actual}; this package goes by tokenizer.json, ` +
        `transformers 5 by tokenizer_config.json: set "${name}": ${actual} there`,
    );
  };
  compare('do_lower_case', config.doLowerCase, true, built.lowerCase);
  compare('keep_accents', config.keepAccents, false, built.keepAccents);
  return warnings;
}
