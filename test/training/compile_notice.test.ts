import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlbertModel } from '../../src/albert/model.ts';
import { ALBERT_DEFAULTS } from '../../src/formats/albert_config.ts';
import { ActivationPool } from '../../src/gpu/memory.ts';
import { CompileNotice } from '../../src/training/compile_notice.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { testGpu } from '../gpu_support.ts';

const test = suite('compile notice');
const after = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('quiet within a second; then how far compiling is; then that the first step compiles; nothing behind its end', async () => {
  const lines: string[] = [];
  const notice = new CompileNotice((line) => lines.push(line));
  notice.onCompile(0, 40);
  await after(500);
  assert.equal(lines, []);
  notice.onCompile(12, 40);
  await after(800);
  assert.equal(lines, ['compiling kernels: 12 of 40 commands ready, 1s']);
  notice.onCompile(40, 40);
  await after(1000);
  assert.equal(lines.slice(1), ['first step, in which many drivers compile kernels: 2s']);
  notice.end();
  notice.onCompile(1, 2);
  await after(1100);
  assert.is(lines.length, 2);
});

test('a trainer tells of every command of its plan', async () => {
  const gpu = await testGpu();
  const sizes = { vocab_size: 20, embedding_size: 4, hidden_size: 8, num_hidden_layers: 1, num_attention_heads: 2 };
  const config = { ...ALBERT_DEFAULTS, ...sizes, intermediate_size: 8, max_position_embeddings: 8, labels: ['O'] };
  const told: [number, number][] = [];
  const schedule = { name: 'constant', learningRate: 1e-3, warmupSteps: 0, steps: 1 } as const;
  const rates = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxNorm: 1, weightDecay: 0 };
  await Trainer.create(
    AlbertModel.random(gpu, config, 1),
    { ...rates, schedule, seed: 1, capacity: 8, onCompile: (ready, of) => told.push([ready, of]) },
    new ActivationPool(gpu),
  );
  const [, of] = told[0]!;
  assert.ok(of > 20, `${of} commands`);
  assert.equal(
    told,
    Array.from({ length: of + 1 }, (_, ready) => [ready, of]),
  );
});

test.run();
