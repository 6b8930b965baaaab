import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UsageError } from '../../src/errors.ts';
import { editDistance, nearest } from '../../src/settings/nearest.ts';
import { defineSettings, fromArguments, fromObject, helpText, merge } from '../../src/settings/settings.ts';

const settings = defineSettings({
  learning_rate: { type: 'number', default: 5e-5, min: 0, help: 'peak learning rate' },
  epochs: { type: 'integer', default: 3, min: 1, help: 'passes over the data' },
  shuffle: { type: 'boolean', default: true, help: 'draw a new order each epoch' },
  overwrite: { type: 'boolean', default: false, help: 'replace what is there' },
  level: { type: 'choice', choices: ['outer', 'inner'], default: 'outer', help: 'which labels' },
  output: { type: 'string', default: null, value: 'DIR', help: 'where to write' },
  file: { type: 'list', default: [], value: 'FILE', help: 'input' },
});
const rejects = (run: () => unknown, pattern: RegExp) =>
  assert.throws(run, (error: unknown) => error instanceof UsageError && pattern.test(error.message));

const test = suite('settings');
test('reads flags in each of their forms', () => {
  const { values, positional } = fromArguments(settings, [
    'a.txt',
    '--learning-rate=1e-3',
    '--epochs',
    '7',
    '--no-shuffle',
    '--overwrite',
    '--level',
    'inner',
    '--file',
    'x',
    '--file',
    'y',
    '--',
    '--z',
  ]);
  assert.equal(positional, ['a.txt', '--z']);
  assert.equal(values, {
    learning_rate: 1e-3,
    epochs: 7,
    shuffle: false,
    overwrite: true,
    level: 'inner',
    file: ['x', 'y'],
  });
});
test('accepts the spelling of config files on the command line', () => {
  assert.is(fromArguments(settings, ['--learning_rate', '2']).values.learning_rate, 2);
});
test('names the nearest setting for an unknown one', () => {
  rejects(
    () => fromArguments(settings, ['--lerning-rate', '1']),
    /unknown setting --lerning-rate. Did you mean --learning-rate\?/,
  );
  rejects(() => fromObject(settings, { epoch: 1 }, 'run.json'), /run.json: .*Did you mean --epochs/);
});
test('says the range of an impossible value', () => {
  rejects(() => fromArguments(settings, ['--epochs', '0']), /--epochs must be a whole number, at least 1, found "0"/);
  rejects(() => fromArguments(settings, ['--epochs', '2.5']), /whole number/);
  rejects(() => fromArguments(settings, ['--level', 'middle']), /one of outer, inner/);
  rejects(() => fromArguments(settings, ['--epochs']), /--epochs needs a value/);
  rejects(() => fromObject(settings, [], 'run.json'), /expected a JSON object/);
});
test('later layers win, and what was given is known', () => {
  const { values, given } = merge(settings, { epochs: 5 }, { epochs: 6 });
  assert.is(values.epochs, 6);
  assert.is(values.output, null);
  assert.equal([...given], ['epochs']);
});
test('help shows every setting with its default', () => {
  const text = helpText('usage: x', settings);
  for (const part of ['--learning-rate X', '5e-5', '--no-shuffle', 'outer|inner', '--output DIR', '[default: 3]']) {
    assert.ok(text.includes(part) || text.includes(part.replace('5e-5', '0.00005')), part);
  }
});
test('edit distance', () => {
  assert.is(editDistance('kitten', 'sitting'), 3);
  assert.is(editDistance('', 'abc'), 3);
  assert.is(nearest('zzzzzz', ['epochs']), undefined);
});
test.run();
