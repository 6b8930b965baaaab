/** Scores a classifier on sentences that are split into words. */
import type { Feature } from '../data/features.ts';
import type { Sentence } from '../data/sentence.ts';
import { type EntityScores, type LabelledSentence, scoreEntities } from '../evaluation/scores.ts';
import type { SequenceClassifier } from '../inference/classifier.ts';
import { argmax } from '../inference/entities.ts';

export interface Evaluation {
  scores: EntityScores;
  /** Mean cross-entropy of the gold labels, over words. */
  loss: number;
  /** Gold and predicted labels of every word, sentence by sentence. */
  sentences: LabelledSentence[];
}

/**
 * Labels every word by its first sub-token and scores entities as conlleval does.
 * @param features windows of `sentences`; every word stands in exactly one of them.
 */
export async function evaluateFeatures(
  classifier: SequenceClassifier,
  sentences: readonly Sentence[],
  features: readonly Feature[],
): Promise<Evaluation> {
  const { labels } = classifier.model.config;
  const predicted = sentences.map((s) => new Array<string>(s.words.length));
  let [loss, words] = [0, 0];
  let next = 0;
  for await (const { probabilities } of classifier.classify(features)) {
    const feature = features[next++]!;
    for (const { sentence, word, position } of feature.words) {
      const row = probabilities.subarray(position * labels.length, (position + 1) * labels.length);
      predicted[sentence]![word] = labels[argmax(row)]!;
      const gold = feature.labels[position]!;
      if (gold >= 0) {
        loss -= Math.log(Math.max(row[gold]!, 1e-38));
        words++;
      }
    }
  }
  const labelled = sentences.map((s, i) => ({ gold: s.labels, predicted: predicted[i]! }));
  return { scores: scoreEntities(labelled), loss: words === 0 ? 0 : loss / words, sentences: labelled };
}
