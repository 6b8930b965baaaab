/** The weights of a model folder, in whichever of the forms that transformers knows they are. */
import { UserError } from '../errors.ts';
import { checkFileName, type FileSource, readJsonFile } from './file_source.ts';
import { openPytorch } from './pytorch_weights.ts';
import { headerBytes, readSafetensorsHeader, type TensorInfo } from './safetensors.ts';
import { openTensorflow } from './tensorflow_weights.ts';
import { type StoredTensor, storedWeights, type WeightSource } from './weight_source.ts';

type Open = (source: FileSource, file: string) => Promise<WeightSource>;

const FORMS: readonly (readonly [string, Open])[] = [
  ['model.safetensors', openSafetensors],
  ['model.safetensors.index.json', (source, file) => openShards(source, file, openSafetensors)],
  ['pytorch_model.bin', openPytorch],
  ['pytorch_model.bin.index.json', (source, file) => openShards(source, file, openPytorch)],
  ['tf_model.h5', openTensorflow],
];

/** Files that weights are looked for in, in the order in which transformers takes them; an index names the shards. */
export const WEIGHT_FILES: readonly string[] = FORMS.map(([file]) => file);

/** Opens a safetensors file: its header is read, and tensors when they are asked for. */
export async function openSafetensors(source: FileSource, file: string): Promise<WeightSource> {
  const where = `${source.where}/${file}`;
  const size = await source.size(file);
  const length = headerBytes(await source.read(file, 0, Math.min(8, size)), size, where);
  const { tensors } = readSafetensorsHeader(await source.read(file, 0, length), size, where);
  const stored = [...tensors].map(([name, { dtype, shape, begin }]): [string, StoredTensor] => [
    name,
    { dtype, shape, file, offset: begin },
  ]);
  return storedWeights(source, 'safetensors', [file], new Map(stored));
}

/** Opens every shard that an index lists. @throws UserError that lists what the shards lack. */
async function openShards(source: FileSource, index: string, open: Open): Promise<WeightSource> {
  const where = `${source.where}/${index}`;
  const json = await readJsonFile(source, index);
  const map = (json as { weight_map?: unknown } | null)?.weight_map;
  const entries = Object.entries(typeof map === 'object' && map !== null ? map : {}) as [string, unknown][];
  if (entries.length === 0 || !entries.every(([, file]) => typeof file === 'string')) {
    throw new UserError(`${where} lists no shards: expected {"weight_map": {"tensor": "file", …}}.`);
  }
  const files = [...new Set(entries.map(([, file]) => file as string))].sort();
  for (const file of files) checkFileName(file, where);
  const there = new Set(await source.list());
  const absent = files.filter((file) => !there.has(file));
  if (absent.length > 0) {
    throw new UserError(`${source.where} lacks ${absent.join(', ')}, which ${index} lists: fetch what is missing.`);
  }
  const shards = new Map<string, WeightSource>();
  for (const file of files) shards.set(file, await open(source, file));
  const holders = entries.map(([name, file]) => [name, shards.get(file as string)!] as const);
  const lacking = holders.filter(([name, shard]) => !shard.tensors.has(name));
  if (lacking.length > 0) {
    const list = lacking.map(([name, shard]) => `${name} is not in ${shard.files[0]}`);
    throw new UserError(`${where} does not fit its shards: ${list.join('; ')}.`);
  }
  const tensors = new Map<string, TensorInfo>(holders.map(([name, shard]) => [name, shard.tensors.get(name)!]));
  const holderOf = new Map(holders);
  return {
    format: `${shards.get(files[0]!)!.format}, ${files.length} ${files.length === 1 ? 'shard' : 'shards'}`,
    files,
    tensors,
    read: (name) => holderOf.get(name)!.read(name),
    close() {
      for (const shard of shards.values()) shard.close();
    },
  };
}

/** What people have in place of weights that can be read, and what to do with it. */
function advice(names: readonly string[]): string {
  if (names.some((name) => /\.ckpt(-\w+)?\.(index|meta|data-.*)$|^checkpoint$/.test(name))) {
    return (
      " A TensorFlow checkpoint as Google published ALBERT has to be converted first: transformers 4's " +
      'convert_albert_original_tf_checkpoint_to_pytorch does it.'
    );
  }
  if (names.includes('flax_model.msgpack')) {
    return ' Flax weights have to be converted first, with from_pretrained(…, from_flax=True) in transformers 4.';
  }
  const other = names.find((name) => /\.(safetensors|bin|h5)$/.test(name));
  return other ? ` There is ${other}: has it another name than it should?` : '';
}

/**
 * Opens the weights of a model folder.
 * @throws UserError where there are none, or their file is faulty
 */
export async function openWeights(source: FileSource): Promise<WeightSource> {
  const names = await source.list();
  const form = FORMS.find(([file]) => names.includes(file));
  if (form) return form[1](source, form[0]);
  throw new UserError(`${source.where} has no weights: expected ${WEIGHT_FILES.join(', ')}.${advice(names)}`);
}
