import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeText } from '../../src/data/decode.ts';
import { UsageError } from '../../src/errors.ts';
import { utf8 } from './support.ts';

const bytes = (...parts: (string | number[])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [...utf8(part)] : part)));
const utf16 = (text: string, bigEndian = false): number[] =>
  Array.from(text).flatMap((c) => {
    const [high, low] = [c.charCodeAt(0) >> 8, c.charCodeAt(0) & 255];
    return bigEndian ? [high, low] : [low, high];
  });

const test = suite('decode');
test('UTF-8 with and without a byte-order mark', () => {
  const { text, encoding, byteOrderMark, problems } = decodeText(bytes([0xef, 0xbb, 0xbf], 'Köln'), 'f');
  assert.equal(
    { text, encoding, byteOrderMark, problems },
    { text: 'Köln', encoding: 'utf-8', byteOrderMark: true, problems: [] },
  );
  assert.is(decodeText(utf8('Köln 🏛'), 'f').text, 'Köln 🏛');
  assert.is(decodeText(utf8('Köln'), 'f').byteOrderMark, false);
});
test('names each line that is not UTF-8, with the byte’s offset in the file', () => {
  // U+FFFD that is written in the file is no fault.
  const file = bytes([0xef, 0xbb, 0xbf], 'ab\n\uFFFDK', [0xf6], 'ln\ngut ä\n', [0xc3]);
  const { problems, text } = decodeText(file, 'f.tsv');
  assert.equal(
    problems.map(({ line }) => line),
    [2, 4],
  );
  assert.match(problems[0]!.message, /byte 0xF6 at offset 10 of the file/);
  assert.match(problems[0]!.message, /--encoding windows-1252, which reads this line as .*Köln/);
  assert.match(problems[1]!.message, /byte 0xC3 at offset 21 of the file/);
  assert.match(text, /gut ä/);
});
test('windows-1252 has printable characters where Latin-1 has control characters', () => {
  const file = Uint8Array.of(0x80, 0x96, 0xe4, 0x9f, 0x81);
  for (const name of ['windows-1252', 'cp1252', 'iso-8859-1', 'latin1']) {
    assert.is(decodeText(file, 'f', name).text, '€–äŸ\u0081', name);
  }
  assert.is(decodeText(Uint8Array.of(0xa4), 'f', 'iso-8859-15').text, '€');
});
test('UTF-16 by its byte-order mark, by name, and as it really is where the name says otherwise', () => {
  const withMark = decodeText(bytes([0xff, 0xfe], utf16('Köln')), 'f');
  assert.is(withMark.text, 'Köln');
  assert.is(withMark.encoding, 'utf-16le');
  assert.equal(
    withMark.problems.map(({ severity }) => severity),
    ['warning'],
  );
  assert.is(decodeText(bytes([0xfe, 0xff], utf16('Köln', true)), 'f', 'utf-16').text, 'Köln');
  assert.is(decodeText(bytes(utf16('Köln', true)), 'f', 'utf-16').text, 'Köln');
  assert.equal(decodeText(bytes(utf16('Köln')), 'f', 'utf-16').problems, []);
});
test('UTF-16 without a mark is told by its zeros, and what to do about it said', () => {
  assert.match(decodeText(bytes(utf16('Köln O\n')), 'f').problems[0]!.message, /--encoding utf-16le/);
  assert.match(decodeText(bytes(utf16('Köln O\n', true)), 'f').problems[0]!.message, /--encoding utf-16be/);
});
test('files that are no text say what they are', () => {
  assert.match(decodeText(Uint8Array.of(0x1f, 0x8b, 8, 0, 0), 'f').problems[0]!.message, /gzip/);
  assert.match(decodeText(Uint8Array.of(0x50, 0x4b, 3, 4, 0), 'f').problems[0]!.message, /zip/);
  assert.match(decodeText(bytes('ab', [0], 'cdefghijklmnop'), 'f').problems[0]!.message, /zero byte at offset 2/);
});
test('warns where UTF-8 is read as something else', () => {
  assert.match(decodeText(utf8('Köln'), 'f', 'windows-1252').problems[0]!.message, /valid UTF-8/);
  assert.equal(decodeText(utf8('Koeln'), 'f', 'windows-1252').problems, []);
});
test('an unknown encoding is a usage error with the nearest one', () => {
  assert.throws(
    () => decodeText(utf8('a'), 'f', 'window-1252'),
    (error: unknown) => error instanceof UsageError && /Did you mean windows-1252/.test(error.message),
  );
});
test.run();
