import { existsSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../src/errors.ts';
import {
  fetchHubModel,
  type HubModelOptions,
  looksLikeHubName,
  resolveModelFolder,
} from '../../src/formats/hub_node.ts';
import { commitOf, gitSha1, HubServer, sha256 } from './hub_server.ts';

const weights = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 7919) >> 3);
const config = '{"model_type": "albert"}';
const usual = {
  'README.md': '# A model',
  'config.json': config,
  'flax_model.msgpack': 'x',
  'model.safetensors': weights,
  'pytorch_model.bin': 'older',
  'tf_model.h5': 'oldest',
  'tokenizer.json': '{}',
  'tokenizer_config.json': '{}',
  'spiece.model': 'pieces',
  'runs/events.out': 'log',
};

const hub = await HubServer.start();
hub.repos.set('models/anna/ner', {
  revisions: { main: usual, v1: { ...usual, 'config.json': `${config}\n` } },
  lfsFrom: 1000,
});
const repo = (name: string, files: Record<string, string | Uint8Array>, more = {}) =>
  hub.repos.set(`models/${name}`, { revisions: { main: files }, lfsFrom: 1000, ...more });

let home = '';
const test = suite('hub');
test.before.each(async () => {
  hub.reset();
  home = await mkdtemp(join(tmpdir(), 'hub-test-'));
});
test.after.each(() => rm(home, { recursive: true }));
test.after(() => hub.stop());

const options = (more: HubModelOptions = {}): HubModelOptions => ({
  endpoint: hub.endpoint,
  cacheFolder: home,
  token: undefined,
  offline: false,
  firstWait: 1,
  retries: 3,
  timeout: 10_000, // a busy machine may be slow; the test of silence sets its own
  output: null,
  ...more,
});
const fetchModel = (name: string, more?: HubModelOptions) => fetchHubModel(name, options(more));
const rejects = async (promise: Promise<unknown>, ...patterns: RegExp[]) => {
  const error = await promise.then(
    () => assert.unreachable('it should have failed'),
    (e: unknown) => e,
  );
  assert.instance(error, UserError, String(error instanceof Error ? error.stack : error));
  for (const pattern of patterns) assert.match((error as UserError).message, pattern);
};
const filesSeen = () =>
  hub.requests.filter(({ path }) => path.includes('/resolve/')).map(({ path }) => path.split('/').pop());
const atLarge = (path: string) => path.startsWith('/lfs/');

test('tells names on the hub from paths', () => {
  for (const name of ['albert/albert-base-v2', 'anna/ner@v1', 'a_b/c.d@refs/pr/1', '0x/y'])
    assert.ok(looksLikeHubName(name), name);
  for (const path of [
    'model',
    './a/b',
    '../a',
    '/a/b',
    '~/a',
    'a/b/c',
    'C:\\a',
    'a//b',
    'a/',
    'a/..',
    'a b/c',
    '-a/b',
    'a--b/c',
    '',
  ])
    assert.not(looksLikeHubName(path), path);
});

