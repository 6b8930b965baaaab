/**
 * Settings, defined once: name, type, default, range and help of each stand in one table, and the command line, the config
 * file, `--help` and the settings saved with a run are all made from it.
 *
 * Names are snake_case in code and files (`learning_rate`, as transformers has them) and `--learning-rate` or
 * `--learning_rate` on the command line.
 */
import { UsageError } from '../errors.ts';
import { nearest } from './nearest.ts';

interface Described {
  /** One line for `--help`. */
  help: string;
  /** Heading that the setting stands under in `--help`. */
  group?: string;
}
export interface StringSetting extends Described {
  type: 'string';
  default: string | null;
  /** What stands for the value in `--help`, such as FILE. */
  value?: string;
}
export interface NumberSetting extends Described {
  type: 'number' | 'integer';
  default: number | null;
  min?: number;
  max?: number;
}
export interface BooleanSetting extends Described {
  type: 'boolean';
  default: boolean;
}
export interface ChoiceSetting<C extends string = string> extends Described {
  type: 'choice';
  choices: readonly C[];
  default: C | null;
}
/** May be given several times; each time adds one value. */
export interface ListSetting extends Described {
  type: 'list';
  default: readonly string[];
  value?: string;
}
export type Setting = StringSetting | NumberSetting | BooleanSetting | ChoiceSetting | ListSetting;
export type Settings = Record<string, Setting>;

type OrNull<S extends Setting, T> = S['default'] extends null ? T | null : null extends S['default'] ? T | null : T;
type ValueOf<S extends Setting> = S extends StringSetting
  ? OrNull<S, string>
  : S extends NumberSetting
    ? OrNull<S, number>
    : S extends BooleanSetting
      ? boolean
      : S extends ChoiceSetting<infer C>
        ? OrNull<S, C>
        : string[];
/** The values that a table of settings yields; a setting whose default is null may be null. */
export type Values<T extends Settings> = { -readonly [K in keyof T]: ValueOf<T[K]> };

/** Keeps literal types (choices, null defaults) of a table of settings. */
export const defineSettings = <const T extends Settings>(table: T): T => table;

export interface Parsed<T extends Settings> {
  values: Values<T>;
  /** Arguments that are not flags, in order. */
  positional: string[];
  /** Names that were set explicitly (command line or config file); the others carry their default. */
  given: Set<string>;
}

const flag = (name: string) => `--${name.replaceAll('_', '-')}`;
const keyOf = (argument: string) => argument.replace(/^--/, '').replaceAll('-', '_');

function unknown(what: string, settings: Settings): UsageError {
  const guess = nearest(keyOf(what), Object.keys(settings));
  const hint = guess === undefined ? 'See --help for the settings there are.' : `Did you mean ${flag(guess)}?`;
  return new UsageError(`unknown setting ${what}. ${hint}`);
}

/** Checks one raw value (a string of the command line, or a JSON value of a config file) and gives it its type. */
function check(name: string, setting: Setting, raw: unknown, where: string): unknown {
  const fail = (expected: string) =>
    new UsageError(`${where}: ${flag(name)} must be ${expected}, found ${JSON.stringify(raw)}.`);
  if (raw === null && setting.default === null) return null;
  switch (setting.type) {
    case 'string':
      if (typeof raw !== 'string' || raw === '') throw fail(`a non-empty text`);
      return raw;
    case 'list': {
      const list = Array.isArray(raw) ? raw : [raw];
      if (!list.every((item) => typeof item === 'string' && item !== '')) throw fail('a text, or a list of texts');
      return list;
    }
    case 'boolean':
      if (typeof raw === 'boolean') return raw;
      if (raw === 'true' || raw === 'false') return raw === 'true';
      throw fail('true or false');
    case 'choice':
      if (typeof raw === 'string' && setting.choices.includes(raw)) return raw;
      throw fail(`one of ${setting.choices.join(', ')}`);
    default: {
      const number =
        typeof raw === 'number' ? raw : typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : Number.NaN;
      const { min = -Infinity, max = Infinity } = setting;
      const whole = setting.type === 'integer';
      if (!Number.isFinite(number) || (whole && !Number.isInteger(number)) || number < min || number > max) {
        const range = [min > -Infinity ? `at least ${min}` : '', max < Infinity ? `at most ${max}` : ''].filter(
          Boolean,
        );
        throw fail([whole ? 'a whole number' : 'a number', range.join(' and ')].filter(Boolean).join(', '));
      }
      return number;
    }
  }
}

/** Every setting's default. */
export function defaults<T extends Settings>(settings: T): Values<T> {
  const entries = Object.entries(settings).map(([name, s]) => [name, s.type === 'list' ? [...s.default] : s.default]);
  return Object.fromEntries(entries) as Values<T>;
}

