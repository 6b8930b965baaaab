/** Tokenizer, tagger and pipeline from the files of a model folder, wherever these are. */
import { loadModel } from '../albert/load.ts';
import type { AlbertModel } from '../albert/model.ts';
import type { FileSource } from '../formats/file_source.ts';
import { loadTokenClassifier, readTokenizerFiles } from '../formats/model_folder.ts';
import { readSentencePiece } from '../formats/sentencepiece.ts';
import type { Gpu } from '../gpu/device.ts';
import type { Profiler } from '../gpu/profiler.ts';
import { tokenizerJsonFromSentencePiece } from '../tokenizer/from_sentencepiece.ts';
import { settingsWarnings } from '../tokenizer/settings_warnings.ts';
import { AlbertTokenizer } from '../tokenizer/tokenizer.ts';
import { requireVocabularyFits } from '../tokenizer/vocabulary_fit.ts';
import { SequenceClassifier } from './classifier.ts';
import { TokenClassificationPipeline } from './pipeline.ts';

/**
 * The tokenizer of a model folder: tokenizer.json, or spiece.model alone as older checkpoints have it.
 * @throws UserError where the folder has neither, or what it has is faulty.
 */
export async function loadTokenizer(
  source: FileSource,
): Promise<{ tokenizer: AlbertTokenizer; spieceModel: Uint8Array | undefined }> {
  const { json, config, spieceModel } = await readTokenizerFiles(source);
  const built =
    json ?? tokenizerJsonFromSentencePiece(readSentencePiece(spieceModel!, `${source.where}/spiece.model`), config);
  return { tokenizer: AlbertTokenizer.fromJson(built, config), spieceModel };
}

export interface LoadOptions {
  /** Longest sequence in pieces; default what tokenizer_config.json says, at most the model's positions. */
  window?: number;
  /** Pieces in a batch. */
  batchTokens?: number;
  profiler?: (gpu: Gpu) => Profiler;
  /** Told what is odd about the files and no error. */
  onWarning?: (warning: string) => void;
}

/** A model that is ready to label words. */
export interface Tagger {
  model: AlbertModel;
  tokenizer: AlbertTokenizer;
  classifier: SequenceClassifier;
  /** Longest sequence in pieces, [CLS] and [SEP] included. */
  window: number;
}

/**
 * Loads a trained token classifier with its tokenizer. Weights go to the GPU one tensor at a time.
 * @param device one that is open, or what opens it once the files are known to be sound
 * @throws UserError where a file is missing or faulty, they do not fit each other, or the classifier is not trained.
 */
export async function loadTagger(
  device: Gpu | (() => Promise<Gpu>),
  source: FileSource,
  options: LoadOptions = {},
): Promise<Tagger> {
  const { config, checkpoint, weights } = await loadTokenClassifier(source);
  try {
    const { tokenizer } = await loadTokenizer(source);
    requireVocabularyFits(tokenizer, config.vocab_size, source.where);
    for (const warning of [...checkpoint.warnings, ...settingsWarnings(tokenizer)]) options.onWarning?.(warning);
    const gpu = typeof device === 'function' ? await device() : device;
    const model = await loadModel(gpu, config, checkpoint);
    const window = Math.min(options.window ?? tokenizer.modelMaxLength, config.max_position_embeddings);
    const capacity = Math.max(options.batchTokens ?? 2048, window);
    const classifier = await SequenceClassifier.create(model, capacity, undefined, options.profiler?.(gpu));
    return { model, tokenizer, classifier, window };
  } finally {
    weights.close();
  }
}

/**
 * `pipeline('token-classification')` over the files of a model folder.
 * @param close lets go of what was opened for the pipeline. @throws UserError as `loadTagger`
 */
export async function loadPipeline(
  device: Gpu | (() => Promise<Gpu>),
  source: FileSource,
  options: LoadOptions = {},
  close?: () => void,
): Promise<TokenClassificationPipeline> {
  const { model, tokenizer, classifier, window } = await loadTagger(device, source, options);
  return new TokenClassificationPipeline(model, tokenizer, classifier, window, close);
}
