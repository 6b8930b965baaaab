/** A line while kernels compile, so that a slow driver is not taken for a program that hangs. */
import { duration } from './progress.ts';

const SECOND = 1000; // milliseconds

/**
 * From the first call of `onCompile` to `end`, shows a line a second, the first after one: drivers compile when a plan is
 * built, or as late as at each kernel's first dispatch.
 */
export class CompileNotice {
  readonly #show: (line: string) => void;
  #timer: ReturnType<typeof setInterval> | undefined;
  #ended = false;
  #ready = 0;
  #of = 0;

  constructor(show: (line: string) => void) {
    this.#show = show;
  }

  readonly onCompile = (ready: number, of: number): void => {
    [this.#ready, this.#of] = [ready, of];
    if (this.#timer !== undefined || this.#ended) return;
    const began = performance.now();
    this.#timer = setInterval(() => this.#show(this.#line((performance.now() - began) / SECOND)), SECOND);
  };

  #line(seconds: number): string {
    return this.#ready < this.#of
      ? `compiling kernels: ${this.#ready} of ${this.#of} commands ready, ${duration(seconds)}`
      : `first step, in which many drivers compile kernels: ${duration(seconds)}`;
  }

  /** The first result is there, or there will be none. */
  end(): void {
    this.#ended = true;
    clearInterval(this.#timer);
  }
}
