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
// Assumes IN and OUT multiples of 4, a subgroup size of 8.
// Dispatch: (ceil(IN / 32), ceil(OUT / 32)) workgroups; a workgroup is one subgroup and owns 32 x 32 sums, the rows of grad_out spread over its lanes.
// The lines of add() are written out: where a loop changes an array's index, lavapipe keeps the sums in memory, at a quarter of the speed.
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
  var result = sum;
  result += a.x * b[0];
  result += a.y * b[1];
  result += a.z * b[2];
  result += a.w * b[3];
  return result;
}

// Every fourth row of 32: lane l holds four tokens of the l-th of them, and hands them to all.
fn add(sums: ptr<function, array<vec4f, 8>>, a: vec4f, b: mat4x4f) {
  (*sums)[0] = plus((*sums)[0], subgroupShuffle(a, 0u), b);
  (*sums)[1] = plus((*sums)[1], subgroupShuffle(a, 1u), b);
  (*sums)[2] = plus((*sums)[2], subgroupShuffle(a, 2u), b);
  (*sums)[3] = plus((*sums)[3], subgroupShuffle(a, 3u), b);
  (*sums)[4] = plus((*sums)[4], subgroupShuffle(a, 4u), b);
  (*sums)[5] = plus((*sums)[5], subgroupShuffle(a, 5u), b);
  (*sums)[6] = plus((*sums)[6], subgroupShuffle(a, 6u), b);
  (*sums)[7] = plus((*sums)[7], subgroupShuffle(a, 7u), b);
}

fn put(at: u32, sums: ptr<function, array<vec4f, 8>>) {
  tile[at] = (*sums)[0];
  tile[at + 8u] = (*sums)[1];
  tile[at + 16u] = (*sums)[2];
  tile[at + 24u] = (*sums)[3];
  tile[at + 32u] = (*sums)[4];
  tile[at + 40u] = (*sums)[5];
  tile[at + 48u] = (*sums)[6];
  tile[at + 56u] = (*sums)[7];
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let columns = sizes.input / 4u;
  let row = group.y * 32u;
  let start = sizes.first / 4u + min(row / 4u + lane, sizes.output / 4u - 1u);
  let column = min(group.x * 8u + lane, columns - 1u);
  var c0: array<vec4f, 8>; // rows 0, 4, 8 …
  var c1: array<vec4f, 8>; // rows 1, 5, 9 …
  var c2: array<vec4f, 8>;
  var c3: array<vec4f, 8>;
  for (var t4 = 0u; t4 < (batch.tokens + 3u) / 4u; t4++) {
    let t = min(vec4u(t4 * 4u) + vec4u(0u, 1u, 2u, 3u), vec4u(batch.tokens - 1u));
    let live = vec4f(vec4u(t4 * 4u) + vec4u(0u, 1u, 2u, 3u) == t);
    let g = t * (sizes.width / 4u) + start;
    let at = t * columns + column;
    let a = transpose(mat4x4f(grad_out[g.x], grad_out[g.y] * live.y, grad_out[g.z] * live.z, grad_out[g.w] * live.w));
    let b = mat4x4f(x[at.x], x[at.y], x[at.z], x[at.w]);
    add(&c0, a[0], b);
    add(&c1, a[1], b);
    add(&c2, a[2], b);
    add(&c3, a[3], b);
  }
  put(lane, &c0);
  put(lane + 64u, &c1);
  put(lane + 128u, &c2);
  put(lane + 192u, &c3);
  if group.x * 8u + lane >= columns { return; }
  for (var r = 0u; r < min(32u, sizes.output - row); r++) {
    grad_weight[(row + r) * columns + column] += tile[(r % 4u) * 64u + (r / 4u) * 8u + lane];
  }
}
