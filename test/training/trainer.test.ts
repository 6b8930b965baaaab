import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlbertModel } from '../../src/albert/model.ts';
import { UserError } from '../../src/errors.ts';
import { ALBERT_DEFAULTS } from '../../src/formats/albert_config.ts';
import { ActivationPool } from '../../src/gpu/memory.ts';
import { readTensor } from '../../src/gpu/readback.ts';
import { Random } from '../../src/random.ts';
import { loadCheckpoint, saveCheckpoint } from '../../src/training/checkpoint_node.ts';
import { type FitHooks, fit, newRunState } from '../../src/training/fit.ts';
import { type StepBatches, Trainer, type TrainerOptions } from '../../src/training/trainer.ts';
import { testGpu } from '../gpu_support.ts';

const test = suite('trainer');
const STEPS = 6;

const CONFIG = {
  ...ALBERT_DEFAULTS,
  vocab_size: 50,
  embedding_size: 8,
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 32,
  max_position_embeddings: 20,
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  labels: ['O', 'B-LOC', 'I-LOC'],
};

/** Sequences whose labels follow from their ids, so that there is something to learn. */
function sequences(count: number, seed: number) {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    const ids = Int32Array.from({ length: 3 + random.below(12) }, () => 5 + random.below(45));
    return { ids, labels: ids.map((id) => (id % 5 === 0 ? 1 : id % 7 === 0 ? 2 : id % 3 === 0 ? -100 : 0)) };
  });
}
const DATA = Array.from({ length: STEPS }, (_, i) => sequences(4, i));
const batchesOf = (step: number): StepBatches | undefined => (step < STEPS ? [DATA[step]!] : undefined);

async function makeTrainer(learningRate = 0.01, seed = 1, more: Partial<TrainerOptions> = {}, config = CONFIG) {
  const gpu = await testGpu();
  const model = AlbertModel.random(gpu, config, seed);
  const schedule = { name: 'linear', learningRate, warmupSteps: 1, steps: STEPS } as const;
  const options = {
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    maxNorm: 1,
    weightDecay: 0.01,
    schedule,
    seed,
    capacity: 80,
    ...more,
  };
  return Trainer.create(model, options, new ActivationPool(gpu));
}
/** As bits: NaN equals itself there. */
const parametersOf = async (trainer: Trainer) =>
  new Uint32Array((await readTensor(await testGpu(), trainer.model.parameters.flat)).buffer);
async function lossesOf(trainer: Trainer, batches = batchesOf): Promise<number[]> {
  const losses: number[] = [];
  for await (const { loss } of trainer.steps(batches)) losses.push(loss);
  return losses;
}

const hooks = (over: Partial<FitHooks> = {}): FitHooks => ({
  batches: (step) => batchesOf(step)!,
  onStep: () => {},
  onLog: () => {},
  evaluate: async () => 0,
  save: async () => {},
  describeStep: (step) => `sentences of step ${step}`,
  signal: new AbortController().signal,
  ...over,
});
const FIT = { steps: STEPS, stepsPerEpoch: 3, loggingSteps: 2, evalSteps: 3, saveSteps: 0, patience: 0 };

test('two runs with dropout give the same bits, another seed gives others', async () => {
  const [a, b, c] = [await makeTrainer(), await makeTrainer(), await makeTrainer(0.01, 2)];
  const losses = await lossesOf(a);
  assert.is(losses.length, STEPS);
  assert.equal(await lossesOf(b), losses);
  assert.equal(await parametersOf(a), await parametersOf(b));
  assert.not.equal(await lossesOf(c), losses);
});

