// AdamW, as in adamw.wgsl, over a table of which a step's batch touches few rows (word embeddings). A row without a gradient still
// moves: its moments decay and carry it on. Those steps are made up for, one by one and in order, when the row is next wanted: the
// same numbers as if every row had been moved at every step, without reading the table at every step.
//
// Two entry points. `catch_up`, before a batch reads its rows, makes up for what they missed, up to step `now.step`. `update`, when their
// gradients are there, does step `now.step` itself, and sets the gradients to zero.
//
//   now           step, counted from 1: updates that the rows are to have seen afterwards; how many rows; 0 for those in `rows`, 1 for as
//                 many of the table from row `first` on, as before they are saved
//   history       of the last 32 steps, at step mod 32: learning rate; weight decay; 1 − β1^k; 1 − β2^k. No row may miss more than 32 steps.
//   lived         [32] f32: 0 for a step that changed nothing, since its norm or loss was not finite; `update` writes its own
//   clip          [4] f32: the result of gradient_norm.wgsl; clip[1] is the factor, clip[3] whether norm and loss are finite
//   rows          [rows] u32: each row once
//   row_step      [table rows] u32: updates that each row has seen
//   gradient, parameter, first, second  [table rows, WIDTH] f32
//
// Overrides: WIDTH (a multiple of 4), BETA1, BETA2, REST1 and REST2 (1 − β), EPSILON: as in adamw.wgsl.
// Dispatch: ceil(rows / 8) workgroups; an invocation owns a row.
// Source: Loshchilov and Hutter 2019 (arXiv:1711.05101), algorithm 2; the form of torch.optim.AdamW.

override WIDTH: u32 = 128u;
override BETA1: f32 = 0.9;
override BETA2: f32 = 0.999;
override REST1: f32 = 0.1;
override REST2: f32 = 0.001;
override EPSILON: f32 = 1e-8;

const STEPS = 32u;

struct Now { step: u32, rows: u32, all: u32, first: u32 }

@group(0) @binding(0) var<uniform> now: Now;
@group(0) @binding(1) var<uniform> history: array<vec4f, STEPS>;
@group(0) @binding(2) var<storage, read_write> lived: array<f32>;
@group(0) @binding(3) var<storage, read> clip: array<f32>;
@group(0) @binding(4) var<storage, read> rows: array<u32>;
@group(0) @binding(5) var<storage, read_write> row_step: array<u32>;
@group(0) @binding(6) var<storage, read_write> gradient: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> parameter: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> first: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> second: array<vec4f>;

// What a step makes of a parameter whose moments are m and v after it.
fn moved(p: vec4f, m: vec4f, v: vec4f, step: vec4f) -> vec4f {
  let decayed = p - p * step.x * step.y;
  return decayed - step.x * (m / step.z) / (sqrt(v / step.w) + EPSILON);
}

@compute @workgroup_size(8)
fn catch_up(@builtin(global_invocation_id) id: vec3u) {
  if id.x >= now.rows { return; }
  var row = now.first + id.x;
  if now.all == 0u { row = rows[id.x]; }
  let seen = row_step[row];
  for (var i = row * (WIDTH / 4u); i < (row + 1u) * (WIDTH / 4u); i++) {
    var p = parameter[i];
    var m = first[i];
    var v = second[i];
    for (var step = seen + 1u; step <= now.step; step++) {
      if lived[step % STEPS] == 0.0 { continue; }
      m *= BETA1;
      v *= BETA2;
      p = moved(p, m, v, history[step % STEPS]);
    }
    parameter[i] = p;
    first[i] = m;
    second[i] = v;
  }
  row_step[row] = now.step;
}

@compute @workgroup_size(8)
fn update(@builtin(global_invocation_id) id: vec3u) {
  if id.x == 0u { lived[now.step % STEPS] = clip[3]; }
  if id.x >= now.rows { return; }
  let row = rows[id.x];
  let step = history[now.step % STEPS];
  for (var i = row * (WIDTH / 4u); i < (row + 1u) * (WIDTH / 4u); i++) {
    if clip[3] != 0.0 {
      let g = gradient[i] * clip[1];
      let m = BETA1 * first[i] + REST1 * g;
      let v = BETA2 * second[i] + REST2 * g * g;
      first[i] = m;
      second[i] = v;
      parameter[i] = moved(parameter[i], m, v, step);
    }
    gradient[i] = vec4f();
  }
  row_step[row] = now.step;
}
