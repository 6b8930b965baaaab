// Global gradient norm and the factor that clips it:
//   loss = Σ over batches and tokens of token_loss,   norm = sqrt(Σ gradient²),   factor = min(1, MAX_NORM / (norm + 1e-6))
//
// Entry points: `loss` after each batch whose gradients add up to this one (result[2] += Σ token_loss: set it to 0 before the first),
// `partial` (each invocation's sum of squares) or `partial_rows` (the same over some rows of a table), then `finish`. Sums have a fixed
// order. A norm or loss that is not finite gives a factor of 0, so that no parameter takes it up; read `result` and stop.
//
//   gradient      [COUNT] f32, all parameters' gradients in one buffer
//   partials      [PARTIALS] f32
//   rows          [rows] u32: rows of `gradient` [_, WIDTH] that are not zero, each once
//   batch.tokens  number of token losses T; of rows, for `partial_rows`
//   token_loss    [T] f32
//   result        [4] f32: norm, factor, loss, 1 where norm and loss are finite (else 0)
//
// Overrides: COUNT (a multiple of 4), PARTIALS (a multiple of 64), FIRST (where `partial` writes, for gradients too long for one binding: run it for
//   each piece, then `finish` with PARTIALS over all), MAX_NORM (0: no clipping), WIDTH (a multiple of 4).
// Dispatch: `loss` and `finish` 1 workgroup; `partial` and `partial_rows` PARTIALS / 64 workgroups.
// Source: Pascanu et al. 2013; the form of torch.nn.utils.clip_grad_norm_.

override COUNT: u32 = 1u;
override PARTIALS: u32 = 64u;
override FIRST: u32 = 0u;
override MAX_NORM: f32 = 1.0;
override WIDTH: u32 = 128u;

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partials: array<f32>;
@group(0) @binding(3) var<storage, read> token_loss: array<f32>;
@group(0) @binding(4) var<storage, read_write> result: array<f32>;
@group(0) @binding(5) var<storage, read> rows: array<u32>;

@compute @workgroup_size(64)
fn partial(@builtin(global_invocation_id) id: vec3u) {
  var sum = 0.0;
  for (var i = id.x; i < COUNT / 4u; i += PARTIALS) {
    sum += dot(gradient[i], gradient[i]);
  }
  partials[FIRST + id.x] = sum;
}

@compute @workgroup_size(64)
fn partial_rows(@builtin(global_invocation_id) id: vec3u) {
  var sum = 0.0;
  for (var r = id.x; r < batch.tokens; r += PARTIALS) {
    let start = rows[r] * (WIDTH / 4u);
    for (var i = start; i < start + WIDTH / 4u; i++) { sum += dot(gradient[i], gradient[i]); }
  }
  partials[FIRST + id.x] = sum;
}

var<workgroup> sums: array<f32, 64>;

// The sum over the workgroup, in lane 0.
fn workgroup_sum(lane: u32, value: f32) -> f32 {
  sums[lane] = value;
  workgroupBarrier();
  var sum = 0.0;
  if lane == 0u {
    for (var i = 0u; i < 64u; i++) { sum += sums[i]; }
  }
  return sum;
}

// Compilers may assume that nothing is NaN or infinite; bits tell the truth.
fn is_finite(value: f32) -> bool { return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u; }

@compute @workgroup_size(64)
fn loss(@builtin(local_invocation_index) lane: u32) {
  var part = 0.0;
  for (var t = lane; t < batch.tokens; t += 64u) { part += token_loss[t]; }
  let sum = workgroup_sum(lane, part);
  if lane == 0u { result[2] += sum; }
}

@compute @workgroup_size(64)
fn finish(@builtin(local_invocation_index) lane: u32) {
  var part = 0.0;
  for (var i = lane; i < PARTIALS; i += 64u) { part += partials[i]; }
  let square = workgroup_sum(lane, part);
  if lane != 0u { return; }
  let finite = is_finite(square) && is_finite(result[2]);
  let norm = sqrt(square);
  var factor = 1.0;
  if MAX_NORM > 0.0 { factor = min(1.0, MAX_NORM / (norm + 1e-6)); }
  result[0] = norm;
  result[1] = select(0.0, factor, finite);
  result[3] = select(0.0, 1.0, finite);
}
