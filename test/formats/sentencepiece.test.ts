import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../src/errors.ts';
import { readSentencePiece } from '../../src/formats/sentencepiece.ts';
import { fixture, reference } from '../support.ts';
import { bytes } from '../tokenizer/folders.ts';

const small = bytes(fixture('tokenizer/small-cased/spiece.model'));
const rejects = (data: Uint8Array, pattern: RegExp) =>
  assert.throws(
    () => readSentencePiece(data, 'my.model'),
    (error: unknown) => error instanceof UserError && pattern.test(error.message),
  );

const test = suite('sentencepiece');
test('reads pieces, trainer and normaliser', () => {
  const model = readSentencePiece(small);
  assert.is(model.pieces.length, 270);
  assert.equal(
    model.pieces.slice(0, 6).map(({ piece, type }) => [piece, type]),
    [
      ['<pad>', 'control'],
      ['<unk>', 'unknown'],
      ['[CLS]', 'control'],
      ['[SEP]', 'control'],
      ['[MASK]', 'control'],
      ['(', 'user-defined'],
    ],
  );
  assert.is(model.modelType, 'unigram');
  assert.equal([model.padId, model.unkId, model.bosId, model.eosId], [0, 1, -1, -1]);
  assert.is(model.byteFallback, false);
  assert.ok(model.normalizer.addDummyPrefix && model.normalizer.removeExtraWhitespaces);
  assert.ok(model.normalizer.precompiledCharsmap.length > 0);
});
const german = reference('tokenizer/german-albert/spiece.model');
(german ? test : test.skip)('reads a vocabulary of 30,000 pieces', () => {
  const model = readSentencePiece(bytes(german!));
  assert.is(model.pieces.length, 30_000);
  assert.equal(model.pieces[15], { piece: '▁der', score: Math.fround(-3.8266335), type: 'normal' });
  assert.is(model.normalizer.name, 'nmt_nfkc');
  assert.is(model.normalizer.precompiledCharsmap.length, 237_539);
});
test('fields that a file leaves out have the defaults of sentencepiece_model.proto', () => {
  const data = new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .bytes(new BinaryWriter().tag(1, WireType.LengthDelimited).string('a').finish())
    .tag(99, WireType.Varint)
    .int32(7)
    .finish();
  const model = readSentencePiece(data);
  assert.equal(model.pieces, [{ piece: 'a', score: 0, type: 'normal' }]);
  assert.equal([model.unkId, model.bosId, model.eosId, model.padId, model.modelType], [0, 1, 2, -1, 'unigram']);
});
test('refuses what is no SentencePiece model', () => {
  rejects(new Uint8Array(), /my\.model \(0 bytes\) is no SentencePiece model: it has no pieces/);
  rejects(small.subarray(0, 1000), /my\.model \(1000 bytes\) is no SentencePiece model, or a damaged one/);
  rejects(new TextEncoder().encode('{"version": "1.0"}'), /is no SentencePiece model/);
  rejects(new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\noid sha256:00'), /Git LFS pointer/);
  const odd = new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .bytes(new BinaryWriter().tag(3, WireType.Varint).int32(9).finish());
  rejects(odd.finish(), /9 is no type of a piece/);
});
for (let length = 1; length < small.length; length += 97)
  test(`a file cut off after ${length} bytes is refused or read, never worse`, () => {
    try {
      readSentencePiece(small.subarray(0, length));
    } catch (error) {
      assert.instance(error, UserError);
    }
  });
test.run();
