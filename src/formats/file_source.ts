/** Where a model's files come from: a folder on disk, memory, or anything else that hands out ranges of bytes. */
import { UserError } from '../errors.ts';

export interface FileSource {
  /** The folder's name, for messages. */
  readonly where: string;
  /** Names of the files, without those in folders below. */
  list(): Promise<string[]>;
  /** Bytes of a file. @throws UserError where there is none. */
  size(name: string): Promise<number>;
  /**
   * `length` bytes from `offset` on; by default the whole file.
   * @throws UserError where there is no such file or it ends before.
   */
  read(name: string, offset?: number, length?: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** A file to be written: its bytes at once, or piece by piece. */
export interface FileContent {
  name: string;
  content: string | Uint8Array | AsyncIterable<Uint8Array>;
}

/** @throws UserError where `name` is a path: what an index of shards names must lie beside it. */
export function checkFileName(name: string, where: string): void {
  if (!/^[^/\\:\0]+$/.test(name) || name === '..' || name === '.') {
    throw new UserError(`${where}: "${name}" is not the name of a file in this folder.`);
  }
}

export const noSuchFile = (where: string, name: string): UserError => new UserError(`${where} has no file ${name}.`);

export const endsTooSoon = (where: string, name: string, needed: number, size: number): UserError =>
  new UserError(
    `${where}/${name} ends after ${size} bytes where ${needed} were expected: it was cut off; fetch it again.`,
  );

/** Files that are in memory: those of a browser's file picker, or a test's own. */
export function memorySource(
  files: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>,
  where = 'the given files',
): FileSource {
  const contents = new Map(
    Object.entries(files).map(([name, content]) => [
      name,
      typeof content === 'string' ? new TextEncoder().encode(content) : content,
    ]),
  );
  const find = (name: string): Uint8Array<ArrayBuffer> => {
    const bytes = contents.get(name);
    if (!bytes) throw noSuchFile(where, name);
    return bytes;
  };
  return {
    where,
    list: async () => [...contents.keys()],
    size: async (name) => find(name).length,
    read: async (name, offset = 0, length = find(name).length - offset) => {
      const bytes = find(name);
      if (length < 0 || offset + length > bytes.length) throw endsTooSoon(where, name, offset + length, bytes.length);
      return bytes.subarray(offset, offset + length);
    },
  };
}

/** Whether there is such a file. */
export const hasFile = async (source: FileSource, name: string): Promise<boolean> =>
  (await source.list()).includes(name);

/** A JSON file's value. @throws UserError where it is missing or no JSON. */
export async function readJsonFile(source: FileSource, name: string): Promise<unknown> {
  const bytes = await source.read(name);
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch (error) {
    throw new UserError(`${source.where}/${name} is not JSON: ${error instanceof Error ? error.message : error}.`);
  }
}
