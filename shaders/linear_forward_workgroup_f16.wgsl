// Linear layer, forward:  out[t, n] = Σ_k x[t, k] · weight[n, k] + bias[n]
//
//   batch.tokens  number of rows T
//   x             [T, IN]
//   weight        [OUT, IN]
//   bias          [WIDTH]
//   out           [T, WIDTH]; columns FIRST to FIRST + OUT are written
//
//   sizes         IN, OUT, FIRST, WIDTH: a uniform and no overrides, so that drivers compile the file once for all layers.
//                 FIRST 0 and WIDTH = OUT for a whole weight. A weight larger than one binding comes in blocks of rows, a dispatch each:
//                 OUT rows of WIDTH, from row FIRST on.
//
// Assumes IN and OUT multiples of 4, and values of x and weight below 65504, f16's largest: both are rounded to f16, 11 bits; sums are f32.
// For inference: gradients are often smaller than what f16 can tell from 0.
// Dispatch: (ceil(OUT / 64), ceil(T / 64)) workgroups of 128 invocations, for GPUs: a workgroup owns 64 x 64 sums, an invocation 8 x 4 of them.
// Sixteen terms of each sum at a time go through workgroup memory (8 KiB, in two halves: while one is summed up the other is filled, and
// one barrier a round is enough). An invocation brings a block of 4 x 4, read a row at a time. The method is that of NVIDIA's CUTLASS,
// "Efficient GEMM in CUDA".

enable f16;

struct Sizes { input: u32, output: u32, first: u32, width: u32 }

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(5) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>;

// Two halves of [16 terms][16 groups of four rows or columns].
var<workgroup> tile_a: array<vec4h, 512>;
var<workgroup> tile_b: array<vec4h, 512>;

// Where a tile keeps term k of the four rows or columns of a group: shuffled, so that neighbours fall on different memory banks.
fn place(k: u32, fours: u32) -> u32 {
  return k * 16u + (fours ^ (k / 4u * 2u));
}

// The invocation's block of the sixteen terms from `term` on: [term][row] of x, or [term][column] of weight. Rows and columns past the
// edge repeat the last one; terms past the edge are 0.
fn load(row: u32, column: u32, term: u32, lane: u32) -> mat4x4f {
  let fours = sizes.input / 4u;
  let at = term / 4u + lane % 4u;
  if at >= fours { return mat4x4f(); }
  if lane < 64u {
    let r = min(vec4u(row + lane / 4u * 4u) + vec4u(0u, 1u, 2u, 3u), vec4u(batch.tokens - 1u)) * fours + at;
    return transpose(mat4x4f(x[r.x], x[r.y], x[r.z], x[r.w]));
  }
  let first = (column + (lane - 64u) / 4u) * 4u;
  let r = min(vec4u(first) + vec4u(0u, 1u, 2u, 3u), vec4u(sizes.output - 1u)) * fours + at;
  return transpose(mat4x4f(weight[r.x], weight[r.y], weight[r.z], weight[r.w]));
}

fn put(half: u32, lane: u32, block: mat4x4f) {
  if lane < 64u {
    let at = lane % 4u * 4u;
    tile_a[half + place(at, lane / 4u)] = vec4h(block[0]);
    tile_a[half + place(at + 1u, lane / 4u)] = vec4h(block[1]);
    tile_a[half + place(at + 2u, lane / 4u)] = vec4h(block[2]);
    tile_a[half + place(at + 3u, lane / 4u)] = vec4h(block[3]);
  } else {
    let other = lane - 64u;
    let at = other % 4u * 4u;
    tile_b[half + place(at, other / 4u)] = vec4h(block[0]);
    tile_b[half + place(at + 1u, other / 4u)] = vec4h(block[1]);
    tile_b[half + place(at + 2u, other / 4u)] = vec4h(block[2]);
    tile_b[half + place(at + 3u, other / 4u)] = vec4h(block[3]);
  }
}

fn store(t: u32, at: u32, sum: vec4f) {
  if t < batch.tokens { out[t * (sizes.width / 4u) + at] = sum + bias[at]; }
}

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * 64u;
  let column = group.x * 16u; // in fours
  if row >= batch.tokens { return; }
  let rounds = (sizes.input + 15u) / 16u;
  let ty = lane / 16u * 2u;
  let tx = lane % 16u;
  var sums: array<vec4f, 8>;
  put(0u, lane, load(row, column, 0u, lane));
  workgroupBarrier();
  for (var round = 0u; round < rounds; round++) {
    let half = round % 2u * 256u;
    // Past the last round there is nothing to read: zeros, which nobody uses.
    let next = load(row, column, (round + 1u) * 16u, lane);
    for (var k = 0u; k < 16u; k++) {
      let a0 = vec4f(tile_a[half + place(k, ty)]);
      let a1 = vec4f(tile_a[half + place(k, ty + 1u)]);
      let b = vec4f(tile_b[half + place(k, tx)]);
      sums[0] += a0.x * b;
      sums[1] += a0.y * b;
      sums[2] += a0.z * b;
      sums[3] += a0.w * b;
      sums[4] += a1.x * b;
      sums[5] += a1.y * b;
      sums[6] += a1.z * b;
      sums[7] += a1.w * b;
    }
    put(256u - half, lane, next);
    workgroupBarrier();
  }
  if column + tx >= sizes.output / 4u { return; }
  let t = row + ty * 4u;
  let at = sizes.first / 4u + column + tx;
  store(t, at, sums[0]);
  store(t + 1u, at, sums[1]);
  store(t + 2u, at, sums[2]);
  store(t + 3u, at, sums[3]);
  store(t + 4u, at, sums[4]);
  store(t + 5u, at, sums[5]);
  store(t + 6u, at, sums[6]);
  store(t + 7u, at, sums[7]);
}
