import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { conllevalReport } from '../../src/evaluation/conlleval.ts';
import { type LabelledSentence, scoreEntities } from '../../src/evaluation/scores.ts';
import { type ReportRow, seqevalReport } from '../../src/evaluation/seqeval.ts';
import { strictSpansOf } from '../../src/evaluation/spans.ts';
import { reference } from '../support.ts';

const test = suite('metrics against conlleval and seqeval');

function parse(text: string): LabelledSentence[] {
  return text
    .split(/\n\s*\n/)
    .map((block) => block.split('\n').filter((line) => line.trim() !== ''))
    .filter((lines) => lines.length > 0)
    .map((lines) => {
      const cells = lines.map((line) => line.split(' '));
      return { gold: cells.map((c) => c.at(-2)!), predicted: cells.map((c) => c.at(-1)!) };
    });
}

for (const name of ['random-iob1-like', 'germeval-dev']) {
  const files = ['.txt', '.conlleval.txt', '.seqeval.json'].map((end) => reference(`metrics/${name}${end}`));
  if (files.some((f) => f === undefined)) {
    test.skip(name);
    continue;
  }
  test(`${name}: conlleval's report to the character, seqeval's figures in both modes`, async () => {
    const [text, report, json] = (await Promise.all(files.map((f) => readFile(f!, 'utf8')))) as [
      string,
      string,
      string,
    ];
    const sentences = parse(text);
    const scores = scoreEntities(sentences);
    assert.is(conllevalReport(scores), report);
    const want = JSON.parse(json) as Record<'default' | 'strict_iob2', Record<string, ReportRow>>;
    const same = (got: Record<string, ReportRow>, expected: Record<string, ReportRow>) => {
      assert.equal(Object.keys(got), Object.keys(expected));
      for (const [type, row] of Object.entries(expected)) {
        for (const [key, value] of Object.entries(row)) {
          const found = got[type]![key as keyof ReportRow];
          assert.ok(Math.abs(found - value) < 1e-12, `${type} ${key}: ${found}, expected ${value}`);
        }
      }
    };
    same(seqevalReport(scores), want.default);
    same(seqevalReport(scoreEntities(sentences, strictSpansOf)), want.strict_iob2);
  });
}
test.run();
