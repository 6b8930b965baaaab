/** Trains a token classifier: `tsx scripts/train.ts`, on the package's own sample unless data is given. */
import process from 'node:process';
import { UsageError } from '../src/errors.ts';
import { readJson } from '../src/formats/json_node.ts';
import { describeAdapter, openGpu } from '../src/gpu/open_node.ts';
import { tuningOf } from '../src/gpu/tuning_node.ts';
import { liveOutput } from '../src/live_output_node.ts';
import { fromArguments } from '../src/settings/settings.ts';
import { resolveSettings } from '../src/training/resolve.ts';
import { runTraining } from '../src/training/run_node.ts';
import { TRAINING_SETTINGS } from '../src/training/settings.ts';
import { helpAsked, interruption, runCommand } from './command.ts';

const USAGE = `Usage: tsx scripts/train.ts [--train-file FILE --validation-file FILE --test-file FILE] [settings]

Trains ALBERT for named-entity recognition, evaluates it, saves a model folder and tags a sentence.
Without any data it trains on the package's own German sample.`;

await runCommand(async () => {
  if (helpAsked(USAGE, TRAINING_SETTINGS)) return;
  const { values, positional } = fromArguments(TRAINING_SETTINGS, process.argv.slice(2));
  if (positional.length > 0)
    throw new UsageError(`unexpected "${positional[0]}": data is named by --train-file or --dataset.`);
  const { config } = values;
  const file = config ? { object: await readJson(config), where: config } : undefined;
  const settings = resolveSettings(values, file);
  const output = liveOutput();
  const signal = interruption(() => output.print('\nstopping after this step; once more ends at once'));
  const open = async () => {
    const gpu = await openGpu(settings.adapter ?? 'auto', { tuning: tuningOf(settings, (line) => output.print(line)) });
    output.print(describeAdapter(gpu));
    return gpu;
  };
  const { outcome } = await runTraining(settings, open, output, signal);
  if (outcome === 'interrupted') process.exitCode = 130;
});
