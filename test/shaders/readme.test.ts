import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bindingsOf } from '../../src/gpu/wgsl.ts';
import { testGpu } from '../gpu_support.ts';

const test = suite('shaders/README.md');
const folder = new URL('../../shaders/', import.meta.url);
const readme = await readFile(new URL('README.md', folder), 'utf8');
const names = (await readdir(folder)).filter((n) => n.endsWith('.wgsl'));

test('lists every kernel with every binding and override', async () => {
  for (const name of names) {
    const row = readme.split('\n').find((line) => line.startsWith(`| [\`${name.replace('.wgsl', '')}\`](${name})`));
    assert.ok(row, `no row for ${name}`);
    const code = await readFile(new URL(name, folder), 'utf8');
    for (const { name: binding, binding: number } of bindingsOf(code).values()) {
      assert.ok(row!.includes(`${number} \`${binding}\``), `${name}: binding ${number} ${binding}`);
    }
    for (const [, override] of code.matchAll(/^override (\w+)/gm)) {
      assert.ok(row!.includes(`\`${override}\``), `${name}: override ${override}`);
    }
  }
  assert.is(readme.match(/^\| \[`/gm)!.length, names.length, 'rows without a file');
});

test('every file compiles as it stands; the plain ones with no feature and default limits', async () => {
  const gpu = await testGpu();
  for (const name of names) {
    const code = await readFile(new URL(name, folder), 'utf8');
    const feature = /_f16/.test(name) ? 'shader-f16' : /_(subgroup|texture)\d/.test(name) ? 'subgroups' : undefined;
    assert.is(/^enable /m.test(code), feature !== undefined, `${name} needs a feature`);
    if (feature === undefined || gpu.has(feature)) await gpu.module(name.replace('.wgsl', ''), code);
    const storage = [...bindingsOf(code).values()].filter((b) => b.access !== 'uniform').length;
    assert.ok(storage <= 8, `${name} has ${storage} storage buffers, 8 are the default limit`);
  }
});

test('the example of use by itself prints what it says', async () => {
  const gpu = await testGpu(); // also leaves the environment's driver variables set for the child
  if (gpu.adapter.kind === 'bundled') return; // the example finds only adapters that are installed
  const example = /```js\n([\s\S]*?)```/.exec(readme)![1]!;
  const file = fileURLToPath(new URL('../../example.tmp.mjs', import.meta.url));
  await writeFile(file, example);
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [file]);
    assert.ok(readme.includes(`It prints \`${stdout.trim()}\``), `it printed ${stdout}`);
  } finally {
    await rm(file);
  }
});
test.run();
