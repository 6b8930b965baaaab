/** What a person sees of a download: a bar that moves. */

/** Bytes in the unit that a person would use: 512 bytes, 46.7 MB (millions). */
export function formatBytes(bytes: number): string {
  for (const [unit, size] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const) {
    if (bytes >= size) return `${(bytes / size).toFixed(bytes >= 100 * size ? 0 : 1)} ${unit}`;
  }
  return `${bytes} bytes`;
}

const BAR = 24;

/**
 * A bar such as `[=====>       ]  42% of 46.7 MB  3.2 MB/s  8 s left  model.safetensors`.
 * @param seconds in which `arrived` bytes came, of `done` that are there
 */
export function progressLine(file: string, done: number, total: number, arrived: number, seconds: number): string {
  const part = total === 0 ? 1 : done / total;
  const filled = Math.floor(part * BAR);
  const bar = `${'='.repeat(filled)}${filled < BAR ? '>' : ''}`.padEnd(BAR);
  const rate = seconds > 0 ? arrived / seconds : 0;
  const left = rate > 0 ? Math.ceil((total - done) / rate) : undefined;
  const time =
    left === undefined
      ? ''
      : left < 100
        ? `  ${left} s left`
        : `  ${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')} min left`;
  return `[${bar}] ${String(Math.floor(part * 100)).padStart(3)}% of ${formatBytes(total)}  ${formatBytes(Math.round(rate))}/s${time}  ${file}`;
}
