/** Bytes of a text file as text: UTF-8 unless told otherwise, with every place named where they are none. */
import { UsageError } from '../errors.ts';
import { nearest } from '../settings/nearest.ts';
import { type Problem, ProblemLog } from './problems.ts';

export interface Decoded {
  /** Without a byte-order mark at its start. */
  readonly text: string;
  /** Name of the encoding it was read in, as the WHATWG Encoding Standard has it, such as utf-8. */
  readonly encoding: string;
  readonly byteOrderMark: boolean;
  readonly problems: readonly Problem[];
}

/** Those that German text is met in; any other name of the WHATWG Encoding Standard works as well. */
export const COMMON_ENCODINGS = [
  'utf-8',
  'windows-1252',
  'iso-8859-1',
  'iso-8859-15',
  'macintosh',
  'utf-16le',
  'utf-16be',
];

/**
 * Decodes a file. UTF-16 that opens with a byte-order mark is read as such, with a warning; bytes that are not UTF-8 are errors,
 * a line each, and become U+FFFD, so that the rest of the file is still looked at.
 * @param encoding a name of the WHATWG Encoding Standard; iso-8859-1 is windows-1252 there
 * @throws UsageError for an encoding that is not known
 */
export function decodeText(bytes: Uint8Array, file: string, encoding = 'utf-8'): Decoded {
  const log = new ProblemLog(file);
  const asked = canonicalName(encoding);
  const mark = byteOrderMark(bytes);
  const name = tellEncoding(bytes, asked, mark);
  const body = mark?.encoding === name ? bytes.subarray(mark.length) : bytes;
  if (name !== asked) {
    const why = mark ? 'opens with its byte-order mark' : 'has its zero bytes in that order';
    log.warn('other encoding', 0, `is read as ${name}, not as ${asked}: it ${why}`);
  }
  const wrong = name === 'utf-8' ? otherKindOfFile(body) : undefined;
  if (wrong) log.error(wrong.kind, 0, wrong.message);
  const text = decode(body, name);
  if (!name.startsWith('utf-') && isUtf8(bytes)) {
    log.warn(
      'other encoding',
      0,
      `is read as ${name}, as asked for, but is valid UTF-8: leave --encoding out to read it so`,
    );
  }
  if (name === 'utf-8' && !wrong) reportInvalid(body, bytes.length - body.length, log);
  else if (name !== 'utf-8' && text.includes('\uFFFD')) reportReplaced(text, name, log);
  return {
    text: wrong ? '' : text,
    encoding: name,
    byteOrderMark: mark !== undefined && body !== bytes,
    problems: log.problems,
  };
}

function canonicalName(encoding: string): string {
  try {
    return new TextDecoder(encoding).encoding;
  } catch {
    const guess = nearest(encoding.toLowerCase(), [...COMMON_ENCODINGS, 'latin1', 'utf-16', 'cp1252']);
    throw new UsageError(
      `unknown encoding '${encoding}'. ${guess ? `Did you mean ${guess}? ` : ''}Common ones: ${COMMON_ENCODINGS.join(', ')}.`,
    );
  }
}

/** The encoding asked for, unless the file itself says that it is another of Unicode's. */
function tellEncoding(bytes: Uint8Array, asked: string, mark: ByteOrderMark | undefined): string {
  if (mark && asked.startsWith('utf-')) return mark.encoding;
  return (asked.startsWith('utf-16') && utf16ByZeros(bytes)) || asked;
}

interface ByteOrderMark {
  readonly encoding: string;
  readonly length: number;
}

function byteOrderMark(bytes: Uint8Array): ByteOrderMark | undefined {
  const [a, b, c] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return { encoding: 'utf-8', length: 3 };
  if (a === 0xff && b === 0xfe) return { encoding: 'utf-16le', length: 2 };
  if (a === 0xfe && b === 0xff) return { encoding: 'utf-16be', length: 2 };
  return undefined;
}

function decode(bytes: Uint8Array, name: string): string {
  if (name === 'windows-1252') return decodeWindows1252(bytes);
  return new TextDecoder(name, { ignoreBOM: true }).decode(bytes);
}

