/** Chosen files of a repository on the hub, as a local folder: from the cache, and from the hub what the cache lacks. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { datasetInfo, listFiles, modelInfo } from '@huggingface/hub';
import { UserError } from '../errors.ts';
import { type LiveOutput, liveOutput } from '../live_output_node.ts';
import { CachedRepo, isCommit } from './hub_cache_node.ts';
import { downloadBlob, etagOf, type HubFile } from './hub_download_node.ts';
import { formatBytes, progressLine } from './hub_progress.ts';
import { type HubRepo, HubUnreachable, hubFetch, repoUrl } from './hub_request.ts';
import { type HubSettings, hubSettings } from './hub_settings_node.ts';

export interface HubOptions extends Partial<HubSettings> {
  /** Told what is downloaded and how far it is; default standard error, null for nobody. */
  readonly output?: LiveOutput | null | undefined;
}

/** Files to choose from, and a way to get the ones chosen. */
export interface Snapshot {
  /** Paths in the repository: all of them, or where only the cache was asked those that lie there. */
  readonly paths: readonly string[];
  /** Folder that the files lie in once they were got. */
  readonly folder: string;
  readonly commit: string;
  /** Whether `paths` is what the cache has, which may not be all. */
  readonly cachedOnly: boolean;
  /** Makes sure that these files are there. @throws UserError for one that can't be had. */
  get(paths: readonly string[]): Promise<void>;
}

/**
 * Lets `choose` get what it wants of a repository. The hub is asked, unless offline mode is on or the revision is a commit
 * of which the cache satisfies `choose`; where the hub can't be reached, the cache answers alone.
 * @throws UserError that says what is missing where and what to do
 */
export async function withSnapshot<T>(
  repo: HubRepo,
  options: HubOptions,
  choose: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  const { output: wanted, ...given } = options;
  const settings = hubSettings(given);
  const output =
    wanted === undefined ? (settings.quiet ? undefined : liveOutput(process.stderr)) : (wanted ?? undefined);
  const cache = new CachedRepo(settings, repo);
  if (settings.offline) return choose(await cachedSnapshot(settings, repo, cache, 'HF_HUB_OFFLINE is set'));
  if (isCommit(repo.revision)) {
    const known = await cachedSnapshot(settings, repo, cache, '').then(choose, notInCache);
    if (known !== undefined) return known;
  }
  let online: Snapshot;
  try {
    online = await hubSnapshot(settings, repo, cache, output);
  } catch (error) {
    if (!(error instanceof HubUnreachable)) throw error;
    const local = await cachedSnapshot(settings, repo, cache, '').then(choose, notInCache);
    if (local === undefined) throw error;
    output?.print(`${settings.endpoint} can't be reached: ${repo.name} is taken from the cache as it is`);
    return local;
  }
  return choose(online);
}

/** What the cache lacks. */
class NotCached extends UserError {}
const notInCache = (error: unknown): undefined => {
  if (!(error instanceof NotCached)) throw error;
};

async function cachedSnapshot(settings: HubSettings, repo: HubRepo, cache: CachedRepo, why: string): Promise<Snapshot> {
  const lacks = (what: string) =>
    new NotCached(
      `${what} of ${repo.name} is not in the cache ${settings.cacheFolder}, and ${why}: unset it to download, or set HF_HOME or ` +
        'HF_HUB_CACHE to the cache that has it.',
    );
  const commit = await cache.commit();
  if (commit === undefined) throw lacks(`revision "${repo.revision}"`);
  const folder = cache.snapshot(commit);
  const entries = await readdir(folder, { recursive: true }).catch(() => undefined);
  if (entries === undefined) throw lacks(`commit ${commit.slice(0, 8)}`);
  // Links whose blob is gone don't count.
  const paths = entries.map((path) => path.replaceAll('\\', '/')).filter((path) => existsSync(join(folder, path)));
  return {
    paths,
    folder,
    commit,
    cachedOnly: true,
    async get(wanted) {
      const missing = wanted.filter((path) => !existsSync(join(folder, path)));
      if (missing.length > 0) throw lacks(missing.join(', '));
    },
  };
}

