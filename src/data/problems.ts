/** What is wrong with a file: collected while reading, so that one problem never hides the next, and shown together. */
import { UserError } from '../errors.ts';
import { placeOf } from './sentence.ts';

export interface Problem {
  /** An error stops what was to be done with the data; a warning says how something odd was read. */
  readonly severity: 'error' | 'warning';
  /** What the summary counts it under, such as "wrong column count". */
  readonly kind: string;
  readonly file: string;
  /** From 1; absent where the whole file is meant. */
  readonly line?: number;
  /** What `line` counts; lines unless told. */
  readonly unit?: 'row';
  readonly message: string;
}

/** The problems of one file, as its reader meets them. */
export class ProblemLog {
  readonly file: string;
  readonly problems: Problem[] = [];
  readonly #unit: 'row' | undefined;

  /** @param unit what the places in the file are; lines unless told */
  constructor(file: string, unit?: 'row') {
    this.file = file;
    this.#unit = unit;
  }

  /** @param line 0 where the whole file is meant. */
  error(kind: string, line: number, message: string): void {
    this.#add('error', kind, line, message);
  }

  /** @param line 0 where the whole file is meant. */
  warn(kind: string, line: number, message: string): void {
    this.#add('warning', kind, line, message);
  }

  #add(severity: Problem['severity'], kind: string, line: number, message: string): void {
    const unit = this.#unit && { unit: this.#unit };
    this.problems.push({ severity, kind, file: this.file, message, ...(line > 0 ? { line, ...unit } : {}) });
  }
}

/** `1 column`, `3 columns`. */
export const counted = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

export const errorsAmong = (problems: readonly Problem[]): Problem[] =>
  problems.filter(({ severity }) => severity === 'error');

/** One line: `train.tsv:17: error: 3 columns where 4 are expected`. */
export const formatProblem = ({ file, line, unit, severity, message }: Problem): string =>
  `${line === undefined ? file : placeOf({ file, line, ...(unit && { unit }) })}: ${severity}: ${message}`;

/** One line that counts: `3 errors (2 wrong column count, 1 malformed label), 12 warnings (12 I- without B-)`. */
export function summarizeProblems(problems: readonly Problem[]): string {
  const part = (severity: Problem['severity']): string[] => {
    const counts = new Map<string, number>();
    for (const problem of problems) {
      if (problem.severity === severity) counts.set(problem.kind, (counts.get(problem.kind) ?? 0) + 1);
    }
    if (counts.size === 0) return [];
    const total = [...counts.values()].reduce((sum, n) => sum + n, 0);
    const kinds = [...counts].sort((a, b) => b[1] - a[1]).map(([kind, n]) => `${n} ${kind}`);
    return [`${counted(total, severity)} (${kinds.join(', ')})`];
  };
  return [...part('error'), ...part('warning')].join(', ') || 'no problems';
}

/**
 * The problems for a terminal: errors first, at most `limit` lines of each kind and file (so that thousands of one kind leave
 * the others in sight), then the summary.
 */
export function formatProblems(problems: readonly Problem[], limit = 20): string {
  const groups = new Map<string, Problem[]>();
  for (const problem of problems) {
    const key = `${problem.severity}\n${problem.file}\n${problem.kind}`;
    const group = groups.get(key);
    if (group) group.push(problem);
    else groups.set(key, [problem]);
  }
  const ordered = [...groups.values()].sort((a, b) => Number(isWarning(a[0]!)) - Number(isWarning(b[0]!)));
  const lines = ordered.flatMap((group) => {
    const shown = group.slice(0, limit).map(formatProblem);
    const { file, severity, kind } = group[0]!;
    return group.length > limit
      ? [...shown, `${file}: ${severity}: and ${group.length - limit} more of ${kind}`]
      : shown;
  });
  return [...lines, summarizeProblems(problems)].join('\n');
}

const isWarning = ({ severity }: Problem): boolean => severity === 'warning';

/** @throws UserError with every problem, warnings too, where one of them is an error */
export function requireNoErrors(problems: readonly Problem[]): void {
  if (errorsAmong(problems).length === 0) return;
  throw new UserError(`the data can't be used as it is.\n${formatProblems(problems)}`);
}
