import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { duplicatesAcross } from '../../src/data/duplicates.ts';
import { parseRatio, splitSentences } from '../../src/data/split.ts';
import { UsageError, UserError } from '../../src/errors.ts';
import { sentence } from './support.ts';

/** 300 sentences, every third of which stands twice. */
const SENTENCES = Array.from({ length: 300 }, (_, i) => sentence(`w${i % 3 === 0 ? i % 150 : i}/O`, 'f', i + 1));
const RATIO = { train: 80, dev: 10, test: 10 };

const test = suite('split');
test('every sentence once, in the parts asked for, in the file’s order', () => {
  const parts = splitSentences(SENTENCES, RATIO, 1);
  assert.equal([parts.train.length, parts.dev.length, parts.test.length], [240, 30, 30]);
  const lines = Object.values(parts).map((part) => part.map(({ source }) => source!.line));
  assert.equal(
    lines.flat().sort((a, b) => a - b),
    SENTENCES.map(({ source }) => source!.line),
  );
  for (const part of lines)
    assert.equal(
      part,
      [...part].sort((a, b) => a - b),
    );
});
test('sentences of the same words stay on one side', () => {
  const { train, dev, test: held } = splitSentences(SENTENCES, RATIO, 1);
  assert.is(
    duplicatesAcross(train, dev).count + duplicatesAcross(train, held).count + duplicatesAcross(dev, held).count,
    0,
  );
});
test('the seed decides', () => {
  assert.equal(splitSentences(SENTENCES, RATIO, 1), splitSentences(SENTENCES, RATIO, 1));
  assert.not.equal(splitSentences(SENTENCES, RATIO, 1), splitSentences(SENTENCES, RATIO, 2));
});
test('without a test part', () => assert.is(splitSentences(SENTENCES, parseRatio('9/1'), 1).test.length, 0));
test('too few different sentences', () => {
  const alike = Array.from({ length: 50 }, () => sentence('a/O'));
  assert.throws(
    () => splitSentences(alike, RATIO, 1),
    (error: unknown) => error instanceof UserError && /dev would be empty/.test(error.message),
  );
});
test('ratios', () => {
  assert.equal(parseRatio('80/10/10'), RATIO);
  assert.equal(parseRatio('0.9/0.1'), { train: 0.9, dev: 0.1, test: 0 });
  for (const text of ['80', '80/0/20', '80/-10/30', 'a/b', '1/2/3/4', '80//20', '']) {
    assert.throws(
      () => parseRatio(text),
      (error: unknown) => error instanceof UsageError,
      text,
    );
  }
});
test.run();
