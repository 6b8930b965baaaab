/** The few facts of a WGSL file that recording needs: its bindings by name, its overrides, its consts. */

export interface WgslBinding {
  name: string;
  binding: number;
  /** `write` covers var<storage, read_write>. */
  access: 'read' | 'write' | 'uniform' | 'texture';
}

const BINDING =
  /@group\(0\)\s*@binding\((\d+)\)\s*var(?:<\s*(storage|uniform)\s*(?:,\s*(read|read_write)\s*)?>)?\s*(\w+)/g;

/** Every `@group(0) @binding(n) var<…> name` (without <…>: a texture) of a shader's source, by name. */
export function bindingsOf(code: string): Map<string, WgslBinding> {
  const found = new Map<string, WgslBinding>();
  for (const [, number, space, mode, name] of code.matchAll(BINDING)) {
    const access = !space ? 'texture' : space === 'uniform' ? 'uniform' : mode === 'read_write' ? 'write' : 'read';
    found.set(name!, { name: name!, binding: Number(number), access });
  }
  return found;
}

/**
 * Replaces the number in `const NAME = …;` for each of `sizes`. An override can't size a function's own array, so a register
 * tile's size is a const; the file stays valid as it stands.
 * @throws where the source has no such const.
 */
export function specialize(code: string, sizes: Readonly<Record<string, number>>): string {
  let result = code;
  for (const [name, value] of Object.entries(sizes)) {
    const line = new RegExp(`^(const ${name}(?:\\s*:\\s*\\w+)?\\s*=\\s*)[\\d.]+(u|i|f)?(\\s*;)`, 'm');
    if (!line.test(result)) throw new Error(`no line "const ${name} = …;" to specialize`);
    result = result.replace(line, `$1${value}$2$3`);
  }
  return result;
}
