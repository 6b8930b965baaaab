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
export type ReadParameter = (name: string) => Float32Array;

export class OnnxGraphBuilder {
  readonly nodes: OnnxNode[] = [];
  readonly #initializers = new Map<string, OnnxTensor>();
  readonly #shapes: Map<string, readonly number[]>;
  readonly #read: ReadParameter;
  readonly #dequantized = new Set<string>();
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
    const bytes = () => this.#encode(this.#read(name));
    return this.#store({ name, type: this.floats, shape: this.#shapeOf(name), bytes });
  }

  /** A weight [out, in], as [in, out] for MatMul. @param exact never as int8 */
  transposed(name: string, exact?: 'exact'): string {
    const [out, input] = this.#shapeOf(name) as [number, number];
    const read = () => transpose(this.#read(name), out, input);
    const shape = [input, out];
    if (!this.#quantize || exact) {
      return this.#store({ name, type: this.floats, shape, bytes: () => this.#encode(read()) });
    }
    const stored = this.#quantized(name, shape, read);
    // One for all layers that share the weight.
    if (!this.#dequantized.has(name)) this.#dequantize(name, stored, 1);
    this.#dequantized.add(name);
    return name;
  }

  /** Rows of a table [rows, width] by their numbers [batch, length]: [batch, length, width]. */
  lookUp(name: string, table: string, ids: string): string {
    if (!this.#quantize) return this.op('Gather', name, [this.parameter(table), ids], { axis: { int: 0 } });
    // Few rows of the table are needed, so they are looked up first.
    const stored = this.#quantized(table, this.#shapeOf(table), () => this.#read(table));
    const rows = this.op('Gather', `${name}/int8`, [stored.values, ids], { axis: { int: 0 } });
    return this.#dequantize(name, { ...stored, values: rows }, 2);
  }

  #dequantize(name: string, { values, scales }: { values: string; scales: string }, axis: number): string {
    return this.op('DequantizeLinear', name, [values, scales], { axis: { int: axis } });
  }

  /** A matrix [rows, channels] as int8 and a scale for each channel: value = int8 × scale. */
  #quantized(name: string, shape: readonly number[], read: () => Float32Array): { values: string; scales: string } {
    const [rows, channels] = shape as [number, number];
    const scalesOf = (values: Float32Array) => {
      const largest = new Float32Array(channels);
      for (let row = 0, i = 0; row < rows; row++) {
        for (let c = 0; c < channels; c++, i++) largest[c] = Math.max(largest[c]!, Math.abs(values[i]!));
      }
      // A channel of zeros, or of what is as good as zero, keeps any scale.
      return largest.map((size) => (size < 1e-30 ? 1 : size / 127));
    };
    const quantize = () => {
      const values = read();
      const scales = scalesOf(values);
      const integers = new Int8Array(values.length);
      for (let row = 0, i = 0; row < rows; row++) {
        for (let c = 0; c < channels; c++, i++) integers[i] = Math.round(values[i]! / scales[c]!);
      }
      return integers;
    };
    return {
      values: this.#store({ name: `${name}.int8`, type: 'INT8', shape, bytes: () => bytesOf(quantize()) }),
      scales: this.#store({
        name: `${name}.scale`,
        type: 'FLOAT',
        shape: [channels],
        bytes: () => bytesOf(scalesOf(read())),
      }),
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
