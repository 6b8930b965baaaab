import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { groupWords, wordWindows } from '../../src/inference/word_mode.ts';
import { splitWords } from '../../src/inference/words.ts';

const test = suite('words of running text');
const split = (text: string) => splitWords(text).map((w) => w.text);

test('punctuation stands by itself', () => {
  assert.equal(split('Er wohnt in (Berlin).'), ['Er', 'wohnt', 'in', '(', 'Berlin', ')', '.']);
  assert.equal(split('„Die Zeit“ schrieb: Ja!'), ['„', 'Die', 'Zeit', '“', 'schrieb', ':', 'Ja', '!']);
  assert.equal(split('IBM/SAP und SPD-Politiker'), ['IBM', '/', 'SAP', 'und', 'SPD-Politiker']);
});
test('abbreviations, ordinals and initials keep their stop, the end of the text does not', () => {
  assert.equal(split('Am 3. Mai kam Dr. A. Huber, z.B. nach St. Gallen.'), [
    'Am',
    '3.',
    'Mai',
    'kam',
    'Dr.',
    'A.',
    'Huber',
    ',',
    'z.B.',
    'nach',
    'St.',
    'Gallen',
    '.',
  ]);
  assert.equal(split('Es war der 3.'), ['Es', 'war', 'der', '3', '.']);
});
test('every character but white space stands in exactly one word, at its offset', () => {
  for (const text of ['', '  ', '...', '(((', 'a', ' „«x»“ …', 'München–Wien, 👍🏽!', 'a/b//c/', '- "', 'U.S.A.']) {
    const words = splitWords(text);
    assert.is(words.map((w) => w.text).join(''), text.replaceAll(/\s/gu, ''), text);
    for (const w of words) assert.is(text.slice(w.start, w.end), w.text);
  }
});
test('windows hold every word once, in order, within their size', () => {
  const pieces = [[5], [6, 7, 8], [], [9, 10, 11, 12, 13, 14, 15, 16], [17]];
  const windows = wordWindows(pieces, 6, { clsId: 2, sepId: 3, unkId: 1 });
  assert.ok(windows.every((w) => w.ids.length <= 6 && w.ids[0] === 2 && w.ids.at(-1) === 3));
  assert.equal(
    windows.flatMap((w) => w.words.map((x) => x.word)),
    [0, 1, 2, 3, 4],
  );
  assert.is(windows[1]!.ids[windows[1]!.words[0]!.from], 1, 'a word of no piece takes [UNK]');
});
test('an I- of another type begins an entity of its own', () => {
  const text = 'Angela Merkel Berlin';
  const labelled = ['B-PER', 'I-PER', 'I-LOC'].map((label) => ({ label, score: 0.5 }));
  const groups = groupWords(text, splitWords(text), labelled, ['O']);
  assert.equal(
    groups.map((g) => [g.entity_group, g.word]),
    [
      ['PER', 'Angela Merkel'],
      ['LOC', 'Berlin'],
    ],
  );
});
test.run();
