// LayerNorm, gradients of its parameters:
//   grad_gamma[i] += Σ_t grad_out[t, i] · (sum[t, i] − mean_t) · rstd_t;   grad_beta[i] += Σ_t grad_out[t, i]
//
//   batch.tokens           number of rows T
//   grad_out               [T, WIDTH]
//   sum, stats             [T, WIDTH], [T, 2]: saved by layer_norm_forward.wgsl (stats: mean, rstd)
//   grad_gamma, grad_beta  [WIDTH], added to
//
// Overrides: WIDTH.
// Dispatch: ceil(WIDTH / 32) workgroups; each of eight rows of 32 invocations walks down every eighth row of the matrix, then the eight
// sums are added in order. For GPUs, which want more invocations than there are columns.

override WIDTH: u32 = 768u;

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> grad_out: array<f32>;
@group(0) @binding(2) var<storage, read> sum: array<f32>;
@group(0) @binding(3) var<storage, read> stats: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> grad_gamma: array<f32>;
@group(0) @binding(5) var<storage, read_write> grad_beta: array<f32>;

var<workgroup> partial: array<vec2f, 256>;

@compute @workgroup_size(32, 8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) at: vec3u) {
  let column = group.x * 32u + at.x;
  var sums = vec2f(); // of gamma's gradient, of beta's
  if column < WIDTH {
    for (var t = at.y; t < batch.tokens; t += 8u) {
      let i = t * WIDTH + column;
      let s = stats[t];
      let g = grad_out[i];
      sums += vec2f(g * ((sum[i] - s.x) * s.y), g);
    }
  }
  partial[at.y * 32u + at.x] = sums;
  workgroupBarrier();
  if at.y > 0u || column >= WIDTH { return; }
  for (var r = 1u; r < 8u; r++) { sums += partial[r * 32u + at.x]; }
  grad_gamma[column] += sums.x;
  grad_beta[column] += sums.y;
}
