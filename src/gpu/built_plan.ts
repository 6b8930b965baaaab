/** A plan that is built: commands with their pipelines and bind groups, which a step only writes into an encoder. */

export type Workgroups = readonly [x: number, y?: number, z?: number];

/** A recorded command, as the profile shows it. */
export interface Operation {
  kernel: string;
  label: string;
  flops: () => number;
  bytes: () => number;
}

export type Command =
  | {
      type: 'dispatch';
      pipeline: GPUComputePipeline;
      bindGroup: GPUBindGroup;
      workgroups: () => Workgroups;
    }
  | { type: 'clear'; buffer: GPUBuffer; offset: number; size: number }
  | { type: 'texture'; source: GPUTexelCopyBufferInfo; texture: GPUTexture; width: number; rows: () => number };

export class BuiltPlan {
  readonly #commands: readonly Command[];
  /** One for each command, in order. */
  readonly operations: readonly Operation[];

  constructor(commands: readonly Command[], operations: readonly Operation[]) {
    this.#commands = commands;
    this.operations = operations;
  }

  get length(): number {
    return this.#commands.length;
  }

  /** Writes the commands [from, to) into `encoder`: dispatches in as few passes as there are clears and copies between them. */
  encode(encoder: GPUCommandEncoder, from = 0, to = this.length): void {
    let pass: GPUComputePassEncoder | undefined;
    for (const command of this.#commands.slice(from, to)) {
      if (command.type === 'dispatch') {
        pass ??= encoder.beginComputePass();
        dispatch(pass, command);
      } else {
        pass?.end();
        pass = undefined;
        transfer(encoder, command);
      }
    }
    pass?.end();
  }

  /** As `encode`, a pass for each command, with its start and end time in queries 2i and 2i + 1. */
  encodeTimed(encoder: GPUCommandEncoder, querySet: GPUQuerySet, from = 0, to = this.length): void {
    for (let i = from; i < to; i++) {
      const command = this.#commands[i]!;
      const begin = { beginningOfPassWriteIndex: 2 * (i - from) };
      const end = { endOfPassWriteIndex: 2 * (i - from) + 1 };
      if (command.type === 'dispatch') {
        const pass = encoder.beginComputePass({ timestampWrites: { querySet, ...begin, ...end } });
        dispatch(pass, command);
        pass.end();
      } else {
        // Only passes take the time: an empty one before and one behind.
        encoder.beginComputePass({ timestampWrites: { querySet, ...begin } }).end();
        transfer(encoder, command);
        encoder.beginComputePass({ timestampWrites: { querySet, ...end } }).end();
      }
    }
  }
}

type DispatchCommand = Extract<Command, { type: 'dispatch' }>;

function dispatch(pass: GPUComputePassEncoder, { pipeline, bindGroup, workgroups }: DispatchCommand): void {
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(...workgroups());
}

function transfer(encoder: GPUCommandEncoder, command: Exclude<Command, DispatchCommand>): void {
  if (command.type === 'clear') encoder.clearBuffer(command.buffer, command.offset, command.size);
  else encoder.copyBufferToTexture(command.source, { texture: command.texture }, [command.width, command.rows()]);
}
