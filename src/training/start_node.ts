/** The model that a run starts from: random weights, or those of a model folder. */
import { loadModel } from '../albert/load.ts';
import { AlbertModel } from '../albert/model.ts';
import { ALBERT_DEFAULTS, type AlbertConfig } from '../formats/albert_config.ts';
import { PRESET_SIZES } from '../formats/albert_presets.ts';
import { folderSource } from '../formats/folder_node.ts';
import { loadModelFolder } from '../formats/model_folder.ts';
import type { Gpu } from '../gpu/device.ts';
import { requireVocabularyFits } from '../tokenizer/vocabulary_fit.ts';
import type { TrainingSettings } from './settings.ts';
import type { TrainingRun } from './training_run.ts';

/** Dropout rates of the settings over those of the model. */
function withDropout(config: AlbertConfig, s: TrainingSettings): AlbertConfig {
  return {
    ...config,
    hidden_dropout_prob: s.hidden_dropout_prob ?? config.hidden_dropout_prob,
    attention_probs_dropout_prob: s.attention_probs_dropout_prob ?? config.attention_probs_dropout_prob,
    classifier_dropout_prob: s.classifier_dropout_prob ?? config.classifier_dropout_prob,
  };
}

/** @throws UserError where the model folder is faulty, or its vocabulary is smaller than the tokenizer's. */
export async function startModel(gpu: Gpu, run: TrainingRun): Promise<AlbertModel> {
  const { settings: s, modelFolder, tokenizer, out } = run;
  const { labels } = run.data;
  if (modelFolder === null) {
    const config = {
      ...ALBERT_DEFAULTS,
      ...PRESET_SIZES[s.size],
      vocab_size: tokenizer.vocabSize,
      labels: [...labels],
    };
    return AlbertModel.random(gpu, withDropout(config, s), s.seed);
  }
  const folder = await loadModelFolder(await folderSource(modelFolder), labels);
  try {
    const config = withDropout(folder.config, s);
    requireVocabularyFits(tokenizer, config.vocab_size, modelFolder);
    for (const warning of folder.checkpoint.warnings) out.print(`warning: ${warning}`);
    return await loadModel(gpu, config, folder.checkpoint, s.seed);
  } finally {
    folder.weights.close();
  }
}
