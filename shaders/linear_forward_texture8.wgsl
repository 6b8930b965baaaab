// Linear layer and activation, forward:  pre[t, n] = Σ_k x[t, k] · weight[n, k] + bias[n],   out = f(pre)
//   ACTIVATION 0, gelu_new; 1, gelu; 2, relu: as in activation_forward.wgsl;  3: f(v) = v
//
//   batch.tokens  number of rows T
//   x             [T, IN] as a texture: texel (c, r) holds columns 4c to 4c + 3 of row r
//   weight        [OUT, IN] as a texture
//   bias          [WIDTH]
//   out           [T, WIDTH]; columns FIRST to FIRST + OUT are written
//   pre           the same, for the activation's backward pass; written only where SAVE (else bind anything of a vec4)
//
//   sizes         IN, OUT, FIRST, WIDTH: a uniform and no overrides, so that drivers compile the file once for all layers.
//                 FIRST 0 and WIDTH = OUT for a whole weight. A weight larger than one binding comes in blocks of rows, a dispatch each:
//                 OUT rows of WIDTH, from row FIRST on.
//
// Overrides: ACTIVATION, SAVE.
// Assumes IN a multiple of 8, OUT and FIRST multiples of 4, a subgroup size of 8.
// Dispatch: (ceil(OUT / 32), ceil(T / 32)) workgroups; a workgroup is one subgroup and owns 32 x 32 sums.
// Operands come in textures since llvmpipe loads those without a branch a lane: a quarter faster than from buffers, copies included.
// Workgroups go down bands of eight row tiles, so that what a band reads stays in the processor's cache.
// The lines of add() are written out: where a loop changes an array's index, llvmpipe keeps the sums in memory, at a quarter of the speed.
// Rows and columns past the edge repeat the last one, and are not stored.

enable subgroups;

override ACTIVATION: u32 = 3u;
override SAVE: bool = false;

const BAND = 8u;

struct Sizes { input: u32, output: u32, first: u32, width: u32 }

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var x: texture_storage_2d<rgba32float, read>;
@group(0) @binding(2) var weight: texture_storage_2d<rgba32float, read>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(5) var<uniform> sizes: Sizes;
@group(0) @binding(6) var<storage, read_write> pre: array<vec4f>;

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

// Adds the products over four k. A lane loads four rows of x, which it hands to all, and its own four columns.
fn add(sums: ptr<function, array<vec4f, 32>>, k: u32, rows: vec4u, columns: vec4u) {
  let a0 = textureLoad(x, vec2u(k, rows.x));
  let a1 = textureLoad(x, vec2u(k, rows.y));
  let a2 = textureLoad(x, vec2u(k, rows.z));
  let a3 = textureLoad(x, vec2u(k, rows.w));
  let b = transpose(mat4x4f(
    textureLoad(weight, vec2u(k, columns.x)),
    textureLoad(weight, vec2u(k, columns.y)),
    textureLoad(weight, vec2u(k, columns.z)),
    textureLoad(weight, vec2u(k, columns.w)),
  ));
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

// sigmoid(2 u) with u = sqrt(2/π) (x + 0.044715 x³): gelu_new(x) = 0.5 x (1 + tanh u) = x sigmoid(2 u). From e^−|2u|, which does not
// overflow.
fn sigmoid(x: vec4f) -> vec4f {
  let u = 1.5957691216 * (x + 0.044715 * x * x * x);
  let e = exp(-abs(u));
  let r = 1.0 / (1.0 + e);
  return select(e * r, r, u >= vec4f());
}

fn activation(x: vec4f) -> vec4f {
  if ACTIVATION == 0u { return x * sigmoid(x); }
  if ACTIVATION == 1u { return 0.5 * x * (1.0 + erf(x * 0.7071067812)); }
  if ACTIVATION == 2u { return max(x, vec4f()); }
  return x;
}

fn store(row: u32, column: u32, sum: vec4f) {
  if row >= batch.tokens || column >= sizes.output / 4u { return; }
  let i = (row * sizes.width + sizes.first) / 4u + column;
  if SAVE { pre[i] = sum; }
  out[i] = activation(sum);
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
  let columns = min(column * 4u + vec4u(0u, 1u, 2u, 3u), vec4u(sizes.output - 1u));
  let start = bias[(sizes.first + columns.x) / 4u];
  var sums = array<vec4f, 32>(
    start, start, start, start, start, start, start, start,
    start, start, start, start, start, start, start, start,
    start, start, start, start, start, start, start, start,
    start, start, start, start, start, start, start, start,
  );
  for (var k = 0u; k < sizes.input / 4u; k += 2u) {
    add(&sums, k, rows, columns);
    add(&sums, k + 1u, rows, columns);
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
