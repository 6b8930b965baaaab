/** A data set's figures as a table for the terminal. */
import { SPLITS } from './dataset.ts';
import { byCodePoint } from './labels.ts';
import { codePoints, isInvisible } from './lines.ts';
import type { DatasetStatistics, Repeats, SplitStatistics, SubTokenStatistics } from './statistics.ts';

type Row = [name: string, ...values: string[]];

const number = (n: number): string => n.toLocaleString('en-US');
const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, n) => sum + n, 0);
const keys = (counts: readonly Readonly<Record<string, number>>[]): string[] =>
  [...new Set(counts.flatMap(Object.keys))].sort(byCodePoint);

/** Names on the left, a column a split on the right. */
export function formatStatistics(statistics: DatasetStatistics): string {
  const splits = SPLITS.filter((name) => statistics[name]);
  const of = splits.map((name) => statistics[name]!);
  const row = (name: string, value: (split: SplitStatistics) => number): Row => [
    name,
    ...of.map((s) => number(value(s))),
  ];
  const types = (title: string, counts: (split: SplitStatistics) => Readonly<Record<string, number>>): Row[] => {
    const names = keys(of.map(counts));
    if (names.length === 0) return [];
    return [row(title, (s) => total(counts(s))), ...names.map((type) => row(`  ${type}`, (s) => counts(s)[type] ?? 0))];
  };
  const earlier = splits.filter((name) => of.some((s) => s.alsoIn[name]));
  return table([
    ['', ...splits],
    row('sentences', (s) => s.sentences),
    row('tokens', (s) => s.tokens),
    ...types('entities', (s) => s.entities),
    ...types('entities of the other level', (s) => s.innerEntities),
    row('labels', (s) => Object.keys(s.labels).length),
    row('  that train lacks', (s) => s.labelsNotInTrain.length),
    ...repeats(
      'sentences repeated',
      of.map(({ repeated }) => repeated),
    ),
    ...earlier.flatMap((name) =>
      repeats(
        `sentences also in ${name}`,
        of.map(({ alsoIn }) => alsoIn[name]),
      ),
    ),
    ...subTokenRows(of.map(({ subTokens }) => subTokens)),
  ]);
}

/** Sentences that occur again, and on a line of its own those with other labels; nothing where it can't be said. */
function repeats(name: string, counts: readonly (Repeats | undefined)[]): Row[] {
  const row = (title: string, value: (found: Repeats) => number): Row => [
    title,
    ...counts.map((found) => (found ? number(value(found)) : '')),
  ];
  const isAmbiguous = counts.some((found) => found && found.otherLabels > 0);
  return [
    row(name, ({ sentences }) => sentences),
    ...(isAmbiguous ? [row('  labelled otherwise', ({ otherLabels }) => otherLabels)] : []),
  ];
}

function subTokenRows(splits: readonly (SubTokenStatistics | undefined)[]): Row[] {
  const of = splits.filter((s) => s !== undefined);
  if (of.length === 0 || of.length < splits.length) return [];
  const row = (name: string, value: (s: SubTokenStatistics) => number | string): Row => [
    name,
    ...of.map((s) => {
      const found = value(s);
      return typeof found === 'number' ? number(found) : found;
    }),
  ];
  const { window } = of[0]!;
  const bins = [...new Set(of.flatMap(({ histogram }) => histogram.map(({ from }) => from)))].sort((a, b) => a - b);
  const width = (bins[1] ?? 1) - bins[0]!;
  const inBin = (s: SubTokenStatistics, from: number) => s.histogram.find((bin) => bin.from === from)?.sentences ?? 0;
  return [
    row('sub-tokens', ({ total }) => total),
    row('  a sentence, on average', ({ mean }) => mean.toFixed(1)),
    ...(['50', '90', '95', '99'] as const).map((p) =>
      row(`  ${p} % have at most`, ({ percentiles }) => percentiles[p]),
    ),
    row('  longest', ({ percentiles }) => percentiles['100']),
    ...bins
      .filter((from) => of.some((s) => inBin(s, from) > 0))
      .map((from) => row(`  sentences of ${from} to ${from + width - 1}`, (s) => inBin(s, from))),
    row(`windows of ${window}`, ({ windows }) => windows),
    row('  sentences split', ({ splitSentences }) => splitSentences),
    row('  words cut', ({ cutWords }) => cutWords),
    row('unknown pieces', ({ unknownPieces }) => unknownPieces),
    row('words that give no piece', ({ emptyWords }) => emptyWords),
  ];
}

function table(rows: readonly Row[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map(([name, ...values]) => [name.padEnd(widths[0]!), ...values.map((v, i) => v.padStart(widths[i + 1]!))])
    .map((cells) => cells.join('  ').trimEnd())
    .join('\n');
}

/** The words that most often have a piece the vocabulary lacks, over all splits; undefined where there are none. */
export function describeUnknownWords(statistics: DatasetStatistics): string | undefined {
  const counts = new Map<string, number>();
  for (const { subTokens } of Object.values(statistics)) {
    for (const { word, count } of subTokens?.unknownWords ?? []) counts.set(word, (counts.get(word) ?? 0) + count);
  }
  if (counts.size === 0) return undefined;
  const most = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 10);
  return `Words with a piece that the vocabulary lacks, most often: ${most.map(([word, n]) => `${isInvisible(word) ? codePoints(word) : word} (${n})`).join(', ')}.`;
}
