/** A few training steps of a small model from fixed numbers, for any runtime. */
import { ActivationPool, AlbertModel, type Gpu, parseAlbertConfig, Trainer } from '../../src/index.ts';

const STEPS = 4;
const CONFIG = {
  model_type: 'albert',
  vocab_size: 400, // enough that rows of word embeddings are moved as batches want them
  embedding_size: 8,
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 32,
  max_position_embeddings: 20,
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  id2label: { 0: 'O', 1: 'B-LOC', 2: 'I-LOC' },
};

export interface Trained {
  losses: number[];
  norms: number[];
  /** The classifier's weights after the last step. */
  weights: number[];
}

export async function trainingSteps(gpu: Gpu): Promise<Trained> {
  const model = AlbertModel.random(gpu, parseAlbertConfig(CONFIG), 3);
  const schedule = { name: 'linear', learningRate: 0.01, warmupSteps: 1, steps: STEPS } as const;
  const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxNorm: 1, weightDecay: 0.01 };
  const trainer = await Trainer.create(model, { ...adam, schedule, seed: 3, capacity: 80 }, new ActivationPool(gpu));
  const sequence = (length: number, step: number) => {
    const ids = Int32Array.from({ length }, (_, i) => 5 + ((i * 7 + length * 3 + step * 11) % 45));
    return { ids, labels: ids.map((id) => (id % 5 === 0 ? 1 : id % 3 === 0 ? -100 : 0)) };
  };
  const trained: Trained = { losses: [], norms: [], weights: [] };
  const batches = (step: number) => (step < STEPS ? [[5, 12, 20].map((length) => sequence(length, step))] : undefined);
  for await (const { loss, gradientNorm } of trainer.steps(batches)) {
    trained.losses.push(loss);
    trained.norms.push(gradientNorm);
  }
  trained.weights = [...(await model.parameters.read('classifier.weight'))];
  return trained;
}

/** What is further than 1e-4 (relative) from what the other runtime got; nothing where they agree. */
export function differences(got: Trained, want: Trained): string[] {
  return (['losses', 'norms', 'weights'] as const).flatMap((name) => {
    if (got[name].length !== want[name].length) return [`${got[name].length} ${name}, not ${want[name].length}`];
    return want[name].flatMap((w, i) =>
      Math.abs(got[name][i]! - w) <= 1e-4 * Math.max(1, Math.abs(w))
        ? []
        : [`${name}[${i}]: ${got[name][i]}, not ${w}`],
    );
  });
}
