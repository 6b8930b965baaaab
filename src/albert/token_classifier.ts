/** ALBERT with a classifier over each token's last hidden state: what transformers calls AlbertForTokenClassification. */
import { classifierDropout } from '../formats/albert_config.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { crossEntropy } from '../kernels/cross_entropy.ts';
import { dropout } from '../kernels/dropout.ts';
import { linearForward, linearGradInput, linearGradParameters } from '../kernels/linear.ts';
import { type EmbeddingsSaved, embeddingsBackward, embeddingsForward } from './embeddings.ts';
import { type LayerSaved, layerBackward, layerForward, layerPrefixes } from './layer.ts';
import { type Recording, rate, SITES } from './recording.ts';

export interface ForwardPass {
  /** [T, labels] */
  logits: Tensor;
  /** After the projection E -> H and after each layer, inner ones included, [T, H] each: transformers' hidden_states. */
  hiddenStates: Tensor[];
  embeddings: EmbeddingsSaved;
  /** Undefined where a layer is to be run again. */
  layers: (LayerSaved | undefined)[];
  /** What the classifier was given, [T, H]. */
  features: Tensor;
}

/** Records the forward pass of a batch. */
export function recordForward(r: Recording): ForwardPass {
  const { plan, batch, config, parameters: p } = r;
  const { hidden: first, saved: embeddings } = embeddingsForward(r);
  const hiddenStates = [first];
  const layers: ForwardPass['layers'] = [];
  let hidden = first;
  for (const [block, prefix] of layerPrefixes(config).entries()) {
    const { out, saved } = layerForward(r, prefix, block, hidden);
    layers.push(r.recompute ? undefined : saved);
    hidden = out;
    hiddenStates.push(hidden);
  }
  const features = dropout(
    plan,
    batch,
    hidden,
    rate(r, classifierDropout(config)),
    SITES.classifier,
    'classifier dropout',
  ); // [T, H]
  const logits = plan.tensor('logits', [batch.capacity, config.labels.length]);
  linearForward(
    plan,
    batch,
    { x: features, weight: p.get('classifier.weight'), bias: p.get('classifier.bias'), out: logits },
    'classifier',
  );
  return { logits, hiddenStates, embeddings, layers, features };
}

/**
 * Records loss and backward pass: the gradients of all parameters are added to `r.gradients`.
 * @returns the loss of each token [T], zero where its label is -100; they add up to the mean over the others.
 */
export function recordBackward(r: Recording, pass: ForwardPass): Tensor {
  const { plan, batch, config, parameters: p, gradients: g } = r;
  if (!g) throw new Error('a backward pass needs gradients to add to');
  const T = batch.capacity;
  const tokenLoss = plan.tensor('token loss', [T]);
  const gradLogits = plan.tensor('grad logits', [T, config.labels.length]);
  const gradFeatures = plan.tensor('grad features', [T, config.hidden_size]);
  crossEntropy(plan, batch, { logits: pass.logits, tokenLoss, gradLogits }, 'cross-entropy');
  linearGradParameters(
    plan,
    batch,
    {
      gradOut: gradLogits,
      x: pass.features,
      gradWeight: g.get('classifier.weight'),
      gradBias: g.get('classifier.bias'),
    },
    'classifier',
  );
  linearGradInput(
    plan,
    batch,
    { gradOut: gradLogits, weight: p.get('classifier.weight'), gradX: gradFeatures },
    'classifier',
  );
  let grad = dropout(
    plan,
    batch,
    gradFeatures,
    rate(r, classifierDropout(config)),
    SITES.classifier,
    'classifier dropout grad x',
  ); // [T, H]
  const prefixes = layerPrefixes(config);
  for (let block = prefixes.length - 1; block >= 0; block--) {
    const prefix = prefixes[block]!;
    // The same kernels over the same input, with the same draws of dropout, give the same bits.
    const saved = pass.layers[block] ?? layerForward(r, prefix, block, pass.hiddenStates[block]!).saved;
    grad = layerBackward(r, g, prefix, block, saved, grad);
  }
  embeddingsBackward(r, g, pass.embeddings, grad);
  return tokenLoss;
}
