/**
 * Where the entries of a zip archive lie, so that single ones can be read out of a large file. Entries must be stored, not
 * compressed, which is how torch.save writes them. Source: PKWARE's APPNOTE.TXT 6.3, sections 4.3 and 4.5.
 */
import { UserError } from '../errors.ts';
import type { FileSource } from './file_source.ts';

export interface ZipEntry {
  /** Of the content, in the file. */
  offset: number;
  /** Bytes of the content. */
  size: number;
}

const END = 0x06054b50;
const END_64_LOCATOR = 0x07064b50;
const END_64 = 0x06064b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const MAX_32 = 0xffffffff;
const END_LENGTH = 22;
const LOCAL_LENGTH = 30;
const LONGEST_COMMENT = 0xffff;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const u64 = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));

interface Listed {
  name: string;
  method: number;
  size: number;
  /** Of the local header. */
  header: number;
}

/**
 * Every entry of an archive by its name.
 * @throws UserError where the file is no whole zip archive or an entry is compressed or encrypted.
 */
export async function readZipDirectory(source: FileSource, file: string): Promise<Map<string, ZipEntry>> {
  const where = `${source.where}/${file}`;
  const broken = (what: string): UserError =>
    new UserError(`${where}: not a whole zip archive (${what}): it was cut off or changed; fetch it again.`);
  const total = await source.size(file);
  const { offset, length } = await findDirectory(source, file, total, broken);
  if (offset + length > total) throw broken('its directory lies beyond its end');
  const entries = new Map<string, ZipEntry>();
  for (const { name, method, size, header } of listEntries(await source.read(file, offset, length), broken)) {
    if (method !== 0) {
      throw new UserError(
        `${where}: ${name} is compressed, as torch.save never does: load it in PyTorch and save it again.`,
      );
    }
    if (header + LOCAL_LENGTH > total) throw broken(`${name} lies beyond its end`);
    const local = viewOf(await source.read(file, header, LOCAL_LENGTH));
    if (local.getUint32(0, true) !== LOCAL) throw broken(`${name} is not where it should be`);
    const start = header + LOCAL_LENGTH + local.getUint16(26, true) + local.getUint16(28, true);
    if (start + size > total) throw broken(`${name} lies beyond its end`);
    entries.set(name, { offset: start, size });
  }
  return entries;
}

async function findDirectory(
  source: FileSource,
  file: string,
  total: number,
  broken: (what: string) => UserError,
): Promise<{ offset: number; length: number }> {
  const start = Math.max(0, total - END_LENGTH - LONGEST_COMMENT - 20);
  const tail = viewOf(await source.read(file, start));
  let end = tail.byteLength - END_LENGTH;
  while (end >= 0 && tail.getUint32(end, true) !== END) end--;
  if (end < 0) throw broken('its end is missing');
  const found = { offset: tail.getUint32(end + 16, true), length: tail.getUint32(end + 12, true) };
  if (end < 20 || tail.getUint32(end - 20, true) !== END_64_LOCATOR) return found;
  const at = u64(tail, end - 12);
  if (at + 56 > total) throw broken('its directory lies beyond its end');
  const end64 = viewOf(await source.read(file, at, 56));
  if (end64.getUint32(0, true) !== END_64) throw broken('its 64-bit end is missing');
  return { offset: u64(end64, 48), length: u64(end64, 40) };
}

function* listEntries(directory: Uint8Array, broken: (what: string) => UserError): Generator<Listed> {
  const view = viewOf(directory);
  for (let at = 0; at < view.byteLength; ) {
    if (at + 46 > view.byteLength || view.getUint32(at, true) !== ENTRY) throw broken('its directory is cut off');
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((o) => view.getUint16(at + o, true)) as [
      number,
      number,
      number,
    ];
    const next = at + 46 + nameLength + extraLength + commentLength;
    if (next > view.byteLength) throw broken('its directory is cut off');
    const name = new TextDecoder().decode(directory.subarray(at + 46, at + 46 + nameLength));
    if (view.getUint16(at + 8, true) & 1) throw broken(`${name} is encrypted`);
    const method = view.getUint16(at + 10, true);
    const extra = viewOf(directory.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength));
    const [uncompressed, compressed, header] = large(extra, [
      view.getUint32(at + 24, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 42, true),
    ]);
    if (method === 0 && compressed !== uncompressed) throw broken(`${name} has two sizes`);
    yield { name, method, size: uncompressed!, header: header! };
    at = next;
  }
}

/** Values that don't fit in 32 bits stand in the extra field of tag 1, those alone and in this order. */
function large(extra: DataView, values: number[]): number[] {
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) !== 1) continue;
    let from = at + 4;
    return values.map((value) => {
      if (value !== MAX_32 || from + 8 > extra.byteLength) return value;
      from += 8;
      return u64(extra, from - 8);
    });
  }
  return values;
}
