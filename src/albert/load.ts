/** A model's parameters out of a checkpoint, one tensor at a time: none is held once it is on the GPU. */
import type { AlbertCheckpoint } from '../formats/albert_checkpoint.ts';
import type { AlbertConfig } from '../formats/albert_config.ts';
import type { Gpu } from '../gpu/device.ts';
import { AlbertModel } from './model.ts';
import { initialize } from './parameters.ts';

/**
 * Writes every parameter that the checkpoint has into the model.
 * @throws UserError where the weights end too soon, with the tensor's name.
 */
export async function readParameters(model: AlbertModel, checkpoint: AlbertCheckpoint): Promise<void> {
  for (const name of checkpoint.stored.keys()) model.parameters.write(name, await checkpoint.read(name));
}

/** A model from a checkpoint; `seed` decides the initial values of parameters that begin anew. */
export async function loadModel(
  gpu: Gpu,
  config: AlbertConfig,
  checkpoint: AlbertCheckpoint,
  seed = 0,
): Promise<AlbertModel> {
  const model = new AlbertModel(gpu, config);
  await readParameters(model, checkpoint);
  initialize(model.parameters, config, seed, checkpoint.fresh);
  return model;
}
