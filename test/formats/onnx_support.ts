/** Reading ONNX files back, and running them where ONNX Runtime is installed. */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** What tests use of onnxruntime-node. */
export interface OnnxRuntime {
  InferenceSession: {
    create(model: Uint8Array, options?: object): Promise<OnnxSession>;
  };
  Tensor: new (type: 'int64', data: BigInt64Array, dims: readonly number[]) => OnnxRuntimeTensor;
}
export interface OnnxRuntimeTensor {
  data: unknown;
  dims: readonly number[];
}
export interface OnnxSession {
  inputNames: readonly string[];
  outputNames: readonly string[];
  run(inputs: Record<string, OnnxRuntimeTensor>): Promise<Record<string, OnnxRuntimeTensor>>;
}

/**
 * ONNX Runtime, or undefined where it is not installed: it unpacks to 290 MB, so it is none of the package's dependencies.
 * `npm install --no-save --ignore-scripts onnxruntime-node` adds it.
 */
export async function onnxRuntime(): Promise<OnnxRuntime | undefined> {
  const name = 'onnxruntime-node';
  return (await import(name).catch(() => undefined)) as OnnxRuntime | undefined;
}

export async function joined(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return new Uint8Array(Buffer.concat(parts));
}

/** A protobuf message's fields: numbers, or bytes, by field number. */
export function fields(bytes: Uint8Array): Map<number, (number | Uint8Array)[]> {
  const found = new Map<number, (number | Uint8Array)[]>();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const value =
      type === WireType.Varint ? Number(reader.int64()) : type === WireType.Bit32 ? reader.float() : reader.bytes();
    found.set(field, [...(found.get(field) ?? []), value]);
  }
  return found;
}

const textOf = (value: number | Uint8Array): string => new TextDecoder().decode(value as Uint8Array);
const texts = (message: Map<number, (number | Uint8Array)[]>, field: number): string[] =>
  (message.get(field) ?? []).map(textOf);
const messages = (message: Map<number, (number | Uint8Array)[]>, field: number) =>
  (message.get(field) ?? []).map((value) => fields(value as Uint8Array));

/** What an ONNX file says of itself, by the field numbers of onnx.proto. */
export function describeOnnx(bytes: Uint8Array) {
  const model = fields(bytes);
  const [graph] = messages(model, 7);
  const values = (field: number) => messages(graph!, field).map((value) => texts(value, 1)[0]!);
  return {
    opset: messages(model, 8)[0]!.get(2)![0],
    nodes: messages(graph!, 1).map((node) => ({
      op: texts(node, 4)[0]!,
      name: texts(node, 3)[0]!,
      inputs: texts(node, 1),
      outputs: texts(node, 2),
    })),
    tensors: messages(graph!, 5).map((tensor) => ({
      name: texts(tensor, 8)[0]!,
      type: tensor.get(2)![0] as number,
      bytes: (tensor.get(9)![0] as Uint8Array).length,
    })),
    inputs: values(11),
    outputs: values(12),
  };
}
