/** The model that a run starts from: random weights, or those of a model folder. */
import { AlbertModel } from '../albert/model.ts';
import { initialize } from '../albert/parameters.ts';
import { UserError } from '../errors.ts';
import { ALBERT_DEFAULTS, type AlbertConfig } from '../formats/albert_config.ts';
import { PRESET_SIZES } from '../formats/albert_presets.ts';
import { missingParameters, readModelFolder } from '../formats/model_folder_node.ts';
import { toFloat32 } from '../formats/safetensors.ts';
import type { Gpu } from '../gpu/device.ts';
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
  const folder = await readModelFolder(modelFolder);
  const config = withDropout({ ...folder.config, labels: [...labels] }, s);
  const faults = missingParameters(config, folder.weights);
  // Labels in another order would make the stored classifier's rows mean something else.
  const keepsClassifier = folder.config.labels.join('\n') === labels.join('\n');
  const serious = faults.filter((fault) => !fault.startsWith('classifier.'));
  if (serious.length > 0) throw new UserError(`${modelFolder} does not hold this model: ${serious.join('; ')}.`);
  if (tokenizer.vocabSize > config.vocab_size) {
    throw new UserError(
      `the tokenizer has ${tokenizer.vocabSize} pieces, ${modelFolder} has ${config.vocab_size}: they do not belong together.`,
    );
  }
  const model = new AlbertModel(gpu, config);
  const fresh = keepsClassifier && faults.length === 0 ? [] : ['classifier.weight', 'classifier.bias'];
  for (const name of model.parameters.layout.slots.keys()) {
    if (!fresh.includes(name)) model.parameters.write(name, toFloat32(folder.weights.get(name)!));
  }
  if (fresh.length > 0) {
    initialize(model.parameters, config, s.seed, fresh);
    out.print(`new classifier for ${labels.length} labels; the rest from ${modelFolder}`);
  }
  return model;
}
