// LayerNorm, gradient of its input:  with  y = (sum − mean) · rstd,  g = grad_out · gamma,
//   grad_in = rstd · (g − mean(g) − y · mean(g · y))
// It is the gradient of `x` and of `residual` alike.
//
//   batch.tokens  number of rows T
//   grad_out      [T, WIDTH]
//   sum, stats    [T, WIDTH], [T, 2]: saved by layer_norm_forward.wgsl (stats: mean, rstd)
//   gamma         [WIDTH]
//   grad_in       [T, WIDTH], overwritten
//
// Overrides: WIDTH (a multiple of 4).
// Dispatch: ceil(T / 16) workgroups; an invocation owns a row.
// Source: derivative of Ba et al. 2016 (arXiv:1607.06450), equation 3.

override WIDTH: u32 = 768u;

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> grad_out: array<vec4f>;
@group(0) @binding(2) var<storage, read> sum: array<vec4f>;
@group(0) @binding(3) var<storage, read> stats: array<vec2f>;
@group(0) @binding(4) var<storage, read> gamma: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> grad_in: array<vec4f>;

fn total(v: vec4f) -> f32 { return (v.x + v.y) + (v.z + v.w); }

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let token = id.x;
  if token >= batch.tokens { return; }
  // Plus a zero that the compiler can't know: it would unroll the loops over a constant, which takes some drivers seconds.
  let vecs = WIDTH / 4u + (batch.tokens >> 31u);
  let row = token * vecs;
  let mean = stats[token].x;
  let rstd = stats[token].y;

  var sum_g = vec4f();
  var sum_gy = vec4f();
  for (var i = 0u; i < vecs; i++) {
    let g = grad_out[row + i] * gamma[i];
    sum_g += g;
    sum_gy += g * ((sum[row + i] - mean) * rstd);
  }
  let mean_g = total(sum_g) / f32(WIDTH);
  let mean_gy = total(sum_gy) / f32(WIDTH);

  for (var i = 0u; i < vecs; i++) {
    let g = grad_out[row + i] * gamma[i];
    let y = (sum[row + i] - mean) * rstd;
    grad_in[row + i] = rstd * (g - mean_g - y * mean_gy);
  }
}
