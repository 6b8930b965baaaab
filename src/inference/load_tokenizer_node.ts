/** A tokenizer from a model folder: tokenizer.json, or spiece.model alone as older checkpoints have it. */
import { readTokenizerFiles } from '../formats/model_folder_node.ts';
import { readSentencePiece } from '../formats/sentencepiece.ts';
import { tokenizerJsonFromSentencePiece } from '../tokenizer/from_sentencepiece.ts';
import { AlbertTokenizer } from '../tokenizer/tokenizer.ts';

/** @throws UserError where the folder has neither, or what it has is faulty. */
export async function loadTokenizer(
  folder: string,
): Promise<{ tokenizer: AlbertTokenizer; spieceModel: Uint8Array | undefined }> {
  const { json, config, spieceModel } = await readTokenizerFiles(folder);
  const built =
    json ?? tokenizerJsonFromSentencePiece(readSentencePiece(spieceModel!, `${folder}/spiece.model`), config);
  return { tokenizer: AlbertTokenizer.fromJson(built, config), spieceModel };
}
