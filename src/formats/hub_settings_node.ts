/**
 * Where the Hugging Face hub is and how to speak to it: the environment variables that huggingface_hub documents
 * (HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_TOKEN_PATH, HF_ENDPOINT, HF_HUB_OFFLINE, HF_HUB_DOWNLOAD_TIMEOUT,
 * HF_HUB_DISABLE_PROGRESS_BARS).
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { getHFHubCachePath, HUB_URL } from '@huggingface/hub';
import { UserError } from '../errors.ts';

export interface HubSettings {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly token: string | undefined;
  /** Where the token comes from, for messages. */
  readonly tokenSource: string | undefined;
  /** The cache folder that transformers and huggingface_hub use as well. */
  readonly cacheFolder: string;
  /** Whether only the cache may be asked. */
  readonly offline: boolean;
  /** Whether the environment names a proxy, for messages: fetch heeds it by itself or not at all. */
  readonly proxy: boolean;
  /** Whether nothing is shown of downloads unless a caller asks. */
  readonly quiet: boolean;
  /** Milliseconds without a byte after which an answer counts as cut off. */
  readonly timeout: number;
  /** How often a request is tried again that fails in a way that passes. */
  readonly retries: number;
  /** Milliseconds before the first new try; they double with each further one. */
  readonly firstWait: number;
  /** Milliseconds; a hub that asks for a longer pause than this ends the download. */
  readonly longestWait: number;
}

/** What huggingface_hub takes for yes. */
const isTrue = (text: string | undefined): boolean => /^(1|on|yes|true)$/i.test(text ?? '');
const fromHome = (path: string): string => path.replace(/^~(?=$|[/\\])/, homedir());

/**
 * Settings from the environment; what is given wins.
 * @throws UserError for an endpoint that is no address, or a token that no header can carry.
 */
export function hubSettings(given: Partial<HubSettings> = {}): HubSettings {
  const { env } = process;
  const endpoint = (given.endpoint ?? (env.HF_ENDPOINT || HUB_URL)).replace(/\/+$/, '');
  if (!/^https?:\/\/[^/]/.test(endpoint) || !URL.canParse(endpoint)) {
    throw new UserError(`HF_ENDPOINT is "${endpoint}", expected the address of a hub, such as ${HUB_URL}.`);
  }
  const token =
    'token' in given ? { token: given.token, tokenSource: given.tokenSource ?? 'the token given' } : findToken();
  if (token.token !== undefined && !/^[\x21-\x7e]+$/.test(token.token)) {
    throw new UserError(`${token.tokenSource} holds no token: expected one line such as hf_… without blanks.`);
  }
  const seconds = Number(env.HF_HUB_DOWNLOAD_TIMEOUT);
  return {
    cacheFolder: fromHome(getHFHubCachePath()),
    offline: isTrue(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE),
    proxy: Boolean(env.HTTPS_PROXY || env.https_proxy),
    quiet: isTrue(env.HF_HUB_DISABLE_PROGRESS_BARS),
    timeout: seconds > 0 ? seconds * 1000 : 30_000,
    retries: 5,
    firstWait: 1000,
    longestWait: 120_000,
    ...given,
    endpoint,
    ...token,
  };
}

function findToken(): Pick<HubSettings, 'token' | 'tokenSource'> {
  const { env } = process;
  if (isTrue(env.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return { token: undefined, tokenSource: undefined };
  for (const name of ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN']) {
    const token = env[name]?.trim();
    if (token) return { token, tokenSource: name };
  }
  const home = env.HF_HOME || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface');
  const file = fromHome(env.HF_TOKEN_PATH || join(home, 'token'));
  try {
    const token = readFileSync(file, 'utf8').trim();
    if (token) return { token, tokenSource: file };
  } catch {
    // Nobody has logged in here, which most models don't need.
  }
  return { token: undefined, tokenSource: undefined };
}
