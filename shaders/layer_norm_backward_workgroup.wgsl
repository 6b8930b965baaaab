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
// Dispatch: T workgroups; one owns a row, whose vectors its 64 invocations take in turn. For GPUs: neighbours read neighbours.
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

var<workgroup> partial: array<f32, 64>;

// Sum of `own` over the workgroup, in a fixed order.
fn sum_of(lane: u32, own: f32) -> f32 {
  partial[lane] = own;
  workgroupBarrier();
  for (var step = 32u; step > 0u; step /= 2u) {
    if lane < step { partial[lane] += partial[lane + step]; }
    workgroupBarrier();
  }
  let sum = partial[0];
  workgroupBarrier();
  return sum;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let token = group.x;
  if token >= batch.tokens { return; }
  let vecs = WIDTH / 4u + (batch.tokens >> 31u); // plus 0: some drivers unroll a loop over a constant for seconds
  let row = token * vecs;
  let mean = stats[token].x;
  let rstd = stats[token].y;

  var g_sums = vec4f();
  var gy_sums = vec4f();
  for (var i = lane; i < vecs; i += 64u) {
    let g = grad_out[row + i] * gamma[i];
    g_sums += g;
    gy_sums += g * ((sum[row + i] - mean) * rstd);
  }
  let mean_g = sum_of(lane, total(g_sums)) / f32(WIDTH);
  let mean_gy = sum_of(lane, total(gy_sums)) / f32(WIDTH);

  for (var i = lane; i < vecs; i += 64u) {
    let g = grad_out[row + i] * gamma[i];
    let y = (sum[row + i] - mean) * rstd;
    grad_in[row + i] = rstd * (g - mean_g - y * mean_gy);
  }
}
