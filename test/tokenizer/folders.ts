/** Tokenizer folders of the reference and of the fixtures, with the cases that transformers computed. */
import { readFileSync } from 'node:fs';
import { readSentencePiece } from '../../src/formats/sentencepiece.ts';
import { tokenizerJsonFromSentencePiece } from '../../src/tokenizer/from_sentencepiece.ts';
import { AlbertTokenizer } from '../../src/tokenizer/tokenizer.ts';
import { fixture, reference } from '../support.ts';

export interface TextCase {
  text: string;
  ids: number[];
  tokens: string[];
  offsets: [number, number][];
  word_ids?: (number | null)[];
  normalized?: string;
  decoded?: string;
  skipped?: string;
}
export interface WordsCase {
  words: string[];
  ids: number[];
  word_ids: (number | null)[];
  offsets?: [number, number][];
  pieces?: number[][];
}
export interface WindowsCase {
  text: string;
  max_length: number;
  stride: number;
  ids: number[][];
  offsets: [number, number][][];
}
export interface Cases {
  texts: TextCase[];
  words: WordsCase[];
  windows?: WindowsCase[];
}

export const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
export const bytes = (path: string): Uint8Array => new Uint8Array(readFileSync(path));

/** Folders to test, by name; undefined where the large reference is not there. */
export const folders: Record<string, string | undefined> = {
  'small-cased': fixture('tokenizer/small-cased'),
  'small-uncased': fixture('tokenizer/small-uncased'),
  'german-albert': reference('tokenizer/german-albert'),
  'albert-base-v2': reference('tokenizer/albert-base-v2'),
};

export const casesOf = (folder: string): Cases => json(`${folder}/cases.json`) as Cases;

/** The tokenizer of a folder's tokenizer.json. */
export const load = (folder: string): AlbertTokenizer =>
  AlbertTokenizer.fromJson(json(`${folder}/tokenizer.json`), json(`${folder}/tokenizer_config.json`));

/** The tokenizer of a folder's spiece.model, as if its tokenizer.json were not there. */
export function loadFromSentencePiece(folder: string, config: unknown = json(`${folder}/tokenizer_config.json`)) {
  const model = readSentencePiece(bytes(`${folder}/spiece.model`));
  return AlbertTokenizer.fromJson(tokenizerJsonFromSentencePiece(model, config), config);
}
