/** Trains in a page and hands the figures to the server. */
import { openWebGpu } from '../../src/index.ts';
import { trainingSteps } from './training_steps.ts';

const answer = await openWebGpu()
  .then(trainingSteps)
  .catch((error: unknown) => ({ error: String(error) }));
await fetch('/seen', { method: 'POST', body: JSON.stringify(answer) });
