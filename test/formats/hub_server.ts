/**
 * A small server on loopback that answers as the Hugging Face hub does: a repository's commit, its tree, its files with
 * redirects (large ones to another host), hashes and ranges; and, where a test asks for it, slowly, wrongly or not at all.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeRepo {
  /** By revision: main, tags, refs/convert/parquet …; each with the files of a commit. */
  revisions: Record<string, Record<string, string | Uint8Array>>;
  /** Files from this size on are in Git LFS, bytes. */
  lfsFrom?: number;
  /** Token that may read it. */
  token?: string;
  gated?: boolean;
}

/** What a test does to one request: status and headers for a refusal, `cut` bytes of a body, other bytes, a pause. */
export interface Fault {
  status?: number;
  headers?: Record<string, string>;
  /** Break the connection off after so many bytes of the body. */
  cut?: number;
  /** Say nothing more after so many bytes of the body. */
  stall?: number;
  /** Change the last byte. */
  damage?: boolean;
  ignoreRange?: boolean;
  body?: string;
}

export interface SeenRequest {
  path: string;
  range: string | undefined;
  authorization: string | undefined;
  /** Whether it went to the host of the large files. */
  cdn: boolean;
}

const hex = (algorithm: string, ...parts: (string | Uint8Array)[]): string =>
  parts.reduce((hash, part) => hash.update(part), createHash(algorithm)).digest('hex');

export const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content;
export const gitSha1 = (content: Uint8Array): string => hex('sha1', `blob ${content.length}\0`, content);
export const sha256 = (content: Uint8Array): string => hex('sha256', content);
/** The commit that the server gives a revision. */
export const commitOf = (name: string, revision: string): string => hex('sha1', `${name}@${revision}`);

const listen = (server: Server): Promise<string> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });

export class HubServer {
  /** By `models/owner/name` and `datasets/owner/name`. */
  readonly repos = new Map<string, FakeRepo>();
  readonly requests: SeenRequest[] = [];
  /** Names what is wrong with a request, if anything. */
  fault: (path: string, count: number) => Fault | undefined = () => undefined;
  /** Entries on a page of a tree. */
  page = 3;
  endpoint = '';
  #cdn = '';
  readonly #servers: Server[] = [];

