/** Measures kernels, training steps, tagging and memory on this machine's adapter, by itself and against other programs. */
import { loadavg } from 'node:os';
import process from 'node:process';
import { UsageError } from '../src/errors.ts';
import { PRESET_SIZES, type PresetName } from '../src/formats/albert_presets.ts';
import type { Gpu } from '../src/gpu/device.ts';
import { ActivationPool } from '../src/gpu/memory.ts';
import { openGpu } from '../src/gpu/open_node.ts';
import { tuningOf } from '../src/gpu/tuning_node.ts';
import { ADAPTER_SETTINGS } from '../src/settings/adapter.ts';
import { nearest } from '../src/settings/nearest.ts';
import { defineSettings, type Values } from '../src/settings/settings.ts';
import type { TrainingSequence } from '../src/training/trainer.ts';
import { benchKernels } from './bench/kernels.ts';
import { benchIdle, benchInference, benchLengths, benchMemory, benchSteps, type Counts } from './bench/measures.ts';
import { type Action, PEERS, type PeerName, startPeer } from './bench/peer.ts';
import { type Row, textTable } from './bench/report.ts';
import { readSentenceBatches } from './bench/sentences.ts';
import {
  type Batches,
  batchesOf,
  type ModelSizes,
  makeClassifier,
  makeModel,
  makeTrainer,
  median,
  randomBatches,
  type Sizes,
  type TimedStep,
  timeInference,
  timeSteps,
  tokensOf,
  tokensPerSecond,
} from './bench/workload.ts';
import { readCommandLine, runCommand } from './command.ts';

const SETTINGS = defineSettings({
  size: {
    type: 'choice',
    choices: Object.keys(PRESET_SIZES) as PresetName[],
    default: 'small',
    help: 'sizes of the model',
  },
  tokens: { type: 'integer', default: 2048, min: 8, help: 'sub-tokens in a batch' },
  length: { type: 'integer', default: 32, min: 1, max: 512, help: 'sub-tokens in a sequence' },
  vocabulary: { type: 'integer', default: 30000, min: 10, help: 'pieces' },
  labels: { type: 'integer', default: 25, min: 2, help: 'labels' },
  data: {
    type: 'string',
    default: null,
    value: 'FILE',
    help: 'labelled sentences in any form that training reads, in place of random ids',
  },
  batch: { type: 'integer', default: 16, min: 1, help: 'sentences of --data (windows, of long ones) in a batch' },
  tokenizer: {
    type: 'string',
    default: null,
    value: 'FOLDER',
    help: "folder or owner/name on the hub of the tokenizer for --data; default the sample's",
  },
  warmup: {
    type: 'integer',
    default: 3,
    min: 1,
    help: "steps before the clock starts: the driver's compiler runs in them",
  },
  steps: { type: 'integer', default: 7, min: 1, help: 'steps that count, and rounds of kernels; medians are given' },
  recompute: {
    type: 'boolean',
    default: false,
    help: 'run each layer again in the backward pass, to keep less memory',
  },
  against: { type: 'choice', choices: PEERS, default: null, help: 'run another program in turns with ours' },
  python: { type: 'string', default: 'python3', value: 'FILE', help: 'interpreter with torch and transformers' },
  json: { type: 'boolean', default: false, help: 'JSON' },
  markdown: { type: 'boolean', default: false, help: 'a table in Markdown' },
  ...ADAPTER_SETTINGS,
});
const USAGE = `Usage: tsx scripts/bench.ts [train|infer|kernels|memory|idle|lengths …] [--size small] [--against tfjs]
       tsx scripts/bench.ts [train|infer] --data FILE [--batch 16] [--against pytorch]

  train     training steps: tokens a second, time from the program's start to the end of the first step, the share of one
            core that the JavaScript thread takes (on Linux; a CPU adapter's own threads are not in it)
  infer     tagging: tokens a second
  kernels   each operator and its variants: GFLOP/s and GB/s, beside the adapter's peaks, which are measured in every round
            of kernels: a percentage is the median of the rounds'
  memory    GPU memory announced before the first step, and after some
  idle      how long the adapter waits between the dispatches of a step
  lengths   tokens a second over the length of sequences, a batch's tokens being the same

Without a word: train and infer. Sequences of random ids, all of one length; medians. The load is the system's own, over the
minute before the start. Taking turns does not make up for it: of two programs on the same cores, the one whose threads
wait for each other more often loses more.

With --data: real sentences, cut into windows of at most 128 sub-tokens as training does, --batch of them at a time in the
file's order, again from its start after its end. The first --warmup batches do not count; the --steps behind them do. The
labels are the file's, the vocabulary is at least the tokenizer's. Tokens are the sub-tokens of sentences, never padding.
Batches differ in size: tokens a second are the median of the steps' own rates. A peer has the same batch in the same turn,
padded to its longest sentence as transformers does.`;

