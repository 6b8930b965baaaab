// Linear layer, gradient of its weight:  grad_weight[n, k] += Σ_t grad_out[t, n] · x[t, k]
//
//   batch.tokens  number of rows T
//   grad_out      [T, WIDTH]; columns FIRST to FIRST + OUT are read
//   x             [T, IN]
//   grad_weight   [OUT, IN], added to
//
// Sizes: ROWS, rows of grad_weight that an invocation keeps in registers (a const).
//   sizes         IN, OUT, FIRST, WIDTH: a uniform and no overrides, so that drivers compile the file once for all layers.
//                 FIRST 0 and WIDTH = OUT for a whole weight. A weight larger than one binding comes in blocks of rows, a dispatch each:
//                 OUT rows of WIDTH, from row FIRST on.
//
// Dispatch: (ceil(IN / 16), ceil(OUT / ROWS)) workgroups; an invocation owns a column of ROWS rows and walks down the tokens in order.

const ROWS: u32 = 16;

struct Sizes { input: u32, output: u32, first: u32, width: u32 }

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(4) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> grad_out: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> grad_weight: array<f32>;

@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let IN = sizes.input;
  let OUT = sizes.output;
  let row = group.y * ROWS;
  let k = min(group.x * 16u + lane, IN - 1u);
  var sums: array<f32, ROWS>;
  for (var t = 0u; t < batch.tokens; t++) {
    let v = x[t * IN + k];
    for (var r = 0u; r < ROWS; r++) {
      sums[r] += v * grad_out[t * sizes.width + sizes.first + min(row + r, OUT - 1u)];
    }
  }
  if group.x * 16u + lane >= IN { return; }
  for (var r = 0u; r < ROWS; r++) {
    if row + r < OUT { grad_weight[(row + r) * IN + k] += sums[r]; }
  }
}
