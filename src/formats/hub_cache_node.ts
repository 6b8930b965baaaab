/**
 * The hub's cache on disk, in the layout that huggingface_hub and transformers share:
 * `models--owner--name/{blobs/<etag>, refs/<revision>, snapshots/<commit>/<file>}`, files of snapshots being links to blobs.
 */
import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { getRepoFolderName } from '@huggingface/hub';
import { UserError } from '../errors.ts';
import type { HubRepo } from './hub_request.ts';
import type { HubSettings } from './hub_settings_node.ts';

export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);

/** A repository's place in the cache. */
export class CachedRepo {
  readonly folder: string;
  readonly revision: string;

  constructor(settings: HubSettings, repo: HubRepo) {
    this.folder = join(settings.cacheFolder, getRepoFolderName({ type: repo.type, name: repo.name }));
    this.revision = repo.revision;
  }

  snapshot(commit: string): string {
    return join(this.folder, 'snapshots', commit);
  }

  blob(etag: string): string {
    return join(this.folder, 'blobs', etag);
  }

  /** The commit that the revision was when the hub was last asked. */
  async commit(): Promise<string | undefined> {
    if (isCommit(this.revision)) return this.revision;
    const text = await readFile(join(this.folder, 'refs', this.revision), 'utf8').catch(() => '');
    return isCommit(text.trim()) ? text.trim() : undefined;
  }

  /** Remembers the revision's commit, for when the hub can't be asked. */
  async keepCommit(commit: string): Promise<void> {
    await explained(this.folder, () => mkdir(this.snapshot(commit), { recursive: true }));
    if (isCommit(this.revision)) return;
    const file = join(this.folder, 'refs', this.revision);
    await explained(file, async () => {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, commit);
    });
  }

  /** Makes a snapshot's file a link to its blob, or a copy where the system has no links. */
  async link(commit: string, path: string, blob: string): Promise<void> {
    const file = join(this.snapshot(commit), path);
    await explained(file, async () => {
      await mkdir(dirname(file), { recursive: true });
      // Under another name first: another process may do the same at this moment.
      const fresh = `${file}.${randomUUID()}`;
      await symlink(relative(dirname(file), blob), fresh).catch(() => copyFile(blob, fresh));
      await rename(fresh, file);
    });
  }
}

/** Runs what writes to the cache. @throws UserError that says what is wrong with the disk or the folder. */
export async function explained<T>(file: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new UserError(`no space left for ${file}: free some, or set HF_HOME to a folder on a larger disk.`);
    }
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR' || code === 'EEXIST') {
      throw new UserError(`${file} can't be written (${message}): set HF_HOME to a folder that can.`);
    }
    throw error;
  }
}
