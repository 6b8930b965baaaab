import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { close, maxAbs, testGpu } from '../gpu_support.ts';
import { referenceModel, runModel, unpadded } from './model_support.ts';

const test = suite('token classifier');

for (const name of ['tiny', 'groups', 'odd', 'relu_eps', 'base']) {
  const model = await referenceModel(name);
  if (!model) {
    test.skip(name);
    continue;
  }
  const { config, values, rows } = model;

  test(`${name}: logits, every hidden state, loss and every gradient as PyTorch's`, async () => {
    const gpu = await testGpu();
    const got = await runModel(gpu, model);
    const logits = unpadded(values.values('logits'), rows, config.labels.length);
    close('logits', got.logits, logits, 1e-5 * maxAbs(logits));
    assert.is(got.hiddenStates.length, config.num_hidden_layers * config.inner_group_num + 1);
    for (const [k, states] of got.hiddenStates.entries()) {
      const want = unpadded(values.values(`hidden_${k}`), rows, config.hidden_size);
      close(`hidden ${k}`, states, want, 1e-5 * maxAbs(want));
    }
    const [loss, norm] = [values.values('loss')[0]!, values.values('grad_norm')[0]!];
    close('loss', Float32Array.of(got.loss), [loss], 1e-5 * loss);
    close('gradient norm', Float32Array.of(got.norm), [norm], 1e-4 * norm);
    let compared = 0;
    for (const parameter of got.layout.slots.keys()) {
      if (!values.has(`grad.${parameter}`)) continue; // the base model's file leaves the large ones out
      const want = values.values(`grad.${parameter}`);
      close(parameter, await got.gradient(parameter), want, 1e-4 * maxAbs(want) + 1e-6 * norm);
      compared++;
    }
    assert.ok(name === 'base' ? compared > 10 : compared === got.layout.slots.size, `${compared} gradients compared`);
  });

  test(`${name}: a plan without backward gives the same logits`, async () => {
    const gpu = await testGpu();
    const got = await runModel(gpu, model, { backward: false });
    const logits = unpadded(values.values('logits'), rows, config.labels.length);
    close('logits', got.logits, logits, 1e-5 * maxAbs(logits));
  });
}
test.run();
