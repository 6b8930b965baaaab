import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { describeFacts } from '../../src/data/read.ts';
import { read } from './support.ts';

const CONLL_2003 = `-DOCSTART- -X- -X- O

EU NNP I-NP I-ORG
rejects VBZ I-VP O
German JJ I-NP I-MISC
British JJ I-NP B-MISC

-DOCSTART- -X- -X- O

Peter NNP I-NP I-PER
Blackburn NNP I-NP I-PER`;

const test = suite('conll');
test('CoNLL-2003: documents left out, IOB1 read into IOB2 and said once', () => {
  const { sentences, words, problems, facts } = read(CONLL_2003);
  assert.equal(words, ['EU rejects German British', 'Peter Blackburn']);
  assert.equal(sentences[0]!.labels, ['B-ORG', 'O', 'B-MISC', 'B-MISC']);
  assert.equal(sentences[1]!.labels, ['B-PER', 'I-PER']);
  assert.equal(
    sentences.map(({ source }) => source!.line),
    [3, 10],
  );
  assert.equal(problems, ['3 warning I- without B-']);
  assert.equal([facts.documents, facts.columns, facts.labelColumn, facts.scheme], [2, 4, 4, 'IOB1']);
});
test('another column of labels', () => {
  assert.equal(read(CONLL_2003, { column: 3 }).sentences[1]!.labels, ['B-NP', 'I-NP']);
  for (const column of [1, 5]) assert.equal(read(CONLL_2003, { column }).problems, ['- error no labels']);
});
test('a document line right before a sentence', () => {
  assert.equal(read('-DOCSTART- O\nAnna B-PER\nkam O\n').words, ['Anna kam']);
});
test('two columns apart by tabs, with tokens that are # or have a space', () => {
  const { words, problems } = read('#\tO\n# 1\tO\nNew York\tB-LOC\n');
  assert.equal(words, ['# # 1 New York']);
  assert.equal(problems, ['2 warning space in a token', '3 warning space in a token']);
});
test('no-break spaces, NEL and the line separator are characters of a token', () => {
  const { sentences, problems } = read('10\u00A0000 O\na\u0085b O\nc\u2028d O\n');
  assert.equal(sentences[0]!.words, ['10\u00A0000', 'a\u0085b', 'c\u2028d']);
  assert.equal(problems, []);
});
test('tabs that align columns, and a mixture of tabs and spaces', () => {
  assert.equal(read('Anna\t\tB-PER\nkam\tO\nnach\tO\nWien \t B-LOC\n').problems, []);
});
test('a line without the tab that all others have', () => {
  const { problems } = read('New York\tB-LOC\nNew Orleans\tB-LOC\nAnna B-PER\nLos Angeles\tB-LOC\n');
  assert.ok(problems.includes('3 error wrong column count'));
});
test('comment lines before sentences are left out', () => {
  const { words, problems, facts } = read('# id 5 domain=en\nAnna _ _ B-PER\n\n# id 6\nkam _ _ O\n');
  assert.equal(words, ['Anna', 'kam']);
  assert.equal(problems, []);
  assert.is(facts.comments, 2);
});
test('numbered tokens with many columns: the token stands second', () => {
  const { words, sentences } = read('1\tAnna\tNE\tx\tB-PER\n2\tkam\tV\tx\tO\n\n1\tJa\tX\tx\tO\n');
  assert.equal(words, ['Anna kam', 'Ja']);
  assert.equal(sentences[0]!.labels, ['B-PER', 'O']);
});
test('a language before every token is taken off, and that is said', () => {
  const { words, facts } = read('de:Anna\tB-PER\nde::\tO\n\nde:de:x\tO\n');
  assert.equal(words, ['Anna :', 'de:x']);
  assert.match(describeFacts(facts), /'de:' taken off every token/);
  assert.equal(read('de:Anna\tB-PER\nkam\tO\n').words, ['de:Anna kam']);
  assert.equal(read('de:Anna\tB-PER\nde:\tO\n').problems, ['2 error empty token']);
});
test('files that are something else', () => {
  assert.equal(read('').problems, ['- error empty file']);
  assert.equal(read('\n \n\t\n').problems, ['- error empty file']);
  assert.equal(read('Anna\nkam\n').problems, ['- error no labels']);
  assert.ok(read('Anna kam gestern .\nSie blieb nicht .\n').problems.includes('- error unlikely format'));
  assert.ok(read('Anna B-PER\n', { level: 'inner' }).problems.includes('- error no labels'));
});
test('a sentence of a thousand tokens and more: are blank lines missing?', () => {
  assert.equal(read('a O\n'.repeat(1001)).problems, ['1 warning very long sentence']);
});
test('numbered words behind several comment lines, which may be more than the rows', () => {
  for (const separator of ['\t', ' ']) {
    const row = (...cells: string[]) => `${cells.join(separator)}\n`;
    const { sentences, problems, facts } = read(
      `# id a\n# text = Ulm\n# more = x O\n${row('1', 'Ulm', 'NE', '_', 'B-LOC')}` +
        `\n# id b\n# text = Er O\n# O O O O O\n${row('1', '#', 'P', '_', 'O')}`,
    );
    assert.equal(
      sentences.map(({ words, labels, source }) => [words, labels, source!.line]),
      [
        [['Ulm'], ['B-LOC'], 4],
        [['#'], ['O'], 9],
      ],
    );
    assert.equal(problems, []);
    assert.equal([facts.comments, facts.columns], [6, 5]);
  }
});
test('a token "#" at the start of a sentence is a word, in a file of nothing else too', () => {
  assert.equal(read('# O\nAnna B-PER\n\n# O\n1 O\n').words, ['# Anna', '# 1']);
  assert.equal(read('# O\n\n# O\n').words, ['#', '#']);
});
test.run();
