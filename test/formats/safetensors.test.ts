import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../src/errors.ts';
import { memorySource } from '../../src/formats/file_source.ts';
import {
  readSafetensors,
  safetensorsChunks,
  type TensorInfo,
  toFloat32,
  toInt32,
  writeSafetensors,
} from '../../src/formats/safetensors.ts';
import { openSafetensors } from '../../src/formats/weights.ts';

const test = suite('safetensors');

/** A file with this header and so many bytes of data. */
function file(header: string | object, data: Uint8Array | number = 0): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const content = typeof data === 'number' ? new Uint8Array(data) : data;
  const bytes = new Uint8Array(8 + json.length + content.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(content, 8 + json.length);
  return bytes;
}
const tensor = (dtype: string, shape: unknown, ...offsets: unknown[]) => ({ dtype, shape, data_offsets: offsets });
const bytesOf = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

function refused(bytes: Uint8Array, ...expected: RegExp[]): void {
  try {
    readSafetensors(bytes, 'x.safetensors');
  } catch (error) {
    assert.instance(error, UserError);
    for (const pattern of [/^x\.safetensors: /, ...expected]) assert.match((error as Error).message, pattern);
    return;
  }
  assert.unreachable(`accepted; expected ${expected}`);
}

test('numbers of every dtype: bits known from IEEE 754', () => {
  const half = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0xfc00, 0x8000, 0x0400);
  assert.equal(
    [...toFloat32({ dtype: 'F16', shape: [8], bytes: bytesOf(half) })],
    [1, -2, 2 ** -24, 65504, Infinity, -Infinity, -0, 2 ** -14],
  );
  assert.ok(Number.isNaN(toFloat32({ dtype: 'F16', shape: [1], bytes: bytesOf(Uint16Array.of(0x7e00)) })[0]));
  const brain = Uint16Array.of(0x3f80, 0xc000, 0x4049, 0x7f80);
  assert.equal([...toFloat32({ dtype: 'BF16', shape: [4], bytes: bytesOf(brain) })], [1, -2, 3.140625, Infinity]);
  const double = Float64Array.of(0.5, -1e300, 1 / 3);
  assert.equal(
    [...toFloat32({ dtype: 'F64', shape: [3], bytes: bytesOf(double) })],
    [0.5, -Infinity, Math.fround(1 / 3)],
  );
  const long = BigInt64Array.of(-100n, 2n ** 31n - 1n);
  assert.equal([...toInt32({ dtype: 'I64', shape: [2], bytes: bytesOf(long) })], [-100, 2 ** 31 - 1]);
  assert.equal([...toInt32({ dtype: 'BOOL', shape: [2], bytes: Uint8Array.of(1, 0) })], [1, 0]);
  assert.throws(() => toFloat32({ dtype: 'I64', shape: [1], bytes: new Uint8Array(8) }), /a tensor of I64/);
});

test('float32 is a view where it lies at a multiple of 4 bytes, and right where it does not', () => {
  for (const gap of [0, 1, 2, 3]) {
    const buffer = new Uint8Array(16);
    buffer.set(bytesOf(Float32Array.of(1.5, -2.25)), gap);
    const bytes = buffer.subarray(gap, gap + 8);
    const values = toFloat32({ dtype: 'F32', shape: [2], bytes });
    assert.equal([...values], [1.5, -2.25]);
    assert.is(values.buffer === buffer.buffer, gap === 0);
  }
});

test('what is written is read again: names, shapes, metadata, scalars, empty tensors', () => {
  const tensors = new Map([
    ['weiß.weight "1"', { shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) }],
    ['scalar', { shape: [], values: Float32Array.of(7) }],
    ['empty', { shape: [0, 4], values: new Float32Array(0) }],
  ]);
  const bytes = writeSafetensors(tensors, { format: 'pt' });
  const read = readSafetensors(bytes);
  assert.equal(read.metadata, { format: 'pt' });
  assert.equal([...read.tensors.keys()].sort(), [...tensors.keys()].sort());
  for (const [name, { shape, values }] of tensors) {
    assert.equal(read.tensors.get(name)!.shape, shape);
    assert.equal(toFloat32(read.tensors.get(name)!), values);
  }
  assert.is((8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))) % 8, 0, 'data begins at a multiple of 8');
});

