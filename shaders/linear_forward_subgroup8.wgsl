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
// Assumes IN a multiple of 4, a subgroup size of 8.
// Dispatch: (ceil(OUT / 32), ceil(T / 32)) workgroups; a workgroup is one subgroup and owns 32 x 32 sums, eight rows of x spread over its lanes.
// The lines of add() are written out: where a loop changes an array's index, lavapipe keeps the sums in memory, at a quarter of the speed.
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
  var result = sum;
  result += a.x * b[0];
  result += a.y * b[1];
  result += a.z * b[2];
  result += a.w * b[3];
  return result;
}

// Eight rows: lane l holds four elements of row l, and hands them to all.
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
  let steps = sizes.input / 4u;
  let first = group.y * 32u;
  if first >= batch.tokens { return; }
  let row = min(vec4u(first + lane) + vec4u(0u, 8u, 16u, 24u), vec4u(batch.tokens - 1u)) * steps;
  let col = min(vec4u(group.x * 32u + lane) + vec4u(0u, 8u, 16u, 24u), vec4u(sizes.output - 1u));
  let to = col + sizes.first;
  let at = col * steps;
  let start = vec4f(bias[to.x], bias[to.y], bias[to.z], bias[to.w]);
  var c0 = array<vec4f, 8>(start, start, start, start, start, start, start, start);
  var c1 = c0;
  var c2 = c0;
  var c3 = c0;
  for (var k4 = 0u; k4 < steps; k4++) {
    let b = transpose(mat4x4f(weight[at.x + k4], weight[at.y + k4], weight[at.z + k4], weight[at.w + k4]));
    let a0 = x[row.x + k4];
    let a1 = x[row.y + k4];
    let a2 = x[row.z + k4];
    let a3 = x[row.w + k4];
    add(&c0, a0, b);
    add(&c1, a1, b);
    add(&c2, a2, b);
    add(&c3, a3, b);
  }
  put(lane, &c0);
  put(lane + 64u, &c1);
  put(lane + 128u, &c2);
  put(lane + 192u, &c3);
  for (var r = 0u; r < min(32u, batch.tokens - first); r++) {
    let sum = tile[r * 8u + lane];
    let at = (first + r) * sizes.width;
    out[at + to.x] = sum.x;
    out[at + to.y] = sum.y;
    out[at + to.z] = sum.z;
    out[at + to.w] = sum.w;
  }
}
