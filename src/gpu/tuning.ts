/**
 * What timing found out about an adapter, kept from run to run: which variant of a kernel is fastest, by operator and shape.
 *
 * The text that is kept holds a part for each adapter, by its name, its driver and this package's version. Whatever is not as
 * expected in it is left out, and written anew after the next timing.
 */
import { VERSION } from '../version.ts';
import type { AdapterFacts } from './device.ts';

/** Keeps a text between runs: a file in Node, localStorage or IndexedDB in a page. */
export interface TuningStore {
  /** The text last written; undefined where there is none. */
  read(): Promise<string | undefined>;
  write(text: string): Promise<void>;
}

export interface TuningOptions {
  /** Without one, nothing is remembered from run to run. */
  store?: TuningStore;
  /** Times anew, also what is known, and on CPU adapters, whose fastest variants are known beforehand. */
  retune?: boolean;
  /** Gets a line where timing takes more than a second. */
  print?: (line: string) => void;
  /** Milliseconds that timing may take for one plan; what is left over then takes the adapter's usual variant. */
  budget?: number;
}

/** Variants by operator and shape. */
export type Choices = ReadonlyMap<string, string>;

interface Stored {
  adapters: Record<string, Record<string, string>>;
}

const keyOf = ({ name, driver }: AdapterFacts): string => [name, driver, VERSION].join(' | ');

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parse(text: string | undefined): Stored {
  let value: unknown;
  try {
    value = JSON.parse(text ?? '');
  } catch {
    // Not there, or damaged: the same as empty.
  }
  const adapters = isObject(value) && isObject(value.adapters) ? value.adapters : {};
  const sound = Object.entries(adapters).map(([key, choices]) => [
    key,
    Object.fromEntries(Object.entries(isObject(choices) ? choices : {}).filter(([, v]) => typeof v === 'string')),
  ]);
  return { adapters: Object.fromEntries(sound) as Stored['adapters'] };
}

const readStore = async (store: TuningStore): Promise<Stored> => parse(await store.read().catch(() => undefined));

/** What the store knows of this adapter; nothing where it can't be read. */
export async function storedChoices(store: TuningStore, adapter: AdapterFacts): Promise<Choices> {
  return new Map(Object.entries((await readStore(store)).adapters[keyOf(adapter)] ?? {}));
}

/** Adds to what the store knows of this adapter. A store that can't be written stays as it is: the next run times again. */
export async function storeChoices(store: TuningStore, adapter: AdapterFacts, choices: Choices): Promise<void> {
  const { adapters } = await readStore(store);
  const key = keyOf(adapter);
  const all = { ...adapters, [key]: { ...adapters[key], ...Object.fromEntries(choices) } };
  await store.write(`${JSON.stringify({ adapters: all } satisfies Stored, null, 2)}\n`).catch(() => {});
}
