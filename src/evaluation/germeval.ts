/**
 * GermEval 2014's three metrics over two levels of entities: M1 strict over outer and inner together, M2 the same with loose
 * types, M3 outer and inner apart. An entity on the wrong level is wrong in all of them.
 * Source: Benikova, Biemann, Kisselew, Padó 2014, "GermEval 2014 Named Entity Recognition Shared Task: Companion Paper",
 * section 4; the shared task's nereval.perl, version 2014-05-19.
 */
import { fixed, percentagesOf, percentColumn } from './percentages.ts';
import { type Counts, type LabelledSentence, type Scores, scoresOf } from './scores.ts';
import { splitLabel } from './spans.ts';

/** One sentence's labels on both levels: its own are the outer ones. */
export interface NestedSentence extends LabelledSentence {
  inner: LabelledSentence;
}

const LEVELS = ['outer', 'inner'] as const;
type Level = (typeof LEVELS)[number];
type Metric = 'strict' | 'loose' | Level;

export interface MetricScores extends Scores {
  /** Words whose label is right, over both levels the mean of theirs; and as a fraction of all words. */
  correctWords: number;
  accuracy: number;
}

export interface LevelCounts extends Counts {
  correctWords: number;
  /** By type. */
  types: Map<string, Counts>;
}

export interface GermEvalScores extends Record<Metric, MetricScores> {
  words: number;
  levels: Record<Level, { strict: LevelCounts; loose: LevelCounts }>;
}

/** "LOCderiv" and "LOCpart" -> "LOC". */
export const looseType = (type: string): string => type.replace(/(?<=.)(deriv|part)$/, '');

interface Chunk {
  start: number;
  /** One past the last word. */
  end: number;
  /** Type of each of its words; the entity's own is the first. */
  types: string[];
}

/**
 * Entities as nereval.perl finds them: B- starts one, and so does I- behind O; every other I- continues, whatever its type. Unlike
 * there, no entity goes on into the next sentence or is forgotten at the end of the file.
 */
function chunksOf(labels: readonly string[], typeOf: (type: string) => string): Chunk[] {
  const chunks: Chunk[] = [];
  let open: Chunk | undefined;
  for (const [i, label] of labels.entries()) {
    const { prefix, type } = splitLabel(label);
    if (prefix === 'O') open = undefined;
    else if (prefix === 'B' || !open) {
      open = { start: i, end: i + 1, types: [typeOf(type)] };
      chunks.push(open);
    } else {
      open.end = i + 1;
      open.types.push(typeOf(type));
    }
  }
  return chunks;
}

const emptyLevel = (): LevelCounts => ({ gold: 0, found: 0, correct: 0, correctWords: 0, types: new Map() });

function addSentence(
  level: LevelCounts,
  { gold, predicted }: LabelledSentence,
  typeOf: (type: string) => string,
): void {
  const count = (type: string, key: keyof Counts) => {
    const ofType = level.types.get(type) ?? { gold: 0, found: 0, correct: 0 };
    level.types.set(type, ofType);
    ofType[key]++;
    level[key]++;
  };
  const key = ({ start, types }: Chunk) => `${start} ${types.join(' ')}`;
  const goldChunks = chunksOf(gold, typeOf);
  const keys = new Set(goldChunks.map(key));
  for (const { types } of goldChunks) count(types[0]!, 'gold');
  for (const chunk of chunksOf(predicted, typeOf)) {
    count(chunk.types[0]!, 'found');
    if (keys.has(key(chunk))) count(chunk.types[0]!, 'correct');
  }
  const same = (a: string, b: string) => {
    const [x, y] = [splitLabel(a), splitLabel(b)];
    return x.prefix === y.prefix && typeOf(x.type) === typeOf(y.type);
  };
  level.correctWords += gold.filter((label, i) => same(label, predicted[i]!)).length;
}

