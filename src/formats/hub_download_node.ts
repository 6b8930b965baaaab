/** One file from the hub into the cache: taken up again where it was cut off, and checked against the hub's own hash. */
import { createHash } from 'node:crypto';
import { constants, createReadStream, existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '../errors.ts';
import { explained } from './hub_cache_node.ts';
import { type HubRepo, openFile, reasonOf, repoUrl, Silence, sleep } from './hub_request.ts';
import type { HubSettings } from './hub_settings_node.ts';

/** A file as the hub lists it. */
export interface HubFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** SHA-256 of a file in Git LFS (all large ones), in hex. */
  readonly sha256: string | undefined;
  /** SHA-1 that git knows any other file by. */
  readonly gitSha1: string | undefined;
}

/** The name of a file's blob in the cache: the hub's etag for it. */
export const etagOf = ({ sha256, gitSha1 }: HubFile): string => (sha256 ?? gitSha1)!;

/**
 * Downloads a file to `blob`. Until it is whole and checked it is `blob.incomplete`, which a later call goes on with. Two
 * processes may download the same file at a time: both write the same bytes to the same places.
 * @param arrived is told how many bytes are there, each time some more are.
 * @throws UserError where the hub refuses it, breaks off too often, or sends other bytes than it lists
 */
export async function downloadBlob(
  settings: HubSettings,
  repo: HubRepo,
  commit: string,
  file: HubFile,
  blob: string,
  arrived: (bytes: number) => void,
): Promise<void> {
  const partial = `${blob}.incomplete`;
  const path = file.path.split('/').map(encodeURIComponent).join('/');
  const url = `${repoUrl(settings, repo)}/resolve/${commit}/${path}`;
  await explained(partial, () => mkdir(dirname(blob), { recursive: true }));
  for (let wrong = 0; ; wrong++) {
    await receiveAll(settings, repo, file, url, partial, arrived);
    const found = await hashOf(partial, file).catch((error: NodeJS.ErrnoException) => {
      // Another process may give the file its name while this one reads it.
      if (error.code !== 'ENOENT' || !existsSync(blob)) throw error;
    });
    if (found === etagOf(file)) break;
    if (existsSync(blob)) return; // another process finished it
    await rm(partial, { force: true });
    if (wrong > 0) {
      throw new UserError(
        `${file.path} of ${repo.name} arrived damaged, twice: its hash is ${found}, the hub lists ${etagOf(file)}. ` +
          'Something on the way changes it (a proxy, a mirror in HF_ENDPOINT), or the hub is at fault: try again later.',
      );
    }
  }
  await explained(blob, () =>
    rename(partial, blob).catch((error: unknown) => {
      if (!existsSync(blob)) throw error; // else another process was first
    }),
  );
}

/** Requests the file until all its bytes are there. */
async function receiveAll(
  settings: HubSettings,
  repo: HubRepo,
  file: HubFile,
  url: string,
  partial: string,
  arrived: (bytes: number) => void,
): Promise<void> {
  const out = await explained(partial, () => open(partial, constants.O_RDWR | constants.O_CREAT));
  try {
    let have = (await out.stat()).size;
    if (have > file.size) {
      await out.truncate(0);
      have = 0;
    }
    for (let failures = 0; have < file.size; ) {
      arrived(have);
      const before = have;
      const end = await receive(settings, repo, file, url, out, have, arrived);
      have = end.have;
      if (have > before) failures = 0;
      if (have === file.size) break;
      if (have > file.size) {
        await out.truncate(0);
        throw new UserError(`${file.path} of ${repo.name} is longer than the ${file.size} bytes that the hub lists.`);
      }
      if (++failures > settings.retries) {
        throw new UserError(
          `the download of ${file.path} of ${repo.name} broke off at ${have} of ${file.size} bytes (${end.reason}). ` +
            'Start it again: it goes on from there.',
        );
      }
      await sleep(settings.firstWait * 2 ** (failures - 1));
    }
    arrived(have);
  } finally {
    await out.close();
  }
}

/** Writes what one request brings. @returns how many bytes are there, and why it ended. */
async function receive(
  settings: HubSettings,
  repo: HubRepo,
  file: HubFile,
  url: string,
  out: FileHandle,
  from: number,
  arrived: (bytes: number) => void,
): Promise<{ have: number; reason: string }> {
  const silence = new Silence(settings.timeout);
  let have = from;
  try {
    const response = await openFile(settings, repo, url, from, silence);
    // A server without ranges sends the file from its start, and says so with 200.
    if (response.status !== 206) have = 0;
    for await (const chunk of response.body ?? []) {
      silence.heard();
      const bytes = chunk as Uint8Array;
      await explained(file.path, () => out.write(bytes, 0, bytes.length, have));
      have += bytes.length;
      if (have > file.size) break;
      arrived(have);
    }
    return { have, reason: 'the connection ended early' };
  } catch (error) {
    if (error instanceof UserError) throw error;
    return { have: Math.max(have, from), reason: reasonOf(error).text };
  } finally {
    silence.end();
  }
}

/** The hash that the hub lists for such a file: SHA-256, or git's SHA-1 over a header and the contents. */
async function hashOf(path: string, { sha256, size }: HubFile): Promise<string> {
  const hash = createHash(sha256 === undefined ? 'sha1' : 'sha256');
  if (sha256 === undefined) hash.update(`blob ${size}\0`);
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}
