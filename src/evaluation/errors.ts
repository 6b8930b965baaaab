/** What went wrong: every gold entity and every prediction that is not right, by kind, with the types that are taken for each other. */
import type { LabelledSentence } from './scores.ts';
import { type Span, spanKey, spansOf } from './spans.ts';

/**
 * - missed: a gold entity that no prediction is left for
 * - spurious: a prediction that no gold entity is left for
 * - wrong type: the right words with another type
 * - wrong boundary: the right type and some of the right words
 * - wrong boundary and type: some of the right words with another type
 */
export const ERROR_KINDS = ['missed', 'spurious', 'wrong type', 'wrong boundary', 'wrong boundary and type'] as const;
export type ErrorKind = (typeof ERROR_KINDS)[number];

export interface EntityError {
  kind: ErrorKind;
  /** Which of the sentences, from 0. */
  sentence: number;
  /** Missing in a spurious one. */
  gold?: Span;
  /** Missing in a missed one. */
  predicted?: Span;
}

export interface Confusion {
  gold: string;
  predicted: string;
  count: number;
}

export interface ErrorAnalysis {
  /** In the order of the text. */
  errors: EntityError[];
  counts: Record<ErrorKind, number>;
  /** Types that were taken for others where words were shared, the most frequent first. */
  confusions: Confusion[];
}

const overlap = (a: Span, b: Span): number => Math.min(a.end, b.end) - Math.max(a.start, b.start);

/** Pairs each entity with at most one of the other side, the most alike first: of the same words, else type, else most shared words. */
function errorsOf(sentence: number, gold: readonly Span[], predicted: readonly Span[]): EntityError[] {
  const candidates = gold.flatMap((g) =>
    predicted.filter((p) => overlap(g, p) > 0).map((p) => ({ gold: g, predicted: p })),
  );
  const kindOf = (g: Span, p: Span): ErrorKind => {
    if (g.start === p.start && g.end === p.end) return 'wrong type';
    return g.type === p.type ? 'wrong boundary' : 'wrong boundary and type';
  };
  const rank = candidates.map((pair) => {
    const kind = kindOf(pair.gold, pair.predicted);
    return { sentence, kind, ...pair, shared: overlap(pair.gold, pair.predicted) };
  });
  rank.sort((a, b) => ERROR_KINDS.indexOf(a.kind) - ERROR_KINDS.indexOf(b.kind) || b.shared - a.shared);
  const taken = new Set<Span>();
  const errors: EntityError[] = [];
  for (const { shared: _, ...error } of rank) {
    if (taken.has(error.gold) || taken.has(error.predicted)) continue;
    taken.add(error.gold).add(error.predicted);
    errors.push(error);
  }
  for (const span of gold) if (!taken.has(span)) errors.push({ kind: 'missed', sentence, gold: span });
  for (const span of predicted) if (!taken.has(span)) errors.push({ kind: 'spurious', sentence, predicted: span });
  return errors.sort((a, b) => wordsOf(a).start - wordsOf(b).start);
}

/**
 * Every entity that is not right stands in exactly one error, so that gold = correct + missed + wrong … and found = correct +
 * spurious + wrong ….
 * @param spans how labels become entities, as in `scoreEntities`
 */
export function analyseErrors(
  sentences: readonly LabelledSentence[],
  spans: (labels: readonly string[]) => Span[] = spansOf,
): ErrorAnalysis {
  const errors = sentences.flatMap(({ gold, predicted }, i) => {
    const [right, found] = [spans(gold), spans(predicted)];
    const [rightKeys, foundKeys] = [right, found].map((list) => new Set(list.map(spanKey)));
    return errorsOf(
      i,
      right.filter((span) => !foundKeys!.has(spanKey(span))),
      found.filter((span) => !rightKeys!.has(spanKey(span))),
    );
  });
  const counts = Object.fromEntries(
    ERROR_KINDS.map((kind) => [kind, errors.filter((error) => error.kind === kind).length]),
  ) as Record<ErrorKind, number>;
  const confusions = new Map<string, Confusion>();
  for (const { gold, predicted } of errors) {
    if (!gold || !predicted || gold.type === predicted.type) continue;
    const key = `${gold.type} ${predicted.type}`;
    const known = confusions.get(key) ?? { gold: gold.type, predicted: predicted.type, count: 0 };
    confusions.set(key, { ...known, count: known.count + 1 });
  }
  return { errors, counts, confusions: [...confusions.values()].sort((a, b) => b.count - a.count) };
}

/** At most `limit` errors of a kind, spread over the whole text. */
export function exampleErrors({ errors }: ErrorAnalysis, kind: ErrorKind, limit: number): EntityError[] {
  const all = errors.filter((error) => error.kind === kind);
  const count = Math.min(limit, all.length);
  return Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]!);
}

/** All words that an error is about. */
export function wordsOf({ gold, predicted }: EntityError): { start: number; end: number } {
  const [a, b] = [gold ?? predicted!, predicted ?? gold!];
  return { start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) };
}

/** Words shown on either side of an entity. */
const CONTEXT = 4;

/** `… nach der [Berliner Mauer] gebaut wurde …` */
export function inContext(words: readonly string[], { start, end }: { start: number; end: number }): string {
  return [
    ...(start > CONTEXT ? ['…'] : []),
    ...words.slice(Math.max(0, start - CONTEXT), start),
    `[${words.slice(start, end).join(' ')}]`,
    ...words.slice(end, end + CONTEXT),
    ...(words.length > end + CONTEXT ? ['…'] : []),
  ].join(' ');
}

/** What was expected and what was found: `ORG`, `LOC → ORG`, `ORG "ADAC GT" → ORG "ADAC"`. */
export function describeError({ kind, gold, predicted }: EntityError, words: readonly string[]): string {
  const named = (span: Span) => `${span.type} "${words.slice(span.start, span.end).join(' ')}"`;
  if (!gold || !predicted) return (gold ?? predicted!).type;
  return kind === 'wrong type' ? `${gold.type} → ${predicted.type}` : `${named(gold)} → ${named(predicted)}`;
}

export interface ErrorReportOptions {
  /** Most examples of a kind. */
  examples: number;
  /** Where a word stands, such as `dev.txt:17`. */
  locate: (sentence: number, word: number) => string;
}

/** Most confusions that the report lists. */
const CONFUSIONS = 10;

/** Errors by kind with examples in context, then the types most often taken for each other; arrows go from gold to predicted. */
export function errorReport(
  analysis: ErrorAnalysis,
  sentences: readonly { words: readonly string[] }[],
  { examples, locate }: ErrorReportOptions,
): string {
  if (analysis.errors.length === 0) return 'no errors\n';
  const lines = ['errors by kind (gold → predicted)'];
  for (const kind of ERROR_KINDS) {
    if (analysis.counts[kind] === 0) continue;
    lines.push(`${String(analysis.counts[kind]).padStart(7)}  ${kind}`);
    for (const error of exampleErrors(analysis, kind, examples)) {
      const { words } = sentences[error.sentence]!;
      const at = wordsOf(error);
      const where = locate(error.sentence, at.start);
      lines.push(`${' '.repeat(11)}${where}  ${describeError(error, words)}: ${inContext(words, at)}`);
    }
  }
  if (analysis.confusions.length > 0) lines.push('types most often confused (gold → predicted)');
  for (const { gold, predicted, count } of analysis.confusions.slice(0, CONFUSIONS)) {
    lines.push(`${String(count).padStart(7)}  ${gold} → ${predicted}`);
  }
  return `${lines.join('\n')}\n`;
}