export function scoreGermEval(sentences: Iterable<NestedSentence>): GermEvalScores {
  const levels = {
    outer: { strict: emptyLevel(), loose: emptyLevel() },
    inner: { strict: emptyLevel(), loose: emptyLevel() },
  };
  let words = 0;
  for (const sentence of sentences) {
    words += sentence.gold.length;
    for (const [level, labels] of [
      ['outer', sentence],
      ['inner', sentence.inner],
    ] as const) {
      addSentence(levels[level].strict, labels, (type) => type);
      addSentence(levels[level].loose, labels, looseType);
    }
  }
  const scores = (...parts: LevelCounts[]): MetricScores => {
    const sum = (key: 'gold' | 'found' | 'correct' | 'correctWords') => parts.reduce((n, part) => n + part[key], 0);
    const counts = { gold: sum('gold'), found: sum('found'), correct: sum('correct') };
    const correctWords = sum('correctWords') / parts.length;
    return { ...scoresOf(counts), correctWords, accuracy: words === 0 ? 0 : correctWords / words };
  };
  const { outer, inner } = levels;
  return {
    words,
    strict: scores(outer.strict, inner.strict),
    loose: scores(outer.loose, inner.loose),
    outer: scores(outer.strict),
    inner: scores(inner.strict),
    levels,
  };
}

const TITLES: readonly [metric: Metric, short: string, official: string][] = [
  ['strict', 'M1 strict, both levels', '1. Strict, Combined Evaluation (official)'],
  ['loose', 'M2 loose types', '2. Loose, Combined Evaluation'],
  ['outer', 'M3 outer', '3.1 Per-Level Evaluation (outer chunks)'],
  ['inner', 'M3 inner', '3.2 Per-Level Global Evaluation (inner chunks)'],
];

/** A compact table of the three metrics, in percent; gold, found and correct count entities. */
export function germevalTable(scores: GermEvalScores): string {
  const cell = (text: string) => text.padStart(9);
  const width = 24;
  const lines = [
    `${''.padEnd(width)}${['precision', 'recall', 'F1', 'gold', 'found', 'correct'].map(cell).join('')}`,
    ...TITLES.map(([metric, title]) => {
      const { precision, recall, f1 } = percentagesOf(scores[metric]);
      const { gold, found, correct } = scores[metric];
      const cells = [precision, recall, f1].map((v) => fixed(v, 2)).concat([gold, found, correct].map(String));
      return `${title.padEnd(width)}${cells.map(cell).join('')}`;
    }),
  ];
  return `${lines.join('\n')}\n`;
}

/** The report of the shared task's nereval.perl, character for character. */
export function germevalReport(scores: GermEvalScores): string {
  const { outer, inner } = scores.levels;
  const head = (mode: 'strict' | 'loose') =>
    `${mode.toUpperCase()}: Found: ${outer[mode].found} outer and ${inner[mode].found} inner phrases; ` +
    `Gold: ${outer[mode].gold} (outer) and ${inner[mode].gold} (inner).\n`;
  const metrics = TITLES.map(([metric, , title]) => {
    const { precision, recall, f1 } = percentagesOf(scores[metric]);
    return (
      `\n${title}:\nAccuracy: ${percentColumn((100 * scores[metric].correctWords) / scores.words)}%;\nPrecision: ${percentColumn(precision)}%;\n` +
      `Recall: ${percentColumn(recall)}%;\nFB1: ${percentColumn(f1)}\n`
    );
  });
  const heading = '\nEvaluation per type and mode:\n=============================\n\n';
  return `${head('strict')}${head('loose')}${scores.words > 0 ? `${metrics.join('')}\n` : ''}${heading}${byType(scores)}\n`;
}

/** Both levels' figures for each type; a type that deriv or part ends has no loose ones of its own. */
function byType({ levels }: GermEvalScores): string {
  const names = LEVELS.flatMap((level) => [...levels[level].strict.types.keys(), ...levels[level].loose.types.keys()]);
  return [...new Set(names)]
    .sort()
    .map((type) => {
      const modes = looseType(type) === type ? (['strict', 'loose'] as const) : (['strict'] as const);
      const lines = modes.flatMap((mode) =>
        LEVELS.map((level) => {
          const counts = levels[level][mode].types.get(type) ?? { gold: 0, found: 0, correct: 0 };
          const { precision, recall, f1 } = percentagesOf(counts);
          const name = level === 'outer' ? 'Outer' : 'Inner';
          return `${name} ${mode}: Precision: ${percentColumn(precision)}%; Recall: ${percentColumn(recall)}%; FB1: ${percentColumn(f1)}\n`;
        }),
      );
      return `==> ${type.padStart(10)}\n==============\n${lines.join('')}`;
    })
    .join('');
}
