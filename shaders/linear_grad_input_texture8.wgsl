// Linear layer, gradient of the input:  grad_x[t, k] = f′(pre[t, k]) Σ_n grad_out[t, n] · weight[n, k]     (+ addend[t, k] where sizes.add)
// with f the activation that gave the input
//   ACTIVATION 0, gelu_new; 1, gelu; 2, relu: as in activation_backward.wgsl;  3: none, f′ = 1
//
//   batch.tokens  number of rows T
//   grad_out      [T, WIDTH] as a texture: texel (c, r) holds columns 4c to 4c + 3 of row r; columns FIRST to FIRST + OUT are read
//   weight        [OUT, IN] as a texture
//   grad_x        [T, IN], overwritten
//   addend        [T, IN]; bind anything where sizes.add is 0
//   pre           [T, IN], what the activation was given; bind anything where there is none
//
//   sizes         IN, OUT, FIRST, WIDTH, add (0 or 1): a uniform and no overrides, so that drivers compile the file once for all layers.
//                 FIRST 0 and WIDTH = OUT for a whole weight. A weight larger than one binding comes in blocks of rows, a dispatch each:
//                 OUT rows of WIDTH, from row FIRST on; grad_x of one block is the addend of the next.
//
// Overrides: ACTIVATION.
// Assumes IN and FIRST multiples of 4, OUT a multiple of 8, a subgroup size of 8.
// Dispatch: (ceil(IN / 32), ceil(T / 32)) workgroups; a workgroup is one subgroup and owns 32 x 32 sums.
// Operands come in textures since llvmpipe loads those without a branch a lane: a quarter faster than from buffers, copies included.
// Workgroups go down bands of eight row tiles, so that what a band reads stays in the processor's cache.
// The lines of add() are written out: where a loop changes an array's index, llvmpipe keeps the sums in memory, at a quarter of the speed.
// Rows and columns past the edge repeat the last one, and are not stored.

enable subgroups;

override ACTIVATION: u32 = 3u;

const BAND = 8u;

struct Sizes { input: u32, output: u32, first: u32, width: u32, add: u32 }

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var grad_out: texture_storage_2d<rgba32float, read>;
@group(0) @binding(2) var weight: texture_storage_2d<rgba32float, read>;
@group(0) @binding(3) var<storage, read_write> grad_x: array<vec4f>;
@group(0) @binding(4) var<storage, read> addend: array<vec4f>;
@group(0) @binding(5) var<uniform> sizes: Sizes;
@group(0) @binding(6) var<storage, read> pre: array<vec4f>;

// The workgroup's tile of 32 x 32: column and row.
fn tile_of(group: vec3u, groups: vec3u) -> vec2u {
  let number = group.y * groups.x + group.x;
  let band = number / (BAND * groups.x);
  let rest = number % (BAND * groups.x);
  let rows = min(BAND, groups.y - band * BAND);
  return vec2u(rest / rows, band * BAND + rest % rows);
}

// sum + Σ_i a[i] · b[i]
fn plus(sum: vec4f, a: vec4f, b: mat4x4f) -> vec4f {
  return sum + a.x * b[0] + a.y * b[1] + a.z * b[2] + a.w * b[3];
}

// Adds the products over four n. A lane loads four rows of grad_out, which it hands to all, and its own four columns.
fn add(sums: ptr<function, array<vec4f, 32>>, n: u32, rows: vec4u, column: u32) {
  let from_ = sizes.first / 4u + n;
  let a0 = textureLoad(grad_out, vec2u(from_, rows.x));
  let a1 = textureLoad(grad_out, vec2u(from_, rows.y));
  let a2 = textureLoad(grad_out, vec2u(from_, rows.z));
  let a3 = textureLoad(grad_out, vec2u(from_, rows.w));
  let b = mat4x4f(
    textureLoad(weight, vec2u(column, n * 4u)),
    textureLoad(weight, vec2u(column, n * 4u + 1u)),
    textureLoad(weight, vec2u(column, n * 4u + 2u)),
    textureLoad(weight, vec2u(column, n * 4u + 3u)),
  );
  (*sums)[0] = plus((*sums)[0], subgroupShuffle(a0, 0u), b);
  (*sums)[1] = plus((*sums)[1], subgroupShuffle(a0, 1u), b);
  (*sums)[2] = plus((*sums)[2], subgroupShuffle(a0, 2u), b);
  (*sums)[3] = plus((*sums)[3], subgroupShuffle(a0, 3u), b);
  (*sums)[4] = plus((*sums)[4], subgroupShuffle(a0, 4u), b);
  (*sums)[5] = plus((*sums)[5], subgroupShuffle(a0, 5u), b);
  (*sums)[6] = plus((*sums)[6], subgroupShuffle(a0, 6u), b);
  (*sums)[7] = plus((*sums)[7], subgroupShuffle(a0, 7u), b);
  (*sums)[8] = plus((*sums)[8], subgroupShuffle(a1, 0u), b);
  (*sums)[9] = plus((*sums)[9], subgroupShuffle(a1, 1u), b);
  (*sums)[10] = plus((*sums)[10], subgroupShuffle(a1, 2u), b);
  (*sums)[11] = plus((*sums)[11], subgroupShuffle(a1, 3u), b);
  (*sums)[12] = plus((*sums)[12], subgroupShuffle(a1, 4u), b);
  (*sums)[13] = plus((*sums)[13], subgroupShuffle(a1, 5u), b);
  (*sums)[14] = plus((*sums)[14], subgroupShuffle(a1, 6u), b);
  (*sums)[15] = plus((*sums)[15], subgroupShuffle(a1, 7u), b);
  (*sums)[16] = plus((*sums)[16], subgroupShuffle(a2, 0u), b);
  (*sums)[17] = plus((*sums)[17], subgroupShuffle(a2, 1u), b);
  (*sums)[18] = plus((*sums)[18], subgroupShuffle(a2, 2u), b);
  (*sums)[19] = plus((*sums)[19], subgroupShuffle(a2, 3u), b);
  (*sums)[20] = plus((*sums)[20], subgroupShuffle(a2, 4u), b);
  (*sums)[21] = plus((*sums)[21], subgroupShuffle(a2, 5u), b);
  (*sums)[22] = plus((*sums)[22], subgroupShuffle(a2, 6u), b);
  (*sums)[23] = plus((*sums)[23], subgroupShuffle(a2, 7u), b);
  (*sums)[24] = plus((*sums)[24], subgroupShuffle(a3, 0u), b);
  (*sums)[25] = plus((*sums)[25], subgroupShuffle(a3, 1u), b);
  (*sums)[26] = plus((*sums)[26], subgroupShuffle(a3, 2u), b);
  (*sums)[27] = plus((*sums)[27], subgroupShuffle(a3, 3u), b);
  (*sums)[28] = plus((*sums)[28], subgroupShuffle(a3, 4u), b);
  (*sums)[29] = plus((*sums)[29], subgroupShuffle(a3, 5u), b);
  (*sums)[30] = plus((*sums)[30], subgroupShuffle(a3, 6u), b);
  (*sums)[31] = plus((*sums)[31], subgroupShuffle(a3, 7u), b);
}

