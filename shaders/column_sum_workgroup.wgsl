// Column sums, the gradient of a bias:  grad_bias[n] += Σ_t grad_out[t, n]
//
//   batch.tokens  number of rows T
//   grad_out      [T, WIDTH]
//   grad_bias     [WIDTH], added to
//
// Overrides: WIDTH.
// Dispatch: ceil(WIDTH / 32) workgroups; each of eight rows of 32 invocations walks down every eighth row of the matrix, then the eight
// sums are added in order. For GPUs, which want more invocations than there are columns.

override WIDTH: u32 = 768u;

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> grad_out: array<f32>;
@group(0) @binding(2) var<storage, read_write> grad_bias: array<f32>;

var<workgroup> partial: array<f32, 256>;

@compute @workgroup_size(32, 8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) at: vec3u) {
  let column = group.x * 32u + at.x;
  var sum = 0.0;
  if column < WIDTH {
    for (var t = at.y; t < batch.tokens; t += 8u) { sum += grad_out[t * WIDTH + column]; }
  }
  partial[at.y * 32u + at.x] = sum;
  workgroupBarrier();
  if at.y > 0u || column >= WIDTH { return; }
  for (var r = 1u; r < 8u; r++) { sum += partial[r * 32u + at.x]; }
  grad_bias[column] += sum;
}
