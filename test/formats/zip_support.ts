/** Writing zip archives of stored entries, as torch.save does, by hand. */

function parts(entry: [string, Uint8Array], offset: number) {
  const [name, content] = entry;
  const label = new TextEncoder().encode(name);
  const header = (signature: number, size: number, at: number) => {
    const bytes = new Uint8Array(size + label.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, signature, true);
    view.setUint32(at, content.length, true);
    view.setUint32(at + 4, content.length, true);
    view.setUint16(at + 8, label.length, true);
    bytes.set(label, size);
    return { bytes, view };
  };
  const local = header(0x04034b50, 30, 18).bytes;
  const central = header(0x02014b50, 46, 20);
  central.view.setUint32(42, offset, true);
  return { data: Buffer.concat([local, content]), central: central.bytes };
}

/** An archive of these files. */
export function storedZip(files: Record<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const data: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const entry of Object.entries(files)) {
    const made = parts(entry, at);
    data.push(made.data);
    directory.push(made.central);
    at += made.data.length;
  }
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, directory.length, true);
  end.setUint16(10, directory.length, true);
  end.setUint32(
    12,
    directory.reduce((sum, d) => sum + d.length, 0),
    true,
  );
  end.setUint32(16, at, true);
  return new Uint8Array(Buffer.concat([...data, ...directory, new Uint8Array(end.buffer)]));
}
