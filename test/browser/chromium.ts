/** An installed Chromium, and what a page says that is opened in it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { type ExampleServer, serveExample } from '../../examples/browser/server.ts';

/** CHROME_PATH, or the first Chromium on the PATH. */
export function findChromium(): string | undefined {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];
  const onPath = (process.env.PATH ?? '').split(delimiter).flatMap((dir) => names.map((name) => join(dir, name)));
  return [process.env.CHROME_PATH ?? '', ...onPath].find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return file !== '';
    } catch {
      return false;
    }
  });
}

/** Switches for WebGPU on the SwiftShader that Chromium brings. */
export const WITH_WEBGPU = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];

export interface Visit {
  chromium: string;
  /** Folder of the model that the example serves. */
  model: string;
  /** Pages and scripts beside the example's own, by path; `/user.html` is opened. */
  pages: Readonly<Record<string, string>>;
  switches?: readonly string[];
  /** Name that the page is opened under. */
  host?: string;
  /** Paths that the server breaks the connection on. */
  broken?: readonly string[];
}

/** The browser's helpers outlive it for a moment and still write, so that a folder just emptied may be empty no more. */
async function removeProfile(profile: string): Promise<void> {
  for (let left = 50; ; left--) {
    try {
      return rmSync(profile, { recursive: true, force: true });
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Opens `/user.html` beside the example and returns the JSON that the page posts to `/seen`. */
export async function visit<T>({
  chromium,
  model,
  pages,
  switches = WITH_WEBGPU,
  host = '127.0.0.1',
  broken = [],
}: Visit): Promise<T> {
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'));
  let server: ExampleServer | undefined;
  let browser: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  let answered: (body: string) => void = () => {};
  const respond = (request: IncomingMessage, response: ServerResponse): boolean => {
    const url = request.url ?? '';
    if (broken.includes(url)) {
      request.socket.destroy();
      return true;
    }
    if (url === '/seen') {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        response.end();
        answered(body);
      });
      return true;
    }
    const page = pages[url];
    if (page === undefined) return false;
    const type = url.endsWith('.js') ? 'text/javascript' : 'text/html';
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(page);
    return true;
  };
  try {
    server = await serveExample(model, 0, respond);
    const url = server.url.replace('127.0.0.1', host);
    return await new Promise<T>((resolve, reject) => {
      answered = (body) => resolve(JSON.parse(body) as T);
      timer = setTimeout(() => reject(new Error('the browser did not answer within a minute')), 60_000);
      const common = ['--headless=new', '--no-sandbox', '--no-first-run', '--disable-extensions', '--mute-audio'];
      // What it leaves in the folder for temporary files goes with its profile.
      // Tests on the bundled adapter have pointed Vulkan's loader at it; the browser is to look for its own.
      const { VK_ICD_FILENAMES: _icd, VK_DRIVER_FILES: _drivers, ...inherited } = process.env;
      const env = { ...inherited, TMPDIR: profile };
      const args = [
        ...common,
        ...switches,
        `--host-resolver-rules=MAP ${host} 127.0.0.1`,
        `--user-data-dir=${profile}`,
        `${url}user.html`,
      ];
      browser = spawn(chromium, args, { stdio: 'ignore', env });
      browser.on('error', reject);
      browser.on('exit', (code) => reject(new Error(`the browser ended (${code}) before it answered`)));
    });
  } finally {
    clearTimeout(timer);
    server?.close();
    if (browser?.pid !== undefined && browser.exitCode === null) {
      const ended = new Promise((resolve) => browser!.once('exit', resolve));
      browser.kill();
      await ended;
    }
    await removeProfile(profile);
  }
}
