/** All that there is to say of predictions: scores by type, errors, GermEval's metrics where there are two levels; as text and JSON. */
import { analyseErrors, ERROR_KINDS, errorReport, exampleErrors, inContext, wordsOf } from './errors.ts';
import { germevalTable, type NestedSentence, scoreGermEval } from './germeval.ts';
import { fixed } from './percentages.ts';
import type { PredictedSentence } from './prediction_file.ts';
import { scoresToJson, scoreTable } from './report.ts';
import { type EntityScores, scoreEntities } from './scores.ts';
import type { Span } from './spans.ts';

export interface Scored {
  /** Of the file, for the places of errors. */
  name: string;
  sentences: readonly PredictedSentence[];
  /** The same sentences with the labels of the lookup baseline. */
  baseline: readonly PredictedSentence[] | undefined;
}

export interface SummaryOptions {
  /** How labels become entities, as in `scoreEntities`. */
  spans: (labels: readonly string[]) => Span[];
  /** Most errors of a kind that are shown. */
  examples: number;
  /** What the baseline learnt from; null without one. */
  train: string | null;
}

/** Whether sentences have GermEval's inner level. */
export const isNested = (
  sentences: readonly PredictedSentence[],
): sentences is readonly (PredictedSentence & NestedSentence)[] =>
  sentences.length > 0 && sentences.every(({ inner }) => inner !== undefined);

/** The sentences' inner level as sentences of their own; empty where there is none. */
const innerLevel = (sentences: readonly PredictedSentence[]): PredictedSentence[] =>
  sentences.flatMap(({ words, lines, inner }) => (inner ? [{ words, lines, ...inner }] : []));

function levelsOf({ sentences, baseline }: Scored) {
  if (!isNested(sentences)) return [{ title: '', sentences, baseline }];
  return [
    { title: 'outer level\n', sentences, baseline },
    { title: 'inner level\n', sentences: innerLevel(sentences), baseline: baseline && innerLevel(baseline) },
  ];
}

/** For each level the table of scores and the errors; then GermEval's three metrics where there are two levels. */
export function summaryText(scored: Scored, options: SummaryOptions): string {
  const { spans, examples } = options;
  const parts: string[] = [];
  for (const { title, sentences, baseline } of levelsOf(scored)) {
    const scores = scoreEntities(sentences, spans);
    const baselineScores = baseline && scoreEntities(baseline, spans);
    parts.push(`${title}${scoreTable(scores, baselineScores)}${comparison(scores, baselineScores, options)}`);
    if (examples > 0) {
      const locate = (sentence: number, word: number) => `${scored.name}:${sentences[sentence]!.lines[word]}`;
      parts.push(errorReport(analyseErrors(sentences, spans), sentences, { examples, locate }));
    }
  }
  const { sentences, baseline } = scored;
  if (isNested(sentences)) parts.push(germevalTable(scoreGermEval(sentences)));
  if (baseline && isNested(baseline)) parts.push(`lookup baseline\n${germevalTable(scoreGermEval(baseline))}`);
  return parts.join('\n');
}

function comparison(scores: EntityScores, baseline: EntityScores | undefined, { train }: SummaryOptions): string {
  if (!baseline) return '';
  const isBetter = scores.micro.f1 > baseline.micro.f1;
  const warning = isBetter ? '' : 'warning: the predictions are no better than that\n';
  return `baseline: each word its most frequent label in ${train}\n${warning}`;
}

/** The same as plain JSON: fractions of 1, words of a sentence counted from 0, lines from 1. */
export function summaryJson(scored: Scored, { spans, examples }: SummaryOptions): Record<string, unknown> {
  const [outer, inner] = levelsOf(scored).map(({ sentences, baseline }) => {
    const analysis = analyseErrors(sentences, spans);
    const shown = ERROR_KINDS.flatMap((kind) => exampleErrors(analysis, kind, examples));
    return {
      ...scoresToJson(scoreEntities(sentences, spans)),
      ...(baseline ? { lookup_baseline: scoresToJson(scoreEntities(baseline, spans)) } : {}),
      errors: {
        counts: analysis.counts,
        confusions: analysis.confusions,
        examples: shown.map((error) => {
          const { words, lines } = sentences[error.sentence]!;
          const at = wordsOf(error);
          return { ...error, line: lines[at.start], context: inContext(words, at) };
        }),
      },
    };
  });
  const { sentences, baseline } = scored;
  return {
    sentences: sentences.length,
    ...outer,
    ...(inner ? { inner_level: inner } : {}),
    ...(isNested(sentences) ? { germeval: germevalJson(sentences) } : {}),
    ...(baseline && isNested(baseline) ? { germeval_lookup_baseline: germevalJson(baseline) } : {}),
  };
}

function germevalJson(sentences: readonly NestedSentence[]): Record<string, unknown> {
  const scores = scoreGermEval(sentences);
  const metrics = (['strict', 'loose', 'outer', 'inner'] as const).map((metric) => {
    const { correctWords: _, ...figures } = scores[metric];
    return [metric, figures];
  });
  return Object.fromEntries(metrics);
}

/** A line for each of several runs. */
export function overviewTable(all: readonly Scored[], { spans }: SummaryOptions): string {
  const width = Math.max(...all.map(({ name }) => name.length));
  const row = (name: string, cells: readonly string[]) =>
    `${name.padEnd(width)}${cells.map((cell) => cell.padStart(11)).join('')}\n`;
  const rows = all.map(({ name, sentences }) => {
    const { micro, macro } = scoreEntities(sentences, spans);
    return row(
      name,
      [micro.precision, micro.recall, micro.f1, macro.f1].map((value) => fixed(100 * value, 2)),
    );
  });
  return `${row('', ['precision', 'recall', 'F1', 'macro F1'])}${rows.join('')}`;
}
