import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../src/errors.ts';
import { windows } from '../../src/tokenizer/encoding.ts';
import { AlbertTokenizer } from '../../src/tokenizer/tokenizer.ts';
import { fixture } from '../support.ts';
import { casesOf, folders, json, load, loadFromSentencePiece, type TextCase } from './folders.ts';

const small = load(fixture('tokenizer/small-cased'));
const uncased = load(fixture('tokenizer/small-uncased'));
const smallJson = (): Record<string, unknown> =>
  json(fixture('tokenizer/small-cased/tokenizer.json')) as Record<string, unknown>;
const rejects = (run: () => unknown, pattern: RegExp) =>
  assert.throws(run, (error: unknown) => error instanceof UserError && pattern.test(error.message));

const test = suite('tokenizer');

for (const [name, folder] of Object.entries(folders)) {
  const run = folder ? test : test.skip;
  for (const [source, make] of [
    ['tokenizer.json', load],
    ['spiece.model', loadFromSentencePiece],
  ] as const) {
    run(`${name} from ${source}: ids, pieces, offsets and words of texts are those of transformers`, () => {
      const tokenizer = make(folder!);
      for (const expected of casesOf(folder!).texts) checkText(tokenizer, expected);
    });
    run(`${name} from ${source}: ids and words of split sentences are those of transformers`, () => {
      const tokenizer = make(folder!);
      for (const expected of casesOf(folder!).words) {
        const encoding = tokenizer.encodeWords(expected.words);
        assert.equal(encoding.ids, expected.ids);
        assert.equal(encoding.wordIds, expected.word_ids);
        if (expected.offsets) assert.equal(encoding.codePointOffsets, expected.offsets);
        if (expected.pieces) assert.equal(tokenizer.pieces(expected.words), expected.pieces);
        // Word by word there is nothing else than in the sentence.
        assert.equal(tokenizer.pieces(expected.words).flat(), expected.ids.slice(1, -1));
      }
    });
  }
}

function checkText(tokenizer: AlbertTokenizer, expected: TextCase): void {
  const { text } = expected;
  const encoding = tokenizer.encode(text);
  assert.equal(encoding.ids, expected.ids, text);
  assert.equal(encoding.tokens, expected.tokens, text);
  assert.equal(encoding.codePointOffsets, expected.offsets, text);
  if (expected.word_ids) assert.equal(encoding.wordIds, expected.word_ids, text);
  if (expected.normalized !== undefined) assert.is(tokenizer.normalize(text), expected.normalized);
  if (expected.decoded !== undefined) assert.is(tokenizer.decode(expected.ids), expected.decoded);
  if (expected.skipped !== undefined)
    assert.is(tokenizer.decode(expected.ids, { skipSpecialTokens: true }), expected.skipped);
  // Both kinds of offsets point at the same characters.
  const characters = [...text];
  for (const [i, [start, end]] of encoding.offsets.entries()) {
    const [from, to] = encoding.codePointOffsets[i]!;
    assert.is(text.slice(start, end), characters.slice(from, to).join(''));
  }
}

test('cuts long texts into the windows that transformers gives', () => {
  for (const folder of ['small-cased', 'small-uncased']) {
    const tokenizer = load(folders[folder]!);
    for (const { text, max_length, stride, ids, offsets } of casesOf(folders[folder]!).windows!) {
      const parts = windows(tokenizer.encode(text), max_length, stride);
      assert.equal(
        parts.map((part) => part.ids),
        ids,
      );
      assert.equal(
        parts.map((part) => part.codePointOffsets),
        offsets,
      );
    }
  }
  assert.throws(() => windows(small.encode('Die Brücke über den Fluss'), 8, 6), /stride/);
});

const variants = json(fixture('tokenizer/variants.json')) as { name: string; parts: object; texts: TextCase[] }[];
for (const { name, parts, texts } of variants)
  test(`tokenizer.json of another make: ${name}`, () => {
    const tokenizer = AlbertTokenizer.fromJson({ ...smallJson(), ...parts });
    for (const expected of texts) checkText(tokenizer, expected);
  });

test('leaves special tokens out where asked', () => {
  const encoding = small.encode('Die', { addSpecialTokens: false });
  assert.equal(encoding.tokens, ['▁Die']);
  assert.equal(encoding.specialTokensMask, [0]);
  assert.equal(small.encodeWords([], { addSpecialTokens: false }).ids, []);
  assert.equal(small.encodeWords([]).tokens, ['[CLS]', '[SEP]']);
});

test('marks only the special tokens around the text', () => {
  const encoding = small.encode('[SEP] Die [MASK]');
  assert.equal(encoding.tokens, ['[CLS]', '[SEP]', '▁Die', '[MASK]', '[SEP]']);
  assert.equal(encoding.specialTokensMask, [1, 0, 0, 0, 1]);
});

