import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { attentionTiles, occurrencesOf } from '../../src/kernels/batch.ts';
import { embeddingGradient, embeddingSum } from '../../src/kernels/embedding.ts';
import { layerNormBackward, layerNormForward, layerNormGradParameters } from '../../src/kernels/layer_norm.ts';
import { linearForward, linearGradInput, linearGradParameters } from '../../src/kernels/linear.ts';
import { batchOf, createTensor, kernelCase, runOnce, SIZES, testGpu, upload } from '../gpu_support.ts';

const test = suite('embedding');

for (const size of SIZES) {
  const c = await kernelCase('embedding', size);
  if (!c) {
    if (size !== 'wide') test.skip(size);
    continue;
  }
  test(`${size}: sum, LayerNorm, projection, and the gradients of all three tables, as PyTorch's`, async () => {
    const gpu = await testGpu();
    const lengths = c.facts.lengths as number[];
    const tokens = lengths.reduce((a, b) => a + b, 0);
    const batch = batchOf(gpu, lengths, { ids: c.integers('word_ids'), types: c.integers('token_type_ids') });
    const tensor = (name: string) => upload(gpu, name, c.values(name), c.shape(name));
    const zeros = (name: string) => createTensor(gpu, `grad ${name}`, c.shape(name));
    const width = c.shape('gamma')[0]!;
    const hidden = c.shape('bias')[0]!;
    const got = await runOnce(gpu, (plan) => {
      const [word, position, tokenType] = [tensor('word'), tensor('position'), tensor('token_type')];
      const [gamma, weight, gradOut] = [tensor('gamma'), tensor('weight'), tensor('grad_out')];
      const sum = plan.tensor('sum', [tokens, width]);
      const normed = plan.tensor('normed', [tokens, width]);
      const out = createTensor(gpu, 'out', [tokens, hidden]);
      embeddingSum(plan, batch, { word, position, tokenType, out: sum }, 'embedding');
      const saved = layerNormForward(
        plan,
        batch,
        { x: sum, gamma, beta: tensor('beta'), out: normed },
        c.facts.eps as number,
        'norm',
      );
      linearForward(plan, batch, { x: normed, weight, bias: tensor('bias'), out }, 'projection');

      const gradNormed = plan.tensor('grad normed', [tokens, width]);
      const gradSum = plan.tensor('grad sum', [tokens, width]);
      const grads = {
        word: zeros('word'),
        position: zeros('position'),
        token_type: zeros('token_type'),
        gamma: zeros('gamma'),
        beta: zeros('beta'),
        weight: zeros('weight'),
        bias: zeros('bias'),
      };
      linearGradInput(plan, batch, { gradOut, weight, gradX: gradNormed }, 'projection');
      linearGradParameters(
        plan,
        batch,
        { gradOut, x: normed, gradWeight: grads.weight, gradBias: grads.bias },
        'projection',
      );
      layerNormBackward(plan, batch, { ...saved, gradOut: gradNormed, gamma, gradIn: gradSum }, 'norm');
      layerNormGradParameters(
        plan,
        batch,
        { ...saved, gradOut: gradNormed, gradGamma: grads.gamma, gradBeta: grads.beta },
        'norm',
      );
      embeddingGradient(plan, batch.words!, { gradOut: gradSum, gradTable: grads.word }, 'word');
      embeddingGradient(plan, batch.positions!, { gradOut: gradSum, gradTable: grads.position }, 'position');
      embeddingGradient(plan, batch.types!, { gradOut: gradSum, gradTable: grads.token_type }, 'token type');
      return { out, ...grads };
    });
    const { out, ...grads } = got;
    c.check('out', out);
    for (const [name, values] of Object.entries(grads)) c.check(`grad_${name}`, values);
  });
}

test('occurrences are sorted by row, then by place', () => {
  const ids = Uint32Array.of(7, 0, 0, 3, 1, 0, 7, 2, 0, 3, 3, 0, 1, 4, 0);
  const found = occurrencesOf(ids, 0);
  assert.equal([...found.rows], [1, 3, 7]);
  assert.equal([...found.starts], [0, 1, 3, 5]);
  assert.equal([...found.tokens], [4, 1, 3, 0, 2]);
});

test('no attention tile crosses a sequence', () => {
  assert.equal([...attentionTiles(Uint32Array.of(0, 1, 10), 8)], [0, 0, 1, 1, 1, 10, 9, 1, 10]);
});
test.run();
