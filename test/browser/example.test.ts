import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bundle, serveExample } from '../../examples/browser/server.ts';
import { openGpu, pipeline } from '../../src/index_node.ts';
import { makeModelFolder } from '../made_model.ts';
import { findChromium, type Visit, visit } from './chromium.ts';
import { differences, type Trained, trainingSteps } from './training_steps.ts';

const test = suite('examples/browser');
const temporary = mkdtempSync(join(tmpdir(), 'browser-'));
const folder = join(temporary, 'model');
test.before(async () => {
  await makeModelFolder(folder, ['O', 'B-LOC', 'I-LOC', 'B-PER', 'I-PER']);
});
test.after(() => rmSync(temporary, { recursive: true, force: true }));
const chromium = findChromium();
const run = chromium ? test : test.skip;

interface Seen {
  status: string;
  isError: boolean;
  text: string;
  marks: { text: string; label: string; score: string }[];
}

/** Uses the example as a person does: waits until it is ready, types, presses the button, reads the page; then posts what it saw. */
const user = (text: string) => `<!doctype html><iframe id="page" src="/" width="800" height="600"></iframe>
<script type="module">
  const page = document.getElementById('page');
  await new Promise((resolve) => page.addEventListener('load', resolve));
  const find = (selector) => page.contentDocument.querySelector(selector);
  const until = async (condition) => { while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20)); };
  const status = () => find('#status').textContent;
  await until(() => status().startsWith('Ready') || find('#status').className === 'error');
  if (find('#status').className !== 'error') {
    find('#text').value = ${JSON.stringify(text)};
    find('#tag').click();
    await until(() => !status().startsWith('Ready'));
  }
  const marks = [...page.contentDocument.querySelectorAll('mark')].map((mark) => ({
    text: mark.firstChild.textContent, label: mark.querySelector('small').textContent, score: mark.dataset.score,
  }));
  const isError = find('#status').className === 'error';
  await fetch('/seen', { method: 'POST', body: JSON.stringify({ status: status(), isError, text: find('#text').value, marks }) });
</script>`;

const use = (text: string, more: Partial<Visit> = {}): Promise<Seen> =>
  visit({ chromium: chromium!, model: folder, pages: { '/user.html': user(text) }, ...more });

run('Chromium finds the entities that Node finds, and marks them in the text', async () => {
  const text = 'Berlin ist die Hauptstadt von Deutschland & <b>Leipzig</b>.';
  const ner = await pipeline('token-classification', folder);
  const [entities = []] = await ner.answer([text]);
  ner.close();
  assert.ok(entities.length > 1, 'the made model finds something');
  const seen = await use(text);
  assert.match(seen.status, new RegExp(`^${entities.length} entities in \\d+ ms on \\S.+\\.$`));
  assert.equal(
    seen.marks.map((mark) => [mark.text, mark.label]),
    entities.map((e) => [
      text.slice(e.start!, e.end!),
      'entity_group' in e && `${e.entity_group} ${e.score.toFixed(2)}`,
    ]),
  );
  for (const [i, { score }] of seen.marks.entries()) {
    assert.ok(Math.abs(Number(score) - entities[i]!.score) < 1e-4, `${score} for ${entities[i]!.score}`);
  }
});

run('Chromium trains as Node does', async () => {
  const gpu = await openGpu();
  const want = await trainingSteps(gpu);
  gpu.close();
  assert.ok(want.losses.at(-1)! < want.losses[0]!, `it learns: ${want.losses}`);
  const script = await bundle(fileURLToPath(new URL('training_page.ts', import.meta.url)));
  const pages = { '/user.html': '<!doctype html><script type="module" src="/train.js"></script>', '/train.js': script };
  const got = await visit<Trained & { error?: string }>({ chromium: chromium!, model: folder, pages });
  assert.is(got.error, undefined);
  assert.equal(differences(got, want), []);
});

run('what is missing is told in the page', async () => {
  const empty = mkdtempSync(join(temporary, 'empty-'));
  const noFolder = await use('Berlin', { model: empty });
  assert.match(noFolder.status, /model\/config\.json is not there/);
  const cutOff = await use('Berlin', { broken: ['/model/model.safetensors'] });
  assert.match(cutOff.status, /\/model\/model\.safetensors can't be fetched \(.*\): is the server still running\?/);
  const noAdapter = await use('Berlin', { switches: ['--disable-gpu'] });
  assert.match(noAdapter.status, /^WebGPU gives no adapter here: hardware acceleration may be switched off/);
  // Neither https nor local: no WebGPU there.
  const noWebGpu = await use('Berlin', { host: 'example.test' });
  assert.match(noWebGpu.status, /^this runtime has no navigator\.gpu/);
  for (const { isError } of [noFolder, cutOff, noAdapter, noWebGpu]) assert.ok(isError);
});

test('the server gives the model, the shaders and the page, and nothing else', async () => {
  const server = await serveExample(folder, 0);
  // As it stands: fetch would tidy the path first.
  const answer = (path: string) =>
    new Promise<number>((resolve, reject) => {
      const { hostname, port } = new URL(server.url);
      request({ hostname, port, path }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });
  try {
    for (const path of ['/', '/index.html?x', '/app.js', '/model/config.json', '/shaders/softmax.wgsl'])
      assert.is(await answer(path), 200, path);
    const refused = [
      '/model/../package.json',
      '/model/%2e%2e/package.json',
      '/model/.hidden',
      '/model/',
      '/shaders/..',
    ];
    for (const path of [...refused, '//', '/%zz', '/server.ts', '/package.json'])
      assert.is(await answer(path), 404, path);
  } finally {
    server.close();
  }
});
test.run();
