/** Running text -> words as annotated corpora have them: punctuation by itself, abbreviations and numbers whole. */

export interface Word {
  text: string;
  /** UTF-16 units of the source text, end exclusive. */
  start: number;
  end: number;
}

const OPENING = /^[([{<"'`«»‹›„“”‚‘’¿¡…–—*/]/u;
const CLOSING = /[)\]}>"'`«»‹›„“”‚‘’,;:!?…–—*/]$/u;
/** Letters each followed by a full stop: z.B., U.S.A., F. */
const INITIALS = /^(\p{L}\.)+$/u;
/** Ordinal numbers: 3. */
const ORDINAL = /^\d{1,3}\.$/;
const ABBREVIATIONS = new Set(
  (
    'Abb. Abs. Abt. Art. Aufl. Bd. bzw. ca. Co. Corp. d.h. dt. Dr. ebd. ehem. etc. evtl. f. ff. Fr. geb. gest. ggf. Hbf. Hl. hl. ' +
    'Hr. Hrn. Hrsg. Inc. inkl. Jh. Jr. Kap. Ltd. max. min. Mio. Mr. Mrd. Mrs. Ms. Nr. No. o.ä. Pf. Prof. S. s. Sr. St. Str. Tel. ' +
    'u.a. usw. v. Chr. vgl. vs. Vol. z.B. z.T. zzgl. bspw. rd. sog. Tsd. u.'
  ).split(' '),
);

/**
 * Splits at white space, then takes punctuation off both ends, one sign a word. A full stop stays with initials, ordinals
 * and common German and English abbreviations, unless the text ends there.
 */
export function splitWords(text: string): Word[] {
  const words: Word[] = [];
  for (const match of text.matchAll(/\S+/gu)) {
    const isLast = /^\s*$/.test(text.slice(match.index + match[0].length));
    splitChunk(match[0], match.index, isLast, words);
  }
  return words;
}

function splitChunk(chunk: string, at: number, isLast: boolean, words: Word[]): void {
  let [from, to] = [0, chunk.length];
  const add = (a: number, b: number) => words.push({ text: chunk.slice(a, b), start: at + a, end: at + b });
  while (from < to && OPENING.test(chunk.slice(from, to)) && to - from > 1) add(from, ++from);
  const tail: [number, number][] = [];
  for (;;) {
    const body = chunk.slice(from, to);
    if (body.length > 1 && CLOSING.test(body)) tail.push([to - 1, to--]);
    else if (body.length > 1 && body.endsWith('.') && !keepsStop(body, isLast && tail.length === 0)) {
      const dots = /\.+$/.exec(body)![0].length;
      if (dots === body.length) break;
      tail.push([to - dots, to]);
      to -= dots;
    } else break;
  }
  // Alternatives written together (IBM/SAP) are words of their own.
  for (const part of chunk.slice(from, to).matchAll(/[^/]+|\//gu))
    add(from + part.index, from + part.index + part[0].length);
  for (const [a, b] of tail.reverse()) add(a, b);
}

function keepsStop(body: string, endsText: boolean): boolean {
  if (INITIALS.test(body)) return body.length > 2 || !endsText;
  return !endsText && (ORDINAL.test(body) || ABBREVIATIONS.has(body));
}
