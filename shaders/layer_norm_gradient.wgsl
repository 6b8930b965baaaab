// LayerNorm, gradients of its parameters:
//   grad_gamma[i] += Σ_t grad_out[t, i] · (sum[t, i] − mean_t) · rstd_t;   grad_beta[i] += Σ_t grad_out[t, i]
//
//   batch.tokens           number of rows T
//   grad_out               [T, WIDTH]
//   sum, stats             [T, WIDTH], [T, 2]: saved by layer_norm_forward.wgsl (stats: mean, rstd)
//   grad_gamma, grad_beta  [WIDTH], added to
//
// Overrides: WIDTH.
// Dispatch: ceil(WIDTH / 32) workgroups; an invocation owns a column and walks down the rows in order.

override WIDTH: u32 = 768u;

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> grad_out: array<f32>;
@group(0) @binding(2) var<storage, read> sum: array<f32>;
@group(0) @binding(3) var<storage, read> stats: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> grad_gamma: array<f32>;
@group(0) @binding(5) var<storage, read_write> grad_beta: array<f32>;

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x;
  if column >= WIDTH { return; }
  var gamma = 0.0;
  var beta = 0.0;
  for (var t = 0u; t < batch.tokens; t++) {
    let i = t * WIDTH + column;
    let s = stats[t];
    let g = grad_out[i];
    gamma += g * ((sum[i] - s.x) * s.y);
    beta += g;
  }
  grad_gamma[column] += gamma;
  grad_beta[column] += beta;
}