test('fetches what a model needs, once, into the cache that transformers uses', async () => {
  const folder = await fetchModel('anna/ner');
  const commit = commitOf('anna/ner', 'main');
  assert.is(folder, join(home, 'models--anna--ner', 'snapshots', commit));
  assert.equal((await readdir(folder)).sort(), [
    'config.json',
    'model.safetensors',
    'spiece.model',
    'tokenizer.json',
    'tokenizer_config.json',
  ]);
  assert.equal(new Uint8Array(await readFile(join(folder, 'model.safetensors'))), weights);
  assert.is(await readFile(join(home, 'models--anna--ner', 'refs', 'main'), 'utf8'), commit);
  assert.is(await readlink(join(folder, 'model.safetensors')), join('..', '..', 'blobs', sha256(weights)));
  assert.is(await readlink(join(folder, 'config.json')), join('..', '..', 'blobs', gitSha1(Buffer.from(config))));
  assert.is(filesSeen()[0], 'config.json');

  hub.requests.length = 0;
  assert.is(await fetchModel('anna/ner'), folder);
  assert.equal(filesSeen(), []);
});
test('a revision is a branch, a tag or a commit', async () => {
  const folder = await fetchModel('anna/ner@v1');
  assert.is(await readFile(join(folder, 'config.json'), 'utf8'), `${config}\n`);
  const main = await fetchModel(`anna/ner@${commitOf('anna/ner', 'main')}`);
  assert.is(await readFile(join(main, 'config.json'), 'utf8'), config);
  // The weights are the same in both: one blob.
  assert.is(hub.requests.filter(({ cdn }) => cdn).length, 1);
  hub.requests.length = 0;
  await fetchModel(`anna/ner@${commitOf('anna/ner', 'main')}`);
  assert.equal(hub.requests, [], 'a commit that the cache has needs no request');
});
test('takes PyTorch weights where there are no safetensors, and shards by their index', async () => {
  repo('anna/old', { 'config.json': config, 'pytorch_model.bin': 'p', 'tf_model.h5': 't' });
  assert.equal((await readdir(await fetchModel('anna/old'))).sort(), ['config.json', 'pytorch_model.bin']);
  const index = JSON.stringify({
    weight_map: { a: 'model-1-of-2.safetensors', b: 'model-2-of-2.safetensors', c: 'model-1-of-2.safetensors' },
  });
  const shards = {
    'model-1-of-2.safetensors': '1',
    'model-2-of-2.safetensors': '2',
    'model.safetensors.index.json': index,
  };
  repo('anna/sharded', { 'config.json': config, 'pytorch_model.bin': 'p', ...shards });
  assert.equal(
    (await readdir(await fetchModel('anna/sharded'))).sort(),
    ['config.json', ...Object.keys(shards)].sort(),
  );
});
test('an index of shards leads nowhere else', async () => {
  const index = (file: string) => ({
    'config.json': config,
    'model.safetensors.index.json': JSON.stringify({ weight_map: { a: file } }),
  });
  repo('anna/away', index('../../../../etc/passwd'));
  await rejects(fetchModel('anna/away'), /lists no shards/);
  repo('anna/lacking', index('model-2.safetensors'));
  await rejects(fetchModel('anna/lacking'), /anna\/lacking has no file model-2\.safetensors at main/);
});
test('fetches only the tokenizer where no more is asked for', async () => {
  const folder = await fetchModel('anna/ner', { tokenizerOnly: true });
  assert.not((await readdir(folder)).includes('model.safetensors'));
  repo('anna/bare', { 'config.json': config, 'model.safetensors': 'w' });
  await rejects(
    fetchModel('anna/bare', { tokenizerOnly: true }),
    /anna\/bare has no tokenizer: expected tokenizer\.json/,
  );
});
test('a model of another architecture is refused before its weights are fetched', async () => {
  repo('anna/bert', { 'config.json': '{"model_type": "bert"}', 'model.safetensors': weights });
  await rejects(fetchModel('anna/bert'), /config\.json of anna\/bert: model_type is "bert"/);
  assert.equal(filesSeen(), ['config.json']);
});
test('a model without weights or configuration is refused with what it has', async () => {
  repo('anna/flax', { 'config.json': config, 'flax_model.msgpack': 'x' });
  await rejects(fetchModel('anna/flax'), /no weights that this package reads/, /found flax_model\.msgpack/);
  repo('anna/none', { 'README.md': '' });
  await rejects(fetchModel('anna/none'), /anna\/none has no file config\.json at main/);
});

