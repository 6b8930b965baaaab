// Activation: out = f(x), element by element
//   ACTIVATION 0, gelu_new: f(x) = 0.5 x (1 + tanh(sqrt(2/π) (x + 0.044715 x³)))     (Hendrycks and Gimpel 2016, the tanh form)
//   ACTIVATION 1, gelu:     f(x) = 0.5 x (1 + erf(x / sqrt 2))
//   ACTIVATION 2, relu:     f(x) = max(x, 0)
//
//   batch.tokens  number of rows T
//   x, out        [T, WIDTH]
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

fn activation(x: f32) -> f32 {
  if ACTIVATION == 0u {
    return x * sigmoid(x).x;
  }
  if ACTIVATION == 1u { return 0.5 * x * (1.0 + erf(x * 0.7071067812)); }
  return max(x, 0.0);
}

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  if i >= batch.tokens * (WIDTH / 4u) { return; }
  let v = x[i];
  out[i] = vec4f(activation(v.x), activation(v.y), activation(v.z), activation(v.w));
}
