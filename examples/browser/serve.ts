/** Shows a model folder in the browser. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { readCommandLine, runCommand } from '../../scripts/command.ts';
import { UsageError, UserError } from '../../src/errors.ts';
import { defineSettings } from '../../src/settings/settings.ts';
import { serveExample } from './server.ts';

const SETTINGS = defineSettings({
  model: { type: 'string', default: 'runs/sample', value: 'DIR', help: 'model folder' },
  port: { type: 'integer', default: 8080, min: 0, max: 65535, help: '0: any that is free' },
});

await runCommand(async () => {
  const { values, positional } = readCommandLine(
    'Usage: npm run example:browser -- [--model DIR] [--port N]',
    SETTINGS,
  );
  if (positional.length > 0) throw new UsageError(`unexpected "${positional[0]}": the model is named by --model.`);
  if (!existsSync(join(values.model, 'config.json'))) {
    throw new UserError(
      `${values.model} is no model folder: it has no config.json. Train one: npx tsx scripts/train.ts`,
    );
  }
  const { url } = await serveExample(values.model, values.port).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    throw new UserError(`port ${values.port} is taken: give another --port, or 0 for any that is free.`);
  });
  process.stdout.write(`${values.model} at ${url} (Ctrl-C ends this)\n`);
});
