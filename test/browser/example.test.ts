import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ExampleServer, serveExample } from '../../examples/browser/server.ts';
import { pipeline } from '../../src/index_node.ts';
import { makeModelFolder } from '../made_model.ts';

const test = suite('examples/browser');
const temporary = mkdtempSync(join(tmpdir(), 'browser-'));
const folder = join(temporary, 'model');
test.after(() => rmSync(temporary, { recursive: true, force: true }));

/** CHROME_PATH, or the first Chromium on the PATH. */
function findChromium(): string | undefined {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];
  const onPath = (process.env.PATH ?? '').split(delimiter).flatMap((dir) => names.map((name) => join(dir, name)));
  return [process.env.CHROME_PATH ?? '', ...onPath].find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return file !== '';
    } catch {
      return false;
    }
  });
}
const chromium = findChromium();

interface Seen {
  status: string;
  text: string;
  marks: { text: string; type: string }[];
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
    text: mark.firstChild.textContent, type: mark.querySelector('small').textContent,
  }));
  const copy = find('#marked').cloneNode(true);
  for (const small of copy.querySelectorAll('small')) small.remove();
  await fetch('/seen', { method: 'POST', body: JSON.stringify({ status: status(), text: copy.textContent, marks }) });
</script>`;

async function visit(model: string, text: string): Promise<Seen> {
  let server: ExampleServer | undefined;
  let browser: ChildProcess | undefined;
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'));
  try {
    return await new Promise<Seen>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the browser did not answer within a minute')), 60_000);
      timer.unref();
      serveExample(model, 0, (request, response) => {
        if (request.url === '/user.html') {
          response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(user(text));
          return true;
        }
        if (request.url !== '/seen') return false;
        let body = '';
        request.on('data', (chunk) => {
          body += chunk;
        });
        request.on('end', () => {
          response.end();
          clearTimeout(timer);
          resolve(JSON.parse(body) as Seen);
        });
        return true;
      }).then((started) => {
        server = started;
        const flags = ['--headless=new', '--no-sandbox', '--no-first-run', '--disable-extensions', '--mute-audio'];
        const webgpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];
        const args = [...flags, ...webgpu, `--user-data-dir=${profile}`, `${server.url}user.html`];
        browser = spawn(chromium!, args, { stdio: 'ignore' });
        browser.on('error', reject);
      }, reject);
    });
  } finally {
    server?.close();
    if (browser) {
      const ended = new Promise((resolve) => browser!.once('exit', resolve));
      browser.kill();
      await ended;
    }
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

const run = chromium ? test : test.skip;

run('Chromium finds the entities that Node finds, and marks them in the text', async () => {
  await makeModelFolder(folder, ['O', 'B-LOC', 'I-LOC', 'B-PER', 'I-PER']);
  const text = 'Berlin ist die Hauptstadt von Deutschland & <b>Leipzig</b>.';
  const ner = await pipeline('token-classification', folder);
  const [entities] = await ner.answer([text]);
  ner.close();
  assert.ok(entities!.length > 1, 'the made model finds something');
  const seen = await visit(folder, text);
  assert.is(seen.text, text, seen.status);
  assert.match(seen.status, new RegExp(`^${entities!.length} entities in \\d+ ms on `));
  const expected = entities!.map(
    (e) => 'entity_group' in e && { text: text.slice(e.start!, e.end!), type: e.entity_group },
  );
  assert.equal(
    seen.marks.map((mark) => ({ text: mark.text, type: mark.type.split(' ')[0] })),
    expected,
  );
  for (const [i, mark] of seen.marks.entries()) {
    const score = Number(mark.type.split(' ')[1]);
    assert.ok(Math.abs(score - entities![i]!.score) <= 0.005 + 1e-4, `${mark.type} for ${entities![i]!.score}`);
  }
});

run('a folder without weights is told as such in the page', async () => {
  rmSync(join(folder, 'model.safetensors'));
  const { status } = await visit(folder, 'Berlin');
  assert.match(status, /model\.safetensors is not there/);
});
test.run();
