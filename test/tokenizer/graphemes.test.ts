import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { codePointsOf } from '../../src/tokenizer/aligned_text.ts';
import { forEachGrapheme } from '../../src/tokenizer/graphemes.ts';

const clusters = (text: string): string[] => {
  const found: string[] = [];
  const codePoints = codePointsOf(text);
  forEachGrapheme(codePoints, (from, to) => found.push(String.fromCodePoint(...codePoints.slice(from, to))));
  return found;
};
const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

const test = suite('graphemes');
for (const text of [
  '',
  'Größe – „so“ 5,– €',
  'a\r\nb\n\r\n',
  'e\u0301 \u0301x\u0323\u0301',
  '👨‍👩‍👧 👍🏽🇩🇪🇦🇹🇨 ©\ufe0f‼\ufe0f',
  '한국어 \u1112\u1161\u11ab नमस्ते क्षि ภาษาไทยำ',
  '東京か\u3099と Ж\u0483ѣ',
  `${'🇩🇪'.repeat(300)}🇩x${'e\u0301'.repeat(500)}${'가'.repeat(600)}`,
  `x${'\u0301'.repeat(2000)}y`,
])
  test(`clusters as Intl.Segmenter finds them: ${JSON.stringify(text.slice(0, 20))}`, () => {
    assert.equal(
      clusters(text),
      Array.from(segmenter.segment(text), ({ segment }) => segment),
    );
  });
test.run();
