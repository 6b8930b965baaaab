/** Programs that others would use instead, run beside ours: A B A B, in one go. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { AlbertModel } from '../../src/albert/model.ts';
import { UserError } from '../../src/errors.ts';
import { writeFiles } from '../../src/formats/folder_node.ts';
import { albertOnnx } from '../../src/formats/onnx.ts';
import { onnxChunks } from '../../src/formats/onnx_schema.ts';
import type { TrainingSequence } from '../../src/training/trainer.ts';
import { configOf, type ModelSizes } from './workload.ts';

export const PEERS = ['tfjs', 'onnxruntime', 'pytorch'] as const;
export type PeerName = (typeof PEERS)[number];
export type Action = 'train' | 'infer';

const FOLDER = fileURLToPath(new URL('peers', import.meta.url));
const INSTALL = `npm install --ignore-scripts --no-package-lock --prefix ${FOLDER}`;
/** Which package must be there for which peer. */
const PACKAGES = { tfjs: '@tensorflow/tfjs-backend-webgpu', onnxruntime: 'onnxruntime-node' };

/** A peer that has started and done its first steps. */
export class Peer {
  readonly name: string;
  readonly adapter: string;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess, lines: AsyncIterator<string>, about: { name: string; adapter: string }) {
    this.#child = child;
    this.#lines = lines;
    this.name = about.name;
    this.adapter = about.adapter;
  }

  /** @throws UserError where it is not installed, saying how to get it, or ends before its first step. */
  static async start(command: string, args: readonly string[], sizes: object): Promise<Peer> {
    const child = spawn(command, [...args, JSON.stringify(sizes)], { stdio: ['pipe', 'pipe', 'pipe'] });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-2000);
    });
    const failed = new Promise<never>((_, reject) => {
      child.on('error', (error) => reject(new UserError(`${command} does not start: ${error.message}.`)));
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await Promise.race([nextJson(lines), failed]);
    if (!first) throw new UserError(`${command} ${args.join(' ')} ended before its first step:\n${complaint}`);
    return new Peer(child, lines, first as { name: string; adapter: string });
  }

  /** Milliseconds of one step. @param turn which of its batches to take, where it was given some. */
  async run(action: Action, turn: number): Promise<number> {
    this.#child.stdin!.write(`${action} ${turn}\n`);
    const answer = await nextJson(this.#lines);
    if (!answer) throw new UserError(`${this.name} ended in the middle.`);
    return answer.ms as number;
  }

  close(): void {
    this.#child.kill();
  }
}

/** The next line that is JSON; programs print warnings as well. */
async function nextJson(lines: AsyncIterator<string>): Promise<Record<string, unknown> | undefined> {
  for (;;) {
    const { value, done } = await lines.next();
    if (done) return undefined;
    if (value.startsWith('{')) return JSON.parse(value) as Record<string, unknown>;
  }
}

function requirePackages(peer: 'tfjs' | 'onnxruntime'): void {
  if (existsSync(join(FOLDER, 'node_modules', PACKAGES[peer]))) return;
  throw new UserError(
    `--against ${peer} needs ${PACKAGES[peer]}, which this package does not install. Run: ${INSTALL}`,
  );
}

/** TensorFlow.js's modules import folders and CommonJS by turns, which Node alone does not take. */
function bundle(folder: string): string {
  const out = join(folder, 'tfjs.mjs');
  const require = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      join(FOLDER, 'node_modules', 'esbuild', 'bin', 'esbuild'),
      join(FOLDER, 'tfjs.mjs'),
      '--bundle',
      '--platform=node',
      '--format=esm',
      '--main-fields=module,main',
      '--ignore-annotations',
      '--external:webgpu',
      '--log-level=error',
      `--banner:js=${require}`,
      `--outfile=${out}`,
    ],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new UserError(`TensorFlow.js does not bundle: ${stderr}`);
  return out;
}

/** PyTorch, which reads the batches from a file: there is no room for them among the arguments. */
async function startPyTorch(python: string, given: object, turns: readonly (readonly TrainingSequence[])[]) {
  if (spawnSync(python, ['-c', 'import torch, transformers']).status !== 0) {
    throw new UserError(
      `--against pytorch needs torch and transformers in ${python}. Run: python3 -m venv peers && peers/bin/pip install torch transformers, and give --python peers/bin/python`,
    );
  }
  const folder = await mkdtemp(join(tmpdir(), 'peer-'));
  try {
    const batches = join(folder, 'batches.json');
    const rows = turns.map((turn) => turn.map(({ ids, labels }) => ({ ids: [...ids], labels: [...labels] })));
    await writeFile(batches, JSON.stringify(rows));
    return await Peer.start(python, [join(FOLDER, 'pytorch.py')], { ...given, batches });
  } finally {
    // Read before its first step.
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Starts a peer for a model of these sizes; `release` ends it and removes what was written for it.
 * @param sizes the model's, and tokens and length where the batches are random.
 * @param turns the batch of every turn, for a peer that takes any.
 * @param python the interpreter that has torch and transformers.
 */
export async function startPeer(
  name: PeerName,
  sizes: ModelSizes,
  turns: readonly (readonly TrainingSequence[])[],
  model: () => AlbertModel,
  python: string,
): Promise<{ peer: Peer; release: () => Promise<void> }> {
  const c = configOf(sizes);
  const given = {
    ...sizes,
    embedding: c.embedding_size,
    hidden: c.hidden_size,
    layers: c.num_hidden_layers,
    heads: c.num_attention_heads,
    intermediate: c.intermediate_size,
  };
  if (name === 'pytorch') {
    const peer = await startPyTorch(python, given, turns);
    return { peer, release: async () => peer.close() };
  }
  requirePackages(name);
  // Beside the packages, so that what stays outside the bundle is found.
  const folder = await mkdtemp(join(name === 'tfjs' ? FOLDER : tmpdir(), 'peer-'));
  try {
    const file = join(folder, 'model.onnx');
    if (name === 'onnxruntime') {
      const { config, parameters } = model();
      const read = (parameter: string) => parameters.read(parameter);
      await writeFiles(folder, [{ name: 'model.onnx', content: onnxChunks(albertOnnx(config, read, 'float32')) }]);
    }
    const program = name === 'tfjs' ? bundle(folder) : join(FOLDER, 'onnxruntime.mjs');
    const peer = await Peer.start(process.execPath, [program], { ...given, model: file });
    const release = async () => {
      peer.close();
      await rm(folder, { recursive: true, force: true });
    };
    return { peer, release };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
