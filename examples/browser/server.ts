/** Serves the example with a model folder, on this machine alone. */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const SHADERS = fileURLToPath(new URL('../../shaders', import.meta.url));
const TYPES: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  wgsl: 'text/plain; charset=utf-8',
};

/** A TypeScript file and all it imports as one module for browsers. */
export async function bundle(file: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]!.text;
}

export interface ExampleServer {
  url: string;
  close(): void;
}

/**
 * @param model folder of the model. @param port 0 for any that is free.
 * @param other answers what the example itself does not; returns false for what it does not know either.
 * @throws Error where the port is taken.
 */
export async function serveExample(
  model: string,
  port: number,
  other: (request: IncomingMessage, response: ServerResponse) => boolean = () => false,
): Promise<ExampleServer> {
  const app = await bundle(join(HERE, 'app.ts'));
  /** A file's content for a path of one or two plain names; nothing else is ever read. */
  const contentOf = (path: string): Promise<string | Buffer> | undefined => {
    const [, folder, name] = /^\/(?:(model|shaders)\/)?([\w.-]*)$/.exec(path) ?? [];
    if (name === undefined || name.startsWith('.')) return undefined;
    if (folder) return readFile(join(folder === 'model' ? model : SHADERS, name));
    if (name === 'app.js') return Promise.resolve(app);
    return name === '' || name === 'index.html' ? readFile(join(HERE, 'index.html')) : undefined;
  };
  const server = createServer((request, response) => {
    if (other(request, response)) return;
    // Percent escapes stay as they are: none of the names that are served has any.
    const path = (request.url ?? '/').replace(/[?#].*/, '');
    const missing = (): void => {
      response.writeHead(404, { 'content-type': 'text/plain' }).end(`${path} is not here`);
    };
    const content = request.method === 'GET' || request.method === 'HEAD' ? contentOf(path) : undefined;
    if (!content) return missing();
    content.then((body) => {
      const type = TYPES[path.split('.').at(-1)!] ?? (path.endsWith('/') ? TYPES.html! : 'application/octet-stream');
      response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' }).end(body);
    }, missing);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    url,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
