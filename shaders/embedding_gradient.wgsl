// Gradient of an embedding table: grad_table[row, e] += sum over the tokens t whose id is `row` of grad_out[t, e]
//
// The occurrences come sorted by row, so each row's sum has one owner and a fixed order: no atomics, same bits every run.
//
//   batch.rows   number of distinct rows R in this batch
//   row_ids      [R] u32: the distinct ids
//   row_starts   [R + 1] u32: where each row's occurrences begin in `occurrences`
//   occurrences  [T] u32: token indices, sorted by id, then by position in the batch
//   grad_out     [T, WIDTH]
//   grad_table   [vocabulary, WIDTH], added to
//
// Overrides: WIDTH, the embedding size, a multiple of 4.
// Dispatch: ceil(R / 65535) in y, min(R, 65535) in x, workgroups; each owns one row.

override WIDTH: u32 = 128u;

struct Batch { rows: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> row_ids: array<u32>;
@group(0) @binding(2) var<storage, read> row_starts: array<u32>;
@group(0) @binding(3) var<storage, read> occurrences: array<u32>;
@group(0) @binding(4) var<storage, read> grad_out: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> grad_table: array<vec4f>;

@compute @workgroup_size(16)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.x + group.y * groups.x;
  if row >= batch.rows { return; }
  let vecs = WIDTH / 4u;
  let first = row_starts[row];
  let end = row_starts[row + 1u];
  let target_row = row_ids[row] * vecs;
  for (var e = lane; e < vecs; e += 16u) {
    var sum = vec4f();
    for (var i = first; i < end; i++) {
      sum += grad_out[occurrences[i] * vecs + e];
    }
    grad_table[target_row + e] += sum;
  }
}
