/** What a run prints while it works. */
import type { EntityScores } from '../evaluation/scores.ts';
import type { StepResult } from './trainer.ts';

/** Seconds as 42s, 3m05s or 2h07m. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  const two = (n: number) => String(n).padStart(2, '0');
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m${two(s % 60)}s`;
  return `${Math.floor(s / 3600)}h${two(Math.floor((s % 3600) / 60))}m`;
}

/** Bytes as 12.3 MB (10⁶). */
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

export interface ProgressState {
  step: number;
  steps: number;
  epoch: number;
  loss: number;
  learningRate: number;
  tokensPerSecond: number;
  secondsLeft: number;
}

export function progressLine(p: ProgressState): string {
  return (
    `step ${String(p.step).padStart(String(p.steps).length)}/${p.steps}  epoch ${p.epoch.toFixed(2)}  loss ${p.loss.toFixed(4)}  ` +
    `lr ${p.learningRate.toExponential(2)}  ${Math.round(p.tokensPerSecond)} tokens/s  ${duration(p.secondsLeft)} left`
  );
}

/** How a run is getting on, from the results of its steps. */
export class RunningProgress {
  readonly #startStep: number;
  readonly #steps: number;
  readonly #stepsPerEpoch: number;
  readonly #began = performance.now();
  #tokens = 0;
  /** Loss of the first step of this run, and a moving mean of all; NaN before there is one. */
  firstLoss = Number.NaN;
  shownLoss = Number.NaN;

  /** @param startStep where a resumed run goes on. */
  constructor(startStep: number, steps: number, stepsPerEpoch: number) {
    this.#startStep = startStep;
    this.#steps = steps;
    this.#stepsPerEpoch = stepsPerEpoch;
  }

  /** The line to show after a step. */
  after({ step, loss, learningRate, tokens }: StepResult): string {
    this.#tokens += tokens;
    this.shownLoss = Number.isNaN(this.shownLoss) ? loss : 0.9 * this.shownLoss + 0.1 * loss;
    if (Number.isNaN(this.firstLoss)) this.firstLoss = loss;
    const seconds = (performance.now() - this.#began) / 1000;
    const done = step + 1;
    return progressLine({
      step: done,
      steps: this.#steps,
      epoch: done / this.#stepsPerEpoch,
      loss: this.shownLoss,
      learningRate,
      tokensPerSecond: this.#tokens / seconds,
      secondsLeft: (seconds / (done - this.#startStep)) * (this.#steps - done),
    });
  }
}

/** A warning where a run did no better than the lookup baseline, with what is likely to be the reason; else undefined. */
export function baselineWarning(
  scores: EntityScores,
  baseline: EntityScores,
  facts: { fromRandom: boolean; steps: number; firstLoss: number; lastLoss: number; learningRate: number },
): string | undefined {
  if (scores.micro.f1 > baseline.micro.f1) return undefined;
  const reasons: string[] = [];
  const percent = (v: number) => (100 * v).toFixed(2);
  if (facts.lastLoss > 0.7 * facts.firstLoss || scores.micro.found === 0) {
    reasons.push(
      'the loss stays on its plateau, where every word is O: more steps, a higher --learning-rate or a longer warm-up get off it',
    );
  }
  if (facts.steps < 500) reasons.push(`${facts.steps} steps are few: raise --num-train-epochs`);
  if (facts.fromRandom && facts.learningRate < 3e-4) {
    reasons.push(`a learning rate of ${facts.learningRate} is for pretrained weights: from random ones try 1e-3`);
  }
  if (facts.fromRandom)
    reasons.push('the weights began random: a pretrained model (--model) knows the language already');
  return (
    `warning: F1 ${percent(scores.micro.f1)} is no better than the lookup baseline's ${percent(baseline.micro.f1)} ` +
    `(each word its most frequent training label). Likely reasons:\n${reasons.map((r) => `  - ${r}`).join('\n')}`
  );
}