test('knows its special tokens, size and limit', () => {
  const { padId, unkId, clsId, sepId, maskId } = small;
  assert.equal([padId, unkId, clsId, sepId, maskId], [0, 1, 2, 3, 4]);
  assert.is(small.vocabSize, 270);
  assert.is(small.modelMaxLength, Number.POSITIVE_INFINITY);
  assert.is(AlbertTokenizer.fromJson(smallJson(), { model_max_length: 512 }).modelMaxLength, 512);
  assert.is(small.tokenOf(4), '[MASK]');
  assert.is(small.tokenOf(270), undefined);
  assert.equal([small.lowerCases, small.stripsAccents], [false, false]);
  assert.equal([uncased.lowerCases, uncased.stripsAccents], [true, true]);
});

test('takes token names from a tokenizer_config.json of any age', () => {
  const named = AlbertTokenizer.fromJson(smallJson(), { mask_token: { content: '(', __type: 'AddedToken' } });
  assert.is(named.maskId, 5);
  assert.is(AlbertTokenizer.fromJson(smallJson(), { mask_token: '[NONE]' }).maskId, undefined);
});

test('remembered words give the same ids, and callers may change them', () => {
  const [first] = small.pieces(['Brücke']);
  first!.push(99);
  assert.equal(small.pieces(['Brücke', 'Brücke']), [first!.slice(0, -1), first!.slice(0, -1)]);
});

test('half a surrogate pair is one unknown character', () => {
  const encoding = small.encode('a\ud83d b');
  assert.equal(encoding.tokens.slice(1, -1), ['▁a', '\ufffd', '▁b']);
  assert.equal(encoding.offsets.at(2), [1, 2]);
});

// A quadratic tokenizer would take minutes for each of these.
for (const [what, text] of [
  ['a word of a million letters', 'Haus'.repeat(250_000)],
  ['Korean without end', '서울은 '.repeat(50_000)],
  ['a flood of joined emoji', '👨‍👩‍👧'.repeat(30_000)],
  ['accents on one letter', `e${'\u0301'.repeat(100_000)}`],
  ['a million spaces', ' '.repeat(1_000_000)],
  ['a million parentheses', '('.repeat(1_000_000)],
] as const)
  test(`takes ${what} in seconds`, () => {
    const begun = performance.now();
    const { ids, offsets } = uncased.encode(text);
    assert.ok(performance.now() - begun < 30_000);
    assert.is(ids.length, offsets.length);
  });

test('a hundred thousand different words take seconds', () => {
  const words = Array.from({ length: 100_000 }, (_, i) => `Straßenbahn${i}`);
  const begun = performance.now();
  assert.is(small.pieces(words).length, words.length);
  assert.ok(performance.now() - begun < 15_000);
});

test('refuses a tokenizer.json that is not ALBERT’s, naming the part', () => {
  const broken = (parts: object) => () => AlbertTokenizer.fromJson({ ...smallJson(), ...parts });
  rejects(() => AlbertTokenizer.fromJson('x'), /the file is "x", expected an object/);
  rejects(() => AlbertTokenizer.fromJson({}), /model is undefined/);
  rejects(broken({ model: { type: 'BPE', vocab: {} } }), /model\.type is "BPE".*unigram/);
  rejects(broken({ model: { type: 'Unigram', unk_id: 1, vocab: [['a', 0], ['b']] } }), /model\.vocab\[1\]/);
  rejects(broken({ model: { type: 'Unigram', unk_id: 7, vocab: [['a', 0]] }, added_tokens: [] }), /model\.unk_id is 7/);
  const alone = { model: { type: 'Unigram', unk_id: 0, vocab: [['a', 0]] }, added_tokens: [], post_processor: null };
  rejects(broken(alone), /lacks cls_token "\[CLS\]"/);
  rejects(broken({ normalizer: { type: 'BertNormalizer' } }), /normalizer\.type is "BertNormalizer"/);
  rejects(
    broken({ normalizer: { type: 'Precompiled', precompiled_charsmap: 'AAAA' } }),
    /precompiled_charsmap is damaged/,
  );
  rejects(broken({ normalizer: { type: 'Precompiled', precompiled_charsmap: '=?=' } }), /not base64/);
  rejects(broken({ normalizer: { type: 'Replace', pattern: { Regex: '(' }, content: '' } }), /pattern "\("/);
  rejects(broken({ pre_tokenizer: { type: 'ByteLevel' } }), /pre_tokenizer\.type is "ByteLevel"/);
  rejects(broken({ post_processor: { type: 'ByteLevel' } }), /post_processor\.type/);
  rejects(broken({ added_tokens: [{ id: -1, content: 'x' }] }), /added_tokens\[0\]\.id is -1/);
  rejects(broken({ added_tokens: [{ id: 3, content: 'nowhere' }] }), /"nowhere" is 3/);
  rejects(() => AlbertTokenizer.fromJson(smallJson(), { do_lower_case: 'no' }), /do_lower_case is "no"/);
  rejects(() => AlbertTokenizer.fromJson(smallJson(), { cls_token: 3 }), /cls_token is 3/);
});

test.run();