test('interrupted at any step and resumed from its checkpoint, the run ends with the same bits', async () => {
  const whole = await makeTrainer();
  await lossesOf(whole);
  const want = await parametersOf(whole);
  const folder = await mkdtemp(join(tmpdir(), 'albert-webgpu-test-'));
  try {
    for (const cut of [1, 4]) {
      const first = await makeTrainer();
      await lossesOf(first, (step) => (step < cut ? batchesOf(step) : undefined));
      await saveCheckpoint(join(folder, 'c'), first.model, first.state, newRunState(), { seed: 1 });
      const second = await makeTrainer();
      await lossesOf(second, (step) => (step < 2 ? batchesOf(step) : undefined)); // whatever it held before must go
      await loadCheckpoint(join(folder, 'c'), second.model, second.state, { seed: 1 });
      assert.is(second.state.step, cut);
      await lossesOf(second);
      assert.equal(await parametersOf(second), want);
    }
    const other = await makeTrainer();
    try {
      await loadCheckpoint(join(folder, 'c'), other.model, other.state, { seed: 2 });
      assert.unreachable('a checkpoint of other settings was taken');
    } catch (error) {
      assert.instance(error, UserError);
      assert.match((error as Error).message, /seed was 1, is 2/);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** Words of a large vocabulary, of which a step holds few: some in every step, some in a few, most in none. */
const RARE = { ...CONFIG, vocab_size: 700 };
const LONG = 70;
const rareBatches = (step: number): StepBatches => [
  DATA[step % STEPS]!,
  [{ ids: Int32Array.of(600 + (step % 7), 650 + ((step / 34) | 0)), labels: Int32Array.of(1, 2) }],
];

test('rows moved when a batch next holds them end as if all had been moved at every step, over more steps than are remembered', async () => {
  const run = async (lazyRows: boolean, maxNorm: number) => {
    const schedule = { name: 'linear', learningRate: 0.01, warmupSteps: 20, steps: LONG } as const;
    const trainer = await makeTrainer(0.01, 1, { lazyRows, maxNorm, schedule }, RARE);
    const norms: number[] = [];
    for await (const { gradientNorm } of trainer.steps((step) => (step < LONG ? rareBatches(step) : undefined)))
      norms.push(gradientNorm);
    const gpu = await testGpu();
    const { first, second } = trainer.state;
    const sets = await Promise.all([trainer.model.parameters, first, second].map(({ flat }) => readTensor(gpu, flat)));
    return { norms, sets };
  };
  // Without clipping the norm, whose sum has another order, touches nothing.
  const [lazy, eager] = [await run(true, 0), await run(false, 0)];
  assert.equal(lazy.sets, eager.sets);
  for (const [i, norm] of lazy.norms.entries()) {
    assert.ok(Math.abs(norm - eager.norms[i]!) < 1e-5 * norm, `step ${i}: ${norm} against ${eager.norms[i]}`);
  }
  const [clipped, all] = [await run(true, 0.1), await run(false, 0.1)];
  const off = clipped.sets[0]!.reduce((most, v, i) => Math.max(most, Math.abs(v - all.sets[0]![i]!)), 0);
  assert.ok(off < 2e-4, `parameters of up to 1 differ by ${off}`);
});

test('with rows moved so, a run that is interrupted ends with the same bits', async () => {
  const run = async (cuts: number[]) => {
    const folder = await mkdtemp(join(tmpdir(), 'albert-webgpu-test-'));
    try {
      let trainer = await makeTrainer(0.01, 1, { lazyRows: true }, RARE);
      for (const cut of cuts) {
        await lossesOf(trainer, (step) => (step < cut ? rareBatches(step) : undefined));
        await saveCheckpoint(join(folder, 'c'), trainer.model, trainer.state, newRunState(), { seed: 1 });
        trainer = await makeTrainer(0.01, 2, { lazyRows: true, seed: 1 }, RARE);
        await loadCheckpoint(join(folder, 'c'), trainer.model, trainer.state, { seed: 1 });
      }
      await lossesOf(trainer, (step) => (step < 12 ? rareBatches(step) : undefined));
      return await parametersOf(trainer);
    } finally {
      await rm(folder, { recursive: true });
    }
  };
  assert.equal(await run([1, 5, 9]), await run([]));
});

test('accumulated batches give the gradient of one large batch', async () => {
  const config = { ...CONFIG, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0, classifier_dropout_prob: 0 };
  const gpu = await testGpu();
  const make = async () => {
    const schedule = { name: 'constant', learningRate: 0.01, warmupSteps: 0, steps: 3 } as const;
    const options = {
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      maxNorm: 1,
      weightDecay: 0,
      schedule,
      seed: 1,
      capacity: 200,
    };
    return Trainer.create(AlbertModel.random(gpu, config, 3), options, new ActivationPool(gpu));
  };
  const [one, split] = [await make(), await make()];
  const all = sequences(10, 77);
  const take = async (trainer: Trainer, batches: StepBatches) => {
    for await (const result of trainer.steps((step) => (step === 0 ? batches : undefined))) return result;
    throw new Error('no step');
  };
  const a = await take(one, [all]);
  const b = await take(split, [all.slice(0, 3), all.slice(3)]);
  assert.ok(Math.abs(a.loss - b.loss) < 1e-5 * a.loss, `${a.loss} against ${b.loss}`);
  assert.ok(Math.abs(a.gradientNorm - b.gradientNorm) < 1e-4 * a.gradientNorm);
});

test('the loss falls on data that can be learnt', async () => {
  const trainer = await makeTrainer(0.01);
  const losses = await lossesOf(trainer, (step) => (step < 60 ? [DATA[step % STEPS]!] : undefined));
  // The schedule ends after six steps, so only those learn; they must have learnt something.
  assert.ok(losses[59]! < losses[0]!, `${losses[0]} to ${losses[59]}`);
});

test('a loss that is not finite stops the run, names step and sentences, and changes nothing', async () => {
  const trainer = await makeTrainer();
  const name = 'classifier.weight';
  const values = await trainer.model.parameters.read(name);
  values[0] = Number.NaN;
  trainer.model.parameters.write(name, values);
  const before = await parametersOf(trainer);
  try {
    await fit(trainer, FIT, hooks(), newRunState());
    assert.unreachable('the run went on');
  } catch (error) {
    assert.instance(error, UserError);
    assert.match((error as Error).message, /step 1 has a loss NaN.*sentences of step 0/s);
  }
  assert.equal(await parametersOf(trainer), before);
});

test('fit scores, saves and logs when it should, and stops early', async () => {
  const seen: string[] = [];
  const f1 = [0.5, 0.4];
  const over = {
    evaluate: async (step: number) => {
      seen.push(`eval ${step}`);
      return f1.shift()!;
    },
    save: async (step: number, _: unknown, best: boolean) => {
      seen.push(`save ${step}${best ? ' best' : ''}`);
    },
    onLog: ({ step }: { step: number }) => {
      seen.push(`log ${step}`);
    },
  };
  const outcome = await fit(await makeTrainer(), { ...FIT, patience: 1 }, hooks(over), newRunState());
  assert.is(outcome, 'stopped early');
  assert.equal(seen, ['log 2', 'eval 3', 'save 3 best', 'log 4', 'log 6', 'eval 6', 'save 6']);
});

test('interrupted, it ends after the step under way and saves', async () => {
  const controller = new AbortController();
  const saved: number[] = [];
  const trainer = await makeTrainer();
  const outcome = await fit(
    trainer,
    { ...FIT, evalSteps: 0 },
    hooks({
      signal: controller.signal,
      onStep: ({ step }) => {
        if (step === 1) controller.abort();
      },
      save: async (step) => {
        saved.push(step);
      },
    }),
    newRunState(),
  );
  assert.is(outcome, 'interrupted');
  assert.equal(saved, [trainer.state.step]);
  assert.ok(trainer.state.step < STEPS);
});
test('layers run again in the backward pass give the same bits in less memory', async () => {
  const gpu = await testGpu();
  const config = {
    ...CONFIG,
    num_hidden_layers: 4,
    num_hidden_groups: 2,
    inner_group_num: 2,
    hidden_dropout_prob: 0.2,
  };
  const run = async (recompute: TrainerOptions['recompute']) => {
    const before = gpu.allocatedBytes;
    const trainer = await makeTrainer(0.01, 3, { recompute: recompute!, capacity: 800 }, config);
    const bytes = gpu.allocatedBytes - before;
    const losses: number[] = [];
    for await (const { loss } of trainer.steps(batchesOf)) losses.push(loss);
    const parameters = await readTensor(gpu, trainer.model.parameters.flat);
    return { recomputes: trainer.recomputes, bytes, losses, parameters };
  };
  const kept = await run(false);
  const again = await run(true);
  assert.equal(again.losses, kept.losses);
  assert.equal(again.parameters, kept.parameters);
  assert.ok(again.bytes < 0.75 * kept.bytes, `${again.bytes} against ${kept.bytes}`);
  assert.equal([kept.recomputes, again.recomputes], [false, true]);
  assert.is((await run({ above: 100_000 })).recomputes, true, 'where memory is short');
  assert.is((await run({ above: 1e9 })).recomputes, false, 'where it is not');
});

test.run();
