/** Learning rate by step, as transformers' get_scheduler gives it. */

export const SCHEDULES = ['linear', 'cosine', 'constant'] as const;
export type ScheduleName = (typeof SCHEDULES)[number];

export interface Schedule {
  name: ScheduleName;
  /** The peak. */
  learningRate: number;
  warmupSteps: number;
  steps: number;
}

/** Learning rate of step `step`, counted from 0: a linear rise over the warm-up, then the schedule's fall (to 0 at `steps`). */
export function learningRateAt({ name, learningRate, warmupSteps, steps }: Schedule, step: number): number {
  if (step < warmupSteps) return learningRate * (step / Math.max(1, warmupSteps));
  const progress = (step - warmupSteps) / Math.max(1, steps - warmupSteps);
  switch (name) {
    case 'linear':
      return learningRate * Math.max(0, 1 - progress);
    case 'cosine':
      return learningRate * Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress)));
    case 'constant':
      return learningRate;
  }
}
