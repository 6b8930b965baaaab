import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type InputOptions, parsePredictions } from '../../scripts/evaluation_input.ts';
import { formatProblem } from '../../src/data/problems.ts';
import { writePredictions } from '../../src/evaluation/prediction_file.ts';

const test = suite('files of predictions');

const parse = (text: string | Uint8Array, options: Partial<InputOptions> = {}) => {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const { sentences, problems } = parsePredictions(
    { file: 'p.txt', bytes },
    { encoding: 'utf-8', delimiter: null, ...options },
  );
  return { sentences, problems: problems.map(formatProblem) };
};
const anna = {
  words: ['Anna', 'wohnt', 'in', 'Bonn'],
  gold: ['B-PER', 'O', 'O', 'B-LOC'],
  predicted: ['B-PER', 'O', 'O', 'O'],
};
const er = { words: ['Er'], gold: ['O'], predicted: ['O'] };
const plain = 'Anna B-PER B-PER\nwohnt O O\nin O O\nBonn B-LOC O\n\nEr O O\n\n';
const withoutLines = ({ sentences }: ReturnType<typeof parse>) => sentences.map(({ lines: _, ...rest }) => rest);

test('the same sentences, however the text is written', () => {
  for (const text of [
    plain,
    plain.replaceAll(' ', '\t'),
    plain.replaceAll(' ', '  \t '),
    plain.replaceAll('\n', '\r\n'),
    plain.replaceAll('\n', '\r'),
    plain.trimEnd(),
    `\n\n${plain}\n\n`,
    `\uFEFF${plain}`,
    plain.replaceAll('\n\n', '\n \t\n\uFEFF\n'),
    `-DOCSTART- O O\n\n${plain}`,
    `-DOCSTART-\n\n${plain}`,
    `# id 7\n${plain.replace('\n\n', '\n\n# another comment of seven words in all\n')}`,
    plain.replaceAll(/^(\S+) /gm, '$1 NN x '),
  ]) {
    const { sentences, problems } = parse(text);
    assert.equal(withoutLines({ sentences, problems }), [anna, er], JSON.stringify(text));
    assert.equal(
      problems.filter((problem) => problem.includes('error')),
      [],
      JSON.stringify(text),
    );
  }
});

test('UTF-16 with a byte-order mark, and other encodings when named', () => {
  const utf16 = new Uint8Array(Buffer.from(`\uFEFF${plain}`, 'utf16le'));
  assert.equal(withoutLines(parse(utf16)), [anna, er]);
  const latin1 = new Uint8Array(Buffer.from('Köln B-LOC B-LOC\n', 'latin1'));
  assert.is(parse(latin1, { encoding: 'windows-1252' }).sentences[0]!.words[0], 'Köln');
  assert.match(parse(latin1).problems[0]!, /p\.txt:1: error: not UTF-8.*--encoding windows-1252/);
});

test('a token # or one that begins with it is no comment', () => {
  const { sentences } = parse('# O O\n#Bonn B-LOC O\n1 O O\n');
  assert.equal(sentences[0]!.words, ['#', '#Bonn', '1']);
});

test('invisible and empty words stay', () => {
  assert.equal(parse('\u0096\tO\tO\nBonn\tB-LOC\tO\n\tO\tO\n').sentences[0]!.words, ['\u0096', 'Bonn', '']);
});

test('-DOCSTART- lines with labels are words where asked for, as conlleval has it', () => {
  const text = '-DOCSTART- -X- O O\n\n-DOCSTART-\n\nBonn NNP B-LOC O\n';
  assert.equal(
    withoutLines(parse(text)).map(({ words }) => words),
    [['Bonn']],
  );
  assert.equal(
    withoutLines(parse(text, { documentsAreWords: true })).map(({ words }) => words),
    [['-DOCSTART-'], ['Bonn']],
  );
});

test('words of several parts between tabs', () => {
  assert.equal(parse('New York\tB-LOC\tB-LOC\nliegt\tO\tO\n').sentences[0]!.words, ['New York', 'liegt']);
});

