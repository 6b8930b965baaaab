/** Linear layer, out = x · weightᵀ + bias, in the variant that suits the adapter and the sizes. */
import type { Dispatch, Plan } from '../gpu/plan.ts';
import { ALIGNMENT, type Tensor } from '../gpu/tensor.ts';
import { ACTIVATIONS, type Activation, activationBackward, activationForward } from './activation.ts';
import type { BatchBuffers } from './batch.ts';
import { rowKernel, rowVariant } from './rows.ts';
import { prefersTextures, subgroupSize } from './variants.ts';

/**
 * plain: any sizes, no feature. tile: 8 × 8 sums in registers, sizes a multiple of 4. subgroup8, subgroup4: one subgroup a
 * workgroup owns 32 × 32 sums and hands one operand round its lanes; for CPU adapters, whose subgroups are their vectors.
 * texture8: as subgroup8, with operands copied into textures first, which llvmpipe reads faster; sizes a multiple of 64. Its gradient
 * of the weight gives the bias's as well.
 * workgroup: 64 × 64 sums from tiles in workgroup memory, for GPUs. workgroup_f16: the same with operands rounded to half precision,
 * for the forward product alone, and only where `plan.halfPrecision` asks for it.
 */
export const LINEAR_VARIANTS = ['plain', 'tile', 'workgroup', 'subgroup8', 'subgroup4', 'texture8'] as const;
export type LinearVariant = (typeof LINEAR_VARIANTS)[number];

/** The texture8 kernels' ACTIVATION, which has a number for none as well. */
const numberOf = (activation: Activation | undefined): number => (activation ? ACTIVATIONS[activation] : 3);

/** Rows and columns of the result that a workgroup owns. */
const TILES: Record<LinearVariant, { rows: number; columns: number }> = {
  plain: { rows: 16, columns: 16 },
  tile: { rows: 16, columns: 32 },
  workgroup: { rows: 64, columns: 64 },
  subgroup8: { rows: 32, columns: 32 },
  subgroup4: { rows: 32, columns: 32 },
  texture8: { rows: 32, columns: 32 },
};

/** Variants that run on the plan's adapter. */
export function linearVariants(plan: Pick<Plan, 'adapter' | 'has'>): LinearVariant[] {
  return LINEAR_VARIANTS.filter((v) => {
    if (v === 'texture8') return prefersTextures(plan);
    return !v.startsWith('subgroup') || v === `subgroup${subgroupSize(plan)}`;
  });
}

/** The three products of a linear layer, as their kernels are called. */
export type LinearProduct = 'linear_forward' | 'linear_grad_input' | 'linear_grad_weight';

/** What a choice of variant depends on; batches of a similar size share it. */
export const linearKey = (product: LinearProduct, IN: number, OUT: number, tokens: number): string =>
  `${product} ${IN}x${OUT} ${2 ** Math.ceil(Math.log2(tokens))}`;

/** Variants from the one that is usually fastest on the adapter to the one that always fits. */
function preferences(plan: Plan): LinearVariant[] {
  const [plain, ...others] = linearVariants(plan);
  const best = others.filter((v) => v !== 'workgroup').reverse();
  return plan.adapter.kind === 'gpu' ? ['workgroup', 'tile', plain!] : [...best, 'workgroup', plain!];
}

/**
 * The variant that the plan insists on, else the one that tuning found, else the adapter's usual one; the next best where it
 * does not fit the sizes.
 * @param weight or its gradient, [out, in]. @param operands what the product reads.
 */