test('written piece by piece, it is the same file, and each tensor is asked for once, in order', async () => {
  const tensors = new Map([
    ['b', { shape: [2], values: Float32Array.of(1, 2) }],
    ['a', { shape: [1, 1], values: Float32Array.of(3) }],
  ]);
  const asked: string[] = [];
  const infos = [...tensors].map(([name, { shape }]) => [name, { dtype: 'F32', shape } as TensorInfo] as const);
  const read = (name: string) => {
    asked.push(name);
    return tensors.get(name)!.values;
  };
  const pieces: Uint8Array[] = [];
  for await (const piece of safetensorsChunks(infos, read)) pieces.push(piece);
  assert.equal(new Uint8Array(Buffer.concat(pieces)), writeSafetensors(tensors));
  assert.equal(asked, ['b', 'a']);
});

test('a tensor is read without the rest of the file', async () => {
  const bytes = writeSafetensors(
    new Map([
      ['first', { shape: [1000], values: new Float32Array(1000) }],
      ['second', { shape: [2], values: Float32Array.of(5, 6) }],
    ]),
  );
  const memory = memorySource({ 'model.safetensors': bytes });
  let most = 0;
  const source: typeof memory = {
    ...memory,
    read: async (name, offset, length) => {
      const part = await memory.read(name, offset, length);
      most = Math.max(most, part.length);
      return part;
    },
  };
  const weights = await openSafetensors(source, 'model.safetensors');
  assert.equal([...(await weights.read('second'))], [5, 6]);
  assert.ok(most < 1000, `${most} bytes at once`);
});

test('faults in a header: every one of them in one error', () => {
  refused(
    file(
      {
        a: tensor('F32', [2], 0, 8),
        b: tensor('F33', [1], 8, 12),
        c: tensor('F32', [-1], 12, 16),
        d: tensor('F32', [3], 16, 20),
        e: 'tensor',
        toString: tensor('toString', [1], 0, 4),
      },
      20,
    ),
    /b has the unknown dtype "F33"/,
    /c has no valid shape/,
    /d \[3\] of F32 does not fit its bytes 16 to 20/,
    /e has the unknown dtype undefined/,
    /toString has the unknown dtype "toString"/,
  );
});
test('overlaps, holes, and data that is too short or too long', () => {
  refused(file({ a: tensor('U8', [4], 0, 4), b: tensor('U8', [4], 2, 6) }, 6), /b begins at byte/);
  refused(file({ a: tensor('U8', [4], 0, 4), b: tensor('U8', [4], 6, 10) }, 10), /b begins at byte/);
  refused(file({ a: tensor('U8', [4], 2, 6) }, 6), /a begins at byte/);
  refused(file({ a: tensor('U8', [4], 0, 4) }, 5), /the tensors end at byte \d+ of \d+/);
  refused(file({ a: tensor('U8', [4], 0, 4) }, 3), /the tensors end at byte/);
  refused(file({ a: tensor('U8', [2], -2, 0) }, 2), /does not fit its bytes -2 to 0/);
  refused(file({ a: tensor('U8', [1], 0) }, 1), /does not fit/);
});
test('a name that stands twice, also where it is written in two ways', () => {
  refused(
    file(
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\\u0061":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
      1,
    ),
    /a stands twice/,
  );
  // Keys of the tensors' own objects and of the metadata don't count.
  readSafetensors(
    file('{"__metadata__":{"shape":"a","dtype":"b"},"shape":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1),
  );
});
test('what is no header', () => {
  for (const header of ['[]', 'null', '{"a":', '"text"', '12']) refused(file(header), /the header is not JSON/);
  refused(file({ __metadata__: { epoch: 3 } }), /__metadata__ is not a map from texts to texts/);
  const latin = file('{"a":1}');
  latin[10] = 0xe4;
  refused(latin, /the header is not JSON/);
});
test('files of another kind', () => {
  const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n';
  refused(new TextEncoder().encode(pointer), /do not begin with the length of a header/, /Git LFS pointer/);
  refused(new Uint8Array(0), /its 0 bytes/);
  refused(file({ a: tensor('U8', [100], 0, 100) }, 100).subarray(0, 20), /cut off/);
});
test('the empty file of no tensors is one', () => assert.is(readSafetensors(file('{}')).tensors.size, 0));
test.run();
