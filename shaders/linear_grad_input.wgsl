// Linear layer, gradient of its input:  grad_x[t, k] = Σ_n grad_out[t, n] · weight[n, k]     (+ addend[t, k] where sizes.add)
//
//   batch.tokens  number of rows T
//   grad_out      [T, WIDTH]; columns FIRST to FIRST + OUT are read
//   weight        [OUT, IN], as PyTorch stores it
//   grad_x        [T, IN], overwritten
//   addend        [T, IN]; bind anything where sizes.add is 0
//
// Sizes: ROWS, rows of grad_out that an invocation keeps in registers (a const).
//   sizes         IN, OUT, FIRST, WIDTH, add (0 or 1): a uniform and no overrides, so that drivers compile the file once for all layers.
//                 FIRST 0 and WIDTH = OUT for a whole weight. A weight larger than one binding comes in blocks of rows, a dispatch each:
//                 OUT rows of WIDTH, from row FIRST on; grad_x of one block is the addend of the next.
//
// Dispatch: (ceil(IN / 16), ceil(T / ROWS)) workgroups; an invocation owns a column of ROWS rows.

const ROWS: u32 = 16;

struct Sizes { input: u32, output: u32, first: u32, width: u32, add: u32 }

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(5) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> grad_out: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> grad_x: array<f32>;
@group(0) @binding(4) var<storage, read> addend: array<f32>;

@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let IN = sizes.input;
  let OUT = sizes.output;
  let row = group.y * ROWS;
  if row >= batch.tokens { return; }
  let k = min(group.x * 16u + lane, IN - 1u);
  let last = batch.tokens - 1u;
  var sums: array<f32, ROWS>;
  for (var n = 0u; n < OUT; n++) {
    let w = weight[n * IN + k];
    for (var r = 0u; r < ROWS; r++) {
      sums[r] += w * grad_out[min(row + r, last) * sizes.width + sizes.first + n];
    }
  }
  if group.x * 16u + lane >= IN { return; }
  for (var r = 0u; r < ROWS; r++) {
    if row + r < batch.tokens {
      let i = (row + r) * IN + k;
      if sizes.add != 0u { grad_x[i] = sums[r] + addend[i]; } else { grad_x[i] = sums[r]; }
    }
  }
}
