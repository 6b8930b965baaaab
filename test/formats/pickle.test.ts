import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../src/errors.ts';
import { memorySource } from '../../src/formats/file_source.ts';
import { unpickle } from '../../src/formats/pickle.ts';
import { openPytorch } from '../../src/formats/pytorch_weights.ts';
import { storedZip } from './zip_support.ts';

const test = suite('pickle');

/** Texts are ASCII, numbers bytes. */
const bytes = (...parts: (string | number)[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [...part].map((c) => c.charCodeAt(0)) : [part])));
const none = { names: new Map(), where: 'x.bin' };
const value = (...parts: (string | number)[]): unknown => unpickle(bytes(...parts), none).value;

test('what pickle.dumps wrote', () => {
  // x = 'x' and b'x'; pickle.dumps({'a': [1, -2, 70000, 2**70, 0.5, None, True], 'ä': (x, ('y',), {})}, protocol)
  const written = {
    2: '80027d71002858010000006171015d7102284b014afeffffff4a701101008a09000000000000000040473fe00000000000004e88655802000000c3a47103580100000078710458010000007971058571067d7107877108752e',
    4: '80049542000000000000007d94288c0161945d94284b014afeffffff4a701101008a09000000000000000040473fe00000000000004e88658c02c3a494430178948c01799485947d948794752e',
  };
  for (const [protocol, hex] of Object.entries(written)) {
    const dumped = new Uint8Array(Buffer.from(hex, 'hex'));
    const map = unpickle(dumped, none).value as Map<string, unknown[]>;
    assert.equal(map.get('a'), [1, -2, 70000, 2n ** 70n, 0.5, null, true]);
    const [x, y, dict] = map.get('ä')!;
    assert.equal([y, dict], [['y'], new Map()]);
    assert.equal(x, protocol === '4' ? Uint8Array.of(0x78) : 'x');
  }
});
test('one object in two places is one object', () => {
  // x = []; pickle.dumps([x, x])
  const [a, b] = value(0x80, 2, ']q', 0, '(]q', 1, 'h', 1, 'e.') as [unknown, unknown];
  assert.is(a, b);
});

/** Pickles that would run something when Python reads them. */
const MALICIOUS: Record<string, Uint8Array> = {
  // what object.__reduce__ gives: os.system('touch owned')
  'posix.system': bytes(0x80, 2, 'cposix\nsystem\nX', 11, 0, 0, 0, 'touch owned', 0x85, 'R.'),
  'builtins.eval': bytes(0x80, 4, 0x8c, 8, 'builtins', 0x8c, 4, 'eval', 0x93, 0x8c, 3, '1+1', 0x85, 'R.'),
  '__builtin__.getattr': bytes(0x80, 2, 'c__builtin__\ngetattr\n.'),
  'torch.load': bytes(0x80, 2, 'ctorch\nload\n.'),
  'torch._utils.os.system': bytes(0x80, 2, 'ctorch._utils\nos.system\n.'),
  'constructor.constructor': bytes(0x80, 2, 'cconstructor\nconstructor\n.'),
  'subprocess.Popen': bytes(0x80, 2, 'csubprocess\nPopen\n)', 0x81, '.'),
};
async function refusedFile(content: Uint8Array<ArrayBuffer>, pattern: RegExp): Promise<void> {
  try {
    await openPytorch(memorySource({ 'pytorch_model.bin': content }, 'evil'), 'pytorch_model.bin');
  } catch (error) {
    assert.instance(error, UserError);
    assert.match((error as Error).message, pattern);
    return;
  }
  assert.unreachable('accepted');
}
const named = (name: string) =>
  new RegExp(`^evil/pytorch_model\\.bin: its pickle names "${name.replaceAll('.', '\\.')}".*refused`);
