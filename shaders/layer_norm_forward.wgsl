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
// Dispatch: ceil(T / 16) workgroups; an invocation owns a row, so nothing is shared and no barrier is needed.
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

// Where what is normalised waits for the second and third pass.
fn keep(i: u32, v: vec4f) {
  if SAVE { sum[i] = v; } else { out[i] = v; }
}

fn kept(i: u32) -> vec4f {
  if SAVE { return sum[i]; }
  return out[i];
}

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let token = id.x;
  if token >= batch.tokens { return; }
  // Plus a zero that the compiler can't know: it would unroll the loops over a constant, which takes some drivers seconds.
  let vecs = WIDTH / 4u + (batch.tokens >> 31u);
  let row = token * vecs;

  var sums = vec4f();
  for (var i = row; i < row + vecs; i++) {
    var v = x[i];
    if RESIDUAL { v += residual[i]; }
    keep(i, v);
    sums += v;
  }
  let mean = total(sums) / f32(WIDTH);

  var squares = vec4f();
  for (var i = row; i < row + vecs; i++) {
    let d = kept(i) - mean;
    squares += d * d;
  }
  let rstd = inverseSqrt(total(squares) / f32(WIDTH) + EPSILON);

  for (var i = 0u; i < vecs; i++) {
    out[row + i] = (kept(row + i) - mean) * rstd * gamma[i] + beta[i];
  }
  if SAVE { stats[token] = vec2f(mean, rstd); }
}
