/** Opens an adapter in Node through the `webgpu` package (Dawn), and in Deno through its own WebGPU. */
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import process from 'node:process';
import { UsageError, UserError } from '../errors.ts';
import { bundledDriverFits, useBundledDriver } from './bundled_driver_node.ts';
import { type AdapterKind, Gpu, type GpuOptions, isSoftware } from './device.ts';
import { openWebGpu } from './open_web.ts';
import { withQuietStderr } from './quiet_stderr_node.ts';

export const ADAPTER_CHOICES = ['auto', 'gpu', 'cpu', 'bundled'] as const;
export type AdapterChoice = (typeof ADAPTER_CHOICES)[number];

const clock = new Int32Array(new SharedArrayBuffer(4));
/** Dawn's bindings ask for their promises at every turn of the event loop: a sleep a turn frees the core for the driver. */
async function rest(milliseconds: number): Promise<void> {
  Atomics.wait(clock, 0, 0, milliseconds);
  await new Promise<void>((resolve) => setImmediate(resolve));
}

const shaders = new URL('../../shaders/', import.meta.url);
const readShader = (name: string): Promise<string> => readFile(new URL(`${name}.wgsl`, shaders), 'utf8');

/**
 * Opens the best adapter: a real GPU, else a CPU driver that is installed, else the bundled one.
 * @param choice `gpu`, `cpu` or `bundled` insists on that kind. `auto` takes the environment variable
 *   ALBERT_WEBGPU_ADAPTER where it is set.
 * @throws UserError where there is no such adapter.
 */
export async function openGpu(choice: AdapterChoice = 'auto', options: GpuOptions = {}): Promise<Gpu> {
  const wanted = choice === 'auto' ? fromEnvironment() : choice;
  if ('Deno' in globalThis) return openDeno(wanted, options);
  // Mesa's drivers look for it and complain where it is missing.
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  const gpu = await withQuietStderr(() => openDawn(wanted, options));
  gpu.rest = rest;
  return gpu;
}

function fromEnvironment(): AdapterChoice {
  const value = process.env.ALBERT_WEBGPU_ADAPTER ?? 'auto';
  if ((ADAPTER_CHOICES as readonly string[]).includes(value)) return value as AdapterChoice;
  throw new UsageError(`ALBERT_WEBGPU_ADAPTER is "${value}"; it must be one of ${ADAPTER_CHOICES.join(', ')}.`);
}

/** Deno has one adapter to give, which its Vulkan, Metal or D3D12 chose. */
async function openDeno(choice: AdapterChoice, options: GpuOptions): Promise<Gpu> {
  const gpu = await openWebGpu({ ...options, loadShader: readShader });
  const { kind, name } = gpu.adapter;
  if (choice === 'auto' || choice === kind) return gpu;
  gpu.close();
  const mend =
    choice === 'bundled'
      ? 'The bundled one works in Node alone.'
      : 'On Linux, VK_DRIVER_FILES names the drivers that Vulkan may choose from.';
  throw new UserError(`no adapter of kind "${choice}": Deno gives ${name}, of kind "${kind}". ${mend}`);
}

async function openDawn(choice: AdapterChoice, options: GpuOptions): Promise<Gpu> {
  if (choice === 'bundled') return openBundled(options);
  const software = choice === 'cpu';
  if (software) await hideHardwareDrivers();
  const found = await requestInstalled(software && process.platform === 'win32');
  const kind: AdapterKind | undefined = found && (isSoftware(found.adapter) ? 'cpu' : 'gpu');
  if (found && (choice === 'auto' || choice === kind)) {
    return Gpu.open(found.adapter, kind!, readShader, options, found.release);
  }
  found?.release();
  if (choice === 'auto' && bundledDriverFits()) return openBundled(options);
  const there = found
    ? `the only adapter here is ${found.adapter.info.description}, of kind "${kind}"`
    : 'none was found';
  const mend =
    choice === 'cpu'
      ? 'Install a CPU Vulkan driver (Debian and Ubuntu: mesa-vulkan-drivers, version 23 or newer), or use --adapter bundled.'
      : 'Install the driver of your GPU with Vulkan support, or use --adapter cpu or --adapter bundled.';
  throw new UserError(`no adapter of kind "${choice}": ${there}. ${mend}`);
}

async function openBundled(options: GpuOptions): Promise<Gpu> {
  await useBundledDriver();
  const found = await requestInstalled(false);
  if (!found) throw new UserError('the bundled adapter did not start: Vulkan found no device in it.');
  return Gpu.open(found.adapter, 'bundled', readShader, options, found.release);
}

/** Leaves Vulkan's loader only the CPU drivers (Mesa's lavapipe), since Dawn lets nobody choose among a system's adapters. */
async function hideHardwareDrivers(): Promise<void> {
  if (process.platform !== 'linux') return;
  const folders = ['/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/etc/vulkan/icd.d'];
  const lists = await Promise.all(folders.map((f) => readdir(f).catch(() => [])));
  const drivers = lists.flatMap((names, i) =>
    names.filter((n) => n.startsWith('lvp_icd')).map((n) => `${folders[i]}/${n}`),
  );
  if (drivers.length === 0) return;
  process.env.VK_ICD_FILENAMES = drivers.join(':');
  process.env.VK_DRIVER_FILES = drivers.join(':');
}

/** @param fallback asks for the system's own software adapter (Windows has one). */
async function requestInstalled(fallback: boolean): Promise<{ adapter: GPUAdapter; release: () => void } | undefined> {
  const { create } = await loadDawn();
  // The instance must outlive its devices, and must be let go before the program ends, or Dawn crashes at exit.
  // Timestamps to the nanosecond, for profiles: browsers round them against attacks that a script in Node need not fear.
  let instance: GPU | undefined = create(['disable-dawn-features=timestamp_quantization']);
  const adapter = await instance.requestAdapter(
    fallback ? { forceFallbackAdapter: true } : { powerPreference: 'high-performance' },
  );
  const release = () => {
    instance = undefined;
  };
  if (!adapter) release();
  return adapter ? { adapter, release } : undefined;
}

async function loadDawn(): Promise<typeof import('webgpu')> {
  try {
    return await import('webgpu');
  } catch (error) {
    throw new UserError(
      `the npm package "webgpu" does not load on ${process.platform} ${process.arch} ` +
        `(${error instanceof Error ? error.message.split('\n')[0] : error}): run npm ci; on Linux it needs glibc 2.36 or newer ` +
        `(Debian 12, Ubuntu 24.04).`,
    );
  }
}

/** One line about the adapter in use, and what would be faster. */
export function describeAdapter(gpu: Gpu): string {
  const { kind, name } = gpu.adapter;
  const hint = {
    gpu: '',
    cpu: ' (CPU; a GPU with a Vulkan, Metal or D3D12 driver would be faster)',
    bundled:
      " (bundled CPU driver; an installed one, such as Debian's mesa-vulkan-drivers 23+, or a GPU would be faster)",
  }[kind];
  return `adapter: ${name}${hint}`;
}
