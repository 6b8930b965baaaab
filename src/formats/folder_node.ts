/** Folders on disk: reading their files range by range, and writing them so that what can be seen is whole. */
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { UserError } from '../errors.ts';
import { checkFileName, endsTooSoon, type FileContent, type FileSource, noSuchFile } from './file_source.ts';

const LONGEST_READ = 2 ** 30; // bytes in one call of the system

/** The files of a folder. @throws UserError where it is no folder. */
export async function folderSource(folder: string): Promise<FileSource> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new UserError(
      `${folder} is ${found ? 'a file' : 'not there'}: expected a model folder with config.json and weights.`,
    );
  }
  const size = async (name: string): Promise<number> => {
    checkFileName(name, folder);
    const file = await stat(join(folder, name)).catch(() => undefined);
    if (!file?.isFile()) throw noSuchFile(folder, name);
    return file.size;
  };
  return {
    where: folder,
    size,
    async list() {
      const entries = await readdir(folder);
      // A link to a file, as the hub's cache has them, counts as one.
      const kinds = await Promise.all(entries.map((name) => stat(join(folder, name)).catch(() => undefined)));
      return entries.filter((_, i) => kinds[i]?.isFile()).sort();
    },
    async read(name, offset = 0, length) {
      const whole = await size(name);
      const bytes = length ?? whole - offset;
      if (bytes < 0 || offset + bytes > whole) throw endsTooSoon(folder, name, offset + bytes, whole);
      const into = new Uint8Array(bytes);
      try {
        const handle = await open(join(folder, name));
        try {
          for (let at = 0; at < bytes; ) {
            const { bytesRead } = await handle.read(into, at, Math.min(bytes - at, LONGEST_READ), offset + at);
            if (bytesRead === 0) throw endsTooSoon(folder, name, offset + bytes, offset + at);
            at += bytesRead;
          }
        } finally {
          await handle.close();
        }
      } catch (error) {
        if (error instanceof UserError) throw error;
        throw new UserError(`${join(folder, name)} can't be read (${error instanceof Error ? error.message : error}).`);
      }
      return into;
    },
  };
}

/** Writes files into a folder that is there, or into folders within it (`onnx/model.onnx`): each under a temporary name first, and all renamed once all are written. */
export async function writeFiles(folder: string, files: Iterable<FileContent>): Promise<void> {
  const written: [string, string][] = [];
  try {
    for (const { name, content } of files) {
      const target = join(folder, name);
      const temporary = `${target}.${process.pid}.writing`;
      written.push([temporary, target]);
      if (name.includes('/')) await mkdir(dirname(target), { recursive: true });
      const handle = await open(temporary, 'w');
      try {
        if (typeof content === 'string' || content instanceof Uint8Array) await handle.writeFile(content);
        else for await (const piece of content) await handle.writeFile(piece);
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
    for (const [temporary, target] of written) await rename(temporary, target);
  } catch (error) {
    for (const [temporary] of written) await rm(temporary, { force: true });
    if (error instanceof UserError || (error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new UserError(`${folder} can't be written: ${(error as Error).message}.`);
  }
}

/**
 * Writes a whole folder: under a temporary name, then renamed.
 * @throws UserError where the folder is there and `overwrite` is not set; with it, its old content goes as a whole.
 */
export async function writeFolder(folder: string, files: Iterable<FileContent>, overwrite = false): Promise<void> {
  if (existsSync(folder) && !overwrite) {
    throw new UserError(`${folder} is there already: name another folder, or ask for it to be overwritten.`);
  }
  const temporary = `${folder}.writing`;
  const old = `${folder}.old`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  try {
    await writeFiles(temporary, files);
    await rm(old, { recursive: true, force: true });
    if (existsSync(folder)) await rename(folder, old);
    await rename(temporary, folder);
    await rm(old, { recursive: true, force: true });
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}
