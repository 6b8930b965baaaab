// Softmax cross-entropy and its gradient, rows with label -100 left out:
//   loss[t] = scale · (log Σ_c exp logits[t, c] − logits[t, label_t]),   grad_logits[t, c] = scale · (softmax(logits[t])_c − [c = label_t])
// With scale = 1 / (number of labels that are not -100), Σ loss is PyTorch's mean. Where none is left, loss and gradient are 0.
//
//   batch.tokens  number of rows T;  batch.scale as above
//   logits        [T, LABELS]
//   labels        [T] i32, 0 … LABELS − 1 or -100
//   loss          [T], overwritten
//   grad_logits   [T, LABELS], overwritten
//
// Overrides: LABELS.
// Dispatch: ceil(T / 16) workgroups; an invocation owns a row.

override LABELS: u32 = 2u;
const IGNORED: i32 = -100;

struct Batch { tokens: u32, scale: f32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<i32>;
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;
@group(0) @binding(4) var<storage, read_write> grad_logits: array<f32>;

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let token = id.x;
  if token >= batch.tokens { return; }
  // Plus a zero that the compiler can't know: it would unroll the loops over a constant, which takes some drivers seconds.
  let classes = LABELS + (batch.tokens >> 31u);
  let row = token * classes;
  let label = labels[token];
  if label == IGNORED {
    loss[token] = 0.0;
    for (var c = 0u; c < classes; c++) { grad_logits[row + c] = 0.0; }
    return;
  }
  var highest = logits[row];
  for (var c = 1u; c < classes; c++) { highest = max(highest, logits[row + c]); }
  var sum = 0.0;
  for (var c = 0u; c < classes; c++) { sum += exp(logits[row + c] - highest); }
  for (var c = 0u; c < classes; c++) {
    let p = exp(logits[row + c] - highest) / sum;
    grad_logits[row + c] = batch.scale * (p - select(0.0, 1.0, i32(c) == label));
  }
  loss[token] = batch.scale * (log(sum) + (highest - logits[row + u32(label)]));
}
