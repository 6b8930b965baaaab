/** Shader sources for runtimes whose `fetch` reaches the package's own files: browsers and Deno. */

const folder = new URL('../../shaders/', import.meta.url);

/** The text of `shaders/<name>.wgsl`, beside this package's `src`. */
export async function fetchShader(name: string): Promise<string> {
  const url = new URL(`${name}.wgsl`, folder);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  return response.text();
}
