import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseCorpus, TYPES } from '../../data/corpus.ts';
import { figures, makeSample } from '../../data/make_sample.ts';
import { UserError } from '../../src/errors.ts';
import { AlbertTokenizer } from '../../src/tokenizer/tokenizer.ts';

const SPLITS = ['train', 'dev', 'test'] as const;
const read = (path: string) => readFileSync(new URL(`../../data/${path}`, import.meta.url), 'utf8');

interface Row {
  number: string;
  token: string;
  outer: string;
  inner: string;
}
/** The sentences of a file, read without any of the code that wrote it. */
function sentences(file: string): Row[][] {
  const blocks = read(file).split('\n\n');
  assert.is(blocks.pop(), '', `${file} ends with an empty line`);
  return blocks.map((block) => {
    const [comment, ...lines] = block.split('\n');
    assert.match(comment!, /^#\t[^\t]+\t\[\d{4}-\d\d-\d\d\]$/);
    return lines.map((line) => {
      const columns = line.split('\t');
      assert.is(columns.length, 4, `${file}: ${line}`);
      const [number, token, outer, inner] = columns as [string, string, string, string];
      return { number, token, outer, inner };
    });
  });
}
const data = {
  train: sentences('sample/train.tsv'),
  dev: sentences('sample/dev.tsv'),
  test: sentences('sample/test.tsv'),
};
const all = SPLITS.flatMap((split) => data[split]);
const words = (rows: Row[]) => rows.map(({ token }) => token);

/** Names as conlleval finds them: an I- that continues nothing begins one. Each as type, first token and end. */
function spans(labels: readonly string[]): { type: string; start: number; end: number }[] {
  const found: { type: string; start: number; end: number }[] = [];
  for (const [i, label] of labels.entries()) {
    const last = found.at(-1);
    if (label.startsWith('I-') && last?.end === i && last.type === label.slice(2)) last.end++;
    else if (label !== 'O') found.push({ type: label.slice(2), start: i, end: i + 1 });
  }
  return found;
}
const outerSpans = (rows: Row[]) => spans(rows.map(({ outer }) => outer));

const test = suite('sample');

test('tokens are numbered from 1 and hold no white space', () => {
  for (const rows of all) {
    assert.equal(
      rows.map(({ number }) => number),
      rows.map((_, i) => String(i + 1)),
    );
    assert.ok(words(rows).every((token) => /^[^\s\p{C}]+$/u.test(token)));
  }
});

test('both levels are IOB2 over the twelve types', () => {
  for (const rows of all) {
    for (const level of ['outer', 'inner'] as const) {
      for (const [i, row] of rows.entries()) {
        const [prefix, type] = [row[level].slice(0, 2), row[level].slice(2)];
        if (row[level] === 'O') continue;
        assert.ok(TYPES.includes(type) && (prefix === 'B-' || prefix === 'I-'), row[level]);
        if (prefix === 'I-') assert.is(rows[i - 1]?.[level].slice(2), type, words(rows).join(' '));
      }
    }
  }
});

test('an inner name lies within an outer one', () => {
  for (const rows of all) {
    const outer = outerSpans(rows);
    for (const { start, end } of spans(rows.map(({ inner }) => inner))) {
      assert.ok(
        outer.some((span) => span.start <= start && end <= span.end),
        words(rows).join(' '),
      );
    }
  }
});

test('all twelve types occur in train', () => {
  const types = new Set(data.train.flatMap(outerSpans).map(({ type }) => type));
  assert.equal([...types].sort(), [...TYPES].sort());
});

test('no sentence occurs twice', () => {
  assert.is(new Set(all.map((rows) => words(rows).join(' '))).size, all.length);
});

test('most names of dev and test are not in train', () => {
  const mentions = (split: (typeof SPLITS)[number]) =>
    data[split].flatMap((rows) => outerSpans(rows).map(({ start, end }) => words(rows).slice(start, end).join(' ')));
  const seen = new Set(mentions('train'));
  for (const split of ['dev', 'test'] as const) {
    const names = mentions(split);
    const unseen = names.filter((name) => !seen.has(name)).length / names.length;
    assert.ok(unseen >= 0.4, `${split}: ${unseen}`);
    assert.ok(unseen < 1);
    assert.match(read('README.md'), `${Math.round(100 * unseen)} %`);
  }
});

test('the files are what make_sample makes of corpus.txt, and README.md has its figures', () => {
  const { splits, files } = makeSample(read('sample/corpus.txt'));
  for (const split of SPLITS) assert.is(files[split], read(`sample/${split}.tsv`), split);
  // The formatter aligns the README's columns.
  const readme = read('README.md').replaceAll(/ {2,}/g, ' ');
  for (const row of figures(splits).split('\n').slice(2)) assert.match(readme, row);
});

test("README.md states the lookup baseline's F1", () => {
  const counts = new Map<string, Map<string, number>>();
  for (const { token, outer } of data.train.flat()) {
    const labels = counts.get(token) ?? new Map<string, number>();
    counts.set(token, labels.set(outer, (labels.get(outer) ?? 0) + 1));
  }
  // Of equally frequent labels the one seen first: sorting is stable.
  const most = new Map([...counts].map(([token, labels]) => [token, [...labels].sort((a, b) => b[1] - a[1])[0]![0]]));
  for (const split of ['dev', 'test'] as const) {
    const [gold, found] = [new Set<string>(), new Set<string>()];
    for (const [i, rows] of data[split].entries()) {
      const guess = spans(words(rows).map((token) => most.get(token) ?? 'O'));
      for (const { type, start, end } of outerSpans(rows)) gold.add(`${i} ${type} ${start} ${end}`);
      for (const { type, start, end } of guess) found.add(`${i} ${type} ${start} ${end}`);
    }
    const right = [...found].filter((name) => gold.has(name)).length;
    const f1 = (200 * right) / (gold.size + found.size);
    assert.match(read('README.md'), `${f1.toFixed(2)} on ${split}`);
  }
});

test('every fault of the notation is reported with its line', () => {
  const text = [
    '# here',
    'Der [LOCderiv Berliner] Senat tagt .',
    'Der [LOC Berlin Senat .',
    'Der [GPE Berlin] .',
    'Der [ORG FC [LOC Bad [PER Soden]]] .',
    'Der Senat] .',
    'Der  Senat .',
    'Der Berliner Senat tagt .',
  ].join('\n');
  try {
    parseCorpus(text, 'corpus.txt');
    assert.unreachable();
  } catch (error) {
    assert.instance(error, UserError);
    const { message } = error as Error;
    for (const [line, what] of [
      [3, 'never closed'],
      [4, "unknown type 'GPE'"],
      [5, 'third level'],
      [6, 'closes nothing'],
      [7, 'is not a token'],
      [8, 'line 2'],
    ] as const) {
      assert.match(message, new RegExp(`^corpus\\.txt:${line}: .*${what}`, 'm'));
    }
    assert.match(message, '6 problem(s)');
  }
});

const tokenizer = AlbertTokenizer.fromJson(
  JSON.parse(read('sample/tokenizer/tokenizer.json')),
  JSON.parse(read('sample/tokenizer/tokenizer_config.json')),
);
const plain = { addSpecialTokens: false };

test("vocabulary: the special pieces stand where ALBERT's stand", () => {
  const first = ['<pad>', '<unk>', '[CLS]', '[SEP]', '[MASK]', '(', ')', '"', '-', '.', '–', '£', '€'];
  assert.equal(
    first.map((_, id) => tokenizer.tokenOf(id)),
    first,
  );
  assert.is(tokenizer.vocabSize, 2000);
});

test('vocabulary: keeps capitals and umlauts', () => {
  assert.is(tokenizer.lowerCases, false);
  assert.is(tokenizer.stripsAccents, false);
});

test('vocabulary: every word of the corpus has pieces, and none is unknown', () => {
  for (const [i, ids] of tokenizer.pieces(all.flatMap(words)).entries()) {
    assert.ok(ids.length > 0 && !ids.includes(tokenizer.unkId), all.flatMap(words)[i]);
  }
});

test("vocabulary: knows German's letters, digits and punctuation, and other European letters", () => {
  const text = 'ABCXYZÄÖÜẞ abcxyzäöüß 0123456789 .,;:!?…-–—„“”‚‘»«›‹()[]{}/\\&%§€$£+*=<>@#_|~°½ éèêçñåøæłśžčğıőů';
  assert.not(tokenizer.encode(text, plain).ids.includes(tokenizer.unkId));
});

test('vocabulary: running text and separate words have the same pieces', () => {
  const words = ['Sie', 'wohnt', 'in', '(', 'Berlin', ')', ',', 'sagte', 'der', '„', 'SPD-Politiker', '“', '.'];
  const text = 'Sie wohnt in (Berlin), sagte der „SPD-Politiker“.';
  assert.equal(tokenizer.encode(text, plain).ids, tokenizer.encodeWords(words, plain).ids);
});
test.run();
