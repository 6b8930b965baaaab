/** The setting that every program with a GPU has. */
import { defineSettings } from './settings.ts';

export const ADAPTER_SETTINGS = defineSettings({
  adapter: {
    type: 'choice',
    choices: ['auto', 'gpu', 'cpu', 'bundled'],
    default: 'auto',
    group: 'Adapter',
    help: 'a real GPU, an installed CPU driver, or the bundled one; auto takes the first there is',
  },
});
