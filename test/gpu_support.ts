/** One device for all tests over the GPU, and what single-operator tests share. */
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import * as assert from 'uvu/assert';
import { readSafetensors, toFloat32, toInt32 } from '../src/formats/safetensors.ts';
import type { Gpu } from '../src/gpu/device.ts';
import { createTensor, uploadTensor } from '../src/gpu/memory.ts';
import { describeAdapter, openGpu } from '../src/gpu/open_node.ts';
import { Plan } from '../src/gpu/plan.ts';
import { readTensor } from '../src/gpu/readback.ts';
import type { Tensor } from '../src/gpu/tensor.ts';
import { BatchBuffers, packSequences } from '../src/kernels/batch.ts';
import { reference } from './support.ts';

let opened: Promise<Gpu> | undefined;

/** The device of this test run: the adapter that ALBERT_WEBGPU_ADAPTER names, else the best there is. */
export function testGpu(): Promise<Gpu> {
  opened ??= openGpu().then((gpu) => {
    process.stdout.write(`${describeAdapter(gpu)}\n`);
    return gpu;
  });
  return opened;
}

/** Lets the device go, so that the process can end. */
export async function closeTestGpu(): Promise<void> {
  (await opened)?.close();
  opened = undefined;
}

/** A safetensors file of reference values for a kernel. */
export class Case {
  readonly facts: Record<string, unknown>;
  readonly errors: Record<string, number>;
  readonly #file: ReturnType<typeof readSafetensors>;

  constructor(bytes: Uint8Array) {
    this.#file = readSafetensors(bytes);
    this.facts = Object.fromEntries(
      Object.entries(this.#file.metadata)
        .filter(([key]) => key !== 'made_by')
        .map(([key, value]) => [key, JSON.parse(value) as unknown]),
    );
    this.errors = (this.facts.float32_max_error ?? {}) as Record<string, number>;
  }

  shape(name: string): number[] {
    return this.#tensor(name).shape;
  }

  has(name: string): boolean {
    return this.#file.tensors.has(name);
  }

  values(name: string): Float32Array<ArrayBuffer> {
    return Float32Array.from(toFloat32(this.#tensor(name)));
  }

  integers(name: string): Int32Array<ArrayBuffer> {
    return Int32Array.from(toInt32(this.#tensor(name)));
  }

  #tensor(name: string) {
    const tensor = this.#file.tensors.get(name);
    if (!tensor) throw new Error(`the case has no tensor ${name}`);
    return tensor;
  }

  /** |got − want| <= 16 × PyTorch's own float32 error + 1e-6 × max|want|, for every element. */
  check(name: string, got: Float32Array): void {
    const want = this.values(name);
    close(name, got, want, 16 * (this.errors[name] ?? 0) + 1e-6 * maxAbs(want));
  }
}

export const maxAbs = (values: Float32Array): number => values.reduce((m, v) => Math.max(m, Math.abs(v)), 0);

/** Asserts that no element of `got` is further than `tolerance` from `want`. */
export function close(name: string, got: Float32Array, want: ArrayLike<number>, tolerance: number): void {
  assert.is(got.length, want.length, `${name}: length`);
  for (let i = 0; i < got.length; i++) {
    const distance = Math.abs(got[i]! - want[i]!);
    // Not "> tolerance": NaN must fail.
    if (!(distance <= tolerance)) {
      assert.unreachable(`${name}[${i}]: got ${got[i]}, want ${want[i]}, off by ${distance}, allowed ${tolerance}`);
    }
  }
}

/** The sizes that reference values exist in; `wide` only where REFERENCE names a folder that has it. */
export const SIZES = ['small', 'odd', 'wide'] as const;

/** The case `kernels/<name>.<size>.safetensors`, or undefined where there is none. */
export async function kernelCase(name: string, size: string): Promise<Case | undefined> {
  const file = reference(`kernels/${name}.${size}.safetensors`);
  return file === undefined ? undefined : new Case(new Uint8Array(await readFile(file)));
}

/** Sequences of the given lengths as a batch on the GPU; ids are 0 unless given. */
export function batchOf(
  gpu: Gpu,
  lengths: readonly number[],
  options: { capacity?: number; labels?: Int32Array; ids?: Int32Array; types?: Int32Array; seed?: number } = {},
): BatchBuffers {
  let start = 0;
  const sequences = lengths.map((length) => {
    const part = (values?: Int32Array) => values?.subarray(start, start + length) ?? new Int32Array(length);
    const sequence = {
      ids: part(options.ids),
      typeIds: part(options.types),
      labels: options.labels ? part(options.labels) : new Int32Array(length).fill(-100),
    };
    start += length;
    return sequence;
  });
  const tables = { words: 4096, positions: 512, types: 4 };
  const batch = new BatchBuffers(gpu, options.capacity ?? start, tables);
  batch.write(packSequences(sequences), { seed: options.seed ?? 0, step: 0 });
  return batch;
}

/** Uploads values; `shape` defaults to one axis. */
export const upload = (
  gpu: Gpu,
  label: string,
  values: Float32Array<ArrayBuffer>,
  shape: readonly number[] = [values.length],
): Tensor => uploadTensor(gpu, label, shape, values);

export { createTensor };

/** Records, builds and runs a plan once, and reads what `record` returns. */
export async function runOnce<T extends Record<string, Tensor>>(
  gpu: Gpu,
  record: (plan: Plan) => T,
): Promise<{ [K in keyof T]: Float32Array<ArrayBuffer> }> {
  const plan = new Plan(gpu);
  const outputs = record(plan);
  for (const tensor of Object.values(outputs)) plan.keep(tensor);
  const built = await plan.build();
  const encoder = gpu.device.createCommandEncoder();
  built.encode(encoder);
  gpu.device.queue.submit([encoder.finish()]);
  const results: Record<string, Float32Array<ArrayBuffer>> = {};
  for (const [name, tensor] of Object.entries(outputs)) results[name] = await readTensor(gpu, tensor);
  return results as { [K in keyof T]: Float32Array<ArrayBuffer> };
}
