/**
 * Checkpoints: a folder with model.safetensors, config.json, optimizer.safetensors and trainer_state.json, written under a
 * temporary name and renamed, so that one that can be seen is whole.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readParameters } from '../albert/load.ts';
import type { AlbertModel } from '../albert/model.ts';
import { UserError } from '../errors.ts';
import { folderSource, writeFolder } from '../formats/folder_node.ts';
import { readJson } from '../formats/json_node.ts';
import { loadModelFolder, modelFolderFiles } from '../formats/model_folder.ts';
import { safetensorsChunks, type TensorInfo } from '../formats/safetensors.ts';
import { openSafetensors } from '../formats/weights.ts';
import type { RunState } from './fit.ts';
import type { OptimizerState } from './trainer.ts';

const STATE = 'trainer_state.json';
const OPTIMIZER = 'optimizer.safetensors';

interface StoredState {
  step: number;
  run: RunState;
  /** Settings that the bits of a run depend on: resuming with others is refused. */
  fingerprint: Record<string, unknown>;
}

/** Both moments of the optimizer as one file's content, read from the GPU one tensor at a time. */
function optimizerContent({ first, second }: OptimizerState): AsyncIterable<Uint8Array> {
  const entries = Object.entries({ first, second }).flatMap(([moment, set]) =>
    [...set.layout.slots.values()].map(({ name, shape }) => ({
      name: `${moment}.${name}`,
      shape,
      read: () => set.read(name),
    })),
  );
  const readers = new Map(entries.map((e) => [e.name, e.read]));
  const infos = entries.map(({ name, shape }) => [name, { dtype: 'F32', shape } as TensorInfo] as const);
  return safetensorsChunks(infos, (name) => readers.get(name)!(), { format: 'pt' });
}

/** Reads a checkpoint's weights back into the model. */
export async function readWeights(folder: string, model: AlbertModel): Promise<void> {
  const { checkpoint, weights } = await loadModelFolder(await folderSource(folder));
  try {
    await readParameters(model, checkpoint);
  } finally {
    weights.close();
  }
}

/** Writes a checkpoint of the whole run to `folder`, in the place of an earlier one. */
export async function saveCheckpoint(
  folder: string,
  model: AlbertModel,
  optimizer: OptimizerState,
  run: RunState,
  fingerprint: Record<string, unknown>,
): Promise<void> {
  const state: StoredState = { step: optimizer.step, run, fingerprint };
  const files = [
    ...modelFolderFiles({ config: model.config, read: (name) => model.parameters.read(name) }),
    { name: OPTIMIZER, content: optimizerContent(optimizer) },
    { name: STATE, content: `${JSON.stringify(state, null, 2)}\n` },
  ];
  await writeFolder(folder, files, true);
}

/** Where a checkpoint is to be read from: `folder`, or what a crash between two renames left of it. */
function findCheckpoint(folder: string): string {
  const found = [folder, `${folder}.old`].find((candidate) => existsSync(join(candidate, STATE)));
  if (!found) throw new UserError(`no checkpoint in ${folder}: nothing to resume. Start the run without --resume.`);
  return found;
}

/**
 * What a checkpoint remembers of its run.
 * @throws UserError where there is none.
 */
export async function readFingerprint(folder: string): Promise<Record<string, unknown>> {
  return ((await readJson(join(findCheckpoint(folder), STATE))) as StoredState).fingerprint;
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
  const stored = (await readJson(join(found, STATE))) as StoredState;
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
  const moments = await openSafetensors(await folderSource(found), OPTIMIZER);
  for (const name of moments.tensors.keys()) {
    const [moment, ...rest] = name.split('.');
    (moment === 'first' ? optimizer.first : optimizer.second).write(rest.join('.'), await moments.read(name));
  }
  optimizer.step = stored.step;
  return stored.run;
}
