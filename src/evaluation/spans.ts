/** Entity spans from labels. */

export interface Span {
  /** First word and one past the last. */
  start: number;
  end: number;
  type: string;
}

/** "B-LOC" -> prefix B, type LOC, split at the first hyphen; "O" -> prefix O, type "". */
export function splitLabel(label: string): { prefix: string; type: string } {
  const dash = label.indexOf('-');
  if (dash < 0) return { prefix: label, type: '' };
  return { prefix: label.slice(0, dash), type: label.slice(dash + 1) };
}

/** Whether an entity ends between two labels. */
function ends(before: string, beforeType: string, prefix: string, type: string): boolean {
  if (before === 'O') return false;
  if (before === 'E' || before === 'S') return true;
  return prefix === 'B' || prefix === 'S' || prefix === 'O' || beforeType !== type;
}

/** Whether an entity starts at a label. */
function starts(before: string, beforeType: string, prefix: string, type: string): boolean {
  if (prefix === 'O') return false;
  if (prefix === 'B' || prefix === 'S') return true;
  return before === 'O' || before === 'E' || before === 'S' || beforeType !== type;
}

/**
 * Entities of one sentence by conlleval's rules, which read IOB1 and IOB2 alike and give every sequence a meaning: an I- after O or
 * after another type starts an entity. E- and S- of IOBES are read as seqeval's default mode reads them, which finds the
 * same entities otherwise; conlleval itself does not know that an entity ends with them (it takes S-LOC S-LOC for one).
 * Source: conlleval (version 2004-01-26) of the CoNLL shared tasks; get_entities of seqeval 1.2.2.
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

/** Entities by IOB2 taken strictly: only B- starts one, only I- of the same type continues it. Source: seqeval 1.2.2's IOB2 scheme. */
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

/** Equal for two spans of a sentence that are the same entity. */
export const spanKey = ({ start, end, type }: Span): string => `${start} ${end} ${type}`;