test('goes on where the connection was cut', async () => {
  hub.fault = (path, count) => (atLarge(path) && count < 3 ? { cut: 50_000 } : undefined);
  const folder = await fetchModel('anna/ner');
  assert.equal(new Uint8Array(await readFile(join(folder, 'model.safetensors'))), weights);
  const ranges = hub.requests.filter(({ cdn }) => cdn).map(({ range }) => range);
  assert.is(ranges[0], undefined);
  assert.is(ranges.length, 4);
  const starts = ranges.slice(1).map((range) => Number(/\d+/.exec(range!)![0]));
  assert.ok(starts[0]! > 0 && starts[1]! > starts[0]! && starts[2]! > starts[1]!, starts.join());
});
test('goes on where an earlier run was cut', async () => {
  hub.fault = (path) => (atLarge(path) ? { cut: 0 } : undefined);
  const partial = join(home, 'models--anna--ner', 'blobs', `${sha256(weights)}.incomplete`);
  await mkdir(join(partial, '..'), { recursive: true });
  await writeFile(partial, weights.subarray(0, 70_000));
  await rejects(
    fetchModel('anna/ner'),
    /download of model\.safetensors of anna\/ner broke off at 70000 of 200000 bytes/,
    /Start it again/,
  );
  assert.ok(hub.requests.filter(({ cdn }) => cdn).every(({ range }) => range === 'bytes=70000-'));
  hub.reset();
  await fetchModel('anna/ner');
  assert.equal(
    hub.requests.filter(({ cdn }) => cdn).map(({ range }) => range),
    ['bytes=70000-'],
  );
  assert.not(existsSync(partial));
});
test('a connection that falls silent is given up and taken up again', async () => {
  hub.fault = (path, count) => (atLarge(path) && count === 0 ? { stall: 1000 } : undefined);
  await fetchModel('anna/ner', { timeout: 500 });
  assert.is(hub.requests.filter(({ cdn }) => cdn).length, 2);
});
test('a server that knows no ranges sends it all again', async () => {
  hub.fault = (path, count) => (atLarge(path) ? (count === 0 ? { cut: 5000 } : { ignoreRange: true }) : undefined);
  const folder = await fetchModel('anna/ner');
  assert.equal(new Uint8Array(await readFile(join(folder, 'model.safetensors'))), weights);
});
test('wrong bytes are fetched anew once, then refused; nothing of them is kept', async () => {
  hub.fault = (path, count) => (atLarge(path) && count === 0 ? { damage: true } : undefined);
  await fetchModel('anna/ner');
  hub.fault = (path) => (path.endsWith('spiece.model') ? { damage: true } : undefined);
  repo('anna/other', { 'config.json': config, 'model.safetensors': 'w', 'spiece.model': 'abc' });
  await rejects(
    fetchModel('anna/other'),
    /spiece\.model of anna\/other arrived damaged, twice/,
    /the hub lists [0-9a-f]{40}\./,
  );
  assert.not((await readdir(join(home, 'models--anna--other', 'blobs'))).some((name) => name.endsWith('.incomplete')));
  assert.not(
    existsSync(join(home, 'models--anna--other', 'snapshots', commitOf('anna/other', 'main'), 'spiece.model')),
  );
});
test('what an earlier run left over of another file is replaced', async () => {
  const partial = join(home, 'models--anna--ner', 'blobs', `${sha256(weights)}.incomplete`);
  await mkdir(join(partial, '..'), { recursive: true });
  await writeFile(partial, new Uint8Array(300_000));
  await fetchModel('anna/ner');
  await rm(home, { recursive: true });
  await mkdir(join(partial, '..'), { recursive: true });
  await writeFile(partial, new Uint8Array(1000));
  await fetchModel('anna/ner');
});
test('two at a time end with the same whole files', async () => {
  const folders = await Promise.all([fetchModel('anna/ner'), fetchModel('anna/ner')]);
  for (const folder of folders)
    assert.equal(new Uint8Array(await readFile(join(folder, 'model.safetensors'))), weights);
});

