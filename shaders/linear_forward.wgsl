// Linear layer, forward:  out[t, n] = Σ_k x[t, k] · weight[n, k] + bias[n]
//
//   batch.tokens  number of rows T
//   x             [T, IN]
//   weight        [OUT, IN], as PyTorch stores it
//   bias          [WIDTH]
//   out           [T, WIDTH]; columns FIRST to FIRST + OUT are written
//
// Sizes: ROWS, rows of x that an invocation keeps in registers (a const).
//   sizes         IN, OUT, FIRST, WIDTH: a uniform and no overrides, so that drivers compile the file once for all layers.
//                 FIRST 0 and WIDTH = OUT for a whole weight. A weight larger than one binding comes in blocks of rows, a dispatch each:
//                 OUT rows of WIDTH, from row FIRST on.
//
// Dispatch: (ceil(OUT / 16), ceil(T / ROWS)) workgroups; an invocation owns a column of ROWS rows. x is read at addresses that are
//   the same for the whole workgroup.

const ROWS: u32 = 16;

struct Sizes { input: u32, output: u32, first: u32, width: u32 }

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(5) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let IN = sizes.input;
  let OUT = sizes.output;
  let row = group.y * ROWS;
  if row >= batch.tokens { return; }
  let n = min(group.x * 16u + lane, OUT - 1u);
  let last = batch.tokens - 1u;
  var sums: array<f32, ROWS>;
  for (var k = 0u; k < IN; k++) {
    let w = weight[n * IN + k];
    for (var r = 0u; r < ROWS; r++) {
      sums[r] += w * x[min(row + r, last) * IN + k];
    }
  }
  if group.x * 16u + lane >= OUT { return; }
  let to = sizes.first + n;
  for (var r = 0u; r < ROWS; r++) {
    if row + r < batch.tokens { out[(row + r) * sizes.width + to] = sums[r] + bias[to]; }
  }
}
