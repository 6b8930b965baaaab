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
// Assumes IN a multiple of 4, a subgroup size of 4.
// Dispatch: (ceil(OUT / 32), ceil(T / 32)) workgroups; a workgroup is one subgroup and owns 32 x 32 sums, four rows of x spread over its lanes.
// The lines of add() are written out, so that no index of the sums changes and they stay in registers.
// Sums go through workgroup memory so that a short loop stores them, which halves the time to compile; a lane reads back only what it wrote.
// Columns past the edge repeat the last one: they compute and store the same value, so that no store needs a condition.

enable subgroups;

struct Sizes { input: u32, output: u32, first: u32, width: u32 }

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(5) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

var<workgroup> tile: array<vec4f, 256>;

// sum + Σ_k a[k] · b[k], for four columns of the product.
fn plus(sum: vec4f, a: vec4f, b: mat4x4f) -> vec4f {
  return vec4f(chain(sum.x, a, b[0]), chain(sum.y, a, b[1]), chain(sum.z, a, b[2]), chain(sum.w, a, b[3]));
}

fn chain(sum: f32, a: vec4f, b: vec4f) -> f32 {
  return sum + a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w;
}

// Four rows: a lane holds four elements of its row, and sees the rows of the other three by quad swaps; so sums 2 s and 2 s + 1
// belong to row lane ^ s.
fn add(sums: ptr<function, array<vec4f, 8>>, a: vec4f, b: mat4x4f, c: mat4x4f) {
  (*sums)[0] = plus((*sums)[0], a, b);
  (*sums)[1] = plus((*sums)[1], a, c);
  let a1 = quadSwapX(a);
  (*sums)[2] = plus((*sums)[2], a1, b);
  (*sums)[3] = plus((*sums)[3], a1, c);
  let a2 = quadSwapY(a);
  (*sums)[4] = plus((*sums)[4], a2, b);
  (*sums)[5] = plus((*sums)[5], a2, c);
  let a3 = quadSwapDiagonal(a);
  (*sums)[6] = plus((*sums)[6], a3, b);
  (*sums)[7] = plus((*sums)[7], a3, c);
}

fn put(row: u32, lane: u32, sums: ptr<function, array<vec4f, 8>>) {
  let at = row * 8u + lane * 2u;
  tile[at + lane * 8u] = (*sums)[0];
  tile[at + lane * 8u + 1u] = (*sums)[1];
  tile[at + (lane ^ 1u) * 8u] = (*sums)[2];
  tile[at + (lane ^ 1u) * 8u + 1u] = (*sums)[3];
  tile[at + (lane ^ 2u) * 8u] = (*sums)[4];
  tile[at + (lane ^ 2u) * 8u + 1u] = (*sums)[5];
  tile[at + (lane ^ 3u) * 8u] = (*sums)[6];
  tile[at + (lane ^ 3u) * 8u + 1u] = (*sums)[7];
}

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let steps = sizes.input / 4u;
  let row = group.y * 32u;
  if row >= batch.tokens { return; }
  let x0 = min(row + 0u + lane, batch.tokens - 1u) * steps;
  let x1 = min(row + 4u + lane, batch.tokens - 1u) * steps;
  let x2 = min(row + 8u + lane, batch.tokens - 1u) * steps;
  let x3 = min(row + 12u + lane, batch.tokens - 1u) * steps;
  let x4 = min(row + 16u + lane, batch.tokens - 1u) * steps;
  let x5 = min(row + 20u + lane, batch.tokens - 1u) * steps;
  let x6 = min(row + 24u + lane, batch.tokens - 1u) * steps;
  let x7 = min(row + 28u + lane, batch.tokens - 1u) * steps;
  let col0 = min(vec4u(group.x * 32u + lane) + vec4u(0u, 4u, 8u, 12u), vec4u(sizes.output - 1u));
  let col1 = min(vec4u(group.x * 32u + lane) + vec4u(16u, 20u, 24u, 28u), vec4u(sizes.output - 1u));
  let w0 = col0 * steps;
  let w1 = col1 * steps;
  let to0 = col0 + sizes.first;
  let to1 = col1 + sizes.first;
  let s0 = vec4f(bias[to0.x], bias[to0.y], bias[to0.z], bias[to0.w]);
  let s1 = vec4f(bias[to1.x], bias[to1.y], bias[to1.z], bias[to1.w]);
  var c0 = array<vec4f, 8>(s0, s1, s0, s1, s0, s1, s0, s1);
  var c1 = c0;
  var c2 = c0;
  var c3 = c0;
  var c4 = c0;
  var c5 = c0;
  var c6 = c0;
  var c7 = c0;
  for (var k4 = 0u; k4 < steps; k4++) {
    let b = mat4x4f(weight[w0.x + k4], weight[w0.y + k4], weight[w0.z + k4], weight[w0.w + k4]);
    let c = mat4x4f(weight[w1.x + k4], weight[w1.y + k4], weight[w1.z + k4], weight[w1.w + k4]);
    add(&c0, x[x0 + k4], b, c);
    add(&c1, x[x1 + k4], b, c);
    add(&c2, x[x2 + k4], b, c);
    add(&c3, x[x3 + k4], b, c);
    add(&c4, x[x4 + k4], b, c);
    add(&c5, x[x5 + k4], b, c);
    add(&c6, x[x6 + k4], b, c);
    add(&c7, x[x7 + k4], b, c);
  }
  put(0u, lane, &c0);
  put(4u, lane, &c1);
  put(8u, lane, &c2);
  put(12u, lane, &c3);
  put(16u, lane, &c4);
  put(20u, lane, &c5);
  put(24u, lane, &c6);
  put(28u, lane, &c7);
  for (var r = 0u; r < min(32u, batch.tokens - row); r++) {
    let at = (row + r) * sizes.width;
    let sum0 = tile[r * 8u + lane * 2u];
    let sum1 = tile[r * 8u + lane * 2u + 1u];
    out[at + to0.x] = sum0.x;
    out[at + to0.y] = sum0.y;
    out[at + to0.z] = sum0.z;
    out[at + to0.w] = sum0.w;
    out[at + to1.x] = sum1.x;
    out[at + to1.y] = sum1.y;
    out[at + to1.z] = sum1.z;
    out[at + to1.w] = sum1.w;
  }
}