const WHAT = ['train', 'infer', 'kernels', 'memory', 'idle', 'lengths'] as const;
type What = (typeof WHAT)[number];

function chosen(positional: readonly string[]): What[] {
  if (positional.length === 0) return ['train', 'infer'];
  return positional.map((word) => {
    const known = WHAT.find((what) => what === word);
    if (known) return known;
    const guess = nearest(word, WHAT);
    throw new UsageError(`unexpected "${word}": ${guess ? `did you mean ${guess}? ` : ''}There is ${WHAT.join(', ')}.`);
  });
}

async function measure(
  gpu: Gpu,
  what: What,
  sizes: Sizes,
  batches: Batches,
  counts: Counts,
  opened: number,
): Promise<Row[]> {
  switch (what) {
    case 'train':
      return [await benchSteps(gpu, sizes, batches, counts, opened)];
    case 'infer':
      return [await benchInference(gpu, sizes, batches, counts)];
    case 'kernels':
      return benchKernels(gpu, sizes, counts.steps);
    case 'memory':
      return [await benchMemory(gpu, sizes, counts)];
    case 'idle':
      return [await benchIdle(gpu, sizes, counts)];
    case 'lengths':
      return benchLengths(gpu, sizes, counts);
  }
}

/**
 * Ours and the peer's steps by turns, so that other work on the machine falls on both alike; in each both have the same batch, or
 * random ones of the same size. Each has one time a turn: ours is the median of some runs.
 */
async function race(
  gpu: Gpu,
  actions: readonly Action[],
  sizes: ModelSizes,
  batches: Batches,
  { warmup, steps }: Counts,
  other: { name: PeerName; python: string },
): Promise<Row[]> {
  const turns = batchesOf(batches, 0, warmup + steps);
  const given = { ...sizes, ...batches.settings };
  const { peer, release } = await startPeer(other.name, given, turns, () => makeModel(gpu, sizes), other.python);
  try {
    const rows: Row[] = [];
    for (const action of actions) {
      const pool = new ActivationPool(gpu);
      const model = makeModel(gpu, sizes);
      let ours: (list: readonly TrainingSequence[][]) => Promise<TimedStep[]>;
      if (action === 'train') {
        const trainer = await makeTrainer(model, sizes, batches.capacity, pool);
        ours = (list) => timeSteps(trainer, list);
      } else {
        const classifier = await makeClassifier(model, batches.capacity, pool);
        ours = (list) => timeInference(classifier, list);
      }
      await ours(turns.slice(0, warmup));
      const [a, b]: [TimedStep[], TimedStep[]] = [[], []];
      for (let turn = warmup; turn < turns.length; turn++) {
        const batch = turns[turn]!;
        const tokens = tokensOf(batch);
        const theirs = await peer.run(action, turn);
        b.push({ ms: theirs, tokens });
        // About as long as the peer took, or half a second, but for the step or two in which a pipeline fills.
        const count = Math.min(10, Math.max(2, Math.round(Math.max(theirs, 500) / (a.at(-1)?.ms ?? theirs))));
        const times = (await ours(Array.from({ length: count }, () => batch))).slice(1).map(({ ms }) => ms);
        a.push({ ms: median(times), tokens });
      }
      const [oursPerSecond, theirsPerSecond] = [tokensPerSecond(a), tokensPerSecond(b)];
      rows.push({
        work: action,
        model: `${sizes.size}, ${batches.about}`,
        peer: `${peer.name} (${peer.adapter})`,
        tokens: b.reduce((sum, { tokens }) => sum + tokens, 0),
        'ours, tokens/s': Math.round(oursPerSecond),
        'theirs, tokens/s': +theirsPerSecond.toPrecision(3),
        ratio: +(oursPerSecond / theirsPerSecond).toPrecision(3),
      });
    }
    return rows;
  } finally {
    await release();
  }
}

