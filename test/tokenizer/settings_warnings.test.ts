import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { settingsWarnings } from '../../src/tokenizer/settings_warnings.ts';
import { AlbertTokenizer } from '../../src/tokenizer/tokenizer.ts';
import { fixture } from '../support.ts';
import { folders, json, load, loadFromSentencePiece } from './folders.ts';

const warns = (tokenizer: AlbertTokenizer, ...patterns: RegExp[]): void => {
  const warnings = settingsWarnings(tokenizer);
  assert.is(warnings.length, patterns.length, warnings.join('\n'));
  for (const [i, pattern] of patterns.entries()) assert.match(warnings[i]!, pattern);
};

const test = suite('settings_warnings');
for (const [name, folder] of Object.entries(folders)) {
  const run = folder ? test : test.skip;
  run(`${name}: nothing to say where all fits`, () => {
    warns(load(folder!));
    warns(loadFromSentencePiece(folder!));
  });
}
const { 'german-albert': german, 'small-cased': small } = folders;
(german ? test : test.skip)('the German vocabulary without its settings is a cased one with umlauts', () => {
  warns(
    loadFromSentencePiece(german!, {}),
    /15247 of the 29987 pieces of its vocabulary \(▁Die ▁Sie ▁Der …\) have capitals.*"do_lower_case": false/,
    /3763 of the 29987 pieces of its vocabulary \(▁für .*have accents.*"keep_accents": true/,
  );
  // With its tokenizer.json it is read rightly here, but not by transformers 5.
  warns(
    AlbertTokenizer.fromJson(json(`${german}/tokenizer.json`)),
    /does not say do_lower_case, which means true.*made with false/,
    /does not say keep_accents, which means false.*made with true/,
  );
});
test('a small cased vocabulary without its settings', () => {
  warns(loadFromSentencePiece(small!, {}), /have capitals/, /have accents/);
  warns(loadFromSentencePiece(small!, { do_lower_case: false }), /have accents/);
  warns(loadFromSentencePiece(small!, { keep_accents: true }), /have capitals/);
});
test('an uncased vocabulary read with its capitals', () => {
  const config = { do_lower_case: false, keep_accents: true };
  warns(loadFromSentencePiece(fixture('tokenizer/small-uncased'), config), /keeps capitals.*"do_lower_case": true/);
});
test('settings that tokenizer.json contradicts', () => {
  const config = { do_lower_case: true, keep_accents: true };
  warns(
    AlbertTokenizer.fromJson(json(`${small}/tokenizer.json`), config),
    /says "do_lower_case": true.*made with false/,
  );
});
test.run();
