/**
 * Reading Python pickles without running anything: a stack machine for the opcodes of protocols 2 to 5 that write data.
 * Names of functions and classes mean only what the caller says; any other is refused.
 * Source: the comments in CPython's Lib/pickletools.py.
 */
import { UserError } from '../errors.ts';

/** A Python name in a pickle, such as torch.FloatStorage. */
export class PickleName {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** What a name does when the pickle calls it; null for one that may only stand there. */
export type PickleNames = ReadonlyMap<string, ((args: readonly unknown[]) => unknown) | null>;

export interface PickleOptions {
  names: PickleNames;
  /** Makes the object behind a persistent id. */
  persistent?: (id: unknown) => unknown;
  /** The file's name, for messages. */
  where: string;
}

/** The bytes end within the pickle. */
export class PickleCutOff extends UserError {}

const MARK = Symbol('mark');

/**
 * Reads the pickle that begins at `start`. Tuples and lists become arrays, dicts Maps, whole numbers that a double can't hold
 * bigints.
 * @returns the value, and where the pickle ends
 * @throws UserError for a name that `names` lacks and for anything malformed; PickleCutOff where the bytes end too soon.
 */
export function unpickle(bytes: Uint8Array, options: PickleOptions, start = 0): { value: unknown; end: number } {
  return new Unpickler(bytes, options, start).run();
}

class Unpickler {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #options: PickleOptions;
  readonly #memo = new Map<number, unknown>();
  #stack: unknown[] = [];
  #at: number;

  constructor(bytes: Uint8Array, options: PickleOptions, start: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#options = options;
    this.#at = start;
  }

  #fault(what: string): UserError {
    return new UserError(`${this.#options.where}: not a pickle of tensors: ${what} (before byte ${this.#at}).`);
  }

