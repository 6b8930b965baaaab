import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatProblems, ProblemLog, requireNoErrors, summarizeProblems } from '../../src/data/problems.ts';
import { UserError } from '../../src/errors.ts';

function logOf(lines: number): ProblemLog {
  const log = new ProblemLog('a.tsv');
  log.warn('odd', 1, 'is odd');
  for (let line = 2; line < lines + 2; line++) log.error('wrong', line, `is wrong ${line}`);
  log.error('broken', 0, 'is broken');
  return log;
}

const test = suite('problems');
test('errors first, with file and line; a kind beyond the limit leaves the others in sight', () => {
  assert.equal(formatProblems(logOf(5).problems, 2).split('\n'), [
    'a.tsv:2: error: is wrong 2',
    'a.tsv:3: error: is wrong 3',
    'a.tsv: error: and 3 more of wrong',
    'a.tsv: error: is broken',
    'a.tsv:1: warning: is odd',
    '6 errors (5 wrong, 1 broken), 1 warning (1 odd)',
  ]);
});
test('the summary counts', () => {
  assert.is(summarizeProblems([]), 'no problems');
  assert.is(summarizeProblems(logOf(0).problems), '1 error (1 broken), 1 warning (1 odd)');
});
test('warnings stop nothing; an error is thrown with all there is', () => {
  requireNoErrors(logOf(0).problems.slice(0, 1));
  assert.throws(
    () => requireNoErrors(logOf(1).problems),
    (error: unknown) => error instanceof UserError && /a.tsv:2: error: is wrong 2[\s\S]*is odd/.test(error.message),
  );
});
test.run();