/** Values of a config file's object, checked; unknown keys are errors. `where` names the file in messages. */
export function fromObject<T extends Settings>(settings: T, object: unknown, where: string): Partial<Values<T>> {
  if (typeof object !== 'object' || object === null || Array.isArray(object)) {
    throw new UsageError(`${where}: expected a JSON object of settings, such as {"learning_rate": 5e-5}.`);
  }
  const values: Record<string, unknown> = {};
  for (const [key, raw] of Object.entries(object)) {
    const setting = settings[keyOf(key)];
    if (!setting) throw new UsageError(`${where}: ${unknown(key, settings).message}`);
    values[keyOf(key)] = check(keyOf(key), setting, raw, where);
  }
  return values as Partial<Values<T>>;
}

/**
 * Reads a command line. `--name value`, `--name=value`, `--flag`, `--no-flag`; what follows `--` is positional.
 * @throws UsageError that names the nearest right setting for an unknown one, and the range for an impossible value.
 */
export function fromArguments<T extends Settings>(
  settings: T,
  argv: readonly string[],
): { values: Partial<Values<T>>; positional: string[] } {
  const values: Record<string, unknown> = {};
  const positional: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i]!;
    if (argument === '--') {
      positional.push(...argv.slice(i + 1));
      break;
    }
    if (!argument.startsWith('--')) {
      if (/^-[a-zA-Z]/.test(argument)) throw unknown(argument, settings);
      positional.push(argument);
      continue;
    }
    const [head, ...tail] = argument.split('=');
    let name = keyOf(head!);
    const inline = argument.includes('=') ? tail.join('=') : undefined;
    let setting = settings[name];
    let raw: unknown = inline;
    if (!setting && name.startsWith('no_') && settings[name.slice(3)]?.type === 'boolean' && inline === undefined) {
      name = name.slice(3);
      setting = settings[name]!;
      raw = false;
    }
    if (!setting) throw unknown(head!, settings);
    if (setting.type === 'boolean') raw ??= true;
    else if (raw === undefined) {
      raw = argv[++i];
      if (raw === undefined || (raw as string).startsWith('--')) {
        throw new UsageError(`${flag(name)} needs a value: ${setting.help}`);
      }
    }
    const value = check(name, setting, raw, 'command line');
    values[name] = setting.type === 'list' ? [...((values[name] as string[]) ?? []), ...(value as string[])] : value;
  }
  return { values: values as Partial<Values<T>>, positional };
}

/** Later layers win over earlier ones, and all of them over the defaults. */
export function merge<T extends Settings>(settings: T, ...layers: Partial<Values<T>>[]): Omit<Parsed<T>, 'positional'> {
  const values = defaults(settings);
  const given = new Set<string>();
  for (const layer of layers) {
    Object.assign(values, layer);
    for (const name of Object.keys(layer)) given.add(name);
  }
  return { values, given };
}

/** The `--help` text: usage, then every setting with its value's form, help and default, under its group's heading. */
export function helpText(usage: string, settings: Settings): string {
  const groups = new Map<string, [string, Setting][]>();
  for (const entry of Object.entries(settings)) {
    const group = entry[1].group ?? 'Settings';
    groups.set(group, [...(groups.get(group) ?? []), entry]);
  }
  const forms = (name: string, s: Setting): string => {
    if (s.type === 'boolean') return s.default ? `--no-${name.replaceAll('_', '-')}` : flag(name);
    const value =
      s.type === 'choice'
        ? s.choices.join('|')
        : s.type === 'integer'
          ? 'N'
          : s.type === 'number'
            ? 'X'
            : ('value' in s && s.value) || 'TEXT';
    return `${flag(name)} ${value}`;
  };
  const tail = (s: Setting) => {
    const range =
      (s.type === 'number' || s.type === 'integer') && (s.min !== undefined || s.max !== undefined)
        ? ` (${s.min ?? '…'} to ${s.max ?? '…'})`
        : '';
    if (s.type === 'boolean') return `${s.default ? ' [default: on]' : ''}`;
    const empty = s.default === null || (s.type === 'list' && s.default.length === 0);
    return `${range}${empty ? '' : ` [default: ${s.type === 'list' ? s.default.join(' ') : s.default}]`}`;
  };
  const lines = [usage.trimEnd()];
  for (const [group, entries] of groups) {
    lines.push('', `${group}:`);
    for (const [name, s] of entries) {
      const form = `  ${forms(name, s)}`;
      if (form.length > 30) lines.push(form, `${' '.repeat(32)}${s.help}${tail(s)}`);
      else lines.push(`${form.padEnd(32)}${s.help}${tail(s)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
