import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AdapterFacts } from '../../src/gpu/device.ts';
import { storeChoices, storedChoices, type TuningStore } from '../../src/gpu/tuning.ts';
import { fileStore, tuningFile, tuningOf } from '../../src/gpu/tuning_node.ts';
import { VERSION } from '../../src/version.ts';

const test = suite('tuning');

const adapter: AdapterFacts = {
  kind: 'gpu',
  name: 'Radeon 780M',
  vendor: 'amd',
  architecture: 'rdna-3',
  driver: 'radv 25.0.7',
  subgroupSize: 32,
  readsTextures: true,
};
const choices = new Map([['linear_forward 768x3072 2048', 'workgroup']]);

const inFolder = async (body: (file: string) => Promise<void>) => {
  const folder = await mkdtemp(join(tmpdir(), 'tuning-'));
  try {
    await body(join(folder, 'cache', 'tuning.json'));
  } finally {
    await rm(folder, { recursive: true });
  }
};

test('the version is that of package.json', async () => {
  const file = new URL('../../package.json', import.meta.url);
  assert.is((JSON.parse(await readFile(file, 'utf8')) as { version: string }).version, VERSION);
});

test('what was stored is found again, for the same adapter and driver alone', () =>
  inFolder(async (file) => {
    const store = fileStore(file);
    assert.is((await storedChoices(store, adapter)).size, 0, 'nothing at first');
    await storeChoices(store, adapter, choices);
    await storeChoices(store, { ...adapter, driver: 'radv 26' }, new Map([['a', 'tile']]));
    await storeChoices(store, adapter, new Map([['b', 'tile']]));
    assert.equal([...(await storedChoices(fileStore(file), adapter))], [...choices, ['b', 'tile']]);
    assert.is((await storedChoices(store, { ...adapter, driver: 'radv 27' })).size, 0);
    assert.is((await storedChoices(store, { ...adapter, name: 'another' })).size, 0);
  }));

test("another version's choices are not taken", () =>
  inFolder(async (file) => {
    const store = fileStore(file);
    await storeChoices(store, adapter, choices);
    await writeFile(file, (await readFile(file, 'utf8')).replace(`| ${VERSION}`, '| 0.0.1'));
    assert.is((await storedChoices(store, adapter)).size, 0);
  }));

for (const [what, text] of [
  ['cut off', '{ "adapters": { "Rade'],
  ['empty', ''],
  ['of another form', '["tile"]'],
  ['null inside', '{ "adapters": null }'],
  ['numbers for names', `{ "adapters": { "Radeon 780M | radv 25.0.7 | ${VERSION}": { "a": 3 }, "b": [] } }`],
] as const) {
  test(`a file that is ${what} counts as empty and is written anew`, () =>
    inFolder(async (file) => {
      const store = fileStore(file);
      await storeChoices(store, adapter, new Map());
      await writeFile(file, text);
      assert.is((await storedChoices(store, adapter)).size, 0);
      await storeChoices(store, adapter, choices);
      assert.equal([...(await storedChoices(store, adapter))], [...choices]);
    }));
}

test('a folder that can not be written is no error', () =>
  inFolder(async (file) => {
    await mkdir(join(file, '..'));
    await writeFile(file, '');
    await storeChoices(fileStore(join(file, 'below-a-file', 'tuning.json')), adapter, choices);
    await chmod(join(file, '..'), 0o500);
    await storeChoices(fileStore(file), adapter, choices);
    await chmod(join(file, '..'), 0o700);
  }));

test("a page's own storage, also where it refuses", async () => {
  const page = new Map<string, string>();
  const store: TuningStore = {
    read: async () => page.get('tuning'),
    write: async (text) => void page.set('tuning', text),
  };
  await storeChoices(store, adapter, choices);
  assert.equal([...(await storedChoices(store, adapter))], [...choices]);
  const refuse = async () => {
    throw new Error('QuotaExceededError');
  };
  await storeChoices({ read: refuse, write: refuse }, adapter, choices);
  assert.is((await storedChoices({ read: refuse, write: refuse }, adapter)).size, 0);
});

test('the file lies in the cache folder', () => {
  const before = process.env.XDG_CACHE_HOME;
  process.env.XDG_CACHE_HOME = join(tmpdir(), 'cache');
  try {
    if (process.platform !== 'win32') assert.is(tuningFile(), join(tmpdir(), 'cache', 'albert-webgpu', 'tuning.json'));
  } finally {
    if (before === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = before;
  }
});

test('--no-tune is no tuning at all', () => {
  assert.is(tuningOf({ tune: false, retune: true }), undefined);
  assert.is(tuningOf({ tune: true, retune: false })?.retune, false);
});
test.run();