// erf, Abramowitz and Stegun 1964, formula 7.1.26; absolute error below 1.5e-7.
fn erf(x: vec4f) -> vec4f {
  let a = abs(x);
  let t = 1.0 / (1.0 + 0.3275911 * a);
  let p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return sign(x) * (1.0 - p * exp(-a * a));
}

// gelu_new(x) = x s with s = sigmoid(2 u), u = sqrt(2/π) (x + 0.044715 x³): its derivative, by s and its slope s (1 − s). From e^−|2u|,
// so that neither overflows and both keep their digits far out.
fn gelu_new_derivative(x: vec4f) -> vec4f {
  let u = 1.5957691216 * (x + 0.044715 * x * x * x);
  let e = exp(-abs(u));
  let r = 1.0 / (1.0 + e);
  let slope = e * r * r * x;
  // Far out the slope is 0 and x² may overflow: 0 · inf would be NaN.
  let rise = select(slope * 1.5957691216 * (1.0 + 0.134145 * x * x), vec4f(), slope == vec4f());
  return select(e * r, r, u >= vec4f()) + rise;
}

fn derivative(x: vec4f) -> vec4f {
  if ACTIVATION == 0u { return gelu_new_derivative(x); }
  if ACTIVATION == 1u {
    return 0.5 * (1.0 + erf(x * 0.7071067812)) + x * exp(-0.5 * min(x * x, vec4f(200.0))) * 0.3989422804;
  }
  return select(vec4f(), vec4f(1.0), x > vec4f());
}

fn store(row: u32, column: u32, sum: vec4f) {
  if row >= batch.tokens || column >= sizes.input / 4u { return; }
  let i = row * (sizes.input / 4u) + column;
  var grad = sum;
  if ACTIVATION != 3u { grad *= derivative(pre[i]); }
  if sizes.add != 0u { grad += addend[i]; }
  grad_x[i] = grad;
}

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tile = tile_of(group, groups);
  let row = tile.y * 32u;
  let column = tile.x * 8u + lane; // of four
  let rows = min(row + lane + vec4u(0u, 8u, 16u, 24u), vec4u(batch.tokens - 1u));
  let there = min(column, sizes.input / 4u - 1u);
  var sums: array<vec4f, 32>;
  for (var n = 0u; n < sizes.output / 4u; n += 2u) {
    add(&sums, n, rows, there);
    add(&sums, n + 1u, rows, there);
  }
  store(row + 0u, column, sums[0]);
  store(row + 1u, column, sums[1]);
  store(row + 2u, column, sums[2]);
  store(row + 3u, column, sums[3]);
  store(row + 4u, column, sums[4]);
  store(row + 5u, column, sums[5]);
  store(row + 6u, column, sums[6]);
  store(row + 7u, column, sums[7]);
  store(row + 8u, column, sums[8]);
  store(row + 9u, column, sums[9]);
  store(row + 10u, column, sums[10]);
  store(row + 11u, column, sums[11]);
  store(row + 12u, column, sums[12]);
  store(row + 13u, column, sums[13]);
  store(row + 14u, column, sums[14]);
  store(row + 15u, column, sums[15]);
  store(row + 16u, column, sums[16]);
  store(row + 17u, column, sums[17]);
  store(row + 18u, column, sums[18]);
  store(row + 19u, column, sums[19]);
  store(row + 20u, column, sums[20]);
  store(row + 21u, column, sums[21]);
  store(row + 22u, column, sums[22]);
  store(row + 23u, column, sums[23]);
  store(row + 24u, column, sums[24]);
  store(row + 25u, column, sums[25]);
  store(row + 26u, column, sums[26]);
  store(row + 27u, column, sums[27]);
  store(row + 28u, column, sums[28]);
  store(row + 29u, column, sums[29]);
  store(row + 30u, column, sums[30]);
  store(row + 31u, column, sums[31]);
}
