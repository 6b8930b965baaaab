// Softmax over the labels:  out[t, c] = exp(logits[t, c] − max) / Σ exp(logits[t] − max)
//
//   batch.tokens  number of rows T
//   logits, out   [T, LABELS]
//
// Overrides: LABELS.
// Dispatch: ceil(T / 16) workgroups; an invocation owns a row.

override LABELS: u32 = 2u;

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let token = id.x;
  if token >= batch.tokens { return; }
  // Plus a zero that the compiler can't know: it would unroll the loops over a constant, which takes some drivers seconds.
  let classes = LABELS + (batch.tokens >> 31u);
  let row = token * classes;
  var highest = logits[row];
  for (var c = 1u; c < classes; c++) { highest = max(highest, logits[row + c]); }
  var sum = 0.0;
  for (var c = 0u; c < classes; c++) {
    let e = exp(logits[row + c] - highest);
    out[row + c] = e;
    sum += e;
  }
  for (var c = 0u; c < classes; c++) { out[row + c] /= sum; }
}
