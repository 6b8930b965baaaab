/** Keeps native libraries' chatter out of the terminal. They write to file descriptor 2, past anything JavaScript can hook. */
import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const CHATTER =
  /^(Warning: maxDynamic\w+ artificially reduced|Warning: Couldn't load Vulkan|error: XDG_RUNTIME_DIR|WARNING: (lavapipe|dzn|radv) is not a conformant|MESA: |TU: |libEGL warning)/;

/**
 * Runs `action` with file descriptor 2 turned to a file, then writes to the real stderr every line that is not known chatter.
 * Linux only (it needs /proc/self/fd); elsewhere, and where stderr is a file, it just runs `action`.
 */
export async function withQuietStderr<T>(action: () => Promise<T>): Promise<T> {
  const redirect = process.env.ALBERT_WEBGPU_VERBOSE ? undefined : startRedirect();
  if (!redirect) return action();
  try {
    return await action();
  } finally {
    const kept = withoutChatter(redirect.stop());
    if (kept.length > 0) process.stderr.write(`${kept.join('\n')}\n`);
  }
}

/** The lines that are not known chatter; a trace ("    at …") goes with the line above it. */
export function withoutChatter(text: string): string[] {
  let dropping = false;
  return text.split('\n').filter((line) => {
    if (!/^\s+at /.test(line)) dropping = line === '' || CHATTER.test(line);
    return !dropping;
  });
}

function startRedirect(): { stop: () => string } | undefined {
  if (process.platform !== 'linux' || 'Deno' in globalThis) return undefined;
  let folder: string | undefined;
  try {
    // A file reopened has a place of its own to write at, and would be written over by whoever else holds it.
    if (fstatSync(2).isFile()) return undefined;
    folder = mkdtempSync(join(tmpdir(), 'albert-webgpu-'));
    const file = join(folder, 'stderr');
    const saved = openSync('/proc/self/fd/2', 'a');
    // The lowest free descriptor is the one just closed: this is dup2 by other means.
    closeSync(2);
    if (openSync(file, 'a') !== 2) throw new Error('another thread took descriptor 2');
    const stop = () => {
      closeSync(2);
      openSync(`/proc/self/fd/${saved}`, 'a');
      closeSync(saved);
      const text = readFileSync(file, 'utf8');
      rmSync(folder!, { recursive: true });
      return text;
    };
    return { stop };
  } catch {
    if (folder) rmSync(folder, { recursive: true, force: true });
    return undefined;
  }
}
