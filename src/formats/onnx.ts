/**
 * An ALBERT token classifier as an ONNX model: inputs input_ids, attention_mask, token_type_ids [batch_size, sequence_length]
 * int64, output logits [batch_size, sequence_length, labels] float32, whatever the precision within. The layers are written
 * out one after the other; the weights that they share are stored once.
 */
import { type AlbertConfig, groupOfLayer } from './albert_config.ts';
import { expectedParameters, layerPrefix } from './albert_parameters.ts';
import { OnnxGraphBuilder, type OnnxPrecision, type ReadParameter } from './onnx_graph.ts';
import type { OnnxModel } from './onnx_schema.ts';

/** The first that has LayerNormalization. */
const OPSET = 17;

/** The model, whose parameters are read as it is written. @param read values of a parameter under Hugging Face's name */
export function albertOnnx(config: AlbertConfig, read: ReadParameter, precision: OnnxPrecision = 'float32'): OnnxModel {
  const g = new OnnxGraphBuilder(expectedParameters(config), read, precision);
  const mask = attentionMask(g); // [B, 1, 1, L]
  let hidden = embeddings(g, config); // [B, L, H]
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    for (let inner = 0; inner < config.inner_group_num; inner++) {
      const prefix = layerPrefix(groupOfLayer(config, layer), inner);
      hidden = albertLayer(g, config, `layer.${layer}.${inner}`, prefix, hidden, mask);
    }
  }
  const halves = g.floats === 'FLOAT16';
  const logits = g.op('Add', halves ? 'classifier' : 'logits', [
    g.op('MatMul', 'classifier/product', [hidden, g.transposed('classifier.weight', 'exact')]),
    g.parameter('classifier.bias'),
  ]); // [B, L, labels]
  if (halves) g.cast('logits', logits, 'FLOAT');
  const shape = ['batch_size', 'sequence_length'];
  const input = (name: string) => ({ name, type: 'INT64', shape }) as const;
  return {
    opset: OPSET,
    producer: 'albert-webgpu',
    graph: {
      name: 'albert_token_classifier',
      nodes: g.nodes,
      initializers: g.initializers,
      inputs: ['input_ids', 'attention_mask', 'token_type_ids'].map(input),
      outputs: [{ name: 'logits', type: 'FLOAT', shape: [...shape, config.labels.length] }],
    },
    metadata: { id2label: JSON.stringify(Object.fromEntries(config.labels.entries())) },
  };
}

/** What is added to the scores: 0 for a token that counts, a number far below every score for padding. [B, 1, 1, L] */
function attentionMask(g: OnnxGraphBuilder): string {
  const counts = g.cast('mask/counts', 'attention_mask', g.floats);
  const padding = g.op('Sub', 'mask/padding', [g.scalar('one', 1), counts]);
  // Half precision ends at 65504, and a score is added to it.
  const far = g.scalar('mask/far', g.floats === 'FLOAT16' ? -3e4 : -1e30);
  const added = g.op('Mul', 'mask/added', [padding, far]);
  return g.op('Unsqueeze', 'mask', [added, g.integers('mask/axes', [1, 2])]);
}

/** LayerNorm(word + position + token type), then E -> H: [B, L, H]. */
function embeddings(g: OnnxGraphBuilder, config: AlbertConfig): string {
  const at = 'albert.embeddings';
  const words = g.lookUp('embeddings/words', `${at}.word_embeddings.weight`, 'input_ids'); // [B, L, E]
  const types = g.op(
    'Gather',
    'embeddings/types',
    [g.parameter(`${at}.token_type_embeddings.weight`), 'token_type_ids'],
    { axis: { int: 0 } },
  ); // [B, L, E]
  const length = g.op('Slice', 'length', [
    g.op('Shape', 'shape', ['input_ids']),
    g.integers('length/from', [1]),
    g.integers('length/to', [2]),
  ]); // [1]
  const positions = g.op('Slice', 'embeddings/positions', [
    g.parameter(`${at}.position_embeddings.weight`),
    g.integers('positions/from', [0]),
    length,
    g.integers('positions/axis', [0]),
  ]); // [L, E]
  const sum = g.op('Add', 'embeddings/sum', [g.op('Add', 'embeddings/words_types', [words, types]), positions]);
  const normed = layerNorm(g, config, 'embeddings/norm', `${at}.LayerNorm`, sum);
  return linear(g, 'embeddings/hidden', 'albert.encoder.embedding_hidden_mapping_in', normed);
}

