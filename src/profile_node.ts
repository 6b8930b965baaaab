/** What a profiler measured, as a trace on disk and a table for the terminal. */
import { writeFile } from 'node:fs/promises';
import { measurePeaks } from './gpu/peaks.ts';
import { type Profiler, profileTable } from './gpu/profiler.ts';

/** Writes the trace to `file`. @returns the table of kernels, and where the trace is. */
export async function writeProfile(profiler: Profiler, file: string): Promise<string> {
  await profiler.collect();
  await writeFile(file, JSON.stringify(profiler.trace()));
  return `${profileTable(profiler.summary(), await measurePeaks(profiler.gpu))}trace for Perfetto or chrome://tracing: ${file}`;
}
