/**
 * Writing ONNX files: the few protobuf messages of onnx.proto (onnx/onnx, IR version 8) that a model needs. A tensor's bytes
 * are asked for when its turn comes, so that a large model is never held twice.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { UserError } from '../errors.ts';

/** TensorProto.DataType. */
const DATA_TYPES = { FLOAT: 1, INT8: 3, INT64: 7, FLOAT16: 10 } as const;
const ELEMENT_BYTES = { FLOAT: 4, INT8: 1, INT64: 8, FLOAT16: 2 } as const;
export type OnnxType = keyof typeof DATA_TYPES;
export const dataType = (type: OnnxType): number => DATA_TYPES[type];

export interface OnnxTensor {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly number[];
  /** Little-endian elements, row-major. */
  readonly bytes: () => Promise<Uint8Array> | Uint8Array;
}

/** AttributeProto, as far as it occurs here: an integer, integers, or a float. */
export type OnnxAttribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number };

export interface OnnxNode {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** An input or output; dimensions by name are free. */
export interface OnnxValue {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly (number | string)[];
}

export interface OnnxModel {
  readonly opset: number;
  readonly producer: string;
  readonly graph: {
    readonly name: string;
    readonly nodes: readonly OnnxNode[];
    readonly initializers: readonly OnnxTensor[];
    readonly inputs: readonly OnnxValue[];
    readonly outputs: readonly OnnxValue[];
  };
  readonly metadata: Readonly<Record<string, string>>;
}

const IR_VERSION = 8;
/** Protobuf's readers take no message of 2 GiB or more. */
const LARGEST = 2 ** 31 - 1;
/** For all that is not a tensor's data. */
const ROOM = 16 * 2 ** 20;

/** A message: what `write` puts into it. */
function message(write: (writer: BinaryWriter) => void): Uint8Array {
  const writer = new BinaryWriter();
  write(writer);
  return writer.finish();
}
const bytes = (w: BinaryWriter, field: number, value: Uint8Array) =>
  w.tag(field, WireType.LengthDelimited).bytes(value);
const text = (w: BinaryWriter, field: number, value: string) => w.tag(field, WireType.LengthDelimited).string(value);
const integer = (w: BinaryWriter, field: number, value: number) => w.tag(field, WireType.Varint).int64(value);

function attribute(name: string, value: OnnxAttribute): Uint8Array {
  return message((w) => {
    text(w, 1, name);
    if ('float' in value) {
      w.tag(2, WireType.Bit32).float(value.float);
      integer(w, 20, 1); // AttributeType.FLOAT
    } else if ('int' in value) {
      integer(w, 3, value.int);
      integer(w, 20, 2); // INT
    } else {
      for (const item of value.ints) integer(w, 8, item);
      integer(w, 20, 7); // INTS
    }
  });
}

const node = ({ op, name, inputs, outputs, attributes }: OnnxNode): Uint8Array =>
  message((w) => {
    for (const input of inputs) text(w, 1, input);
    for (const output of outputs) text(w, 2, output);
    text(w, 3, name);
    text(w, 4, op);
    for (const [key, value] of Object.entries(attributes)) bytes(w, 5, attribute(key, value));
  });

const valueInfo = ({ name, type, shape }: OnnxValue): Uint8Array =>
  message((w) => {
    const dimension = (size: number | string) =>
      message((d) => (typeof size === 'number' ? integer(d, 1, size) : text(d, 2, size)));
    const shapeProto = message((s) => {
      for (const size of shape) bytes(s, 1, dimension(size));
    });
    const tensorType = message((t) => bytes(integer(t, 1, DATA_TYPES[type]), 2, shapeProto));
    text(w, 1, name);
    bytes(
      w,
      2,
      message((t) => bytes(t, 1, tensorType)),
    );
  });

const byteLength = ({ type, shape }: OnnxTensor): number => shape.reduce((n, size) => n * size, ELEMENT_BYTES[type]);

/** All of a TensorProto but its raw data, which comes last: its tag and length end this. */
const tensorHead = (tensor: OnnxTensor): Uint8Array =>
  message((w) => {
    for (const size of tensor.shape) integer(w, 1, size);
    integer(w, 2, DATA_TYPES[tensor.type]);
    text(w, 8, tensor.name);
    w.tag(9, WireType.LengthDelimited).uint32(byteLength(tensor)); // raw_data
  });

const lengthOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.length, 0);

/** A file's bytes, piece by piece. @throws UserError where the model is larger than protobuf allows */
export async function* onnxChunks({ opset, producer, graph, metadata }: OnnxModel): AsyncGenerator<Uint8Array> {
  const data = graph.initializers.reduce((sum, tensor) => sum + byteLength(tensor), 0);
  if (data > LARGEST - ROOM) {
    throw new UserError(
      `the model takes ${data} bytes, more than the 2 GiB that an ONNX file can hold: export it as float16 or int8.`,
    );
  }
  const before = message((w) => {
    for (const item of graph.nodes) bytes(w, 1, node(item));
    text(w, 2, graph.name);
  });
  const tensors = graph.initializers.map((tensor) => {
    const head = tensorHead(tensor);
    const opening = message((w) => w.tag(5, WireType.LengthDelimited).uint32(head.length + byteLength(tensor)));
    return { tensor, head: [opening, head], size: opening.length + head.length + byteLength(tensor) };
  });
  const after = message((w) => {
    for (const input of graph.inputs) bytes(w, 11, valueInfo(input));
    for (const output of graph.outputs) bytes(w, 12, valueInfo(output));
  });
  const graphBytes = lengthOf([before, after]) + tensors.reduce((sum, { size }) => sum + size, 0);
  yield message((w) => {
    integer(w, 1, IR_VERSION);
    text(w, 2, producer);
    w.tag(7, WireType.LengthDelimited).uint32(graphBytes);
  });
  yield before;
  for (const { tensor, head } of tensors) {
    yield* head;
    const raw = await tensor.bytes();
    if (raw.length !== byteLength(tensor)) {
      throw new Error(`${tensor.name}: ${raw.length} bytes, expected ${byteLength(tensor)}`);
    }
    yield raw;
  }
  yield after;
  yield message((w) => {
    // The default domain's name is the empty text.
    const operators = message((o) => integer(text(o, 1, ''), 2, opset));
    bytes(w, 8, operators);
    for (const [key, value] of Object.entries(metadata)) {
      bytes(
        w,
        14,
        message((m) => text(text(m, 1, key), 2, value)),
      );
    }
  });
}
