/** The file that tuning is kept in. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import type { TuningOptions, TuningStore } from './tuning.ts';

/** tuning.json in the user's cache folder: XDG_CACHE_HOME or ~/.cache, on Windows LOCALAPPDATA. */
export function tuningFile(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  const local = process.platform === 'win32' ? LOCALAPPDATA : undefined;
  return join(local || XDG_CACHE_HOME || join(homedir(), '.cache'), 'albert-webgpu', 'tuning.json');
}

/** A store in a file. Programs that write at the same time replace each other's text, never mix it. */
export function fileStore(file: string = tuningFile()): TuningStore {
  return {
    read: () => readFile(file, 'utf8'),
    write: async (text) => {
      await mkdir(dirname(file), { recursive: true });
      const unfinished = `${file}.${process.pid}`;
      await writeFile(unfinished, text);
      await rename(unfinished, file);
    },
  };
}

/** Tuning as the settings ask for it; undefined for none. */
export function tuningOf(
  settings: { tune: boolean; retune: boolean },
  print?: (line: string) => void,
): TuningOptions | undefined {
  if (!settings.tune) return undefined;
  return { store: fileStore(), retune: settings.retune, ...(print && { print }) };
}
