/** Entity spans from labels. */

export interface Span {
  /** First word and one past the last. */
  start: number;
  end: number;
  type: string;
}

/** "B-LOC" -> prefix B, type LOC; "O" -> prefix O, type "". A label without a prefix is taken for a type inside an entity, as conlleval does. */
export function splitLabel(label: string): { prefix: string; type: string } {
  if (label === 'O') return { prefix: 'O', type: '' };
  const dash = label.indexOf('-');
  if (dash < 0) return { prefix: label, type: '' };
  return { prefix: label.slice(0, dash), type: label.slice(dash + 1) };
}

/** Whether an entity ends between two labels: conlleval's endOfChunk, with S of IOBES as in seqeval. */
function ends(before: string, beforeType: string, prefix: string, type: string): boolean {
  if (before === 'O') return false;
  if (before === 'E' || before === 'S') return true;
  return prefix === 'B' || prefix === 'S' || prefix === 'O' || beforeType !== type;
}

/** Whether an entity starts at a label: conlleval's startOfChunk, with S of IOBES as in seqeval. */
function starts(before: string, beforeType: string, prefix: string, type: string): boolean {
  if (prefix === 'O') return false;
  if (prefix === 'B' || prefix === 'S') return true;
  return before === 'O' || before === 'E' || before === 'S' || beforeType !== type;
}

/**
 * Entities of one sentence by conlleval's rules, which read IOB1, IOB2 and IOBES alike: an I- after O or after another type
 * starts an entity. seqeval's default mode finds the same.
 * Source: conlleval (version 2004-01-26) of the CoNLL shared tasks; seqeval's get_entities.
 */
export function spansOf(labels: readonly string[]): Span[] {
  const spans: Span[] = [];
  let [before, beforeType, start] = ['O', '', 0];
  for (let i = 0; i <= labels.length; i++) {
    const { prefix, type } = splitLabel(labels[i] ?? 'O');
    if (ends(before, beforeType, prefix, type)) spans.push({ start, end: i, type: beforeType });
    if (starts(before, beforeType, prefix, type)) start = i;
    [before, beforeType] = [prefix, type];
  }
  return spans;
}

/** Entities by IOB2 taken strictly: only B- starts one, only I- of the same type goes on. Source: seqeval's IOB2 scheme. */
export function strictSpansOf(labels: readonly string[]): Span[] {
  const spans: Span[] = [];
  let open: Span | undefined;
  for (const [i, label] of labels.entries()) {
    const { prefix, type } = splitLabel(label);
    if (open && prefix === 'I' && type === open.type) open.end = i + 1;
    else open = undefined;
    if (prefix === 'B') {
      open = { start: i, end: i + 1, type };
      spans.push(open);
    }
  }
  return spans;
}

export const spanKey = ({ start, end, type }: Span): string => `${start} ${end} ${type}`;
