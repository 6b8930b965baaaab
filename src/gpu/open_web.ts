/** Opens the adapter that `navigator.gpu` gives: browsers and Deno. */
import { UserError } from '../errors.ts';
import { Gpu, type GpuOptions, isSoftware } from './device.ts';
import { fetchShader } from './shaders.ts';

/**
 * @throws UserError where the runtime has no WebGPU or gives no adapter.
 */
export async function openWebGpu(
  options: GpuOptions & { loadShader?: (name: string) => Promise<string> } = {},
): Promise<Gpu> {
  const gpu = globalThis.navigator?.gpu as GPU | undefined;
  if (!gpu) {
    throw new UserError(
      'this runtime has no navigator.gpu. WebGPU needs a page served over https or from localhost, in Chrome or Edge 113+, ' +
        'Safari 26+, Firefox 141+ or Deno 2.',
    );
  }
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw new UserError(
      'Deno' in globalThis
        ? 'WebGPU gives no adapter here: Deno needs a Vulkan driver on Linux (Debian and Ubuntu: mesa-vulkan-drivers).'
        : 'WebGPU gives no adapter here: hardware acceleration may be switched off, or the driver be missing or not trusted. ' +
            'Chrome on Linux may need to be started with --enable-unsafe-webgpu --enable-features=Vulkan.',
    );
  }
  const kind = isSoftware(adapter) ? 'cpu' : 'gpu';
  return Gpu.open(adapter, kind, options.loadShader ?? fetchShader, options);
}
