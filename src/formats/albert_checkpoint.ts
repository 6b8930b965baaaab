/** Which stored tensor is which parameter of an ALBERT token classifier: every name that transformers has given them. */
import { UserError } from '../errors.ts';
import type { AlbertConfig } from './albert_config.ts';
import { expectedParameters } from './albert_parameters.ts';
import type { WeightSource } from './weight_source.ts';

export interface AlbertCheckpoint {
  /** The stored name of each parameter, under its name in AlbertForTokenClassification. */
  readonly stored: ReadonlyMap<string, string>;
  /** Parameters that the weights lack and that begin anew: the classifier, where it is missing or has another size. */
  readonly fresh: readonly string[];
  /** Stored tensors that a token classifier has no use for. */
  readonly ignored: readonly string[];
  /** What the person should know; each thing once. */
  readonly warnings: readonly string[];
  /** A parameter's elements, by its name in AlbertForTokenClassification; not for one of `fresh`. */
  read(name: string): Promise<Float32Array<ArrayBuffer>>;
}

const isClassifier = (name: string): boolean => name.startsWith('classifier.');
const WORDS = 'albert.embeddings.word_embeddings.weight';
const TIED = 'predictions.decoder.weight'; // shares the word embeddings

/** A stored name as transformers 5 has it: with the `albert.` prefix, LayerNorm's gamma and beta as weight and bias. */
export function canonicalName(stored: string): string {
  const name = stored.replace(/\.gamma$/, '.weight').replace(/\.beta$/, '.bias');
  return /^(embeddings|encoder|pooler)\./.test(name) ? `albert.${name}` : name;
}

/** Tensors known to be of no use here: heads of other tasks, the pooler, buffers that are no parameters. */
const KNOWN_REST: readonly (readonly [RegExp, string])[] = [
  [/^albert\.pooler(\.|_)/, 'pooler'],
  [/^predictions\./, 'masked-language head'],
  [/^sop_classifier\./, 'sentence-order head'],
  [/^qa_outputs\./, 'question-answering head'],
  [/(^|\.)(position_ids|token_type_ids)$/, 'index buffers'],
];

function describeIgnored(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  const unknown: string[] = [];
  for (const name of names) {
    const kind = KNOWN_REST.find(([pattern]) => pattern.test(canonicalName(name)))?.[1];
    if (kind) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    else unknown.push(name);
  }
  const lines: string[] = [];
  if (counts.size > 0) {
    const kinds = [...counts].map(([kind, count]) => `${kind} (${count})`);
    lines.push(`tensors that a token classifier has no use for were left out: ${kinds.join(', ')}`);
  }
  if (unknown.length > 0) {
    lines.push(`${unknown.length} tensors that ALBERT does not know were left out: ${shortList(unknown)}`);
  }
  return lines;
}

const shortList = (names: readonly string[]): string =>
  names.length <= 8 ? names.join(', ') : `${names.slice(0, 8).join(', ')} and ${names.length - 8} more`;

/**
 * Finds the parameters of `config` among stored tensors.
 * @param where the folder's name, for messages.
 * @param options.keepsClassifier false where the stored classifier is for other labels than `config` has.
 * @throws UserError that lists every missing parameter and every shape that does not fit, but for the classifier's.
 */
export function albertCheckpoint(
  config: AlbertConfig,
  weights: WeightSource,
  where: string,
  { keepsClassifier = true } = {},
): AlbertCheckpoint {
  const storedNames = new Map<string, string>();
  for (const name of weights.tensors.keys()) {
    const canonical = canonicalName(name);
    // Where a tensor is there under an old and the new name, the new one counts.
    if (canonical === name || !storedNames.has(canonical)) storedNames.set(canonical, name);
  }
  const tied = storedNames.get(TIED);
  if (!storedNames.has(WORDS) && tied !== undefined) storedNames.set(WORDS, tied);

  const stored = new Map<string, string>();
  const fresh: string[] = [];
  const faults: string[] = [];
  const classifierFaults: string[] = [];
  const parameters = expectedParameters(config);
  for (const { name, shape } of parameters) {
    const found = storedNames.get(name);
    const actual = found === undefined ? undefined : weights.tensors.get(found)!.shape;
    if (found !== undefined && actual!.join() === shape.join()) stored.set(name, found);
    else {
      const fault = actual ? `${found} is [${actual}], expected [${shape}]` : `${name} [${shape}] is missing`;
      (isClassifier(name) ? classifierFaults : faults).push(fault);
    }
  }
  if (faults.length > 0) {
    const given = [...weights.tensors.keys()];
    const none =
      stored.size === 0 ? ` None of its ${given.length} tensors is one of ALBERT's: ${shortList(given)}.` : '';
    throw new UserError(
      `${where} does not hold the model that its config.json describes: ${faults.join('; ')}.${none || ' Is config.json that of these weights?'}`,
    );
  }
  const warnings: string[] = [];
  if (classifierFaults.length > 0 || !keepsClassifier) {
    for (const { name } of parameters.filter(({ name }) => isClassifier(name))) {
      fresh.push(name);
      stored.delete(name);
    }
    warnings.push(
      `the classifier for ${config.labels.length} labels begins anew and has to be trained: ${keepsClassifier ? classifierFaults.join('; ') : 'the stored one is for others'}`,
    );
  }
  const used = new Set(stored.values());
  const ignored = [...weights.tensors.keys()].filter((name) => !used.has(name));
  warnings.push(...describeIgnored(ignored.filter((name) => !isClassifier(name))));
  return {
    stored,
    fresh,
    ignored,
    warnings,
    async read(name) {
      const found = stored.get(name);
      if (found === undefined) throw new Error(`no stored parameter ${name}`);
      return weights.read(found);
    },
  };
}
