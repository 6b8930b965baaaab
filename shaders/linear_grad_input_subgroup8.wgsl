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
// Assumes IN and OUT multiples of 4, a subgroup size of 8.
// Dispatch: (ceil(IN / 32), ceil(T / 32)) workgroups; a workgroup is one subgroup and owns 32 x 32 sums, eight rows of grad_out spread over its lanes.
// The lines of add() are written out: where a loop changes an array's index, lavapipe keeps the sums in memory, at a quarter of the speed.
// Sums go through workgroup memory so that a short loop stores them, which halves the time to compile; a lane reads back only what it wrote.

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
  let columns = sizes.input / 4u;
  let steps = sizes.output / 4u;
  let row = group.y * 32u;
  if row >= batch.tokens { return; }
  let rows = min(vec4u(row + lane) + vec4u(0u, 8u, 16u, 24u), vec4u(batch.tokens - 1u));
  let start = rows * (sizes.width / 4u) + sizes.first / 4u;
  let column = min(group.x * 8u + lane, columns - 1u);
  var c0: array<vec4f, 8>;
  var c1: array<vec4f, 8>;
  var c2: array<vec4f, 8>;
  var c3: array<vec4f, 8>;
  for (var n4 = 0u; n4 < steps; n4++) {
    let a0 = grad_out[start.x + n4];
    let a1 = grad_out[start.y + n4];
    let a2 = grad_out[start.z + n4];
    let a3 = grad_out[start.w + n4];
    let n = n4 * 4u;
    let b = mat4x4f(
      weight[n * columns + column],
      weight[(n + 1u) * columns + column],
      weight[(n + 2u) * columns + column],
      weight[(n + 3u) * columns + column],
    );
    add(&c0, a0, b);
    add(&c1, a1, b);
    add(&c2, a2, b);
    add(&c3, a3, b);
  }
  put(lane, &c0);
  put(lane + 64u, &c1);
  put(lane + 128u, &c2);
  put(lane + 192u, &c3);
  if group.x * 8u + lane >= columns { return; }
  for (var r = 0u; r < min(32u, batch.tokens - row); r++) {
    let i = (row + r) * columns + column;
    var value = tile[r * 8u + lane];
    if sizes.add != 0u { value += addend[i]; }
    grad_x[i] = value;
  }
}