for (const [name, pickle] of Object.entries(MALICIOUS)) {
  test(`a name that tensors do not need is refused, in every form of file: ${name}`, async () => {
    await refusedFile(storedZip({ 'archive/data.pkl': pickle, 'archive/version': bytes('3\n') }), named(name));
    const head = bytes(
      0x80,
      2,
      0x8a,
      10,
      0x6c,
      0xfc,
      0x9c,
      0x46,
      0xf9,
      0x20,
      0x6a,
      0xa8,
      0x50,
      0x19,
      '.',
      0x80,
      2,
      'M',
      0xe9,
      3,
      '.',
    );
    const system = bytes(0x80, 2, '}X', 13, 0, 0, 0, 'little_endian', 0x88, 's.');
    await refusedFile(Uint8Array.from([...head, ...system, ...pickle]), named(name));
    await refusedFile(Uint8Array.from(pickle), named(name)); // where the magic number should be
  });
}
test('a storage, which is only a name, is not called', async () => {
  const pickle = bytes(0x80, 2, 'ctorch\nFloatStorage\n)R.');
  await refusedFile(storedZip({ 'archive/data.pkl': pickle }), /it calls torch\.FloatStorage/);
  await refusedFile(
    storedZip({ 'archive/data.pkl': bytes(0x80, 2, ')', ')R.') }),
    /calls something that is no function/,
  );
});
test('a tensor cannot reach beyond its storage', async () => {
  const tensor = (...sizes: (string | number)[]) =>
    bytes(
      0x80,
      2,
      '}X',
      1,
      0,
      0,
      0,
      'wctorch._utils\n_rebuild_tensor_v2\n((X',
      7,
      0,
      0,
      0,
      'storagectorch\nFloatStorage\n',
      'X',
      1,
      0,
      0,
      0,
      '0X',
      3,
      0,
      0,
      0,
      'cpuK',
      4,
      'tQ',
      ...sizes,
      0x89,
      '}tRs.',
    ); // prettier-ignore
  const archive = (pickle: Uint8Array, size = 16) =>
    storedZip({ 'a/data.pkl': pickle, 'a/data/0': new Uint8Array(size) });
  const open = (content: Uint8Array<ArrayBuffer>) => openPytorch(memorySource({ f: content }), 'f');
  const weights = await open(archive(tensor('K', 1, 'K', 3, 0x85, 'K', 1, 0x85)));
  assert.equal(weights.tensors.get('w')!.shape, [3]);
  assert.is((await weights.read('w')).length, 3);
  await refusedFile(archive(tensor('K', 2, 'K', 3, 0x85, 'K', 1, 0x85)), /reaches beyond its storage of 4 elements/);
  await refusedFile(archive(tensor('K', 0, 'K', 3, 0x85, 'K', 2, 0x85)), /reaches beyond/);
  await refusedFile(archive(tensor('K', 0, 'J', 255, 255, 255, 255, 0x85, 'K', 1, 0x85)), /not made of a storage/);
  await refusedFile(archive(tensor('K', 0, 'K', 4, 0x85, 'K', 1, 0x85), 15), /storage 0 is missing or too short/);
});
test('malformed pickles end in a message', () => {
  const refused = (pattern: RegExp, ...parts: (string | number)[]) => {
    try {
      value(...parts);
    } catch (error) {
      assert.instance(error, UserError, String(error));
      assert.match((error as Error).message, pattern);
      return;
    }
    assert.unreachable(String(pattern));
  };
  refused(/ends within its pickle/, 0x80, 2, 'X', 255, 255, 255, 127, 'a');
  refused(/ends within its pickle/, 0x80, 2, 'ctorch');
  refused(/ends within its pickle/);
  refused(/stack runs empty/, '.');
  refused(/a mark is missing/, 't.');
  refused(/its value 7, which is not there/, 'h', 7, '.');
  refused(/operation on a dict finds none/, 'K', 1, 'K', 2, 'K', 3, 's.');
  refused(/operation on a list finds none/, 'K', 1, 'K', 2, 'a.');
  refused(/refers to something outside/, 'K', 1, 'Q.');
  refused(/opcode 0x69/, 'i');
  refused(/protocol 9/, 0x80, 9);
});
test.run();