  static async start(): Promise<HubServer> {
    const hub = new HubServer();
    for (const cdn of [false, true]) {
      const server = createServer((request, response) => hub.#answer(request, response, cdn));
      hub.#servers.push(server);
      if (cdn) hub.#cdn = await listen(server);
      else hub.endpoint = await listen(server);
    }
    return hub;
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  /** Forgets requests and faults. */
  reset(): void {
    this.requests.length = 0;
    this.fault = () => undefined;
    this.page = 3;
  }

  #answer(request: IncomingMessage, response: ServerResponse, cdn: boolean): void {
    const url = new URL(request.url!, this.endpoint);
    const path = decodeURIComponent(url.pathname);
    const { range, authorization } = request.headers;
    const count = this.requests.filter((seen) => seen.path === path && seen.cdn === cdn).length;
    this.requests.push({ path, range, authorization, cdn });
    const fault = this.fault(path, count);
    if (fault?.status !== undefined) {
      response.writeHead(fault.status, fault.headers).end(fault.body ?? '');
      return;
    }
    if (cdn) {
      const content = this.#lfs(path.split('/')[2]!);
      send(response, content, range, {}, fault);
      return;
    }
    const api = /^\/api\/((?:models|datasets)\/[^/]+\/[^/]+)\/(revision|tree)\/(.+)$/.exec(path);
    const resolve = /^\/(datasets\/)?([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path);
    const key = api ? api[1]! : resolve ? `${resolve[1] ?? 'models/'}${resolve[2]}` : '';
    const repo = this.repos.get(key);
    const refuse = (status: number, code: string, message: string) =>
      response.writeHead(status, { 'X-Error-Code': code, 'X-Error-Message': message }).end('{"error":"refused"}');
    if (authorization !== undefined && !authorization.startsWith('Bearer hf_')) {
      response.writeHead(401, { 'X-Error-Message': 'Invalid credentials in Authorization header' }).end();
      return;
    }
    const reader = authorization?.slice('Bearer '.length);
    if (!repo || (repo.token !== undefined && reader !== repo.token && !repo.gated)) {
      refuse(reader === undefined ? 401 : 404, 'RepoNotFound', 'Repository not found');
      return;
    }
    const name = key.replace(/^\w+\//, '');
    const wanted = api?.[3] ?? resolve?.[3] ?? '';
    const revision = Object.keys(repo.revisions).find((r) => r === wanted || commitOf(name, r) === wanted);
    if (revision === undefined) {
      refuse(404, 'RevisionNotFound', `Invalid rev id: ${wanted}`);
      return;
    }
    const files = repo.revisions[revision]!;
    const commit = commitOf(name, revision);
    if (api?.[2] === 'revision') {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(fault?.body ?? JSON.stringify({ _id: '0', id: name, sha: commit, private: false }));
      return;
    }
    if (api) {
      const from = Number(url.searchParams.get('cursor') ?? 0);
      const entries = Object.entries(files).map(([file, content]) => entry(repo, file, bytesOf(content)));
      if (from + this.page < entries.length) {
        url.searchParams.set('cursor', String(from + this.page));
        response.setHeader('Link', `<${url}>; rel="next"`);
      }
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(entries.slice(from, from + this.page)));
      return;
    }
    if (repo.gated && reader !== repo.token) {
      refuse(reader === undefined ? 401 : 403, 'GatedRepo', `Access to model ${name} is restricted.`);
      return;
    }
    const file = files[resolve![4]!];
    if (file === undefined) {
      refuse(404, 'EntryNotFound', 'Entry not found');
      return;
    }
    const content = bytesOf(file);
    if (content.length >= (repo.lfsFrom ?? Infinity)) {
      const location = `${this.#cdn}/lfs/${sha256(content)}`;
      const linked = { 'X-Linked-Size': content.length, 'X-Linked-ETag': `"${sha256(content)}"` };
      response.writeHead(302, { Location: location, 'X-Repo-Commit': commit, ...linked }).end();
      return;
    }
    send(response, content, range, { ETag: `"${gitSha1(content)}"`, 'X-Repo-Commit': commit }, fault);
  }

  #lfs(hash: string): Uint8Array {
    const contents = [...this.repos.values()].flatMap(({ revisions }) =>
      Object.values(revisions).flatMap(Object.values),
    );
    return contents.map(bytesOf).find((content) => sha256(content) === hash)!;
  }
}

function entry(repo: FakeRepo, path: string, content: Uint8Array): Record<string, unknown> {
  const size = content.length;
  if (size < (repo.lfsFrom ?? Infinity)) return { type: 'file', path, size, oid: gitSha1(content) };
  const oid = sha256(content);
  return { type: 'file', path, size, oid: hex('sha1', oid), lfs: { oid, size, pointerSize: 134 }, xetHash: oid };
}

function send(
  response: ServerResponse,
  whole: Uint8Array,
  range: string | undefined,
  headers: Record<string, string>,
  fault: Fault | undefined,
): void {
  const content = whole.slice();
  if (fault?.damage) content[content.length - 1]! ^= 1;
  const from = range && !fault?.ignoreRange ? Number(/^bytes=(\d+)-$/.exec(range)![1]) : 0;
  const body = content.subarray(from);
  response.writeHead(range && !fault?.ignoreRange ? 206 : 200, {
    ...headers,
    'Content-Length': body.length,
    ...(range && !fault?.ignoreRange && { 'Content-Range': `bytes ${from}-${content.length - 1}/${content.length}` }),
  });
  const end = fault?.cut ?? fault?.stall;
  if (end === undefined) response.end(body);
  else response.write(body.subarray(0, end), () => setTimeout(() => fault?.cut !== undefined && response.destroy(), 5));
}
