/** Tags text: arguments, files or standard input in; entities as text, JSON lines or CoNLL out. */
import { createReadStream, existsSync } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { UsageError, UserError } from '../src/errors.ts';
import type { Gpu } from '../src/gpu/device.ts';
import { describeAdapter } from '../src/gpu/open_node.ts';
import { Profiler } from '../src/gpu/profiler.ts';
import { tuningOf } from '../src/gpu/tuning_node.ts';
import { type Entity, STRATEGIES } from '../src/inference/entities.ts';
import type { TokenClassificationPipeline } from '../src/inference/pipeline.ts';
import { pipeline } from '../src/inference/pipeline_node.ts';
import { splitWords } from '../src/inference/words.ts';
import { writeProfile } from '../src/profile_node.ts';
import { ADAPTER_SETTINGS } from '../src/settings/adapter.ts';
import { defineSettings, type Values } from '../src/settings/settings.ts';
import { readCommandLine, runCommand } from './command.ts';

const SETTINGS = defineSettings({
  model: { type: 'string', default: 'runs/sample', value: 'DIR', help: 'model folder, or owner/name on the hub' },
  file: { type: 'list', default: [], value: 'FILE', help: 'text file, a line a text; - for standard input' },
  input: {
    type: 'choice',
    choices: ['text', 'jsonl', 'conll'],
    default: 'text',
    help: 'form of files and standard input: a line a text; {"text": …} a line; a word a line, blank lines between sentences',
  },
  output: { type: 'choice', choices: ['text', 'jsonl', 'conll'], default: 'text', help: 'form of the answers' },
  strategy: {
    type: 'choice',
    choices: STRATEGIES,
    default: null,
    help: 'aggregation of pieces into entities; default first, with --as-transformers none',
  },
  as_transformers: { type: 'boolean', default: false, help: 'answer exactly as transformers does, quirks included' },
  ignore_labels: { type: 'list', default: ['O'], value: 'LABEL', help: 'labels or types to leave out' },
  stride: {
    type: 'integer',
    default: null,
    min: 0,
    help: 'with --as-transformers: pieces that windows of a long text share',
  },
  window: { type: 'integer', default: null, min: 3, help: "longest sequence in pieces; default the model's" },
  batch: { type: 'integer', default: 64, min: 1, help: 'texts that are tagged at a time' },
  ...ADAPTER_SETTINGS,
  half_precision: {
    type: 'boolean',
    default: false,
    group: 'Adapter',
    help: 'round operands of the large products to half precision, on GPUs that can',
  },
  profile: {
    type: 'string',
    default: null,
    value: 'FILE',
    group: 'Adapter',
    help: 'time every dispatch; write a trace for Perfetto, print a table',
  },
});

const USAGE = `Usage: tsx scripts/predict.ts [--model DIR] "text" … | --file FILE … | < FILE

Finds named entities with a trained model. Offsets count UTF-16 units, with --as-transformers code points.`;

/** Texts with whatever else a JSON line had. */
interface Item {
  text: string;
  /** Words that are split already (--input conll). */
  words?: string[];
  source: Record<string, unknown>;
}

async function* itemsOf(positional: readonly string[], files: readonly string[], input: string): AsyncGenerator<Item> {
  for (const text of positional) yield { text, source: {} };
  const names = files.length > 0 || positional.length > 0 ? files : ['-'];
  for (const name of names) yield* itemsOfStream(name, input);
}

async function* itemsOfStream(name: string, input: string): AsyncGenerator<Item> {
  const where = name === '-' ? 'standard input' : name;
  const stream = name === '-' ? process.stdin : createReadStream(name);
  let number = 0;
  let words: string[] = [];
  try {
    for await (const raw of createInterface({ input: stream, crlfDelay: Infinity })) {
      const line = number++ === 0 ? raw.replace(/^\ufeff/, '') : raw;
      if (line.includes('\ufffd')) {
        process.stderr.write(
          `warning: ${where}:${number}: bytes that are not UTF-8 were replaced; convert the file with iconv\n`,
        );
      }
      if (input === 'text') yield { text: line, source: {} };
      else if (input === 'jsonl') {
        if (line.trim() !== '') yield parseJsonLine(line, `${where}:${number}`);
      } else if (line.trim() !== '') words.push(line.trim().split(/\s+/)[0]!);
      else {
        if (words.length > 0) yield { text: words.join(' '), words, source: {} };
        words = [];
      }
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${where} can't be read: ${error instanceof Error ? error.message : error}.`);
  }
  if (words.length > 0) yield { text: words.join(' '), words, source: {} };
}

function parseJsonLine(line: string, where: string): Item {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new UserError(
      `${where}: not JSON (${error instanceof Error ? error.message : error}). Expected a line such as {"text": "…"}.`,
    );
  }
  if (typeof value === 'string') return { text: value, source: {} };
  const source = value as Record<string, unknown> | null;
  if (typeof source?.text !== 'string')
    throw new UserError(`${where}: no "text" in it. Expected a line such as {"text": "…"}.`);
  return { text: source.text, source };
}

