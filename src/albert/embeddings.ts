/**
 * The embeddings and their projection E -> H: forward, and beside it backward, as calls of operators in order.
 *
 * T: tokens of the batch's capacity, E: embedding size, H: hidden size.
 */
import type { Tensor } from '../gpu/tensor.ts';
import { dropout } from '../kernels/dropout.ts';
import { embeddingGradient, embeddingSum } from '../kernels/embedding.ts';
import {
  type LayerNormSaved,
  layerNormBackward,
  layerNormForward,
  layerNormGradParameters,
} from '../kernels/layer_norm.ts';
import { linearForward, linearGradInput, linearGradParameters } from '../kernels/linear.ts';
import type { ParameterSet } from './parameters.ts';
import { type Recording, rate, SITES } from './recording.ts';

const EMBEDDINGS = 'albert.embeddings';
const MAPPING = 'albert.encoder.embedding_hidden_mapping_in';

export interface EmbeddingsSaved {
  norm: LayerNormSaved;
  /** What the projection E -> H was given, [T, E]. */
  dropped: Tensor;
}

/** Ids -> hidden states [T, H]. */
export function embeddingsForward(r: Recording): { hidden: Tensor; saved: EmbeddingsSaved } {
  const { plan, batch, config, parameters: p } = r;
  const T = batch.capacity;
  const { embedding_size: E, hidden_size: H } = config;
  const sum = plan.tensor('embedding sum', [T, E]);
  const normed = plan.tensor('embeddings', [T, E]);
  const hidden = plan.tensor('hidden 0', [T, H]);

  const word = p.get(`${EMBEDDINGS}.word_embeddings.weight`); // [vocabulary, E]
  const position = p.get(`${EMBEDDINGS}.position_embeddings.weight`); // [positions, E]
  const tokenType = p.get(`${EMBEDDINGS}.token_type_embeddings.weight`); // [types, E]
  embeddingSum(plan, batch, { word, position, tokenType, out: sum }, 'embedding sum');
  const gamma = p.get(`${EMBEDDINGS}.LayerNorm.weight`); // [E]
  const beta = p.get(`${EMBEDDINGS}.LayerNorm.bias`); // [E]
  const norm = layerNormForward(
    plan,
    batch,
    { x: sum, gamma, beta, out: normed },
    config.layer_norm_eps,
    'embedding norm',
    !!r.gradients,
  );
  const dropped = dropout(
    plan,
    batch,
    normed,
    rate(r, config.hidden_dropout_prob),
    SITES.embeddings,
    'embedding dropout',
  ); // [T, E]
  const weight = p.get(`${MAPPING}.weight`); // [H, E]
  linearForward(plan, batch, { x: dropped, weight, bias: p.get(`${MAPPING}.bias`), out: hidden }, 'E -> H');
  return { hidden, saved: { norm, dropped } };
}

/** Adds the gradients of the embeddings' parameters, given that of the hidden states [T, H]. */
export function embeddingsBackward(
  r: Recording,
  gradients: ParameterSet,
  saved: EmbeddingsSaved,
  gradHidden: Tensor,
): void {
  const { plan, batch, config, parameters: p } = r;
  const g = gradients;
  const T = batch.capacity;
  const E = config.embedding_size;
  const gradDropped = plan.tensor('grad embeddings', [T, E]);
  const gradSum = plan.tensor('grad embedding sum', [T, E]);

  linearGradParameters(
    plan,
    batch,
    {
      gradOut: gradHidden,
      x: saved.dropped,
      gradWeight: g.get(`${MAPPING}.weight`),
      gradBias: g.get(`${MAPPING}.bias`),
    },
    'E -> H',
  );
  linearGradInput(
    plan,
    batch,
    { gradOut: gradHidden, weight: p.get(`${MAPPING}.weight`), gradX: gradDropped },
    'E -> H',
  );
  const gradNormed = dropout(
    plan,
    batch,
    gradDropped,
    rate(r, config.hidden_dropout_prob),
    SITES.embeddings,
    'embedding dropout grad x',
  ); // [T, E]
  const norm = { ...saved.norm, gradOut: gradNormed };
  layerNormGradParameters(
    plan,
    batch,
    { ...norm, gradGamma: g.get(`${EMBEDDINGS}.LayerNorm.weight`), gradBeta: g.get(`${EMBEDDINGS}.LayerNorm.bias`) },
    'embedding norm',
  );
  layerNormBackward(
    plan,
    batch,
    { ...norm, gamma: p.get(`${EMBEDDINGS}.LayerNorm.weight`), gradIn: gradSum },
    'embedding norm',
  );
  embeddingGradient(
    plan,
    batch.words!,
    { gradOut: gradSum, gradTable: g.get(`${EMBEDDINGS}.word_embeddings.weight`) },
    'word embeddings grad',
  );
  embeddingGradient(
    plan,
    batch.positions!,
    { gradOut: gradSum, gradTable: g.get(`${EMBEDDINGS}.position_embeddings.weight`) },
    'position embeddings grad',
  );
  embeddingGradient(
    plan,
    batch.types!,
    { gradOut: gradSum, gradTable: g.get(`${EMBEDDINGS}.token_type_embeddings.weight`) },
    'token type embeddings grad',
  );
}