/** 0x80 to 0x9F of windows-1252, which Node before 23.7 decodes as control characters (nodejs/node#56542). */
const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

function decodeWindows1252(bytes: Uint8Array): string {
  const latin1 = new TextDecoder('windows-1252').decode(bytes);
  return latin1.replaceAll(/[\x80-\x9f]/g, (c) => WINDOWS_1252[c.charCodeAt(0) - 0x80]!);
}

/** What a file is that can't be UTF-8 text, going by its first bytes and its zeros. */
function otherKindOfFile(bytes: Uint8Array): { kind: string; message: string } | undefined {
  const fail = (kind: string, message: string) => ({ kind, message });
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return fail('not text', 'is a gzip archive: unpack it first');
  if (bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3)
    return fail('not text', 'is a zip archive: unpack it first');
  const utf16 = utf16ByZeros(bytes);
  if (utf16) return fail('not UTF-8', `looks like UTF-16, not UTF-8: add --encoding ${utf16}`);
  const zero = bytes.indexOf(0);
  return zero < 0 ? undefined : fail('not text', `has a zero byte at offset ${zero}: a binary file, not text`);
}

/** UTF-16 as told by its zeros: Latin letters have one in the same half of each unit. */
function utf16ByZeros(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  let [even, odd] = [0, 0];
  for (let i = bytes.indexOf(0); i >= 0; i = bytes.indexOf(0, i + 1)) {
    if (i % 2 === 0) even++;
    else odd++;
  }
  const [most, least] = [Math.max(even, odd), Math.min(even, odd)];
  if (most <= bytes.length / 8 || least >= most / 8) return undefined;
  return odd > even ? 'utf-16le' : 'utf-16be';
}

/** An error for every line with bytes that are not UTF-8. A newline's byte stands for nothing else there, so lines are apart. */
function reportInvalid(bytes: Uint8Array, skipped: number, log: ProblemLog): void {
  const strict = new TextDecoder('utf-8', { fatal: true });
  if (isDecodable(strict, bytes)) return;
  for (let line = 1, from = 0; from < bytes.length; line++) {
    const newline = bytes.indexOf(0x0a, from);
    const end = newline < 0 ? bytes.length : newline;
    const content = bytes.subarray(from, end);
    if (!isDecodable(strict, content)) {
      const at = firstInvalid(content);
      const found = `0x${content[at]!.toString(16).toUpperCase()}`;
      log.error(
        'not UTF-8',
        line,
        `not UTF-8: byte ${found} at offset ${skipped + from + at} of the file; for a file of Windows or Latin-1 add ` +
          `--encoding windows-1252, which reads this line as ${shown(decodeWindows1252(content))}`,
      );
    }
    from = end + 1;
  }
}

/** Whether bytes beyond ASCII are UTF-8; those of a single-byte encoding hardly ever are. */
const isUtf8 = (bytes: Uint8Array): boolean =>
  bytes.some((byte) => byte > 0x7f) && isDecodable(new TextDecoder('utf-8', { fatal: true }), bytes);

function isDecodable(strict: TextDecoder, bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Offset of the first byte that is not UTF-8: behind what comes before the first U+FFFD that decoding put in. */
function firstInvalid(bytes: Uint8Array): number {
  const text = decode(bytes, 'utf-8');
  for (let at = text.indexOf('\uFFFD'); at >= 0; at = text.indexOf('\uFFFD', at + 1)) {
    const offset = new TextEncoder().encode(text.slice(0, at)).length;
    const isWritten = bytes[offset] === 0xef && bytes[offset + 1] === 0xbf && bytes[offset + 2] === 0xbd;
    if (!isWritten) return offset;
  }
  return bytes.length;
}

function reportReplaced(text: string, name: string, log: ProblemLog): void {
  for (const [i, line] of text.split('\n').entries()) {
    if (line.includes('\uFFFD')) log.error(`not ${name}`, i + 1, `not ${name}: ${shown(line)} has U+FFFD in it`);
  }
}

const shown = (line: string): string => JSON.stringify(line.length > 60 ? `${line.slice(0, 60)}…` : line);
