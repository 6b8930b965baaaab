/**
 * SwiftShader out of the npm package @sparticuz/chromium: a Vulkan driver that runs on the CPU with nothing installed.
 * It is unpacked once into a cache folder; nothing is downloaded and no right beyond writing to that folder is needed.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { constants, homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { UserError } from '../errors.ts';

const ICD = 'vk_swiftshader_icd.json';
const LOADER = 'libvulkan.so.1';
const NEEDED = [ICD, LOADER, 'libvk_swiftshader.so'];

/** Where the package keeps what it may make again at any time: ALBERT_WEBGPU_CACHE, XDG_CACHE_HOME or ~/.cache. */
export function cacheFolder(): string {
  if (process.env.ALBERT_WEBGPU_CACHE) return process.env.ALBERT_WEBGPU_CACHE;
  const base = process.env.XDG_CACHE_HOME || (homedir() && join(homedir(), '.cache')) || tmpdir();
  return join(base, 'albert-webgpu');
}

/** Whether the bundled driver can run on this machine. */
export const bundledDriverFits = (): boolean => process.platform === 'linux' && process.arch === 'x64';

/**
 * Unpacks the driver where it is not yet and makes Vulkan use it. Call it before the `webgpu` package looks for adapters.
 * @throws UserError where the platform is another, or the driver cannot be unpacked.
 */
export async function useBundledDriver(): Promise<void> {
  if (!bundledDriverFits()) {
    throw new UserError(
      `the bundled adapter is for Linux on x64; this is ${process.platform} on ${process.arch}, whose own driver serves.`,
    );
  }
  const folder = await unpack();
  process.env.VK_ICD_FILENAMES = join(folder, ICD);
  process.env.VK_DRIVER_FILES = join(folder, ICD);
  try {
    // Loaded under its name first, so that Dawn's own dlopen("libvulkan.so.1") finds it where the system has none.
    process.dlopen({ exports: {} }, join(folder, LOADER), constants.dlopen.RTLD_NOW | 0x1000 /* RTLD_NODELETE */);
  } catch {
    // Node says it "did not self-register" as an addon: true, and it stays loaded.
  }
}

async function unpack(): Promise<string> {
  const archive = locateArchive();
  const version = archive.version;
  const candidates = [
    join(cacheFolder(), `swiftshader-${version}`),
    join(tmpdir(), `albert-webgpu-swiftshader-${version}`),
  ];
  for (const folder of candidates) if (NEEDED.every((name) => existsSync(join(folder, name)))) return folder;
  const files = untar(await promisify(brotliDecompress)(await readFile(archive.file)));
  const missing = NEEDED.filter((name) => !files.has(name));
  if (missing.length > 0) throw new UserError(`${archive.file} lacks ${missing.join(', ')}: run npm ci again.`);
  let reason: unknown;
  for (const folder of candidates) {
    try {
      await mkdir(dirname(folder), { recursive: true });
      const temporary = await mkdtemp(`${folder}-`);
      for (const name of NEEDED) await writeFile(join(temporary, name), files.get(name)!, { mode: 0o755 });
      await rename(temporary, folder).catch(async (error: unknown) => {
        await rm(temporary, { recursive: true });
        if (!existsSync(join(folder, ICD))) throw error; // else another process was first
      });
      return folder;
    } catch (error) {
      reason = error;
    }
  }
  throw new UserError(
    `the bundled adapter could not be unpacked into ${candidates.join(' or ')}: ` +
      `${reason instanceof Error ? reason.message : reason}. Set ALBERT_WEBGPU_CACHE to a folder that can be written.`,
  );
}

function locateArchive(): { file: string; version: string } {
  try {
    const require = createRequire(import.meta.url);
    let folder = dirname(require.resolve('@sparticuz/chromium'));
    while (!existsSync(join(folder, 'bin', 'swiftshader.tar.br'))) {
      if (dirname(folder) === folder) throw new Error('no bin/swiftshader.tar.br');
      folder = dirname(folder);
    }
    const { version } = require(join(folder, 'package.json')) as { version: string };
    return { file: join(folder, 'bin', 'swiftshader.tar.br'), version };
  } catch (error) {
    throw new UserError(
      `the npm package @sparticuz/chromium, which carries the bundled adapter, is not installed ` +
        `(${error instanceof Error ? error.message : error}): run npm ci without --omit=optional.`,
    );
  }
}

/** The files of a POSIX tar archive (ustar, IEEE 1003.1): 512-byte headers, the name first, the size in octal at 124. */
function untar(archive: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const text = (from: number, length: number) =>
    new TextDecoder().decode(archive.subarray(from, from + length)).replace(/\0.*$/s, '');
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    files.set(text(at, 100).replace(/^\.\//, ''), archive.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
