/** Whether a tokenizer and a model belong together. */
import { UserError } from '../errors.ts';
import type { AlbertTokenizer } from './tokenizer.ts';

/**
 * @param vocabSize rows of the model's word embeddings; more than the tokenizer has pieces is common and harmless
 * @throws UserError where the tokenizer has pieces that the model lacks
 */
export function requireVocabularyFits(tokenizer: AlbertTokenizer, vocabSize: number, where: string): void {
  if (tokenizer.vocabSize <= vocabSize) return;
  throw new UserError(
    `the tokenizer has ${tokenizer.vocabSize} pieces, the vocabulary of ${where} ${vocabSize}: they do not belong together.`,
  );
}