function variantFor(
  plan: Plan,
  batch: BatchBuffers,
  product: LinearProduct,
  weight: Tensor,
  operands: readonly Tensor[],
): LinearVariant {
  const [OUT, IN] = weight.shape as [number, number];
  // Some of the forward kernels write their columns singly.
  const single = (variant: LinearVariant) =>
    product === 'linear_forward' && variant !== 'workgroup' && variant !== 'texture8';
  const fours = (variant: LinearVariant) => IN % 4 === 0 && (OUT % 4 === 0 || single(variant));
  const fits = (variant: LinearVariant) =>
    variant === 'plain' || (fours(variant) && (variant !== 'texture8' || operands.every((t) => plan.fitsTexture(t))));
  const tuned = plan.tuned.get(linearKey(product, IN, OUT, batch.capacity));
  const available = preferences(plan);
  const wanted = available.find((v) => v === (plan.linearVariant ?? tuned));
  return [...(wanted ? [wanted] : []), ...available].find(fits)!;
}

const file = (kernel: string, variant: LinearVariant): string =>
  variant === 'plain' ? kernel : `${kernel}_${variant}`;

function sizesOf(label: string, x: Tensor, weight: Tensor, out: Tensor): { IN: number; OUT: number } {
  const [OUT, IN] = weight.shape as [number, number];
  if (x.shape[1] !== IN || out.shape[1] !== OUT) {
    throw new Error(`${label}: x [${x.shape}], weight [${weight.shape}] and out [${out.shape}] do not fit`);
  }
  return { IN, OUT };
}

/** Rows [first, first + count) of a weight [OUT, IN], as much of it as one dispatch binds. */
interface RowBlock {
  first: number;
  count: number;
  rows: Tensor;
  /** Whether these are all rows of the weight. */
  whole: boolean;
}

/** The whole weight, or blocks of its rows where it is larger than one binding. */
function rowBlocks(plan: Plan, weight: Tensor): RowBlock[] {
  const [OUT, IN] = weight.shape as [number, number];
  if (weight.byteLength <= plan.maxBindingSize) return [{ first: 0, count: OUT, rows: weight, whole: true }];
  // A block begins at a multiple of 256 bytes, and at a multiple of 8 rows for the kernels that read two times four in a round.
  let unit = 8;
  while ((unit * IN) % (ALIGNMENT / 4) !== 0) unit *= 2;
  const most = Math.floor(plan.maxBindingSize / (4 * IN * unit)) * unit;
  if (most === 0) throw new Error(`${weight.label}: ${unit} rows of ${IN} do not fit ${plan.maxBindingSize} bytes`);
  const count = Math.ceil(OUT / Math.ceil(OUT / most) / unit) * unit;
  return Array.from({ length: Math.ceil(OUT / count) }, (_, i) => {
    const first = i * count;
    const rows = Math.min(count, OUT - first);
    return { first, count: rows, rows: weight.rows(first, rows), whole: false };
  });
}

/**
 * Operands as buffers or, where the variant wants them so, as textures.
 * @param rows those with a row a token. @param weight as much of it as a dispatch reads; a plan changes a weight only when it is done
 *   with it.
 */
function operands(
  batch: BatchBuffers,
  variant: LinearVariant,
  rows: Record<string, Tensor>,
  weight?: RowBlock,
): Pick<Dispatch, 'bindings' | 'textures'> {
  if (variant !== 'texture8') return { bindings: { ...rows, ...(weight && { weight: weight.rows }) } };
  const tokens = () => batch.current.tokens;
  const ofTokens = Object.entries(rows).map(([name, tensor]) => [name, { tensor, rows: tokens }] as const);
  const textures = Object.fromEntries(ofTokens);
  return {
    bindings: {},
    textures: weight ? { ...textures, weight: { tensor: weight.rows, lasting: weight.whole } } : textures,
  };
}

/** Arithmetic and traffic of one product over the batch's tokens. */
const cost = (batch: BatchBuffers, IN: number, OUT: number) => ({
  flops: () => 2 * batch.current.tokens * IN * OUT,
  bytes: () => 4 * (batch.current.tokens * (IN + OUT) + IN * OUT),
});

interface ForwardTensors {
  x: Tensor;
  weight: Tensor;
  bias: Tensor;
  out: Tensor;
}
interface GradInputTensors {
  gradOut: Tensor;
  weight: Tensor;
  gradX: Tensor;
  addend?: Tensor;
}

