/** The settings that every program with a GPU has. */
import { defineSettings } from './settings.ts';

export const ADAPTER_SETTINGS = defineSettings({
  adapter: {
    type: 'choice',
    choices: ['auto', 'gpu', 'cpu', 'bundled'],
    default: 'auto',
    group: 'Adapter',
    help: 'a real GPU, an installed CPU driver, or the bundled one; auto takes the first there is',
  },
  tune: {
    type: 'boolean',
    default: true,
    group: 'Adapter',
    help: 'time kernels once on a new GPU and keep the fastest (tuning.json in the cache folder); --no-tune: the usual ones',
  },
  retune: {
    type: 'boolean',
    default: false,
    group: 'Adapter',
    help: 'time them again, whatever is kept',
  },
});
