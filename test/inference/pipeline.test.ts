import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Entity, Strategy } from '../../src/inference/entities.ts';
import { pipeline } from '../../src/inference/pipeline_node.ts';
import { testGpu } from '../gpu_support.ts';
import { reference } from '../support.ts';

const test = suite("pipeline against transformers'");
const STRATEGIES: Strategy[] = ['none', 'simple', 'first', 'average', 'max'];

type Answers = Partial<Record<Strategy, Entity[]>>;
interface Cases {
  cases: (Answers & { text: string })[];
  stride: Answers & { text: string; stride: number; window: number };
}

/** Everything equal but scores, which may differ by 1e-4. */
function same(got: Entity[], want: Entity[], what: string): void {
  const plain = (list: Entity[]) => list.map(({ score: _, ...rest }) => rest);
  assert.equal(plain(got), plain(want), what);
  got.forEach((e, i) => {
    assert.ok(
      Math.abs(e.score - want[i]!.score) < 1e-4,
      `${what} ${e.word}: score ${e.score}, expected ${want[i]!.score}`,
    );
  });
}

const [file, folder] = [reference('pipeline/cases.json'), reference('pipeline/model')];
if (file && folder) {
  const { cases, stride } = JSON.parse(await readFile(file, 'utf8')) as Cases;
  for (const strategy of STRATEGIES) {
    test(`${strategy}: ${cases.length} texts`, async () => {
      const ner = await pipeline('token-classification', folder, { gpu: await testGpu() });
      const options = { asTransformers: true, aggregationStrategy: strategy };
      const answers = await ner.answer(
        cases.map((c) => c.text),
        options,
      );
      cases.forEach((c, i) => {
        same(answers[i]!, c[strategy]!, `${strategy}, ${c.text}`);
      });
    });
    if (strategy === 'none') continue;
    test(`${strategy}: a text longer than the window, with a stride`, async () => {
      const ner = await pipeline('token-classification', folder, { gpu: await testGpu(), window: stride.window });
      const options = { asTransformers: true, aggregationStrategy: strategy, stride: stride.stride };
      const [answer] = await ner.answer([stride.text], options);
      same(answer!, stride[strategy]!, strategy);
    });
  }

  test('the default mode finds the entity beside punctuation, in the text’s own characters', async () => {
    const ner = await pipeline('ner', folder, { gpu: await testGpu() });
    const text = 'Er wohnt in (Berlin).';
    const [entities] = await ner.answer([text]);
    assert.equal(
      entities!.map((e) => [e.word, text.slice(e.start, e.end)]),
      [['Berlin', 'Berlin']],
    );
  });

  test('the default mode reads a long text to its end, and an empty one', async () => {
    const ner = await pipeline('ner', folder, { gpu: await testGpu(), window: 32 });
    const text = `${'Das ist nur ein Satz ohne Namen. '.repeat(40)}Er wohnt in Berlin.`;
    const [long, empty] = await ner.answer([text, '']);
    assert.ok(long!.some((e) => e.word === 'Berlin' && e.start === text.indexOf('Berlin')));
    assert.equal(empty, []);
  });
} else test.skip('reference answers');
test.run();
