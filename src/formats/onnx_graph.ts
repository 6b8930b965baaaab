/** Building an ONNX graph: operators by name, parameters stored once in the precision that is asked for. */
import type { ParameterInfo } from './albert_parameters.ts';
import { toHalf } from './float16.ts';
import { dataType, type OnnxAttribute, type OnnxNode, type OnnxTensor, type OnnxType } from './onnx_schema.ts';

/**
 * float32; float16: weights and arithmetic in half precision; int8: matrices as int8 with a float32 scale for each output
 * channel, arithmetic in float32.
 */
export const ONNX_PRECISIONS = ['float32', 'float16', 'int8'] as const;
export type OnnxPrecision = (typeof ONNX_PRECISIONS)[number];

/** A parameter's values, row-major; asked for when they are written. */
export type ReadParameter = (name: string) => Promise<Float32Array> | Float32Array;

export class OnnxGraphBuilder {
  readonly nodes: OnnxNode[] = [];
  readonly #initializers = new Map<string, OnnxTensor>();
  readonly #shapes: Map<string, readonly number[]>;
  readonly #read: ReadParameter;
  readonly #turned = new Set<string>();
  /** Of weights and arithmetic. */
  readonly floats: 'FLOAT' | 'FLOAT16';
  readonly #quantize: boolean;

  constructor(parameters: readonly ParameterInfo[], read: ReadParameter, precision: OnnxPrecision) {
    this.#shapes = new Map(parameters.map(({ name, shape }) => [name, shape]));
    this.#read = read;
    this.floats = precision === 'float16' ? 'FLOAT16' : 'FLOAT';
    this.#quantize = precision === 'int8';
  }

  get initializers(): OnnxTensor[] {
    return [...this.#initializers.values()];
  }

  /** Adds an operator with one output. @returns the output's name, which is the operator's */
  op(
    op: string,
    name: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): string {
    this.nodes.push({ op, name, inputs, outputs: [name], attributes });
    return name;
  }

  /** A conversion to another type. */
  cast(name: string, input: string, type: OnnxType): string {
    return this.op('Cast', name, [input], { to: { int: dataType(type) } });
  }

  #store(tensor: OnnxTensor): string {
    if (!this.#initializers.has(tensor.name)) this.#initializers.set(tensor.name, tensor);
    return tensor.name;
  }

  /** A number, in the precision of the arithmetic. */
  scalar(name: string, value: number): string {
    return this.#store({ name, type: this.floats, shape: [], bytes: () => this.#encode(Float32Array.of(value)) });
  }

  /** A list of whole numbers. */
  integers(name: string, values: readonly number[]): string {
    const data = BigInt64Array.from(values, BigInt);
    return this.#store({ name, type: 'INT64', shape: [values.length], bytes: () => new Uint8Array(data.buffer) });
  }

  /** A parameter as it is: a vector, or a matrix whose rows are looked up. */
  parameter(name: string): string {
    const bytes = async () => this.#encode(await this.#read(name));
    return this.#store({ name, type: this.floats, shape: this.#shapeOf(name), bytes });
  }

  /** A weight [out, in], as [in, out] for MatMul. @param exact never as int8 */
  transposed(name: string, exact?: 'exact'): string {
    const [out, input] = this.#shapeOf(name) as [number, number];
    if (!this.#quantize || exact) {
      const bytes = async () => this.#encode(transpose(await this.#read(name), out, input));
      return this.#store({ name, type: this.floats, shape: [input, out], bytes });
    }
    // One for all layers that share the weight. Turned after it and not before: ONNX Runtime repeats a DequantizeLinear for
    // each operator that takes it, and would hold a copy of the weight for every layer.
    if (!this.#turned.has(name)) {
      const rows = this.#dequantize(`${name}.rows`, this.#quantized(name, 0), 0);
      this.op('Transpose', name, [rows], { perm: { ints: [1, 0] } });
      this.#turned.add(name);
    }
    return name;
  }

  /** Rows of a table [rows, width] by their numbers [batch, length]: [batch, length, width]. */
  lookUp(name: string, table: string, ids: string): string {
    if (!this.#quantize) return this.op('Gather', name, [this.parameter(table), ids], { axis: { int: 0 } });
    // Few rows of the table are needed, so they are looked up first.
    const stored = this.#quantized(table, 1);
    const rows = this.op('Gather', `${name}/int8`, [stored.values, ids], { axis: { int: 0 } });
    return this.#dequantize(name, { ...stored, values: rows }, 2);
  }

  #dequantize(name: string, { values, scales }: { values: string; scales: string }, axis: number): string {
    return this.op('DequantizeLinear', name, [values, scales], { axis: { int: axis } });
  }

  /** A matrix as int8 and a scale for each row (axis 0) or column (axis 1): value = int8 × scale. */
  #quantized(name: string, axis: 0 | 1): { values: string; scales: string } {
    const shape = this.#shapeOf(name);
    const quantized = async () => quantize(await this.#read(name), shape as [number, number], axis);
    const store = (part: string, type: OnnxType, size: readonly number[], bytes: OnnxTensor['bytes']) =>
      this.#store({ name: `${name}.${part}`, type, shape: size, bytes });
    return {
      values: store('int8', 'INT8', shape, async () => bytesOf((await quantized()).integers)),
      scales: store('scale', 'FLOAT', [shape[axis]!], async () => bytesOf((await quantized()).scales)),
    };
  }

  #shapeOf(name: string): readonly number[] {
    const shape = this.#shapes.get(name);
    if (!shape) throw new Error(`there is no parameter ${name}`);
    return shape;
  }

  #encode(values: Float32Array): Uint8Array {
    return bytesOf(this.floats === 'FLOAT16' ? toHalf(values) : values);
  }
}

const bytesOf = (view: ArrayBufferView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

/** [rows, columns] to [columns, rows]. */
function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column]!;
  }
  return result;
}

/** Integers from -127 to 127, and the scale of each row (axis 0) or column (axis 1) of a matrix. */
function quantize(
  values: Float32Array,
  [rows, columns]: readonly [number, number],
  axis: 0 | 1,
): { integers: Int8Array; scales: Float32Array } {
  const scales = new Float32Array(axis === 0 ? rows : columns);
  for (let row = 0, i = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, i++) {
      const channel = axis === 0 ? row : column;
      scales[channel] = Math.max(scales[channel]!, Math.abs(values[i]!));
    }
  }
  // A channel of zeros, or of what is as good as zero, keeps any scale.
  for (const [channel, largest] of scales.entries()) scales[channel] = largest < 1e-30 ? 1 : largest / 127;
  const integers = new Int8Array(values.length);
  for (let row = 0, i = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, i++) {
      integers[i] = Math.round(values[i]! / scales[axis === 0 ? row : column]!);
    }
  }
  return { integers, scales };
}
