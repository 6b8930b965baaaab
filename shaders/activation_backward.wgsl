// Activation, gradient of its input:  grad_in = grad_out · f′(x), element by element; f as in activation_forward.wgsl
//   ACTIVATION 0, gelu_new: u = sqrt(2/π) (x + 0.044715 x³), t = tanh u:  f′ = 0.5 (1 + t) + 0.5 x (1 − t²) sqrt(2/π) (1 + 0.134145 x²)
//   ACTIVATION 1, gelu:     f′ = 0.5 (1 + erf(x / sqrt 2)) + x exp(−x²/2) / sqrt(2π)
//   ACTIVATION 2, relu:     f′ = 1 where x > 0, else 0
//
//   batch.tokens          number of rows T
//   x, grad_out, grad_in  [T, WIDTH]; x is what the activation was given; grad_in is overwritten
//
// Overrides: WIDTH (a multiple of 4), ACTIVATION.
// Dispatch: ceil(T · WIDTH / 4 / 64) workgroups, over x and then y.

override WIDTH: u32 = 3072u;
override ACTIVATION: u32 = 0u;

// erf, Abramowitz and Stegun 1964, formula 7.1.26; absolute error below 1.5e-7.
fn erf(x: f32) -> f32 {
  let a = abs(x);
  let t = 1.0 / (1.0 + 0.3275911 * a);
  let p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return sign(x) * (1.0 - p * exp(-a * a));
}

// sigmoid(2 u) with u = sqrt(2/π) (x + 0.044715 x³), and its slope s (1 − s): gelu_new(x) = 0.5 x (1 + tanh u) = x sigmoid(2 u).
// From e^−|2u|, so that neither overflows and both keep their digits far out.
fn sigmoid(x: f32) -> vec2f {
  let u = 1.5957691216 * (x + 0.044715 * x * x * x);
  let e = exp(-abs(u));
  let r = 1.0 / (1.0 + e);
  return vec2f(select(e * r, r, u >= 0.0), e * r * r);
}

fn derivative(x: f32) -> f32 {
  if ACTIVATION == 0u {
    let s = sigmoid(x);
    let slope = s.y * x;
    // Far out the slope is 0 and x² may overflow: 0 · inf would be NaN.
    return s.x + select(slope * 1.5957691216 * (1.0 + 0.134145 * x * x), 0.0, slope == 0.0);
  }
  if ACTIVATION == 1u {
    return 0.5 * (1.0 + erf(x * 0.7071067812)) + x * exp(-0.5 * min(x * x, 200.0)) * 0.3989422804;
  }
  return select(0.0, 1.0, x > 0.0);
}

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> grad_out: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> grad_in: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  if i >= batch.tokens * (WIDTH / 4u) { return; }
  let v = x[i];
  grad_in[i] = grad_out[i] * vec4f(derivative(v.x), derivative(v.y), derivative(v.z), derivative(v.w));
}
