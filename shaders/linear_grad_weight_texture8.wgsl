// Linear layer, gradients of weight and bias:  grad_weight[n, k] += Σ_t grad_out[t, n] · x[t, k],   grad_bias[n] += Σ_t grad_out[t, n]
//
//   batch.tokens  number of rows T
//   grad_out      [T, WIDTH] as a texture: texel (c, r) holds columns 4c to 4c + 3 of row r; columns FIRST to FIRST + OUT are read.
//                 The texture's last row lies beyond the tensor's and holds zeros.
//   x             [T, IN] as a texture
//   grad_weight   [OUT, IN], added to
//   grad_bias     [WIDTH], added to in columns FIRST to FIRST + OUT
//
//   sizes         IN, OUT, FIRST, WIDTH: a uniform and no overrides, so that drivers compile the file once for all layers.
//                 FIRST 0 and WIDTH = OUT for a whole weight. A weight larger than one binding comes in blocks of rows, a dispatch each:
//                 OUT rows of WIDTH, from row FIRST on.
//
// Assumes IN, OUT and FIRST multiples of 4, a subgroup size of 8.
// Dispatch: (ceil(IN / 32), ceil(OUT / 32)) workgroups; a workgroup is one subgroup and owns 32 x 32 sums.
// Operands come in textures since llvmpipe loads those without a branch a lane: a quarter faster than from buffers, copies included.
// Workgroups go down bands of eight row tiles, so that what a band reads stays in the processor's cache.
// The lines of add() are written out: where a loop changes an array's index, llvmpipe keeps the sums in memory, at a quarter of the speed.

enable subgroups;

const BAND = 8u;

struct Sizes { input: u32, output: u32, first: u32, width: u32 }

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var grad_out: texture_storage_2d<rgba32float, read>;
@group(0) @binding(2) var x: texture_storage_2d<rgba32float, read>;
@group(0) @binding(3) var<storage, read_write> grad_weight: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> grad_bias: array<vec4f>;
@group(0) @binding(5) var<uniform> sizes: Sizes;

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

// Adds the products over four t, and what a lane loads of grad_out to `bias`. A lane loads four columns of grad_out, which it hands
// to all, and its own four columns of x.
fn add(sums: ptr<function, array<vec4f, 32>>, bias: ptr<function, vec4f>, t: u32, own: u32, column: u32) {
  // Rows past the end are grad_out's row of zeros.
  let last = batch.tokens - 1u;
  let rows = t + vec4u(0u, 1u, 2u, 3u);
  let at = select(vec4u(textureDimensions(grad_out).y - 1u), rows, rows <= vec4u(last));
  let there = min(rows, vec4u(last));
  let g0 = textureLoad(grad_out, vec2u(own, at.x));
  let g1 = textureLoad(grad_out, vec2u(own, at.y));
  let g2 = textureLoad(grad_out, vec2u(own, at.z));
  let g3 = textureLoad(grad_out, vec2u(own, at.w));
  let a0 = vec4f(g0.x, g1.x, g2.x, g3.x);
  let a1 = vec4f(g0.y, g1.y, g2.y, g3.y);
  let a2 = vec4f(g0.z, g1.z, g2.z, g3.z);
  let a3 = vec4f(g0.w, g1.w, g2.w, g3.w);
  let b = mat4x4f(
    textureLoad(x, vec2u(column, there.x)),
    textureLoad(x, vec2u(column, there.y)),
    textureLoad(x, vec2u(column, there.z)),
    textureLoad(x, vec2u(column, there.w)),
  );
  *bias += (g0 + g1) + (g2 + g3);
  (*sums)[0] = plus((*sums)[0], subgroupShuffle(a0, 0u), b);
  (*sums)[1] = plus((*sums)[1], subgroupShuffle(a1, 0u), b);
  (*sums)[2] = plus((*sums)[2], subgroupShuffle(a2, 0u), b);
  (*sums)[3] = plus((*sums)[3], subgroupShuffle(a3, 0u), b);
  (*sums)[4] = plus((*sums)[4], subgroupShuffle(a0, 1u), b);
  (*sums)[5] = plus((*sums)[5], subgroupShuffle(a1, 1u), b);
  (*sums)[6] = plus((*sums)[6], subgroupShuffle(a2, 1u), b);
  (*sums)[7] = plus((*sums)[7], subgroupShuffle(a3, 1u), b);
  (*sums)[8] = plus((*sums)[8], subgroupShuffle(a0, 2u), b);
  (*sums)[9] = plus((*sums)[9], subgroupShuffle(a1, 2u), b);
  (*sums)[10] = plus((*sums)[10], subgroupShuffle(a2, 2u), b);
  (*sums)[11] = plus((*sums)[11], subgroupShuffle(a3, 2u), b);
  (*sums)[12] = plus((*sums)[12], subgroupShuffle(a0, 3u), b);
  (*sums)[13] = plus((*sums)[13], subgroupShuffle(a1, 3u), b);
  (*sums)[14] = plus((*sums)[14], subgroupShuffle(a2, 3u), b);
  (*sums)[15] = plus((*sums)[15], subgroupShuffle(a3, 3u), b);
  (*sums)[16] = plus((*sums)[16], subgroupShuffle(a0, 4u), b);
  (*sums)[17] = plus((*sums)[17], subgroupShuffle(a1, 4u), b);
  (*sums)[18] = plus((*sums)[18], subgroupShuffle(a2, 4u), b);
  (*sums)[19] = plus((*sums)[19], subgroupShuffle(a3, 4u), b);
  (*sums)[20] = plus((*sums)[20], subgroupShuffle(a0, 5u), b);
  (*sums)[21] = plus((*sums)[21], subgroupShuffle(a1, 5u), b);
  (*sums)[22] = plus((*sums)[22], subgroupShuffle(a2, 5u), b);
  (*sums)[23] = plus((*sums)[23], subgroupShuffle(a3, 5u), b);
  (*sums)[24] = plus((*sums)[24], subgroupShuffle(a0, 6u), b);
  (*sums)[25] = plus((*sums)[25], subgroupShuffle(a1, 6u), b);
  (*sums)[26] = plus((*sums)[26], subgroupShuffle(a2, 6u), b);
  (*sums)[27] = plus((*sums)[27], subgroupShuffle(a3, 6u), b);
  (*sums)[28] = plus((*sums)[28], subgroupShuffle(a0, 7u), b);
  (*sums)[29] = plus((*sums)[29], subgroupShuffle(a1, 7u), b);
  (*sums)[30] = plus((*sums)[30], subgroupShuffle(a2, 7u), b);
  (*sums)[31] = plus((*sums)[31], subgroupShuffle(a3, 7u), b);
}

fn store(row: u32, column: u32, sum: vec4f) {
  if row < sizes.output && column < sizes.input / 4u { grad_weight[row * (sizes.input / 4u) + column] += sum; }
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
  let own = min(row / 4u + lane, sizes.output / 4u - 1u);
  let there = min(column, sizes.input / 4u - 1u);
  var sums: array<vec4f, 32>;
  var bias: vec4f;
  for (var t = 0u; t < batch.tokens; t += 4u) {
    add(&sums, &bias, t, sizes.first / 4u + own, there);
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
  if tile.x == 0u && row / 4u + lane < sizes.output / 4u { grad_bias[sizes.first / 4u + own] += bias; }
}
