/** ALBERT for token classification in TensorFlow.js on its WebGPU backend: a training step with Adam, and tagging. */

import * as tf from '@tensorflow/tfjs-core';
import { gpu } from './browser_globals.mjs';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops';
import '@tensorflow/tfjs-backend-webgpu';
import { serve, sizes } from './protocol.mjs';

const { tokens, length, vocabulary, labels, embedding, hidden, layers, heads, intermediate } = sizes;
await tf.setBackend('webgpu');
await tf.ready();

const sequences = tokens / length;
const weight = (...shape) => tf.variable(tf.truncatedNormal(shape, 0, 0.02));
const constant = (value, size) => tf.variable(tf.fill([size], value));
const linear = (from, to) => ({ weight: weight(from, to), bias: constant(0, to) });
const layerNorm = (size) => ({ gamma: constant(1, size), beta: constant(0, size) });
const model = {
  words: weight(vocabulary, embedding),
  positions: weight(512, embedding),
  types: weight(2, embedding),
  embeddingNorm: layerNorm(embedding),
  mapping: linear(embedding, hidden),
  query: linear(hidden, hidden),
  key: linear(hidden, hidden),
  value: linear(hidden, hidden),
  dense: linear(hidden, hidden),
  attentionNorm: layerNorm(hidden),
  up: linear(hidden, intermediate),
  down: linear(intermediate, hidden),
  outputNorm: layerNorm(hidden),
  classifier: linear(hidden, labels),
};

const apply = (x, layer) => tf.add(tf.matMul(x, layer.weight), layer.bias);
function normalize(x, { gamma, beta }) {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, 1e-12))), gamma), beta);
}
function gelu(x) {
  const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.mul(x, tf.square(x)))));
  return tf.mul(tf.mul(0.5, x), tf.add(1, tf.tanh(inner)));
}
const byHead = (x) => tf.transpose(tf.reshape(x, [sequences, length, heads, hidden / heads]), [0, 2, 1, 3]);

/** Ids [tokens] -> logits [tokens, labels]. The layers share their weights. */
function forward(ids, positions, types) {
  const summed = tf.add(
    tf.add(tf.gather(model.words, ids), tf.gather(model.positions, positions)),
    tf.gather(model.types, types),
  );
  let x = apply(normalize(summed, model.embeddingNorm), model.mapping);
  for (let layer = 0; layer < layers; layer++) {
    const [q, k, v] = [model.query, model.key, model.value].map((part) => byHead(apply(x, part)));
    const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(hidden / heads));
    const context = tf.reshape(tf.transpose(tf.matMul(tf.softmax(scores), v), [0, 2, 1, 3]), [tokens, hidden]);
    x = normalize(tf.add(x, apply(context, model.dense)), model.attentionNorm);
    x = normalize(tf.add(x, apply(gelu(apply(x, model.up)), model.down)), model.outputNorm);
  }
  return apply(x, model.classifier);
}

const below = (limit) => Int32Array.from({ length: tokens }, () => Math.floor(Math.random() * limit));
const ids = tf.tensor1d(below(vocabulary), 'int32');
const positions = tf.tensor1d(
  Int32Array.from({ length: tokens }, (_, t) => t % length),
  'int32',
);
const types = tf.zeros([tokens], 'int32');
const gold = tf.cast(tf.oneHot(tf.tensor1d(below(labels), 'int32'), labels), 'float32');
const optimizer = tf.train.adam(1e-3);

const { info } = await gpu.requestAdapter();
await serve(
  { name: `TensorFlow.js ${tf.version_core}`, adapter: info.description || info.device },
  {
    train: async () => {
      const loss = optimizer.minimize(() => tf.losses.softmaxCrossEntropy(gold, forward(ids, positions, types)), true);
      await loss.data();
      loss.dispose();
    },
    infer: async () => {
      const probabilities = tf.tidy(() => tf.softmax(forward(ids, positions, types)));
      await probabilities.data();
      probabilities.dispose();
    },
  },
);
