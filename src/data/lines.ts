/** A text as blocks of lines between blank ones: a block a sentence, in every format that is read here. */
import type { ProblemLog } from './problems.ts';

export interface TextLine {
  /** From 1. */
  readonly number: number;
  /** Never blank; without its line end and without a byte-order mark at its start. */
  readonly text: string;
}
/** At least one line. */
export type Block = readonly TextLine[];

/**
 * Lines end in LF, CRLF, or, where there is no LF at all, CR. A line of white space is blank, and so, with a warning, is one
 * that holds only characters nobody sees (byte-order marks, zero-width and control characters).
 */
export function textBlocks(text: string, log: ProblemLog): Block[] {
  const blocks: TextLine[][] = [];
  let block: TextLine[] = [];
  const close = () => {
    if (block.length > 0) blocks.push(block);
    block = [];
  };
  text.split(text.includes('\n') ? '\n' : '\r').forEach((raw, i) => {
    const number = i + 1;
    const content = withoutMarks(raw.replace(/\r+$/, ''));
    if (isInvisible(content)) {
      if (/[^ \t\r]/.test(raw)) {
        log.warn(
          'invisible line',
          number,
          `holds only invisible characters (${codePoints(raw)}); read as a blank line`,
        );
      }
      close();
      return;
    }
    if (raw.startsWith('\uFEFF')) {
      log.warn('stray byte-order mark', number, 'begins with a byte-order mark, which was dropped');
    }
    block.push({ number, text: content });
  });
  close();
  return blocks;
}

/** Whether nothing of `text` can be seen; true for the empty text. */
export const isInvisible = (text: string): boolean => /^[\s\p{Cc}\p{Cf}\p{Z}]*$/u.test(text);

/** Code points for a message: `U+FEFF`, `U+0096 U+00AD`. */
export const codePoints = (text: string): string =>
  Array.from(text, (c) => `U+${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`).join(' ');

const withoutMarks = (line: string): string => line.replace(/^\uFEFF+/, '');