test('waits as Retry-After says, and gives up where that is long', async () => {
  hub.fault = (_, count) => (count === 0 ? { status: 429, headers: { 'Retry-After': '0' } } : undefined);
  await fetchModel('anna/ner');
  hub.fault = () => ({ status: 429, headers: { 'Retry-After': '3600' } });
  await rejects(fetchModel('anna/ner'), /too many requests from here \(status 429/, /wait 3600 s/, /HF_TOKEN/);
  const start = performance.now();
  hub.reset();
  hub.fault = (_, count) =>
    count === 0 ? { status: 429, headers: { 'Retry-After': new Date(Date.now() + 60_000).toUTCString() } } : undefined;
  await rejects(fetchModel('anna/ner', { longestWait: 50_000 }), /wait (59|60) s/);
  assert.ok(performance.now() - start < 1000);
});
test('a hub in trouble is asked again, then reported', async () => {
  hub.fault = (_, count) => (count < 1 ? { status: 503 } : undefined);
  await fetchModel('anna/ner');
  hub.fault = () => ({ status: 503 });
  hub.requests.length = 0;
  await rejects(fetchModel('anna/ner'), /can't answer for model anna\/ner \(status 503\)/, /try again later/);
  assert.is(hub.requests.length, 4);
});
test('says what to do about each refusal', async () => {
  await rejects(fetchModel('anna/missing'), /no model anna\/missing, or it is private/, /set HF_TOKEN/);
  await rejects(
    fetchModel('anna/missing', { token: 'hf_a', tokenSource: 'HF_TOKEN' }),
    /the token of HF_TOKEN does not see it/,
  );
  await rejects(
    fetchModel('anna/ner', { token: 'old', tokenSource: 'HF_TOKEN' }),
    /does not accept the token of HF_TOKEN/,
  );
  await rejects(fetchModel('anna/ner@v9'), /anna\/ner has no revision "v9": expected a branch, tag or commit/);
  repo('anna/gated', usual, { gated: true, token: 'hf_allowed' });
  await rejects(fetchModel('anna/gated'), /anna\/gated is gated: ask for access at http/, /set HF_TOKEN/);
  await rejects(fetchModel('anna/gated', { token: 'hf_b', tokenSource: 'HF_TOKEN' }), /is gated/, /HF_TOKEN has none/);
});
test('a token opens a private model and goes to the hub alone', async () => {
  repo('anna/private', usual, { token: 'hf_secret' });
  await rejects(fetchModel('anna/private'), /no model anna\/private, or it is private/);
  hub.requests.length = 0;
  await fetchModel('anna/private', { token: 'hf_secret' });
  for (const { cdn, authorization } of hub.requests) assert.is(authorization, cdn ? undefined : 'Bearer hf_secret');
});
test('an answer that no hub gives is called so', async () => {
  hub.fault = () => ({ body: '<html>Sign in to this network</html>' });
  await rejects(fetchModel('anna/ner'), /does not answer as a hub does/, /HF_ENDPOINT/);
});

test('works offline with what is cached, and says what is not', async () => {
  const folder = await fetchModel('anna/ner');
  hub.requests.length = 0;
  assert.is(await fetchModel('anna/ner', { offline: true }), folder);
  await rejects(
    fetchModel('anna/ner@v1', { offline: true }),
    /revision "v1" of anna\/ner is not in the cache/,
    /HF_HUB_OFFLINE is set: unset it/,
  );
  await rm(join(folder, 'model.safetensors'));
  await rejects(fetchModel('anna/ner', { offline: true }), /model\.safetensors of anna\/ner is not in the cache/);
  assert.equal(hub.requests, []);
});
test('without a network the cache serves, and says so', async () => {
  const gone = await HubServer.start();
  await gone.stop();
  await rejects(fetchModel('anna/ner', { endpoint: gone.endpoint }), /can't be reached: .*ECONNREFUSED/, /HF_ENDPOINT/);
  await rejects(fetchModel('anna/ner', { endpoint: gone.endpoint, proxy: true }), /HTTPS_PROXY .*NODE_USE_ENV_PROXY=1/);
  const folder = await fetchModel('anna/ner');
  const lines: string[] = [];
  const output = { print: (line: string) => void lines.push(line), progress: () => {} };
  assert.is(await fetchModel('anna/ner', { endpoint: gone.endpoint, output }), folder);
  assert.match(lines.join('\n'), /can't be reached: anna\/ner is taken from the cache/);
});
test('reads the usual environment variables', async () => {
  const before = { ...process.env };
  try {
    repo('anna/private', usual, { token: 'hf_filed' });
    for (const name of Object.keys(process.env))
      if (/^(HF_|HUGGING|TRANSFORMERS_|XDG_CACHE)/.test(name)) delete process.env[name];
    process.env.HF_HOME = home;
    process.env.HF_HUB_DISABLE_PROGRESS_BARS = '1';
    process.env.HF_ENDPOINT = `${hub.endpoint}/`;
    await writeFile(join(home, 'token'), 'hf_filed\n');
    const folder = await fetchHubModel('anna/private');
    assert.is(folder, join(home, 'hub', 'models--anna--private', 'snapshots', commitOf('anna/private', 'main')));
    process.env.HF_TOKEN = 'hf_wrong';
    await rejects(fetchHubModel('anna/private'), /the token of HF_TOKEN does not see it/);
    process.env.HF_HUB_OFFLINE = '1';
    hub.requests.length = 0;
    assert.is(await fetchHubModel('anna/private'), folder);
    assert.equal(hub.requests, []);
    delete process.env.HF_HUB_OFFLINE;
    process.env.HF_HUB_CACHE = join(home, 'elsewhere');
    process.env.HF_TOKEN = 'hf_filed';
    assert.ok((await fetchHubModel('anna/private')).startsWith(join(home, 'elsewhere')));
    process.env.HF_ENDPOINT = 'hub.example';
    await rejects(fetchHubModel('anna/private'), /HF_ENDPOINT is "hub\.example"/);
    process.env.HF_ENDPOINT = hub.endpoint;
    process.env.HF_TOKEN = 'hf_two words';
    await rejects(fetchHubModel('anna/private'), /HF_TOKEN holds no token/);
  } finally {
    process.env = before;
  }
});
test('shows how far it is', async () => {
  const printed: string[] = [];
  const shown: string[] = [];
  await fetchModel('anna/ner', { output: { print: (l) => void printed.push(l), progress: (l) => void shown.push(l) } });
  assert.match(printed.at(-1)!, /^downloaded model\.safetensors of anna\/ner \(200 kB\)$/);
  assert.match(shown.at(-1)!, /^\[=+\] 100% of 200 kB .*model\.safetensors$/);
});
test('a folder that cannot be written is named', async () => {
  await writeFile(join(home, 'file'), '');
  await rejects(fetchModel('anna/ner', { cacheFolder: join(home, 'file') }), /can't be written/, /set HF_HOME/);
});

test('a local folder wins over the hub, and neither is one message', async () => {
  const here = process.cwd();
  try {
    process.chdir(home);
    await mkdir(join('anna', 'ner'), { recursive: true });
    assert.is(await resolveModelFolder('anna/ner', options()), 'anna/ner');
    assert.equal(hub.requests, []);
    await rejects(
      resolveModelFolder('anna/missing', options()),
      /there is no such folder here, so it was taken for a name on the hub/,
    );
    await rejects(resolveModelFolder('./nowhere', options()), /--model \.\/nowhere: there is no such folder/);
    await writeFile('some.bin', '');
    await rejects(resolveModelFolder('some.bin', options()), /is a file: expected a model's folder/);
    assert.ok((await lstat(await resolveModelFolder('anna/ner@v1', options()))).isDirectory());
  } finally {
    process.chdir(here);
  }
});
test.run();
