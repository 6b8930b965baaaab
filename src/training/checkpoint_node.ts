/**
 * Checkpoints: a folder with model.safetensors, config.json, optimizer.safetensors and trainer_state.json, written under a
 * temporary name and renamed, so that one that can be seen is whole.
 */
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AlbertModel } from '../albert/model.ts';
import type { ParameterSet } from '../albert/parameters.ts';
import { UserError } from '../errors.ts';
import { albertConfigToJson } from '../formats/albert_config.ts';
import { readSafetensors, safetensorsChunks, type TensorInfo, toFloat32 } from '../formats/safetensors.ts';
import type { RunState } from './fit.ts';
import type { OptimizerState } from './trainer.ts';

const STATE = 'trainer_state.json';
const MODEL = 'model.safetensors';
const OPTIMIZER = 'optimizer.safetensors';

interface StoredState {
  step: number;
  run: RunState;
  /** Settings that the bits of a run depend on: resuming with others is refused. */
  fingerprint: Record<string, unknown>;
}

/** Writes tensors of parameter sets, one at a time; `prefix` goes before each parameter's name. */
async function writeTensors(file: string, sets: readonly { prefix: string; set: ParameterSet }[]): Promise<void> {
  const entries = sets.flatMap(({ prefix, set }) =>
    [...set.layout.slots.values()].map(({ name, shape }) => ({
      name: prefix + name,
      shape,
      read: () => set.read(name),
    })),
  );
  const readers = new Map(entries.map((e) => [e.name, e.read]));
  const infos = entries.map(({ name, shape }) => [name, { dtype: 'F32', shape } as TensorInfo] as const);
  const handle = await open(file, 'w');
  try {
    for await (const chunk of safetensorsChunks(infos, (name) => readers.get(name)!(), { format: 'pt' })) {
      await handle.writeFile(chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes the model's weights as model.safetensors. */
export const writeWeights = (folder: string, model: AlbertModel): Promise<void> =>
  writeTensors(join(folder, MODEL), [{ prefix: '', set: model.parameters }]);

/** Reads weights that `writeWeights` wrote back into the model. */
export async function readWeights(folder: string, model: AlbertModel): Promise<void> {
  const file = join(folder, MODEL);
  for (const [name, tensor] of readSafetensors(new Uint8Array(await readFile(file)), file).tensors) {
    model.parameters.write(name, toFloat32(tensor));
  }
}

/** Fills a folder under a temporary name and puts it in the place of `folder`, whose old content goes only then. */
export async function replaceFolder(folder: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${folder}.writing`;
  const old = `${folder}.old`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  await fill(temporary);
  await rm(old, { recursive: true, force: true });
  if (existsSync(folder)) await rename(folder, old);
  await mkdir(dirname(folder), { recursive: true });
  await rename(temporary, folder);
  await rm(old, { recursive: true, force: true });
}

/** Writes a checkpoint of the whole run to `folder`. */
export async function saveCheckpoint(
  folder: string,
  model: AlbertModel,
  optimizer: OptimizerState,
  run: RunState,
  fingerprint: Record<string, unknown>,
): Promise<void> {
  await replaceFolder(folder, async (temporary) => {
    await writeWeights(temporary, model);
    await writeTensors(join(temporary, OPTIMIZER), [
      { prefix: 'first.', set: optimizer.first },
      { prefix: 'second.', set: optimizer.second },
    ]);
    await writeFile(join(temporary, 'config.json'), `${JSON.stringify(albertConfigToJson(model.config), null, 2)}\n`);
    const state: StoredState = { step: optimizer.step, run, fingerprint };
    await writeFile(join(temporary, STATE), `${JSON.stringify(state, null, 2)}\n`);
  });
}

/** Where a checkpoint is to be read from: `folder`, or what a crash between two renames left of it. */
function findCheckpoint(folder: string): string {
  const found = [folder, `${folder}.old`].find((candidate) => existsSync(join(candidate, STATE)));
  if (!found) throw new UserError(`no checkpoint in ${folder}: nothing to resume. Start the run without --resume.`);
  return found;
}

/**
 * Reads a checkpoint back into model and optimizer.
 * @throws UserError where there is none, or where a setting that the run's bits depend on has changed.
 */
export async function loadCheckpoint(
  folder: string,
  model: AlbertModel,
  optimizer: OptimizerState,
  fingerprint: Record<string, unknown>,
): Promise<RunState> {
  const found = findCheckpoint(folder);
  const stored = JSON.parse(await readFile(join(found, STATE), 'utf8')) as StoredState;
  const changed = Object.keys({ ...fingerprint, ...stored.fingerprint }).filter(
    (key) => JSON.stringify(fingerprint[key]) !== JSON.stringify(stored.fingerprint[key]),
  );
  if (changed.length > 0) {
    const list = changed.map(
      (key) => `${key} was ${JSON.stringify(stored.fingerprint[key])}, is ${JSON.stringify(fingerprint[key])}`,
    );
    throw new UserError(
      `${found} belongs to a run with other settings: ${list.join('; ')}. Resume with the same ones.`,
    );
  }
  await readWeights(found, model);
  const file = join(found, OPTIMIZER);
  for (const [name, tensor] of readSafetensors(new Uint8Array(await readFile(file)), file).tensors) {
    const [moment, ...rest] = name.split('.');
    (moment === 'first' ? optimizer.first : optimizer.second).write(rest.join('.'), toFloat32(tensor));
  }
  optimizer.step = stored.step;
  return stored.run;
}
