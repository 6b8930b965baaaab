// Column sums, the gradient of a bias:  grad_bias[n] += Σ_t grad_out[t, n]
//
//   batch.tokens  number of rows T
//   grad_out      [T, WIDTH]
//   grad_bias     [WIDTH], added to
//
// Overrides: WIDTH.
// Dispatch: ceil(WIDTH / 32) workgroups; an invocation owns a column and walks down the rows in order.

override WIDTH: u32 = 768u;

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> grad_out: array<f32>;
@group(0) @binding(2) var<storage, read_write> grad_bias: array<f32>;

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x;
  if column >= WIDTH { return; }
  var sum = 0.0;
  for (var t = 0u; t < batch.tokens; t++) {
    sum += grad_out[t * WIDTH + column];
  }
  grad_bias[column] += sum;
}
