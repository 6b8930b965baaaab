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
// Assumes IN and OUT multiples of 4, a subgroup size of 4.
// Dispatch: (ceil(IN / 32), ceil(OUT / 32)) workgroups; a workgroup is one subgroup and owns 32 x 32 sums, the rows of grad_out spread over its lanes.
// The lines of add() are written out, so that no index of the sums changes and they stay in registers.
// Sums go through workgroup memory so that a short loop stores them, which halves the time to compile; a lane reads back only what it wrote.

enable subgroups;

struct Sizes { input: u32, output: u32, first: u32, width: u32 }

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(4) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> grad_out: array<vec4f>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> grad_weight: array<vec4f>;

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
  tile[at + lane * 32u] = (*sums)[0];
  tile[at + lane * 32u + 1u] = (*sums)[1];
  tile[at + (lane ^ 1u) * 32u] = (*sums)[2];
  tile[at + (lane ^ 1u) * 32u + 1u] = (*sums)[3];
  tile[at + (lane ^ 2u) * 32u] = (*sums)[4];
  tile[at + (lane ^ 2u) * 32u + 1u] = (*sums)[5];
  tile[at + (lane ^ 3u) * 32u] = (*sums)[6];
  tile[at + (lane ^ 3u) * 32u + 1u] = (*sums)[7];
}

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let columns = sizes.input / 4u;
  let rows = sizes.output / 4u;
  let row = group.y * 32u;
  let row0 = sizes.first / 4u + min(row / 4u + lane, rows - 1u);
  let row1 = sizes.first / 4u + min(row / 4u + 4u + lane, rows - 1u);
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
  for (var t4 = 0u; t4 < (batch.tokens + 3u) / 4u; t4++) {
    let first = vec4u(t4 * 4u, t4 * 4u + 1u, t4 * 4u + 2u, t4 * 4u + 3u);
    let t = min(first, vec4u(batch.tokens - 1u));
    let live = vec4f(t == first); // 0 past the last token
    let g = t * (sizes.width / 4u);
    let a0 = transpose(mat4x4f(grad_out[g.x + row0], grad_out[g.y + row0] * live.y, grad_out[g.z + row0] * live.z, grad_out[g.w + row0] * live.w));
    let a1 = transpose(mat4x4f(grad_out[g.x + row1], grad_out[g.y + row1] * live.y, grad_out[g.z + row1] * live.z, grad_out[g.w + row1] * live.w));
    let at = t * columns;
    let b = transpose(mat4x4f(x[at.x + col0], x[at.y + col0], x[at.z + col0], x[at.w + col0]));
    let c = transpose(mat4x4f(x[at.x + col1], x[at.y + col1], x[at.z + col1], x[at.w + col1]));
    add(&c0, a0[0], b, c);
    add(&c1, a0[1], b, c);
    add(&c2, a0[2], b, c);
    add(&c3, a0[3], b, c);
    add(&c4, a1[0], b, c);
    add(&c5, a1[1], b, c);
    add(&c6, a1[2], b, c);
    add(&c7, a1[3], b, c);
  }
  put(0u, lane, &c0);
  put(1u, lane, &c1);
  put(2u, lane, &c2);
  put(3u, lane, &c3);
  put(16u, lane, &c4);
  put(17u, lane, &c5);
  put(18u, lane, &c6);
  put(19u, lane, &c7);
  for (var r = 0u; r < min(32u, sizes.output - row); r++) {
    let at = (row + r) * columns;
    if group.x * 8u + lane < columns { grad_weight[at + col0] += tile[r * 8u + lane * 2u]; }
    if group.x * 8u + lane + 4u < columns { grad_weight[at + col1] += tile[r * 8u + lane * 2u + 1u]; }
  }
}