  /** Steps over `length` bytes and says where they began. */
  #take(length: number): number {
    const from = this.#at;
    if (length > this.#bytes.length - from) {
      throw new PickleCutOff(
        `${this.#options.where}: the file ends within its pickle: it was cut off; fetch it again.`,
      );
    }
    this.#at += length;
    return from;
  }

  #u8 = (): number => this.#view.getUint8(this.#take(1));
  #u32 = (): number => this.#view.getUint32(this.#take(4), true);
  #i32 = (): number => this.#view.getInt32(this.#take(4), true);
  #u64 = (): number => Number(this.#view.getBigUint64(this.#take(8), true));

  #slice(length: number): Uint8Array {
    const from = this.#take(length);
    return this.#bytes.subarray(from, from + length);
  }

  #text = (length: number): string => new TextDecoder().decode(this.#slice(length));

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    const text = this.#text(end < 0 ? this.#bytes.length - this.#at + 1 : end - this.#at);
    this.#at++;
    return text;
  }

  /** A whole number of `length` bytes, little-endian, two's complement. */
  #long(length: number): number | bigint {
    let value = 0n;
    for (const byte of this.#slice(length).toReversed()) value = (value << 8n) | BigInt(byte);
    value = BigInt.asIntN(length * 8, value);
    return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  }

  #pop(): unknown {
    const value = this.#stack.pop();
    if (value === undefined || value === MARK) throw this.#fault('its stack runs empty');
    return value;
  }

  /** Everything above the last mark; the mark goes too. */
  #popToMark(): unknown[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw this.#fault('a mark is missing');
    return this.#stack.splice(mark).slice(1);
  }

  #top<T>(kind: abstract new (...args: never[]) => T, name: string): T {
    const value = this.#stack.at(-1);
    if (!(value instanceof kind)) throw this.#fault(`an operation on a ${name} finds none`);
    return value;
  }

  #setItems(items: unknown[]): void {
    const map = this.#top(Map, 'dict');
    for (let i = 0; i + 1 < items.length; i += 2) map.set(items[i], items[i + 1]);
  }

  #remember(key: number): void {
    const value = this.#stack.at(-1);
    if (value === undefined || value === MARK) throw this.#fault('nothing is there to be remembered');
    this.#memo.set(key, value);
  }

  #recall(key: number): unknown {
    if (!this.#memo.has(key)) throw this.#fault(`it refers to its value ${key}, which is not there`);
    return this.#memo.get(key);
  }

  #name(module: unknown, name: unknown): PickleName {
    const full = `${module}.${name}`;
    if (!this.#options.names.has(full)) {
      throw new UserError(
        `${this.#options.where}: its pickle names ${JSON.stringify(full)}, which tensors do not need: it was refused and nothing ` +
          'of it was run. Load the model where you trust it and save its state_dict, best as safetensors.',
      );
    }
    return new PickleName(full);
  }

  #call(callable: unknown, args: unknown): unknown {
    const call = callable instanceof PickleName ? this.#options.names.get(callable.name) : undefined;
    if (!call || !Array.isArray(args)) {
      throw this.#fault(`it calls ${callable instanceof PickleName ? callable.name : 'something that is no function'}`);
    }
    return call(args);
  }

  run(): { value: unknown; end: number } {
    for (;;) {
      const op = this.#u8();
      if (op === 0x2e) return { value: this.#pop(), end: this.#at }; // STOP
      this.#step(op);
    }
  }

  #step(op: number): void {
    const stack = this.#stack;
    switch (op) {
      case 0x80: {
        const protocol = this.#u8();
        if (protocol > 5) throw this.#fault(`protocol ${protocol}, known are those up to 5`);
        break;
      }
      case 0x95: // FRAME
        this.#take(8);
        break;
      case 0x28: // (
        stack.push(MARK);
        break;
      case 0x30: // 0
        this.#pop();
        break;
      case 0x31: // 1
        this.#popToMark();
        break;
      case 0x32: {
        // 2
        const value = this.#pop();
        stack.push(value, value);
        break;
      }
      case 0x4e: // N
        stack.push(null);
        break;
      case 0x88:
        stack.push(true);
        break;
      case 0x89:
        stack.push(false);
        break;
      case 0x4b: // K
        stack.push(this.#u8());
        break;
      case 0x4d: // M
        stack.push(this.#u8() + this.#u8() * 256);
        break;
      case 0x4a: // J
        stack.push(this.#i32());
        break;
      case 0x8a:
        stack.push(this.#long(this.#u8()));
        break;
      case 0x8b:
        stack.push(this.#long(this.#u32()));
        break;
      case 0x47: // G
        stack.push(this.#view.getFloat64(this.#take(8)));
        break;
      case 0x55: // U, a text of Python 2
      case 0x8c:
        stack.push(this.#text(this.#u8()));
        break;
      case 0x54: // T, a text of Python 2
      case 0x58: // X
        stack.push(this.#text(this.#u32()));
        break;
      case 0x8d:
        stack.push(this.#text(this.#u64()));
        break;
      case 0x43: // C
        stack.push(this.#slice(this.#u8()));
        break;
      case 0x42: // B
        stack.push(this.#slice(this.#u32()));
        break;
      case 0x5d: // ]
      case 0x29: // )
        stack.push([]);
        break;
      case 0x7d: // }
        stack.push(new Map());
        break;
      case 0x74: // t
        stack.push(this.#popToMark());
        break;
      case 0x85:
        stack.push([this.#pop()]);
        break;
      case 0x86:
      case 0x87: {
        const items = Array.from({ length: op - 0x84 }, () => this.#pop());
        stack.push(items.reverse());
        break;
      }
      case 0x61: {
        // a
        const item = this.#pop();
        this.#top(Array, 'list').push(item);
        break;
      }
      case 0x65: {
        // e
        const items = this.#popToMark();
        const list = this.#top(Array, 'list');
        for (const item of items) list.push(item);
        break;
      }
      case 0x73: {
        // s
        const value = this.#pop();
        const key = this.#pop();
        this.#setItems([key, value]);
        break;
      }
      case 0x75: // u
        this.#setItems(this.#popToMark());
        break;
      case 0x71: // q
        this.#remember(this.#u8());
        break;
      case 0x72: // r
        this.#remember(this.#u32());
        break;
      case 0x94:
        this.#remember(this.#memo.size);
        break;
      case 0x68: // h
        stack.push(this.#recall(this.#u8()));
        break;
      case 0x6a: // j
        stack.push(this.#recall(this.#u32()));
        break;
      case 0x63: // c
        stack.push(this.#name(this.#line(), this.#line()));
        break;
      case 0x93: {
        const name = this.#pop();
        stack.push(this.#name(this.#pop(), name));
        break;
      }
      case 0x52: // R
      case 0x81: {
        const args = this.#pop();
        stack.push(this.#call(this.#pop(), args));
        break;
      }
      case 0x62: // b: attributes, which no tensor needs
        this.#pop();
        break;
      case 0x51: {
        // Q
        const { persistent } = this.#options;
        if (!persistent) throw this.#fault('it refers to something outside');
        stack.push(persistent(this.#pop()));
        break;
      }
      default:
        throw this.#fault(`opcode 0x${op.toString(16).padStart(2, '0')}`);
    }
  }
}
