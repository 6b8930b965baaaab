// Linear layer, gradient of the weight:  grad_weight[n, k] += Σ_t grad_out[t, n] · x[t, k]
//
//   batch.tokens  number of rows T
//   grad_out      [T, WIDTH]; columns FIRST to FIRST + OUT are read
//   x             [T, IN]
//   grad_weight   [OUT, IN], added to
//
//   sizes         IN, OUT, FIRST, WIDTH: a uniform and no overrides, so that drivers compile the file once for all layers.
//                 FIRST 0 and WIDTH = OUT for a whole weight. A weight larger than one binding comes in blocks of rows, a dispatch each:
//                 OUT rows of WIDTH, from row FIRST on.
//
// Assumes IN and OUT multiples of 4.
// Dispatch: (ceil(IN / 64), ceil(OUT / 64)) workgroups of 128 invocations, for GPUs: a workgroup owns 64 x 64 sums, an invocation 8 x 4 of them.
// Sixteen terms of each sum at a time go through workgroup memory (16 KiB, in two halves: while one is summed up the other is filled, and
// one barrier a round is enough). An invocation brings a block of 4 x 4, read a row at a time. The method is that of NVIDIA's CUTLASS,
// "Efficient GEMM in CUDA".

struct Sizes { input: u32, output: u32, first: u32, width: u32 }

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(4) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> grad_out: array<vec4f>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> grad_weight: array<vec4f>;

// Two halves of [16 terms][16 groups of four rows or columns].
var<workgroup> tile_a: array<vec4f, 512>;
var<workgroup> tile_b: array<vec4f, 512>;

// Where a tile keeps term k of the four rows or columns of a group: shuffled, so that neighbours fall on different memory banks.
fn place(k: u32, fours: u32) -> u32 {
  return k * 16u + (fours ^ (k / 4u * 2u));
}

// The invocation's block of the sixteen terms (tokens) from `term` on: [term][row] of grad_out, or [term][column] of x. Rows and columns
// past the edge repeat the last one; terms past the edge are 0.
fn load(row: u32, column: u32, term: u32, lane: u32) -> mat4x4f {
  let t = term + lane % 64u / 16u * 4u;
  if lane < 64u {
    let fours = sizes.output / 4u;
    let at = sizes.first / 4u + min(row / 4u + lane % 16u, fours - 1u);
    return mat4x4f(grad_row(t, at), grad_row(t + 1u, at), grad_row(t + 2u, at), grad_row(t + 3u, at));
  }
  let at = min(column + lane % 16u, sizes.input / 4u - 1u);
  return mat4x4f(x_row(t, at), x_row(t + 1u, at), x_row(t + 2u, at), x_row(t + 3u, at));
}

fn grad_row(t: u32, at: u32) -> vec4f {
  if t >= batch.tokens { return vec4f(); }
  return grad_out[t * (sizes.width / 4u) + at];
}

fn x_row(t: u32, at: u32) -> vec4f {
  if t >= batch.tokens { return vec4f(); }
  return x[t * (sizes.input / 4u) + at];
}

fn put(half: u32, lane: u32, block: mat4x4f) {
  if lane < 64u {
    let at = lane / 16u * 4u;
    tile_a[half + place(at, lane % 16u)] = block[0];
    tile_a[half + place(at + 1u, lane % 16u)] = block[1];
    tile_a[half + place(at + 2u, lane % 16u)] = block[2];
    tile_a[half + place(at + 3u, lane % 16u)] = block[3];
  } else {
    let other = lane - 64u;
    let at = other / 16u * 4u;
    tile_b[half + place(at, other % 16u)] = block[0];
    tile_b[half + place(at + 1u, other % 16u)] = block[1];
    tile_b[half + place(at + 2u, other % 16u)] = block[2];
    tile_b[half + place(at + 3u, other % 16u)] = block[3];
  }
}

fn store(n: u32, at: u32, sum: vec4f) {
  if n < sizes.output { grad_weight[n * (sizes.input / 4u) + at] += sum; }
}

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * 64u;
  let column = group.x * 16u; // in fours
  let rounds = (batch.tokens + 15u) / 16u;
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
      let a0 = tile_a[half + place(k, ty)];
      let a1 = tile_a[half + place(k, ty + 1u)];
      let b = tile_b[half + place(k, tx)];
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
  if column + tx >= sizes.input / 4u { return; }
  let n = row + ty * 4u;
  let at = column + tx;
  store(n, at, sums[0]);
  store(n + 1u, at, sums[1]);
  store(n + 2u, at, sums[2]);
  store(n + 3u, at, sums[3]);
  store(n + 4u, at, sums[4]);
  store(n + 5u, at, sums[5]);
  store(n + 6u, at, sums[6]);
  store(n + 7u, at, sums[7]);
}