async function hubSnapshot(
  settings: HubSettings,
  repo: HubRepo,
  cache: CachedRepo,
  output: LiveOutput | undefined,
): Promise<Snapshot> {
  const { commit, files } = await list(settings, repo);
  await cache.keepCommit(commit);
  const folder = cache.snapshot(commit);
  return {
    paths: [...files.keys()],
    folder,
    commit,
    cachedOnly: false,
    async get(wanted) {
      const missing = wanted.filter((path) => !existsSync(join(folder, path)));
      const absent = missing.filter((path) => !files.has(path));
      if (absent.length > 0) {
        throw new UserError(
          `${repo.name} has no file ${absent.join(', ')} at ${repo.revision}: see ${repoUrl(settings, repo)}/tree/${repo.revision}.`,
        );
      }
      await download(
        settings,
        repo,
        cache,
        commit,
        missing.map((path) => files.get(path)!),
        output,
      );
    },
  };
}

/** The commit behind a revision, and every file of it. */
async function list(settings: HubSettings, repo: HubRepo): Promise<{ commit: string; files: Map<string, HubFile> }> {
  const at = { hubUrl: settings.endpoint, fetch: hubFetch(settings, repo) };
  const { name, revision } = repo;
  const files = new Map<string, HubFile>();
  try {
    const asked = { name, revision, additionalFields: ['sha' as const], ...at };
    const { sha: commit } = await (repo.type === 'dataset' ? datasetInfo(asked) : modelInfo(asked));
    if (!isCommit(commit)) throw new Error(`commit "${commit}"`);
    for await (const entry of listFiles({
      repo: { type: repo.type, name },
      revision: commit,
      recursive: true,
      ...at,
    })) {
      if (entry.type !== 'file' || !isInside(entry.path)) continue;
      const hash = { sha256: entry.lfs?.oid, gitSha1: entry.oid };
      if (![hash.sha256, hash.gitSha1].some((h) => /^[0-9a-f]{40,64}$/.test(h ?? ''))) {
        throw new Error(`no hash of ${entry.path}`);
      }
      files.set(entry.path, { path: entry.path, size: entry.lfs?.size ?? entry.size, ...hash });
    }
    return { commit, files };
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : error;
    throw new UserError(
      `${settings.endpoint} does not answer as a hub does (${reason}) when asked for ${name}: is HF_ENDPOINT right, or is there a ` +
        'login page of the network before it?',
    );
  }
}

/** Whether a path from the hub stays within the folder that it is put under, on every system. */
const isInside = (path: string): boolean => !/^[/\\]|[\\:\0]|(^|\/)\.\.(\/|$)/.test(path);

async function download(
  settings: HubSettings,
  repo: HubRepo,
  cache: CachedRepo,
  commit: string,
  files: readonly HubFile[],
  output: LiveOutput | undefined,
): Promise<void> {
  const lacking = files.filter((file) => !existsSync(cache.blob(etagOf(file))));
  const total = lacking.reduce((sum, { size }) => sum + size, 0);
  const started = performance.now();
  let done = 0; // bytes of finished files
  let came = 0; // bytes that this call received
  let shown = 0;
  for (const file of lacking) {
    let have: number | undefined;
    const arrived = (bytes: number) => {
      came += Math.max(0, bytes - (have ?? bytes));
      have = bytes;
      const now = performance.now();
      if (now - shown < 100 && bytes < file.size) return;
      shown = now;
      output?.progress(progressLine(file.path, done + bytes, total, came, (now - started) / 1000));
    };
    try {
      await downloadBlob(settings, repo, commit, file, cache.blob(etagOf(file)), arrived);
    } catch (error) {
      output?.progress(''); // so that the message has a line of its own
      throw error;
    }
    done += file.size;
  }
  // Last, so that a snapshot never looks complete that is not.
  for (const file of files) await cache.link(commit, file.path, cache.blob(etagOf(file)));
  if (lacking.length > 0) {
    const names = lacking.length === 1 ? lacking[0]!.path : `${lacking.length} files`;
    output?.print(`downloaded ${names} of ${repo.name} (${formatBytes(total)})`);
  }
}