test('every problem is reported with its line, none hides the next', () => {
  const { problems } = parse(
    'Anna B-PER B-PER\nin O\nBonn LOC O\nEr O o\nda O O\ndort O O\n. O O\n\nx I O - O\nja O O\nso O O\n',
  );
  assert.equal(problems, [
    'p.txt:2: error: 2 columns where 3 are expected, as in most lines',
    "p.txt:3: error: the gold label is 'LOC', which is no label here; expected O, B-TYPE, I-TYPE, E-TYPE or S-TYPE",
    "p.txt:4: error: the predicted label is 'o', which is no label here; expected O, B-TYPE, I-TYPE, E-TYPE or S-TYPE",
    'p.txt:9: error: 5 columns where 3 are expected, as in most lines',
  ]);
});

test('files of another kind', () => {
  assert.equal(parse('').problems, [
    'p.txt: error: has no words; expected a line for each: word, gold label and predicted label',
  ]);
  assert.equal(parse('', { allowEmpty: true }), { sentences: [], problems: [] });
  assert.equal(parse('-DOCSTART- O O\n', { allowEmpty: true }), { sentences: [], problems: [] });
  assert.match(parse('Anna B-PER\nin O\n').problems[0]!, /has 2 columns in most lines; expected at least 3/);
  assert.match(
    parse('Ein Satz aus Text\nund noch einer da\n').problems.at(-1)!,
    /2 of its 2 lines can't be read.*--raw/,
  );
  assert.match(parse(Uint8Array.of(0x1f, 0x8b, 8, 0)).problems[0]!, /gzip/);
  assert.is(parse(Uint8Array.of(0x1f, 0x8b, 8, 0)).problems.length, 1);
});

test('columns that are probably the wrong ones', () => {
  assert.match(
    parse('EU NNP B-NP B-ORG\nruft VB B-VP O\n').problems[0]!,
    /warning: no type of the gold labels \(NP, VP\)/,
  );
  const four = parse('Bonn B-LOC O B-LOC B-LOC\n').problems;
  assert.ok(
    four.some((problem) => problem.includes('--nested')),
    four.join('\n'),
  );
});

test('chosen columns, raw labels, a delimiter', () => {
  const chosen = parse('Bonn B-LOC x B-PER y\n', { goldColumn: 2, predictedColumn: 4 });
  assert.equal(withoutLines(chosen), [{ words: ['Bonn'], gold: ['B-LOC'], predicted: ['B-PER'] }]);
  assert.match(parse(plain, { predictedColumn: 7 }).problems[0]!, /has 3 columns in most lines.*column 7/);
  const raw = parse('Bonn LOC LOC\nam NIL NIL\nRhein NIL LOC\n', { raw: true, outside: 'NIL' });
  assert.equal(withoutLines(raw)[0]!.gold, ['B-LOC', 'O', 'O']);
  assert.equal(withoutLines(parse('Bonn|B-LOC|O\n', { delimiter: '|' })), [
    { words: ['Bonn'], gold: ['B-LOC'], predicted: ['O'] },
  ]);
  assert.is(parse('a b\tO\tO\n', { delimiter: 'tab' }).sentences[0]!.words[0], 'a b');
});

test('two levels, numbered as in GermEval', () => {
  const { sentences } = parse('# src\n1\tFC\tB-ORG\tO\tB-ORG\tO\n2\tBonn\tI-ORG\tB-LOC\tI-ORG\tO\n', { nested: true });
  assert.equal(sentences, [
    {
      words: ['FC', 'Bonn'],
      lines: [2, 3],
      gold: ['B-ORG', 'I-ORG'],
      predicted: ['B-ORG', 'I-ORG'],
      inner: { gold: ['O', 'B-LOC'], predicted: ['O', 'O'] },
    },
  ]);
});

test('what is written is read back, with blank and multi-part words too', () => {
  for (const sentences of [
    [anna, er],
    [{ ...er, words: ['New York'] }],
    [{ words: ['', 'x'], gold: ['O', 'O'], predicted: ['O', 'B-X'] }],
  ]) {
    assert.equal(withoutLines(parse(writePredictions(sentences))), sentences);
  }
  assert.is(writePredictions([anna, er]), plain);
  const nested = { ...er, inner: { gold: ['B-LOC'], predicted: ['O'] } };
  assert.is(writePredictions([nested]), 'Er O B-LOC O O\n\n');
});
test.run();
