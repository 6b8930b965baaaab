/** A model whose weights are larger than one binding, as albert-xxlarge's feed-forward is on most adapters. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { initialize, layoutOf, ParameterSet } from '../../src/albert/parameters.ts';
import { recordBackward, recordForward } from '../../src/albert/token_classifier.ts';
import { ALBERT_DEFAULTS, type AlbertConfig } from '../../src/formats/albert_config.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { createTensor } from '../../src/gpu/memory.ts';
import { openGpu } from '../../src/gpu/open_node.ts';
import { Plan } from '../../src/gpu/plan.ts';
import { readTensor } from '../../src/gpu/readback.ts';
import { addLoss } from '../../src/kernels/adamw.ts';
import { batchOf, close, maxAbs, testGpu } from '../gpu_support.ts';

const test = suite('bindings smaller than weights');

const config: AlbertConfig = {
  ...ALBERT_DEFAULTS,
  vocab_size: 50,
  embedding_size: 16,
  hidden_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 256,
  max_position_embeddings: 16,
  hidden_dropout_prob: 0.1,
  initializer_range: 0.2,
  labels: ['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC'],
};

async function run(gpu: Gpu) {
  const layout = layoutOf(config);
  const parameters = new ParameterSet(gpu, 'parameters', layout);
  const gradients = new ParameterSet(gpu, 'gradients', layout);
  initialize(parameters, config, 3);
  const ids = Int32Array.from({ length: 12 }, (_, i) => (i * 7 + 3) % 50);
  const labels = ids.map((id) => id % 5);
  const batch = batchOf(gpu, [7, 5], { ids, labels, seed: 11 });
  const plan = new Plan(gpu);
  const recording = { plan, batch, config, parameters, gradients };
  const pass = recordForward(recording);
  plan.keep(pass.logits);
  const result = createTensor(gpu, 'result', [4]);
  addLoss(plan, batch, { tokenLoss: recordBackward(recording, pass), result });
  const built = await plan.build();
  const encoder = gpu.device.createCommandEncoder();
  built.encode(encoder);
  gpu.device.queue.submit([encoder.finish()]);
  return {
    dispatches: plan.length,
    logits: await readTensor(gpu, pass.logits),
    gradient: await readTensor(gpu, gradients.flat),
    result: await readTensor(gpu, result),
  };
}

test('the same logits, loss and gradients as with whole weights', async () => {
  const small = await openGpu('auto', { maxBindingSize: 16 * 1024 }); // the feed-forward's weights take 64 KiB each
  const want = await run(await testGpu());
  const got = await run(small);
  small.close();
  assert.ok(got.dispatches > want.dispatches + 30, 'the weights come in blocks');
  assert.equal(got.logits, want.logits, 'a forward sum is not divided: the same bits');
  close('loss', got.result, want.result, 1e-6 * maxAbs(want.result));
  close('gradients', got.gradient, want.gradient, 2e-6 * maxAbs(want.gradient));
});
test.run();
