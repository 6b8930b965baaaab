/** A run keeps the kernels that it began with: what another timing would choose could change its bits. */
import type { Gpu } from '../gpu/device.ts';

/** What a checkpoint is to remember of the kernels that were chosen by timing; nothing where none was. */
export const kernelsOf = (gpu: Gpu): { kernels?: Record<string, string> } =>
  gpu.tuned.size > 0 ? { kernels: Object.fromEntries([...gpu.tuned].sort()) } : {};

/** Takes the kernels that a checkpoint remembers in its fingerprint, and times none. */
export function useKernelsOf(gpu: Gpu, fingerprint: Record<string, unknown>): void {
  gpu.tuned = new Map(Object.entries((fingerprint.kernels ?? {}) as Record<string, string>));
  gpu.tuning = undefined;
}
