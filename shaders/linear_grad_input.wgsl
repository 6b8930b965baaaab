// Linear layer, gradient of its input:  grad_x[t, k] = Σ_n grad_out[t, n] · weight[n, k]     (+ grad_x[t, k] where ACCUMULATE)
//
//   batch.tokens  number of rows T
//   grad_out      [T, OUT]
//   weight        [OUT, IN], as PyTorch stores it
//   grad_x        [T, IN], overwritten, or added to where ACCUMULATE
//
// Sizes: ROWS, rows of grad_out that an invocation keeps in registers (a const).
// Overrides: IN, OUT, ACCUMULATE.
// Dispatch: (ceil(IN / 16), ceil(T / ROWS)) workgroups; an invocation owns a column of ROWS rows.

const ROWS: u32 = 16;

override IN: u32 = 768u;
override OUT: u32 = 768u;
override ACCUMULATE: bool = false;

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> grad_out: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> grad_x: array<f32>;

@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * ROWS;
  if row >= batch.tokens { return; }
  let k = min(group.x * 16u + lane, IN - 1u);
  let last = batch.tokens - 1u;
  var sums: array<f32, ROWS>;
  for (var n = 0u; n < OUT; n++) {
    let w = weight[n * IN + k];
    for (var r = 0u; r < ROWS; r++) {
      sums[r] += w * grad_out[min(row + r, last) * OUT + n];
    }
  }
  if group.x * 16u + lane >= IN { return; }
  for (var r = 0u; r < ROWS; r++) {
    if row + r < batch.tokens {
      let i = (row + r) * IN + k;
      if ACCUMULATE { grad_x[i] += sums[r]; } else { grad_x[i] = sums[r]; }
    }
  }
}