function print(
  adapter: string,
  what: string,
  rows: readonly Row[],
  sizes: ModelSizes,
  batches: Batches,
  { json, markdown, load }: { json: boolean; markdown: boolean; load: number },
): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ bench: what, adapter, load, ...sizes, ...batches.settings, rows })}\n`);
    return;
  }
  const about = what === 'lengths' ? `${batches.capacity} tokens` : batches.about;
  if (!markdown) process.stdout.write(`\n${what}: ${sizes.size}, ${about}; ${adapter}; load ${load.toFixed(1)}\n`);
  process.stdout.write(textTable(rows, markdown));
}

/** @throws UsageError where settings do not go with sentences, or with their absence */
function checkData(s: Values<typeof SETTINGS>, given: ReadonlySet<string>, wanted: readonly What[]): void {
  const first = (...names: string[]) => names.find((name) => given.has(name));
  if (s.data === null) {
    const odd = first('batch', 'tokenizer');
    if (odd) throw new UsageError(`--${odd} goes with --data FILE.`);
    return;
  }
  const own = first('tokens', 'length', 'labels');
  if (own) throw new UsageError(`--${own} does not go with --data, whose sentences have their own.`);
  const other = wanted.find((what) => what !== 'train' && what !== 'infer');
  if (other) throw new UsageError(`--data goes with train and infer, not with ${other}.`);
  if (s.against && s.against !== 'pytorch') {
    throw new UsageError(`--data goes with --against pytorch; ${s.against} runs sequences of one length here.`);
  }
}

await runCommand(async () => {
  const { values: s, positional, given } = readCommandLine(USAGE, SETTINGS);
  const wanted = chosen(positional);
  checkData(s, given, wanted);
  if (s.tokens % s.length !== 0) {
    throw new UsageError(`--tokens ${s.tokens} must be a multiple of --length ${s.length}.`);
  }
  const counts: Counts = { warmup: s.warmup, steps: s.steps };
  // ONNX Runtime tags; it does not train.
  const raced = wanted.filter((w) => w === 'infer' || (w === 'train' && s.against !== 'onnxruntime')) as Action[];
  if (s.against && raced.length === 0) {
    throw new UsageError(`--against ${s.against} goes with ${s.against === 'onnxruntime' ? '' : 'train and '}infer.`);
  }
  const output = { json: s.json, markdown: s.markdown, load: loadavg()[0]! };
  const sentences = s.data === null ? undefined : await readSentenceBatches(s.data, s.batch, s.tokenizer);
  const pieces = sentences?.pieces ?? 0;
  if (given.has('vocabulary') && s.vocabulary < pieces) {
    throw new UsageError(`--vocabulary ${s.vocabulary} is less than the ${pieces} pieces of the tokenizer.`);
  }
  const model: ModelSizes = {
    size: s.size,
    vocabulary: Math.max(s.vocabulary, pieces),
    labels: sentences?.labels ?? s.labels,
    recompute: s.recompute,
  };
  const sizes: Sizes = { ...model, tokens: s.tokens, length: s.length };
  const batches = sentences ?? randomBatches(sizes);
  const gpu = await openGpu(s.adapter, { tuning: tuningOf(s, (line) => process.stderr.write(`${line}\n`)) });
  const opened = performance.now(); // its zero is the start of the program
  try {
    if (s.against) {
      const rows = await race(gpu, raced, model, batches, counts, { name: s.against, python: s.python });
      print(gpu.adapter.name, `against ${s.against}`, rows, model, batches, output);
      return;
    }
    for (const what of wanted)
      print(gpu.adapter.name, what, await measure(gpu, what, sizes, batches, counts, opened), model, batches, output);
  } finally {
    gpu.close();
  }
});
