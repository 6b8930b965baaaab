/**
 * Requests to the hub: tried again where a failure passes (429, 5xx, a cut or silent connection), and every refusal
 * told in one message. @huggingface/hub takes `fetch` from here; by itself it does neither.
 */
import { UserError } from '../errors.ts';
import type { HubSettings } from './hub_settings_node.ts';

/** The repository that requests are about, for addresses and messages. */
export interface HubRepo {
  readonly type: 'model' | 'dataset';
  /** `owner/name`. */
  readonly name: string;
  readonly revision: string;
}

/** The hub gave no answer at all: what is in the cache may still serve. */
export class HubUnreachable extends UserError {
  override name = 'HubUnreachable';
}

const RETRIED = new Set([408, 429, 500, 502, 503, 504]);

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Address of a repository's page. */
export const repoUrl = ({ endpoint }: HubSettings, { type, name }: HubRepo): string =>
  `${endpoint}/${type === 'dataset' ? 'datasets/' : ''}${name}`;

/** `fetch` for small answers, which it waits for whole: what @huggingface/hub's functions take. */
export function hubFetch(settings: HubSettings, repo: HubRepo): typeof fetch {
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const { response, body } = await tryAgain(settings, repo, url, async () => {
      const cut = new Silence(settings.timeout);
      try {
        const response = await request(settings, url, new Headers(init?.headers), cut.signal);
        return { response, body: await response.arrayBuffer() };
      } finally {
        cut.end();
      }
    });
    return new Response(body, { status: response.status, headers: response.headers });
  };
}

/** Opens a file's address and returns as soon as the answer begins; reading it is the caller's. @param offset first byte wanted. */
export async function openFile(
  settings: HubSettings,
  repo: HubRepo,
  url: string,
  offset: number,
  silence: Silence,
): Promise<Response> {
  // As they are: a compressed answer has another size, and no ranges.
  const headers = new Headers({ 'accept-encoding': 'identity' });
  if (offset > 0) headers.set('range', `bytes=${offset}-`);
  const open = async () => ({ response: await request(settings, url, headers, silence.restart()) });
  return (await tryAgain(settings, repo, url, open)).response;
}

/** Ends a request on which nothing has been heard for a while. */
export class Silence {
  readonly #limit: number;
  #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(milliseconds: number) {
    this.#limit = milliseconds;
    this.heard();
  }
  get signal(): AbortSignal {
    return this.#controller.signal;
  }
  heard(): void {
    clearTimeout(this.#timer);
    const reason = new Error(`nothing was heard for ${this.#limit / 1000} s`);
    this.#timer = setTimeout(() => this.#controller.abort(reason), this.#limit);
  }
  restart(): AbortSignal {
    this.#controller = new AbortController();
    this.heard();
    return this.signal;
  }
  end(): void {
    clearTimeout(this.#timer);
  }
}

function request(settings: HubSettings, url: string, headers: Headers, signal: AbortSignal): Promise<Response> {
  // The token is for the hub alone; fetch takes it off itself where the hub redirects to another host.
  if (settings.token !== undefined && new URL(url).origin === new URL(settings.endpoint).origin) {
    headers.set('authorization', `Bearer ${settings.token}`);
  }
  headers.set('user-agent', 'albert-webgpu');
  return fetch(url, { headers, signal });
}

async function tryAgain<T extends { response: Response }>(
  settings: HubSettings,
  repo: HubRepo,
  url: string,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let failures = 0; ; failures++) {
    let wait = settings.firstWait * 2 ** failures;
    try {
      const result = await attempt();
      const { response } = result;
      if (response.ok) return result;
      if (!RETRIED.has(response.status) || failures >= settings.retries) throw refusal(settings, repo, url, response);
      wait = retryAfter(response) ?? wait;
      if (wait > settings.longestWait) throw refusal(settings, repo, url, response, wait);
      await response.body?.cancel().catch(() => {}); // read already where it was small
    } catch (error) {
      if (error instanceof UserError) throw error;
      if (failures >= settings.retries || !passes(error)) throw unreachable(settings, error);
    }
    await sleep(wait);
  }
}

