/** Node as TensorFlow.js's WebGPU backend wants it: with a navigator that has a gpu, and a window. Import it before the backend. */
import { tmpdir } from 'node:os';
import process from 'node:process';
import { create, globals } from 'webgpu';

process.env.XDG_RUNTIME_DIR ??= tmpdir();
export const gpu = create([]);
Object.assign(globalThis, globals, { window: globalThis, WorkerGlobalScope: class {} });
Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { gpu, userAgent: 'node' } });