/** Attention, add & norm, feed-forward, add & norm: [B, L, H] to [B, L, H]. */
function albertLayer(
  g: OnnxGraphBuilder,
  config: AlbertConfig,
  name: string,
  prefix: string,
  x: string,
  mask: string,
): string {
  const attention = `${prefix}.attention`;
  const context = selfAttention(g, config, `${name}/attention`, attention, x, mask);
  const projected = linear(g, `${name}/attention/dense`, `${attention}.dense`, context);
  const sum = g.op('Add', `${name}/attention/sum`, [x, projected]);
  const attended = layerNorm(g, config, `${name}/attention/norm`, `${attention}.LayerNorm`, sum); // [B, L, H]
  const wide = linear(g, `${name}/ffn`, `${prefix}.ffn`, attended); // [B, L, I]
  const active = activation(g, config.hidden_act, `${name}/activation`, wide);
  const narrow = linear(g, `${name}/ffn_output`, `${prefix}.ffn_output`, active); // [B, L, H]
  const total = g.op('Add', `${name}/sum`, [narrow, attended]);
  return layerNorm(g, config, `${name}/norm`, `${prefix}.full_layer_layer_norm`, total);
}

/** softmax(q kᵀ / √d + mask) v for each head: [B, L, H]. */
function selfAttention(
  g: OnnxGraphBuilder,
  { hidden_size: H, num_attention_heads: heads }: AlbertConfig,
  name: string,
  prefix: string,
  x: string,
  mask: string,
): string {
  const headSize = H / heads;
  const apart = g.integers('heads/apart', [0, 0, heads, headSize]); // 0: the size that is there
  const split = (part: string, order: readonly number[]) => {
    const flat = linear(g, `${name}/${part}`, `${prefix}.${part}`, x); // [B, L, H]
    const parts = g.op('Reshape', `${name}/${part}/heads`, [flat, apart]); // [B, L, heads, d]
    return g.op('Transpose', `${name}/${part}/turned`, [parts], { perm: { ints: order } });
  };
  const query = split('query', [0, 2, 1, 3]); // [B, heads, L, d]
  const key = split('key', [0, 2, 3, 1]); // [B, heads, d, L]
  const value = split('value', [0, 2, 1, 3]); // [B, heads, L, d]
  // Before the product, which might else leave the range of half precision.
  const scaled = g.op('Mul', `${name}/query/scaled`, [query, g.scalar('heads/scale', 1 / Math.sqrt(headSize))]);
  const scores = g.op('MatMul', `${name}/scores`, [scaled, key]); // [B, heads, L, L]
  const masked = g.op('Add', `${name}/masked`, [scores, mask]);
  const weights = g.op('Softmax', `${name}/weights`, [masked], { axis: { int: -1 } });
  const context = g.op('MatMul', `${name}/context`, [weights, value]); // [B, heads, L, d]
  const turned = g.op('Transpose', `${name}/context/turned`, [context], { perm: { ints: [0, 2, 1, 3] } });
  return g.op('Reshape', `${name}/context/joined`, [turned, g.integers('heads/together', [0, 0, H])]); // [B, L, H]
}

function linear(g: OnnxGraphBuilder, name: string, parameter: string, x: string): string {
  const product = g.op('MatMul', `${name}/product`, [x, g.transposed(`${parameter}.weight`)]);
  return g.op('Add', name, [product, g.parameter(`${parameter}.bias`)]);
}

function layerNorm(g: OnnxGraphBuilder, config: AlbertConfig, name: string, parameter: string, x: string): string {
  return g.op('LayerNormalization', name, [x, g.parameter(`${parameter}.weight`), g.parameter(`${parameter}.bias`)], {
    axis: { int: -1 },
    epsilon: { float: config.layer_norm_eps },
  });
}

/** The functions as transformers defines them (Hendrycks & Gimpel 2016). */
function activation(g: OnnxGraphBuilder, kind: AlbertConfig['hidden_act'], name: string, x: string): string {
  if (kind === 'relu') return g.op('Relu', name, [x]);
  const half = g.op('Mul', `${name}/half`, [x, g.scalar('half', 0.5)]);
  const bent = kind === 'gelu' ? gaussian(g, name, x) : tanhForm(g, name, x);
  const above = g.op('Add', `${name}/above`, [bent, g.scalar('one', 1)]);
  return g.op('Mul', name, [half, above]);
}

/** erf(x / √2) */
const gaussian = (g: OnnxGraphBuilder, name: string, x: string): string =>
  g.op('Erf', `${name}/erf`, [g.op('Mul', `${name}/scaled`, [x, g.scalar('root_half', Math.SQRT1_2)])]);

/** tanh(√(2/π) (x + 0.044715 x³)) */
function tanhForm(g: OnnxGraphBuilder, name: string, x: string): string {
  const square = g.op('Mul', `${name}/square`, [x, x]);
  const cube = g.op('Mul', `${name}/cube`, [square, x]);
  const part = g.op('Mul', `${name}/cubic`, [cube, g.scalar('gelu/cubic', 0.044715)]);
  const sum = g.op('Add', `${name}/sum`, [x, part]);
  return g.op('Tanh', `${name}/tanh`, [
    g.op('Mul', `${name}/scaled`, [sum, g.scalar('gelu/scale', Math.sqrt(2 / Math.PI))]),
  ]);
}
