import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Gpu } from '../../src/gpu/device.ts';
import { openGpu } from '../../src/gpu/open_node.ts';
import { fromArguments } from '../../src/settings/settings.ts';
import { resolveSettings } from '../../src/training/resolve.ts';
import { runTraining } from '../../src/training/run_node.ts';
import { TRAINING_SETTINGS } from '../../src/training/settings.ts';

const test = suite('GPU memory of a training run');

/** What the device itself is asked for, whoever asks: bytes held, and all that was made. */
function watch(gpu: Gpu) {
  const seen = { bytes: 0, made: [] as string[] };
  const { device } = gpu;
  const [createBuffer, createTexture, createBindGroup] = [
    device.createBuffer.bind(device),
    device.createTexture.bind(device),
    device.createBindGroup.bind(device),
  ];
  const made = (label: string | undefined, bytes: number) => {
    seen.made.push(label ?? 'unnamed');
    seen.bytes += bytes;
  };
  const own = {
    createBuffer(descriptor: GPUBufferDescriptor) {
      const buffer = createBuffer(descriptor);
      made(descriptor.label, descriptor.size);
      const destroy = buffer.destroy.bind(buffer);
      buffer.destroy = () => {
        seen.bytes -= descriptor.size;
        destroy();
      };
      return buffer;
    },
    createTexture(descriptor: GPUTextureDescriptor) {
      const texture = createTexture(descriptor);
      made(descriptor.label, texture.width * texture.height * 16); // four 32-bit floats
      return texture;
    },
    createBindGroup(descriptor: GPUBindGroupDescriptor) {
      made(descriptor.label, 0);
      return createBindGroup(descriptor);
    },
  };
  Object.assign(device, own);
  return seen;
}

test('what is printed before the first step is held at the end, and steps make nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'albert-webgpu-test-'));
  try {
    const args = [
      '--output-dir',
      join(folder, 'run'),
      '--max-steps',
      '4',
      '--eval-strategy',
      'no',
      '--logging-steps',
      '1',
    ];
    const { values } = fromArguments(TRAINING_SETTINGS, [...args, '--save-steps', '100']);
    let device: ReturnType<typeof watch> | undefined;
    let announced = Number.NaN;
    const madeBySteps: string[] = [];
    const heldAfterSteps: number[] = [];
    let before = 0;
    await runTraining(
      resolveSettings(values, undefined),
      async () => {
        const gpu = await openGpu();
        device = watch(gpu);
        return gpu;
      },
      {
        print: (line) => {
          const memory = /([\d.]+) MB on the GPU/.exec(line);
          if (!memory) return;
          announced = Number(memory[1]) * 1e6;
          before = device!.made.length;
        },
        progress: (line) => {
          if (!line.startsWith('step')) return;
          madeBySteps.push(...device!.made.slice(before));
          before = device!.made.length;
          heldAfterSteps.push(device!.bytes);
        },
      },
      new AbortController().signal,
    );
    assert.ok(heldAfterSteps.length >= 3, `${heldAfterSteps.length} steps told of their progress`);
    assert.equal(madeBySteps, [], 'made in steps');
    const { bytes } = device!;
    for (const [what, held] of Object.entries({ 'after the last step': heldAfterSteps.at(-1)!, 'at the end': bytes })) {
      const off = held / announced - 1;
      assert.ok(Math.abs(off) < 0.05, `${what} ${held} bytes are held; ${announced} were announced`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
test.run();
