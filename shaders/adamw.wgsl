// AdamW with decoupled weight decay, over all parameters in one buffer:
//   g = factor · gradient
//   first  = β1 first + (1 − β1) g,     second = β2 second + (1 − β2) g²
//   p = p − lr · decay · p − lr · (first / (1 − β1^k)) / (sqrt(second / (1 − β2^k)) + ε)      at step k = 1, 2, …
// The parameters before DECAYED decay, those after it (biases, LayerNorm) don't.
//
//   step        learning rate; weight decay; 1 − β1^k; 1 − β2^k
//   clip        [≥ 2] f32: clip[1] is the factor that gradient_norm.wgsl leaves there; 0 with clip[3] = 0 leaves everything as it is
//   gradient, parameter, first, second  [COUNT] f32; gradient is read, the others are updated
//
// Overrides: COUNT and DECAYED (multiples of 4), BETA1, BETA2, REST1 and REST2 (1 − β, which float32 would round: 1 − 0.999 is off by 5e-5), EPSILON.
// Dispatch: ceil(COUNT / 4 / 64) workgroups, over x and then y.
// Source: Loshchilov and Hutter 2019 (arXiv:1711.05101), algorithm 2; the form of torch.optim.AdamW.

override COUNT: u32 = 1u;
override DECAYED: u32 = 1u;
override BETA1: f32 = 0.9;
override BETA2: f32 = 0.999;
override REST1: f32 = 0.1;
override REST2: f32 = 0.001;
override EPSILON: f32 = 1e-8;

struct Step { learning_rate: f32, weight_decay: f32, correction1: f32, correction2: f32 }

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> clip: array<f32>;
@group(0) @binding(2) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> parameter: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> first: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> second: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  if i >= COUNT / 4u || clip[3] == 0.0 { return; }
  let g = gradient[i] * clip[1];
  let m = BETA1 * first[i] + REST1 * g;
  let v = BETA2 * second[i] + REST2 * g * g;
  first[i] = m;
  second[i] = v;
  var p = parameter[i];
  p -= p * step.learning_rate * select(0.0, step.weight_decay, i < DECAYED / 4u);
  parameter[i] = p - step.learning_rate * (m / step.correction1) / (sqrt(v / step.correction2) + EPSILON);
}
