/** Names of models and data sets on the Hugging Face hub: `owner/name`, `owner/name@revision`, `owner/name:config@revision`. */
import { UsageError } from '../errors.ts';

export interface HubName {
  /** `owner/name`. */
  readonly repo: string;
  /** A data set's configuration (subset), where one is named. */
  readonly config: string | undefined;
  /** Branch, tag or commit; `main` where none is named. */
  readonly revision: string;
}

const FORM = /^([^/:@\s]+)\/([^/:@\s]+)(?::([^/:@\s]+))?(?:@([^@\s]+))?$/;
// The hub's rule for owner and name: letters, digits, - _ . at most 96, no - or . at the ends, no .. or -- within.
const isPart = (text: string): boolean =>
  /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?$/.test(text) && !/\.\.|--/.test(text);

function match(text: string): HubName | undefined {
  const [, owner = '', name = '', config, revision = 'main'] = FORM.exec(text) ?? [];
  return isPart(owner) && isPart(name) ? { repo: `${owner}/${name}`, config, revision } : undefined;
}

/** Whether a text has the form of a name on the hub. It may name a folder as well, which then wins. */
export const looksLikeHubName = (text: string): boolean => match(text) !== undefined;

/** @throws UsageError where the text is no such name. */
export function parseHubName(text: string): HubName {
  const name = match(text);
  if (!name) throw new UsageError(`"${text}" is no name on the hub: expected owner/name, or owner/name@revision.`);
  return name;
}