/** Milliseconds that a Retry-After header asks for: seconds, or a date (RFC 9110, 10.2.3). */
export function retryAfter(response: Response): number | undefined {
  const text = response.headers.get('retry-after')?.trim();
  if (!text) return undefined;
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

/** Code and text of what `fetch` throws, which says "fetch failed" and keeps the reason in `cause`. */
export function reasonOf(error: unknown): { code: string | undefined; text: string } {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as { code?: string }).code;
  const text = cause instanceof Error ? cause.message || code || cause.name : String(cause);
  return { code, text };
}

/** Whether a new try may do better: not where there is no such host, or nobody answers there. */
const passes = (error: unknown): boolean =>
  !['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ENETUNREACH'].includes(reasonOf(error).code ?? '') &&
  !/certificate|self.signed/i.test(reasonOf(error).text);

function unreachable({ endpoint, proxy }: HubSettings, error: unknown): HubUnreachable {
  const byProxy = proxy ? ' The proxy in HTTPS_PROXY is used by Node 24 and later, with NODE_USE_ENV_PROXY=1.' : '';
  return new HubUnreachable(
    `${endpoint} can't be reached: ${reasonOf(error).text}. Check the network (a mirror's address goes into HF_ENDPOINT); what ` +
      `lies in the cache already is used without a network.${byProxy}`,
  );
}

/** The error for an answer that is no success. @param wait milliseconds that the hub wants us to wait. */
function refusal(settings: HubSettings, repo: HubRepo, url: string, response: Response, wait?: number): UserError {
  const { type, name, revision } = repo;
  const what = `${type === 'model' ? 'model' : 'data set'} ${name}`;
  const page = repoUrl(settings, repo);
  const code = response.headers.get('x-error-code') ?? '';
  const said = response.headers.get('x-error-message') ?? '';
  const { token, tokenSource } = settings;
  const setToken = 'set HF_TOKEN to a token of an account that may read it (or log in with "hf auth login")';
  const { status } = response;
  if (code === 'GatedRepo' || (status === 403 && /gated|access/i.test(said))) {
    return new UserError(
      `${what} is gated: ask for access at ${page}, then ${token ? `use a token of that account (${tokenSource} has none)` : setToken}.`,
    );
  }
  if (status === 401 && token !== undefined && code !== 'RepoNotFound') {
    return new UserError(`the hub does not accept the token of ${tokenSource} for ${what}: renew it, or take it away.`);
  }
  if (status === 403) return new UserError(`the hub denies access to ${what} (${said || 'status 403'}): ${setToken}.`);
  if (code === 'EntryNotFound') {
    return new UserError(`${what} has no file ${fileOf(url)} at ${revision}: see ${page}/tree/${revision}.`);
  }
  if (code === 'RevisionNotFound' || (status === 404 && code === '' && revision !== 'main')) {
    return new UserError(`${what} has no revision "${revision}": expected a branch, tag or commit of ${page}.`);
  }
  if (status === 401 || status === 404) {
    const asWhom = token === undefined ? setToken : `the token of ${tokenSource} does not see it`;
    return new UserError(`the hub has no ${what}, or it is private. Check the name; for a private one, ${asWhom}.`);
  }
  if (status === 429) {
    const pause = wait === undefined ? 'wait a few minutes' : `wait ${Math.ceil(wait / 1000)} s`;
    const more = token === undefined ? '; a token in HF_TOKEN allows more' : '';
    return new UserError(`the hub has too many requests from here (status 429, for ${what}): ${pause}${more}.`);
  }
  const answer = `status ${status}${said ? `, ${said}` : ''}`;
  return new UserError(
    `the hub can't answer for ${what} (${answer}) at ${new URL(url).origin}: try again later; what has arrived is kept.`,
  );
}

const fileOf = (url: string): string => decodeURIComponent(/\/resolve\/[^/]+\/([^?]+)/.exec(url)?.[1] ?? url);
