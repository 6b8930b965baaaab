/**
 * One ALBERT layer: forward, and beside it backward, as calls of operators in order.
 *
 * T: tokens of the batch's capacity, E: embedding size, H: hidden size, I: intermediate size.
 */
import { type AlbertConfig, groupOfLayer } from '../formats/albert_config.ts';
import { layerPrefix } from '../formats/albert_parameters.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { attentionBackward, attentionForward } from '../kernels/attention.ts';
import { dropout } from '../kernels/dropout.ts';
import {
  type LayerNormSaved,
  layerNormBackward,
  layerNormForward,
  layerNormGradParameters,
} from '../kernels/layer_norm.ts';
import {
  linearActivationForward,
  linearActivationGradInput,
  linearForward,
  linearGradInput,
  linearGradParameters,
} from '../kernels/linear.ts';
import type { ParameterSet } from './parameters.ts';
import { type Recording, rate, SITES } from './recording.ts';

/** What a layer's backward pass reads. */
export interface LayerSaved {
  x: Tensor;
  qkv: Tensor;
  context: Tensor;
  logSum: Tensor;
  attentionNorm: LayerNormSaved;
  attended: Tensor;
  inner: Tensor;
  activated: Tensor;
  norm: LayerNormSaved;
}

/**
 * x [T, H] -> [T, H]: attention, add and norm, feed-forward, add and norm.
 * @param block counts layers and inner layers through the model; layers that share parameters differ in it.
 */
export function layerForward(
  r: Recording,
  prefix: string,
  block: number,
  x: Tensor,
): { out: Tensor; saved: LayerSaved } {
  const { plan, batch, config, parameters: p } = r;
  const T = batch.capacity;
  const { hidden_size: H, intermediate_size: I, num_attention_heads: heads, layer_norm_eps: epsilon } = config;
  const label = (part: string) => `layer ${block} ${part}`;
  const training = r.gradients !== undefined;
  const qkv = plan.tensor(label('qkv'), [T, 3 * H]);
  const context = plan.tensor(label('context'), [T, H]);
  const logSum = plan.tensor(label('log sum'), [T, heads]);
  const projected = plan.tensor(label('projected'), [T, H]);
  const attended = plan.tensor(label('attended'), [T, H]);
  const inner = plan.tensor(label('inner'), [T, I]);
  const activated = plan.tensor(label('activated'), [T, I]);
  const output = plan.tensor(label('output'), [T, H]);
  const out = plan.tensor(`hidden ${block + 1}`, [T, H]);

  const attention = `${prefix}.attention`;
  linearForward(
    plan,
    batch,
    { x, weight: p.queryKeyValue(attention, 'weight'), bias: p.queryKeyValue(attention, 'bias'), out: qkv },
    label('qkv'),
  );
  attentionForward(plan, batch, { qkv, out: context, logSum }, attentionOptions(r, block), label('attention'));
  linearForward(
    plan,
    batch,
    { x: context, weight: p.get(`${attention}.dense.weight`), bias: p.get(`${attention}.dense.bias`), out: projected },
    label('dense'),
  );
  const dropped = dropout(
    plan,
    batch,
    projected,
    rate(r, config.hidden_dropout_prob),
    SITES.output(block),
    label('dropout'),
  ); // [T, H]
  const attentionNorm = layerNormForward(
    plan,
    batch,
    {
      x: dropped,
      residual: x,
      gamma: p.get(`${attention}.LayerNorm.weight`),
      beta: p.get(`${attention}.LayerNorm.bias`),
      out: attended,
    },
    epsilon,
    label('attention norm'),
    training,
  );

  linearActivationForward(
    plan,
    batch,
    { x: attended, weight: p.get(`${prefix}.ffn.weight`), bias: p.get(`${prefix}.ffn.bias`), inner, out: activated },
    config.hidden_act,
    training,
    label('ffn'),
  );
  linearForward(
    plan,
    batch,
    {
      x: activated,
      weight: p.get(`${prefix}.ffn_output.weight`),
      bias: p.get(`${prefix}.ffn_output.bias`),
      out: output,
    },
    label('ffn output'),
  );
  const norm = layerNormForward(
    plan,
    batch,
    {
      x: output,
      residual: attended,
      gamma: p.get(`${prefix}.full_layer_layer_norm.weight`),
      beta: p.get(`${prefix}.full_layer_layer_norm.bias`),
      out,
    },
    epsilon,
    label('norm'),
    training,
  );
  return { out, saved: { x, qkv, context, logSum, attentionNorm, attended, inner, activated, norm } };
}

