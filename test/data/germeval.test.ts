import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UsageError } from '../../src/errors.ts';
import { read } from './support.ts';

const TWO = `#\thttp://example.org\t[2010-01-01]
1\tBerliner\tB-LOCderiv\tO
2\tFC\tB-ORG\tO
3\tBayern\tI-ORG\tB-LOC

#\thttp://example.org\t[2010-01-02]
1\t#\tO\tO
2\tAnna\tB-PER\tO
`;

const test = suite('germeval');
test('both levels, comments left out, and where each sentence stands', () => {
  const { sentences, problems, facts } = read(TWO, {}, 'de.tsv');
  assert.equal(problems, []);
  assert.equal(sentences, [
    {
      words: ['Berliner', 'FC', 'Bayern'],
      labels: ['B-LOCderiv', 'B-ORG', 'I-ORG'],
      inner: ['O', 'O', 'B-LOC'],
      source: { file: 'de.tsv', line: 2 },
    },
    { words: ['#', 'Anna'], labels: ['O', 'B-PER'], inner: ['O', 'O'], source: { file: 'de.tsv', line: 7 } },
  ]);
  assert.is(facts.format, 'germeval');
  assert.is(facts.comments, 2);
});
test('the inner level on demand, by its name or its column', () => {
  for (const options of [{ level: 'inner' }, { column: 4 }] as const) {
    const { sentences } = read(TWO, options);
    assert.equal(sentences[0]!.labels, ['O', 'O', 'B-LOC']);
    assert.equal(sentences[0]!.inner, ['B-LOCderiv', 'B-ORG', 'I-ORG']);
  }
  assert.throws(
    () => read(TWO, { column: 2 }),
    (error: unknown) => error instanceof UsageError,
  );
});
for (const [name, content] of [
  ['CRLF', TWO.replaceAll('\n', '\r\n')],
  ['CR alone', TWO.replaceAll('\n', '\r')],
  ['doubled CR', TWO.replaceAll('\n', '\r\r\n')],
  ['a byte-order mark', `\uFEFF${TWO}`],
  ['no final newline', TWO.trimEnd()],
  ['more blank lines than need be', `\n\n${TWO.replaceAll('\n\n', '\n\n \n\t\n')}\n\n`],
  ['a line of invisible characters for a blank one', TWO.replace('\n\n', '\n\u200B\uFEFF\n')],
  ['white space for tabs', TWO.replaceAll('\t', '  ')],
] as const) {
  test(`${name} changes nothing`, () => {
    const { words, sentences } = read(content);
    assert.equal(words, ['Berliner FC Bayern', '# Anna']);
    assert.equal(sentences[1]!.labels, ['O', 'B-PER']);
  });
}
test('byte-order marks inside the file are dropped and reported', () => {
  const { words, problems } = read(TWO.replace('\n\n#', '\n\uFEFF\n\uFEFF#'));
  assert.equal(words, ['Berliner FC Bayern', '# Anna']);
  assert.equal(problems, ['5 warning invisible line', '6 warning stray byte-order mark']);
});
test('invisible tokens stay, each with a warning; soft hyphens within words are nothing odd', () => {
  const { words, problems } = read('1\t\u0096\tO\tO\n2\t\u00AD\tB-PER\tO\n3\tet\u00ADwas\tO\tO\n');
  assert.equal(words, ['\u0096 \u00AD et\u00ADwas']);
  assert.equal(problems, ['1 warning invisible token', '2 warning invisible token']);
});
test('one problem never hides the next', () => {
  const { problems, sentences } = read(`1\tA\tB_PER\tO
2\t\tO\tO
3\tC\tO
x\tD\tO\tO
5\tE\tI-LOC\tLOC
6\tF\tO\t
7\tG\tB-LOC\tO\t\t
8\tH\tO\tO\tO
8\tI\tO\tO
1\tJ\tO\tO
`);
  assert.equal(problems, [
    '1 error malformed label',
    '2 error empty token',
    '3 error wrong column count',
    '4 error wrong token number',
    '5 error malformed label',
    '5 warning I- without B-',
    '6 error empty label',
    '7 warning empty extra column',
    '8 error wrong column count',
    '9 warning wrong token number',
    '10 warning missing blank line',
  ]);
  assert.equal(
    sentences.map(({ words }) => words.length),
    [9, 1],
    'no token is lost',
  );
});
test('three columns have no inner level, two no labels', () => {
  const three = '1\tAnna\tB-PER\n2\tkam\tO\n';
  assert.equal(read(three).problems, []);
  assert.is(read(three).sentences[0]!.inner, undefined);
  assert.equal(read(three, { level: 'inner' }).problems, ['- error no labels']);
  assert.equal(read('1\tAnna\n2\tkam\n').problems, ['- error no labels']);
});
test('a file of comments alone is empty', () => assert.equal(read('#\ta\n\n#\tb\n').problems, ['- error empty file']));
test.run();
