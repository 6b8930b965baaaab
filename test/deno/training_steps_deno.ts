/** Trains in Deno and prints the figures as JSON. */
import { openWebGpu } from '../../src/index.ts';
import { trainingSteps } from '../browser/training_steps.ts';

const gpu = await openWebGpu();
console.log(JSON.stringify(await trainingSteps(gpu)));
gpu.close();