/** gradOut [T, H] -> gradient of the layer's input [T, H]; adds the gradients of its parameters. */
export function layerBackward(
  r: Recording,
  g: ParameterSet,
  prefix: string,
  block: number,
  saved: LayerSaved,
  gradOut: Tensor,
): Tensor {
  const { plan, batch, config, parameters: p } = r;
  const T = batch.capacity;
  const { hidden_size: H, intermediate_size: I } = config;
  const label = (part: string) => `layer ${block} ${part}`;
  const gradSum = plan.tensor(label('grad output'), [T, H]);
  const gradAttended = plan.tensor(label('grad attended'), [T, H]);
  const gradActivated = plan.tensor(label('grad activated'), [T, I]);
  const gradInner = plan.tensor(label('grad inner'), [T, I]);
  const gradAttentionSum = plan.tensor(label('grad projected'), [T, H]);
  const gradX = plan.tensor(label('grad x'), [T, H]);
  const gradContext = plan.tensor(label('grad context'), [T, H]);
  const gradQkv = plan.tensor(label('grad qkv'), [T, 3 * H]);

  const norm = { ...saved.norm, gradOut };
  layerNormGradParameters(
    plan,
    batch,
    {
      ...norm,
      gradGamma: g.get(`${prefix}.full_layer_layer_norm.weight`),
      gradBeta: g.get(`${prefix}.full_layer_layer_norm.bias`),
    },
    label('norm'),
  );
  // One gradient for both terms of the residual sum: the feed-forward's is added to it below.
  layerNormBackward(
    plan,
    batch,
    { ...norm, gamma: p.get(`${prefix}.full_layer_layer_norm.weight`), gradIn: gradSum },
    label('norm'),
  );
  linearGradParameters(
    plan,
    batch,
    {
      gradOut: gradSum,
      x: saved.activated,
      gradWeight: g.get(`${prefix}.ffn_output.weight`),
      gradBias: g.get(`${prefix}.ffn_output.bias`),
    },
    label('ffn output'),
  );
  linearActivationGradInput(
    plan,
    batch,
    { gradOut: gradSum, weight: p.get(`${prefix}.ffn_output.weight`), inner: saved.inner, gradActivated, gradInner },
    config.hidden_act,
    label('ffn output'),
  );
  linearGradParameters(
    plan,
    batch,
    {
      gradOut: gradInner,
      x: saved.attended,
      gradWeight: g.get(`${prefix}.ffn.weight`),
      gradBias: g.get(`${prefix}.ffn.bias`),
    },
    label('ffn'),
  );
  linearGradInput(
    plan,
    batch,
    { gradOut: gradInner, weight: p.get(`${prefix}.ffn.weight`), gradX: gradAttended, addend: gradSum },
    label('ffn'),
  );

  const attention = `${prefix}.attention`;
  const attentionNorm = { ...saved.attentionNorm, gradOut: gradAttended };
  layerNormGradParameters(
    plan,
    batch,
    {
      ...attentionNorm,
      gradGamma: g.get(`${attention}.LayerNorm.weight`),
      gradBeta: g.get(`${attention}.LayerNorm.bias`),
    },
    label('attention norm'),
  );
  layerNormBackward(
    plan,
    batch,
    { ...attentionNorm, gamma: p.get(`${attention}.LayerNorm.weight`), gradIn: gradAttentionSum },
    label('attention norm'),
  );
  const gradProjected = dropout(
    plan,
    batch,
    gradAttentionSum,
    rate(r, config.hidden_dropout_prob),
    SITES.output(block),
    label('dropout grad x'),
  ); // [T, H]
  linearGradParameters(
    plan,
    batch,
    {
      gradOut: gradProjected,
      x: saved.context,
      gradWeight: g.get(`${attention}.dense.weight`),
      gradBias: g.get(`${attention}.dense.bias`),
    },
    label('dense'),
  );
  linearGradInput(
    plan,
    batch,
    { gradOut: gradProjected, weight: p.get(`${attention}.dense.weight`), gradX: gradContext },
    label('dense'),
  );
  attentionBackward(
    plan,
    batch,
    { qkv: saved.qkv, out: saved.context, logSum: saved.logSum, gradOut: gradContext, gradQkv },
    attentionOptions(r, block),
    label('attention'),
  );
  linearGradParameters(
    plan,
    batch,
    {
      gradOut: gradQkv,
      x: saved.x,
      gradWeight: g.queryKeyValue(attention, 'weight'),
      gradBias: g.queryKeyValue(attention, 'bias'),
    },
    label('qkv'),
  );
  linearGradInput(
    plan,
    batch,
    { gradOut: gradQkv, weight: p.queryKeyValue(attention, 'weight'), gradX, addend: gradAttentionSum },
    label('qkv'),
  );
  return gradX;
}

/** The parameters' prefix of each layer in the order they run, inner layers included. */
export function layerPrefixes(config: AlbertConfig): string[] {
  return Array.from({ length: config.num_hidden_layers }, (_, layer) =>
    Array.from({ length: config.inner_group_num }, (_, inner) => layerPrefix(groupOfLayer(config, layer), inner)),
  ).flat();
}

const attentionOptions = (r: Recording, block: number) => ({
  heads: r.config.num_attention_heads,
  dropout: rate(r, r.config.attention_probs_dropout_prob),
  site: SITES.attention(block),
});