/** Records out = x · weightᵀ + bias.  x [tokens, in], weight [out, in], bias [out], out [tokens, out]. */
export function linearForward(plan: Plan, batch: BatchBuffers, t: ForwardTensors, label: string): void {
  recordForward(plan, batch, t, label);
}

/**
 * Records inner = x · weightᵀ + bias and out = f(inner), in one kernel where the variant has it.
 * @param save whether `inner` is wanted: for the backward pass.
 */
export function linearActivationForward(
  plan: Plan,
  batch: BatchBuffers,
  t: ForwardTensors & { inner: Tensor },
  activation: Activation,
  save: boolean,
  label: string,
): void {
  const { inner, ...linear } = t;
  if (variantFor(plan, batch, 'linear_forward', t.weight, [t.x, t.weight]) === 'texture8') {
    recordForward(plan, batch, linear, label, { activation, ...(save && { inner }) });
    return;
  }
  recordForward(plan, batch, { ...linear, out: inner }, label);
  activationForward(plan, batch, { x: inner, out: t.out }, activation, `${label} activation`);
}

/** @param fused what the texture8 kernel does to the sums, and where it leaves them before. */
function recordForward(
  plan: Plan,
  batch: BatchBuffers,
  t: ForwardTensors,
  label: string,
  fused?: { activation: Activation; inner?: Tensor },
): void {
  const { IN, OUT } = sizesOf(label, t.x, t.weight, t.out);
  const variant = variantFor(plan, batch, 'linear_forward', t.weight, [t.x, t.weight]);
  const half = variant === 'workgroup' && plan.halfPrecision && plan.has('shader-f16');
  const { rows, columns } = TILES[variant];
  const epilogue = variant === 'texture8' && {
    constants: { ACTIVATION: numberOf(fused?.activation), SAVE: Number(!!fused?.inner) },
    pre: fused?.inner ?? plan.tensor(`${label} not saved`, [4]),
  };
  for (const block of rowBlocks(plan, t.weight)) {
    const { bindings, textures } = operands(batch, variant, { x: t.x }, block);
    plan.dispatch({
      kernel: half ? 'linear_forward_workgroup_f16' : file('linear_forward', variant),
      label,
      bindings: {
        ...bindings,
        batch: batch.tokens,
        sizes: plan.uniform([IN, block.count, block.first, OUT]),
        bias: t.bias,
        out: t.out,
        ...(epilogue && { pre: epilogue.pre }),
      },
      ...(epilogue && { constants: epilogue.constants }),
      ...(textures && { textures }),
      workgroups: () => [Math.ceil(block.count / columns), Math.ceil(batch.current.tokens / rows)],
      ...cost(batch, IN, block.count),
    });
  }
}

/** Records gradX = gradOut · weight (+ addend). gradX and addend [tokens, in] must not share memory. */
export function linearGradInput(plan: Plan, batch: BatchBuffers, t: GradInputTensors, label: string): void {
  recordGradInput(plan, batch, t, label);
}

/**
 * Records gradActivated = gradOut · weight and gradInner = gradActivated · f′(inner), all [tokens, in], in one kernel where the variant
 * has it: gradActivated is then not written.
 */
export function linearActivationGradInput(
  plan: Plan,
  batch: BatchBuffers,
  t: { gradOut: Tensor; weight: Tensor; inner: Tensor; gradActivated: Tensor; gradInner: Tensor },
  activation: Activation,
  label: string,
): void {
  const { gradOut, weight, inner, gradActivated, gradInner } = t;
  if (variantFor(plan, batch, 'linear_grad_input', weight, [gradOut, weight]) === 'texture8') {
    recordGradInput(plan, batch, { gradOut, weight, gradX: gradInner }, label, { activation, inner });
    return;
  }
  recordGradInput(plan, batch, { gradOut, weight, gradX: gradActivated }, label);
  activationBackward(
    plan,
    batch,
    { x: inner, gradOut: gradActivated, gradIn: gradInner },
    activation,
    `${label} activation`,
  );
}

