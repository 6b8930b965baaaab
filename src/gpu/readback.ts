/** Reading GPU memory back. */
import type { Gpu } from './device.ts';
import { placeOf } from './memory.ts';
import type { Tensor } from './tensor.ts';

const MAP_READ = 0x1 | 0x8; // GPUBufferUsage.MAP_READ | COPY_DST
const READ = 0x1; // GPUMapMode.READ

/** Copies of small results, read some steps later through a ring of staging buffers, in the order they were written. */
export class ReadbackRing {
  readonly #gpu: Gpu;
  readonly #staging: GPUBuffer[];
  readonly #bytes: number;
  #next = 0;

  /** @param depth how many results may be under way at once. */
  constructor(gpu: Gpu, bytes: number, depth: number) {
    this.#gpu = gpu;
    this.#bytes = bytes;
    this.#staging = Array.from({ length: depth }, (_, i) =>
      gpu.device.createBuffer({ label: `readback ${i}`, size: bytes, usage: MAP_READ }),
    );
  }

  /** Adds the copy to `encoder`. The function that comes back reads it; call it after the submit, and before `depth` more. */
  copy(encoder: GPUCommandEncoder, tensor: Tensor): () => Promise<Float32Array> {
    const staging = this.#staging[this.#next++ % this.#staging.length]!;
    const { buffer, offset } = placeOf(tensor);
    encoder.copyBufferToBuffer(buffer, offset, staging, 0, this.#bytes);
    return async () => {
      await mapForReading(this.#gpu, staging, this.#bytes);
      const values = new Float32Array(staging.getMappedRange(0, this.#bytes).slice(0));
      staging.unmap();
      return values;
    };
  }
}

async function mapForReading(gpu: Gpu, staging: GPUBuffer, bytes: number): Promise<void> {
  try {
    await gpu.settled(staging.mapAsync(READ, 0, bytes));
  } catch (error) {
    gpu.check(); // a lost device says more than the failed map
    throw error;
  }
  gpu.check();
}

/** Reads a whole tensor. For results and checkpoints; in a training step use a ReadbackRing. */
export async function readTensor(gpu: Gpu, tensor: Tensor): Promise<Float32Array<ArrayBuffer>> {
  return new Float32Array(await readBytes(gpu, tensor));
}

/** As readTensor, for a tensor of u32 or i32. */
export async function readBytes(gpu: Gpu, tensor: Tensor): Promise<ArrayBuffer> {
  const { buffer, offset } = placeOf(tensor);
  const bytes = tensor.byteLength;
  const staging = gpu.device.createBuffer({ label: `read ${tensor.label}`, size: bytes, usage: MAP_READ });
  const encoder = gpu.device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, offset, staging, 0, bytes);
  gpu.device.queue.submit([encoder.finish()]);
  await mapForReading(gpu, staging, bytes);
  const copy = staging.getMappedRange().slice(0);
  staging.destroy();
  return copy;
}
