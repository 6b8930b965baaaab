/**
 * Label schemes: how the labels of a sentence's words say where entities begin and end. Inside the package it is always IOB2.
 *
 * | scheme | labels |
 * | --- | --- |
 * | IOB1 | I-X in an entity, B-X only at its start directly behind another of the same type (CoNLL-2003 as first given out) |
 * | IOB2 | B-X at the start of every entity, I-X further in it (GermEval 2014, WNUT 2017) |
 * | IOBES | IOB2 with E-X at the end and S-X for an entity of one word (also BIOES) |
 */

export type LabelScheme = 'IOB1' | 'IOB2' | 'IOBES';

export interface ParsedLabel {
  readonly prefix: 'O' | 'B' | 'I' | 'E' | 'S';
  /** Empty for O. */
  readonly type: string;
}

/** The parts of a label of any of the schemes; undefined where it is none. A type may have any characters but white space. */
export function parseLabel(label: string): ParsedLabel | undefined {
  if (label === 'O') return { prefix: 'O', type: '' };
  const match = /^([BIES])-(\S+)$/.exec(label);
  return match ? { prefix: match[1] as ParsedLabel['prefix'], type: match[2]! } : undefined;
}

const parse = (label: string): ParsedLabel => {
  const parsed = parseLabel(label);
  if (!parsed) throw new Error(`'${label}' is no label`);
  return parsed;
};

/**
 * The scheme that sentences are labelled in: IOBES where an E- or S- occurs; IOB1 where entities begin with I- and every B- is
 * one that IOB1 needs; else IOB2.
 * @param sentences well-formed labels of each sentence
 */
export function detectScheme(sentences: Iterable<readonly string[]>): LabelScheme {
  let [beginWithI, beginWithB] = [0, 0];
  for (const labels of sentences) {
    let previous = parse('O');
    for (const label of labels) {
      const current = parse(label);
      if (current.prefix === 'E' || current.prefix === 'S') return 'IOBES';
      if (current.type !== previous.type) {
        if (current.prefix === 'I') beginWithI++;
        if (current.prefix === 'B') beginWithB++;
      }
      previous = current;
    }
  }
  return beginWithI > 0 && beginWithB === 0 ? 'IOB1' : 'IOB2';
}

/** A label that its scheme doesn't allow where it stands, and what it was read as. */
export interface SchemeFault {
  readonly word: number;
  readonly kind: string;
  readonly message: string;
}

/**
 * The labels of a sentence in IOB2. What a scheme does not allow is read as conlleval reads it, where an I-X or E-X that
 * continues nothing begins an entity, and is reported.
 * @param labels well-formed labels
 */
export function toIob2(labels: readonly string[], scheme: LabelScheme): { labels: string[]; faults: SchemeFault[] } {
  const faults: SchemeFault[] = [];
  let open = ''; // type of the entity that the next word may continue
  const unfinished = (word: number) => {
    if (scheme !== 'IOBES' || open === '') return;
    const message = `an entity of type ${open} ends here without E-${open}; read as ending here`;
    faults.push({ word, kind: 'entity without E-', message });
  };
  const result = labels.map((label, word) => {
    const { prefix, type } = parse(label);
    const continues = (prefix === 'I' || prefix === 'E') && open === type;
    if (!continues) unfinished(word - 1);
    if (!continues && (prefix === 'E' || (prefix === 'I' && scheme !== 'IOB1'))) {
      const kind = prefix === 'I' ? 'I- without B-' : 'E- without B-';
      faults.push({ word, kind, message: `${label} continues no ${type}; read as B-${type}, the start of an entity` });
    }
    open = prefix === 'B' || prefix === 'I' ? type : '';
    if (prefix === 'O') return 'O';
    return continues ? `I-${type}` : `B-${type}`;
  });
  unfinished(labels.length - 1);
  return { labels: result, faults };
}

/** IOB2 labels of a sentence in another scheme. */
export function fromIob2(labels: readonly string[], scheme: LabelScheme): string[] {
  if (scheme === 'IOB2') return [...labels];
  const parsed = labels.map(parse);
  return parsed.map(({ prefix, type }, w) => {
    if (prefix === 'O') return 'O';
    if (scheme === 'IOB1') return prefix === 'B' && parsed[w - 1]?.type === type ? `B-${type}` : `I-${type}`;
    const next = parsed[w + 1];
    const ends = !(next?.prefix === 'I' && next.type === type);
    if (prefix === 'B') return ends ? `S-${type}` : `B-${type}`;
    return ends ? `E-${type}` : `I-${type}`;
  });
}

/** What was probably meant by a label that is none, for the message. */
export function labelHint(label: string): string {
  const parts = /^([bieslu])[-_:/. ]?(\S+)$/i.exec(label);
  if (/^[o0]$/i.test(label)) return 'did you mean O (a capital letter)?';
  if (/^[BIES]-?$/.test(label)) return 'its type is missing';
  if (parts && /^.[-_:/.]/.test(label)) {
    const prefix = parts[1]!.toUpperCase();
    return `did you mean ${prefix === 'L' ? 'E' : prefix === 'U' ? 'S' : prefix}-${parts[2]}?`;
  }
  const expected = 'expected O, B-TYPE or I-TYPE';
  return /^\p{L}[\p{L}\d_-]*$/u.test(label) ? `${expected}; did you mean B-${label}?` : expected;
}
