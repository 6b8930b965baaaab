// Best label of each row:  best[t] = the first c with the largest logits[t, c]
//
//   batch.tokens  number of rows T
//   logits        [T, LABELS]
//   best          [T] u32
//
// Overrides: LABELS.
// Dispatch: ceil(T / 16) workgroups; an invocation owns a row.

override LABELS: u32 = 2u;

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read_write> best: array<u32>;

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let token = id.x;
  if token >= batch.tokens { return; }
  // Plus a zero that the compiler can't know: it would unroll the loops over a constant, which takes some drivers seconds.
  let classes = LABELS + (batch.tokens >> 31u);
  let row = token * classes;
  var found = 0u;
  var highest = logits[row];
  for (var c = 1u; c < classes; c++) {
    let value = logits[row + c];
    if value > highest {
      highest = value;
      found = c;
    }
  }
  best[token] = found;
}
