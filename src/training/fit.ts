/** Runs a trainer to its end: logs, scores, checkpoints, early stopping, interruption. Knows no files; what it calls does. */
import { UserError } from '../errors.ts';
import type { StepBatches, StepResult, Trainer } from './trainer.ts';

export interface FitOptions {
  /** Steps of the whole run. */
  steps: number;
  stepsPerEpoch: number;
  loggingSteps: number;
  /** Steps between scores; 0 for none. */
  evalSteps: number;
  /** Steps between checkpoints besides those after a score; 0 for none. */
  saveSteps: number;
  /** Scores without a better one after which to stop; 0 for never. */
  patience: number;
}

/** What a run remembers beside weights and moments; saved with its checkpoints. */
export interface RunState {
  bestF1: number | undefined;
  bestStep: number;
  scoresSinceBest: number;
}
export const newRunState = (): RunState => ({ bestF1: undefined, bestStep: 0, scoresSinceBest: 0 });

/** A logged stretch of steps. */
export interface LogEntry {
  /** Steps done. */
  step: number;
  epoch: number;
  /** Mean over the steps since the last entry. */
  loss: number;
  grad_norm: number;
  learning_rate: number;
  tokens_per_second: number;
}

export interface FitHooks {
  batches(step: number): StepBatches;
  /** After every step. */
  onStep(result: StepResult): void;
  onLog(entry: LogEntry): void;
  /** Scores the dev sentences; the F1 decides which weights are best. */
  evaluate(step: number): Promise<number>;
  /** Writes a checkpoint to go on from. `best`: these weights scored best so far. */
  save(step: number, state: RunState, best: boolean): Promise<void>;
  /** The step's sentences, for the message where its loss is not finite. */
  describeStep(step: number): string;
  signal: AbortSignal;
}

export type FitOutcome = 'finished' | 'stopped early' | 'interrupted';

const nextMultiple = (step: number, every: number): number =>
  every > 0 ? (Math.floor(step / every) + 1) * every : Infinity;

/** @throws UserError where a loss or a norm is not finite. */
export async function fit(
  trainer: Trainer,
  options: FitOptions,
  hooks: FitHooks,
  state: RunState,
): Promise<FitOutcome> {
  const { steps, stepsPerEpoch } = options;
  let window = newWindow();
  while (trainer.state.step < steps) {
    const from = trainer.state.step;
    const evalAt = nextMultiple(from, options.evalSteps);
    const saveAt = nextMultiple(from, options.saveSteps);
    const to = Math.min(steps, evalAt, saveAt);
    for await (const result of trainer.steps((step) =>
      step < to && !hooks.signal.aborted ? hooks.batches(step) : undefined,
    )) {
      if (!result.finite) throw notFinite(result, hooks, state);
      hooks.onStep(result);
      window.add(result);
      const done = result.step + 1;
      if (done % options.loggingSteps === 0 || done === steps) {
        hooks.onLog({ step: done, epoch: done / stepsPerEpoch, ...window.entry() });
        window = newWindow();
      }
    }
    const done = trainer.state.step;
    if (hooks.signal.aborted) {
      await hooks.save(done, state, false);
      return 'interrupted';
    }
    let best = false;
    if (done === evalAt || (done === steps && options.evalSteps > 0)) {
      const f1 = await hooks.evaluate(done);
      best = state.bestF1 === undefined || f1 > state.bestF1;
      if (best) Object.assign(state, { bestF1: f1, bestStep: done, scoresSinceBest: 0 });
      else state.scoresSinceBest++;
    }
    await hooks.save(done, state, best);
    if (options.patience > 0 && state.scoresSinceBest >= options.patience) return 'stopped early';
    window.pause();
  }
  return 'finished';
}

function newWindow() {
  let [loss, norm, rate, tokens, count] = [0, 0, 0, 0, 0];
  let began = performance.now();
  let seconds = 0;
  return {
    add(result: StepResult) {
      loss += result.loss;
      norm = result.gradientNorm;
      rate = result.learningRate;
      tokens += result.tokens;
      count++;
      seconds += (performance.now() - began) / 1000;
      began = performance.now();
    },
    /** Leaves out time that was no training. */
    pause() {
      began = performance.now();
    },
    entry() {
      const tokens_per_second = Math.round((tokens / Math.max(seconds, 1e-6)) * 10) / 10;
      return { loss: loss / count, grad_norm: norm, learning_rate: rate, tokens_per_second };
    },
  };
}

function notFinite(result: StepResult, hooks: FitHooks, state: RunState): UserError {
  const what = Number.isFinite(result.loss) ? `gradient norm ${result.gradientNorm}` : `loss ${result.loss}`;
  const best =
    state.bestF1 === undefined ? 'none yet' : `step ${state.bestStep} (dev F1 ${(100 * state.bestF1).toFixed(2)})`;
  return new UserError(
    `step ${result.step + 1} has a ${what} at learning rate ${result.learningRate}: the run stops here, and that step changed ` +
      `nothing. Its sentences: ${hooks.describeStep(result.step)}. Best checkpoint: ${best}. Lower --learning-rate, warm up ` +
      'longer, or look at those sentences; --resume goes on from the last checkpoint.',
  );
}
