// Linear layer, gradient of the input:  grad_x[t, k] = Σ_n grad_out[t, n] · weight[n, k]     (+ addend[t, k] where sizes.add)
//
//   batch.tokens  number of rows T
//   grad_out      [T, WIDTH]; columns FIRST to FIRST + OUT are read
//   weight        [OUT, IN]
//   grad_x        [T, IN], overwritten
//   addend        [T, IN]; bind anything where sizes.add is 0
//
//   sizes         IN, OUT, FIRST, WIDTH, add (0 or 1): a uniform and no overrides, so that drivers compile the file once for all layers.
//                 FIRST 0 and WIDTH = OUT for a whole weight. A weight larger than one binding comes in blocks of rows, a dispatch each:
//                 OUT rows of WIDTH, from row FIRST on; grad_x of one block is the addend of the next.
//
// Assumes IN and OUT multiples of 4, a subgroup size of 4.
// Dispatch: (ceil(IN / 32), ceil(T / 32)) workgroups; a workgroup is one subgroup and owns 32 x 32 sums, four rows of grad_out spread over its lanes.
// The lines of add() are written out, so that no index of the sums changes and they stay in registers.
// Sums go through workgroup memory so that a short loop stores them, which halves the time to compile; a lane reads back only what it wrote.
// Columns past the edge repeat the last one: they compute and store the same value, so that no store needs a condition.

enable subgroups;

struct Sizes { input: u32, output: u32, first: u32, width: u32, add: u32 }

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(5) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> grad_out: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> grad_x: array<vec4f>;
@group(0) @binding(4) var<storage, read> addend: array<vec4f>;

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

fn store(i: u32, value: vec4f) {
  if sizes.add != 0u { grad_x[i] = value + addend[i]; } else { grad_x[i] = value; }
}

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let columns = sizes.input / 4u;
  let steps = sizes.output / 4u;
  let row = group.y * 32u;
  if row >= batch.tokens { return; }
  let g0 = min(row + 0u + lane, batch.tokens - 1u) * (sizes.width / 4u) + sizes.first / 4u;
  let g1 = min(row + 4u + lane, batch.tokens - 1u) * (sizes.width / 4u) + sizes.first / 4u;
  let g2 = min(row + 8u + lane, batch.tokens - 1u) * (sizes.width / 4u) + sizes.first / 4u;
  let g3 = min(row + 12u + lane, batch.tokens - 1u) * (sizes.width / 4u) + sizes.first / 4u;
  let g4 = min(row + 16u + lane, batch.tokens - 1u) * (sizes.width / 4u) + sizes.first / 4u;
  let g5 = min(row + 20u + lane, batch.tokens - 1u) * (sizes.width / 4u) + sizes.first / 4u;
  let g6 = min(row + 24u + lane, batch.tokens - 1u) * (sizes.width / 4u) + sizes.first / 4u;
  let g7 = min(row + 28u + lane, batch.tokens - 1u) * (sizes.width / 4u) + sizes.first / 4u;
  let col0 = min(group.x * 8u + lane, columns - 1u);
  let col1 = min(group.x * 8u + lane + 4u, columns - 1u);
  var c0: array<vec4f, 8>;
  var c1: array<vec4f, 8>;
  var c2: array<vec4f, 8>;
  var c3: array<vec4f, 8>;
  var c4: array<vec4f, 8>;
  var c5: array<vec4f, 8>;
  var c6: array<vec4f, 8>;
  var c7: array<vec4f, 8>;
  for (var n4 = 0u; n4 < steps; n4++) {
    let n = vec4u(n4 * 4u, n4 * 4u + 1u, n4 * 4u + 2u, n4 * 4u + 3u) * columns;
    let w0 = n + col0;
    let w1 = n + col1;
    let b = transpose(mat4x4f(weight[w0.x], weight[w0.y], weight[w0.z], weight[w0.w]));
    let c = transpose(mat4x4f(weight[w1.x], weight[w1.y], weight[w1.z], weight[w1.w]));
    add(&c0, grad_out[g0 + n4], b, c);
    add(&c1, grad_out[g1 + n4], b, c);
    add(&c2, grad_out[g2 + n4], b, c);
    add(&c3, grad_out[g3 + n4], b, c);
    add(&c4, grad_out[g4 + n4], b, c);
    add(&c5, grad_out[g5 + n4], b, c);
    add(&c6, grad_out[g6 + n4], b, c);
    add(&c7, grad_out[g7 + n4], b, c);
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
    store((row + r) * columns + col0, tile[r * 8u + lane * 2u]);
    store((row + r) * columns + col1, tile[r * 8u + lane * 2u + 1u]);
  }
}
