/** What the model card says of a run. */
import type { AlbertModel } from '../albert/model.ts';
import { SPLITS, type SplitName } from '../data/dataset.ts';
import { duplicatesAcross } from '../data/duplicates.ts';
import type { EntityScores } from '../evaluation/scores.ts';
import type { AlbertConfig } from '../formats/albert_config.ts';
import { parseHubName } from '../formats/hub_name.ts';
import type { CardFacts } from '../formats/model_card.ts';
import type { Evaluation } from './evaluate.ts';
import { decidingSettings, usesSample } from './resolve.ts';
import { exampleText, type TrainingRun } from './training_run.ts';

/** A split's scores beside the lookup baseline's. */
export interface SplitResult extends Evaluation {
  split: SplitName;
  baseline: EntityScores;
}

/** Sizes of a model in one line. */
export const sizesOf = (config: AlbertConfig): string =>
  `E ${config.embedding_size}, H ${config.hidden_size}, ${config.num_hidden_layers} layers, ${config.num_attention_heads} heads`;

/** A path's last part: whose machine it was, and where it lay there, is nobody's business. */
const lastPart = (path: string): string =>
  path
    .split(/[\\/]/)
    .filter((part) => part !== '')
    .at(-1) ?? path;

/** Facts for `modelCard`. @param results of the splits that were scored */
export function cardFacts(run: TrainingRun, model: AlbertModel, results: readonly SplitResult[]): CardFacts {
  const { settings: s, data, folder } = run;
  const { sentences } = data;
  const { model: _, size, ...settings } = decidingSettings(s);
  const isSample = usesSample(s);
  const license = s.license ?? (isSample ? 'apache-2.0' : null);
  const counts = SPLITS.map((split) => [split, sentences[split].length] as const).filter(([, count]) => count > 0);
  return {
    name: s.hub_model_id ?? (/^([\\/]|\w:|\.\.)/.test(folder) ? lastPart(folder) : folder),
    dataset: datasetName(run),
    ...(data.hubName !== undefined && { datasetId: data.hubName }),
    languages: s.language.length === 0 && isSample ? ['de'] : s.language,
    ...(license !== null && { license }),
    ...baseModelOf(run),
    labels: model.config.labels,
    parameters: model.parameterCount,
    sizes: sizesOf(model.config),
    sentences: Object.fromEntries(counts),
    settings: { ...(run.modelFolder === null && { size }), ...settings },
    evaluations: results.map(({ split, scores, baseline }) => ({ split, scores, baseline })),
    caveats: caveatsOf(run),
    example: exampleText(run),
  };
}

function datasetName({ settings: s, data }: TrainingRun): string {
  if (data.hubName !== undefined) return data.hubName;
  const given = s.dataset ?? s.train_file;
  return given === null ? "albert-webgpu's German sample" : lastPart(given);
}

function baseModelOf({ settings: s, modelFolder }: TrainingRun): Pick<CardFacts, 'baseModel'> {
  if (s.model === null) return {};
  // A name on the hub stands for a folder in the cache; a folder stands for itself.
  const onHub = modelFolder !== s.model;
  return { baseModel: { name: onHub ? parseHubName(s.model).repo : lastPart(s.model), onHub } };
}

function caveatsOf({ settings: s, data, modelFolder }: TrainingRun): string[] {
  const { sentences } = data;
  const shared = (['dev', 'test'] as const).flatMap((split) => {
    const { count } = duplicatesAcross(sentences.train, sentences[split]);
    const of = `${count} of the ${sentences[split].length} sentences of the ${split} set stand in the training set as well`;
    return count > 0 ? [`${of}: its scores are higher than those on new text.`] : [];
  });
  return [
    ...shared,
    ...(modelFolder === null
      ? [
          'The weights began random: the model knows no word but those of its training data, and little of the language.',
        ]
      : []),
    ...(s.load_best_model_at_end && sentences.dev.length > 0
      ? ['The weights are those with the best F1 on the dev set, whose scores are higher for it.']
      : []),
  ];
}