const write = (text: string): Promise<void> =>
  new Promise((resolve) => (process.stdout.write(text) ? resolve() : process.stdout.once('drain', resolve)));

function asText(text: string, entities: readonly Entity[]): string {
  const rows = entities.map((e) => {
    const label = 'entity' in e ? e.entity : e.entity_group;
    return `  ${label.padEnd(12)} ${e.score.toFixed(4)}  ${String(e.start).padStart(5)}–${String(e.end).padEnd(5)}  ${e.word}\n`;
  });
  return `${text}\n${rows.length > 0 ? rows.join('') : '  no entity found\n'}`;
}

async function answer(
  ner: TokenClassificationPipeline,
  items: readonly Item[],
  s: Values<typeof SETTINGS>,
): Promise<void> {
  if (s.output === 'conll') {
    const words = items.map((item) => item.words ?? splitWords(item.text).map((w) => w.text));
    for (const tagged of await ner.tag(words, s.strategy ?? 'first')) {
      await write(`${tagged.words.map((w, i) => `${w} ${tagged.labels[i]}\n`).join('')}\n`);
    }
    return;
  }
  const answers = await ner.answer(
    items.map((item) => item.text),
    {
      asTransformers: s.as_transformers,
      ignoreLabels: s.ignore_labels,
      ...(s.strategy !== null && { aggregationStrategy: s.strategy }),
      ...(s.stride !== null && { stride: s.stride }),
    },
  );
  for (const [i, item] of items.entries()) {
    const entities = answers[i]!;
    await write(
      s.output === 'jsonl'
        ? `${JSON.stringify({ ...item.source, text: item.text, entities })}\n`
        : asText(item.text, entities),
    );
  }
}

await runCommand(async () => {
  const { values: s, positional, given } = readCommandLine(USAGE, SETTINGS);
  if (positional.length === 0 && s.file.length === 0 && process.stdin.isTTY) {
    throw new UsageError('nothing to tag: give a text, --file FILE, or text on standard input.');
  }
  if (s.stride !== null && !s.as_transformers)
    throw new UsageError('--stride belongs to --as-transformers; the default mode reads a long text whole.');
  if (!given.has('model') && !existsSync(s.model)) {
    throw new UserError(
      `there is no ${s.model} yet: train it with npx tsx scripts/train.ts, or name a model with --model.`,
    );
  }
  let profiler: Profiler | undefined;
  const makeProfiler = (gpu: Gpu): Profiler => {
    profiler = new Profiler(gpu);
    return profiler;
  };
  const ner = await pipeline('token-classification', s.model, {
    adapter: s.adapter ?? 'auto',
    halfPrecision: s.half_precision,
    tuning: tuningOf(s, (line) => process.stderr.write(`${line}\n`)),
    onWarning: (warning) => process.stderr.write(`warning: ${warning}\n`),
    ...(s.window !== null && { window: s.window }),
    ...(s.profile !== null && { profiler: makeProfiler }),
  });
  try {
    process.stderr.write(`${describeAdapter(ner.model.gpu)}\n`);
    let items: Item[] = [];
    for await (const item of itemsOf(positional, s.file, s.input)) {
      items.push(item);
      if (items.length === s.batch) {
        await answer(ner, items, s);
        items = [];
      }
    }
    if (items.length > 0) await answer(ner, items, s);
    if (profiler) {
      process.stderr.write(`${await writeProfile(profiler, s.profile!)}\n`);
    }
  } finally {
    ner.close();
  }
});
