// Residual and LayerNorm: sum = x + residual;  out = (sum − mean) · rstd · gamma + beta,  over the last axis
//   mean = Σ sum / WIDTH,  rstd = 1 / sqrt(Σ (sum − mean)² / WIDTH + EPSILON)
//
// Two passes over the row, mean first, then squared differences: E[x²] − E[x]² loses all digits where the mean is far from 0.
//
//   batch.tokens  number of rows T
//   x, residual   [T, WIDTH]
//   gamma, beta   [WIDTH]
//   sum           [T, WIDTH] what was normalised, and
//   stats         [T, 2] mean and rstd, both for the backward pass; written only where SAVE
//   out           [T, WIDTH]
//
// Overrides: WIDTH (a multiple of 4), EPSILON, RESIDUAL (false: `residual` is not read), SAVE (false: bind anything of a
//   vec4 to `sum` and `stats`).
// Dispatch: T workgroups; one owns a row, whose vectors its 64 invocations take in turn. For GPUs: neighbours read neighbours.
// Source: Ba et al. 2016 (arXiv:1607.06450), equation 3.

override WIDTH: u32 = 768u;
override EPSILON: f32 = 1e-12;
override RESIDUAL: bool = true;
override SAVE: bool = true;

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> residual: array<vec4f>;
@group(0) @binding(3) var<storage, read> gamma: array<vec4f>;
@group(0) @binding(4) var<storage, read> beta: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> sum: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> stats: array<vec2f>;
@group(0) @binding(7) var<storage, read_write> out: array<vec4f>;

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

  var sums = vec4f();
  for (var i = row + lane; i < row + vecs; i += 64u) {
    var v = x[i];
    if RESIDUAL { v += residual[i]; }
    out[i] = v;
    sums += v;
  }
  let mean = sum_of(lane, total(sums)) / f32(WIDTH);

  var squares = vec4f();
  for (var i = row + lane; i < row + vecs; i += 64u) {
    let d = out[i] - mean;
    squares += d * d;
  }
  let rstd = inverseSqrt(sum_of(lane, total(squares)) / f32(WIDTH) + EPSILON);

  for (var i = lane; i < vecs; i += 64u) {
    let v = out[row + i];
    if SAVE { sum[row + i] = v; }
    out[row + i] = (v - mean) * rstd * gamma[i] + beta[i];
  }
  if SAVE && lane == 0u { stats[token] = vec2f(mean, rstd); }
}