/** @param fused the activation that gave the layer its input, and from what: the texture8 kernel goes back through it as well. */
function recordGradInput(
  plan: Plan,
  batch: BatchBuffers,
  t: GradInputTensors,
  label: string,
  fused?: { activation: Activation; inner: Tensor },
): void {
  const { IN, OUT } = sizesOf(label, t.gradX, t.weight, t.gradOut);
  const variant = variantFor(plan, batch, 'linear_grad_input', t.weight, [t.gradOut, t.weight]);
  const { rows, columns } = TILES[variant];
  const blocks = rowBlocks(plan, t.weight);
  // Blocks add to each other's sums in turn; a dispatch can't read what it writes, so every other sum lies beside gradX.
  const beside = blocks.length > 1 ? plan.tensor(`${label} grad x of a block`, t.gradX.shape) : t.gradX;
  let addend = t.addend;
  for (const [i, block] of blocks.entries()) {
    const gradX = (blocks.length - 1 - i) % 2 === 0 ? t.gradX : beside;
    const { bindings, textures } = operands(batch, variant, { grad_out: t.gradOut }, block);
    plan.dispatch({
      kernel: file('linear_grad_input', variant),
      label: `${label} grad x`,
      bindings: {
        ...bindings,
        batch: batch.tokens,
        sizes: plan.uniform([IN, block.count, block.first, OUT, Number(addend !== undefined)]),
        grad_x: gradX,
        addend: addend ?? block.rows,
        ...(variant === 'texture8' && { pre: fused?.inner ?? block.rows }),
      },
      ...(variant === 'texture8' && {
        constants: { ACTIVATION: numberOf(fused?.activation) },
      }),
      ...(textures && { textures }),
      workgroups: () => [Math.ceil(IN / columns), Math.ceil(batch.current.tokens / rows)],
      ...cost(batch, IN, block.count),
    });
    addend = gradX;
  }
}

/** Records gradWeight += gradOutᵀ · x and gradBias += Σ gradOut. */
export function linearGradParameters(
  plan: Plan,
  batch: BatchBuffers,
  t: { gradOut: Tensor; x: Tensor; gradWeight: Tensor; gradBias: Tensor },
  label: string,
): void {
  const { IN, OUT } = sizesOf(label, t.x, t.gradWeight, t.gradOut);
  const variant = variantFor(plan, batch, 'linear_grad_weight', t.gradWeight, [t.gradOut, t.x]);
  const { rows, columns } = TILES[variant];
  const { bindings, textures } = operands(batch, variant, { grad_out: t.gradOut, x: t.x });
  const withBias = variant === 'texture8';
  for (const block of rowBlocks(plan, t.gradWeight)) {
    plan.dispatch({
      kernel: file('linear_grad_weight', variant),
      label: `${label} grad weight`,
      bindings: {
        ...bindings,
        batch: batch.tokens,
        sizes: plan.uniform([IN, block.count, block.first, OUT]),
        grad_weight: block.rows,
        ...(withBias && { grad_bias: t.gradBias }),
      },
      ...(textures && { textures }),
      workgroups: [Math.ceil(IN / columns), Math.ceil(block.count / rows)],
      ...cost(batch, IN, block.count),
    });
  }
  if (withBias) return;
  plan.dispatch({
    kernel: rowKernel('column_sum', rowVariant(plan)),
    label: `${label} grad bias`,
    constants: { WIDTH: OUT },
    bindings: { batch: batch.tokens, grad_out: t.gradOut, grad_bias: t.gradBias },
    workgroups: [Math.ceil(OUT / 32)],
    flops: () => batch.current.tokens * OUT,
    bytes: () => 4 * batch.current.tokens * OUT,
  });
}
