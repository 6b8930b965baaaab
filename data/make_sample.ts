/** Makes data/sample/{train,dev,test}.tsv from data/sample/corpus.txt and prints the corpus' figures: `npx tsx data/make_sample.ts` */
import { readFile, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../scripts/command.ts';
import { parseCorpus, type Sentence, type Split, splitCorpus, TYPES, toGermEval } from './corpus.ts';

const HELD_OUT = 85;
const SEED = 2014;
/** The day the corpus was finished: GermEval's comment line wants a date. */
const DATE = '2026-11-23';

/** The three files' contents, from the text of corpus.txt. */
export function makeSample(text: string): { splits: Record<Split, Sentence[]>; files: Record<Split, string> } {
  const splits = splitCorpus(parseCorpus(text, 'data/sample/corpus.txt'), HELD_OUT, SEED);
  const file = (split: Split) => toGermEval(splits[split], 'data/sample/corpus.txt', DATE);
  return { splits, files: { train: file('train'), dev: file('dev'), test: file('test') } };
}

/** The table of README.md: sentences, tokens, and entities by type and split. */
export function figures(splits: Record<Split, Sentence[]>): string {
  const columns = [splits.train, splits.dev, splits.test, [...splits.train, ...splits.dev, ...splits.test]];
  const row = (name: string, count: (sentence: Sentence) => number) => {
    const sums = columns.map((sentences) => sentences.reduce((sum, sentence) => sum + count(sentence), 0));
    return `| ${[name, ...sums].join(' | ')} |`;
  };
  return [
    '| | train | dev | test | all |',
    '| --- | ---: | ---: | ---: | ---: |',
    row('sentences', () => 1),
    row('with an entity', ({ outer }) => Number(outer.length > 0)),
    row('tokens', ({ tokens }) => tokens.length),
    row('tokens outside entities', ({ tokens, outer }) => outer.reduce((n, s) => n - (s.end - s.start), tokens.length)),
    row('entities, outer level', ({ outer }) => outer.length),
    ...TYPES.map((type) => row(type, ({ outer }) => outer.filter((span) => span.type === type).length)),
    row('entities, inner level', ({ inner }) => inner.length),
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runCommand(async () => {
    const folder = new URL('./sample/', import.meta.url);
    const { splits, files } = makeSample(await readFile(new URL('corpus.txt', folder), 'utf8'));
    for (const [split, content] of Object.entries(files)) await writeFile(new URL(`${split}.tsv`, folder), content);
    process.stdout.write(`${figures(splits)}\n`);
  });
}
