// Attention over packed sequences, forward:  out_i = Σ_j P_ij v_j,   P_i = softmax_j(q_i · k_j / sqrt(head_size))
// with j over the tokens of i's own sequence. Sequences lie end to end, without padding.
//
// Streaming: keys come in blocks of four; a running maximum and sum are kept, and what was summed before is scaled down when the
// maximum rises. Scores of tokens × tokens are never stored. exp sees no argument above 0.
//
//   batch.tiles   number of tiles;  a tile is up to LANES queries of one sequence
//   random        seed and step of the dropout; bind anything where DROPOUT is 0
//   tiles         [tiles, 3] u32: first token of the tile, first token of its sequence, end of its sequence (exclusive)
//   qkv           [T, 3, HEADS, head_size]: queries, keys and values side by side, as one product with three weights gives them
//   out           [T, HEADS, head_size]
//   log_sum       [T, HEADS]: log Σ_j exp(score_ij), for the backward pass
//
// Sizes: HEAD_VECS = head_size / 4 (a const: it sizes registers; head_size is a multiple of 4).
// Overrides: HEADS, LANES (queries of a workgroup), DROPOUT (rate on P; 0 none), SITE (which dropout of the model this is).
// Dispatch: (tiles, HEADS) workgroups; an invocation owns a query. Keys and values are read at addresses that are the same for
//   the whole workgroup.
// Source: Dao et al. 2022 (arXiv:2205.14135), algorithm 1; Milakov and Gimelshein 2018 for the running softmax.

const HEAD_VECS: u32 = 16;

override HEADS: u32 = 12u;
override DROPOUT: f32 = 0.0;
override SITE: u32 = 0u;
override LANES: u32 = 8u;

struct Batch { tokens: u32, tiles: u32 }
struct Random { seed: u32, step: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<uniform> random: Random;
@group(0) @binding(2) var<storage, read> tiles: array<u32>;
@group(0) @binding(3) var<storage, read> qkv: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> log_sum: array<f32>;

fn pcg(input: u32) -> u32 {
  let state = input * 747796405u + 2891336453u;
  let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
  return (word >> 22u) ^ word;
}

// 0 or 1 / (1 − DROPOUT) for the probability of `key` in the sum of `query`; the same in forward and backward.
fn kept(base: u32, query: u32, key: u32) -> f32 {
  let draw = f32(pcg(pcg(base + query) + key) >> 8u) * (1.0 / 16777216.0); // [0, 1)
  return select(0.0, 1.0 / (1.0 - DROPOUT), draw >= DROPOUT);
}

fn dropout_key(head: u32) -> u32 { return pcg(head + pcg(SITE + pcg(random.step + pcg(random.seed)))); }

fn total(v: vec4f) -> f32 { return (v.x + v.y) + (v.z + v.w); }

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = group.x;
  let head = group.y;
  if tile >= batch.tiles { return; }
  let start = tiles[tile * 3u + 1u];
  let end = tiles[tile * 3u + 2u];
  let query = tiles[tile * 3u] + lane;
  let mine = min(query, end - 1u); // lanes past the end compute a copy of the last query and write nothing
  let stride = 3u * HEADS * HEAD_VECS;
  let key_offset = (HEADS + head) * HEAD_VECS;
  let value_offset = (2u * HEADS + head) * HEAD_VECS;
  let scale = inverseSqrt(f32(HEAD_VECS * 4u));

  var q: array<vec4f, HEAD_VECS>;
  var sums: array<vec4f, HEAD_VECS>;
  for (var d = 0u; d < HEAD_VECS; d++) {
    q[d] = qkv[mine * stride + head * HEAD_VECS + d] * scale;
    sums[d] = vec4f();
  }
  var highest = -3.0e38;
  var weight = 0.0;
  var base = 0u;
  if DROPOUT > 0.0 { base = dropout_key(head); }

  for (var j = start; j < end; j += 4u) {
    // Keys past the end repeat the last one and get no weight.
    let last = end - 1u;
    let j1 = min(j + 1u, last);
    let j2 = min(j + 2u, last);
    let j3 = min(j + 3u, last);
    var s0 = vec4f();
    var s1 = vec4f();
    var s2 = vec4f();
    var s3 = vec4f();
    for (var d = 0u; d < HEAD_VECS; d++) {
      s0 += q[d] * qkv[j * stride + key_offset + d];
      s1 += q[d] * qkv[j1 * stride + key_offset + d];
      s2 += q[d] * qkv[j2 * stride + key_offset + d];
      s3 += q[d] * qkv[j3 * stride + key_offset + d];
    }
    let scores = vec4f(total(s0), total(s1), total(s2), total(s3));
    let there = vec4u(j, j + 1u, j + 2u, j + 3u) < vec4u(end);
    let block = select(vec4f(-3.0e38), scores, there);
    let higher = max(highest, max(max(block.x, block.y), max(block.z, block.w)));
    let shrink = exp(highest - higher);
    highest = higher;
    var p = select(vec4f(), exp(block - higher), there);
    weight = weight * shrink + total(p);
    if DROPOUT > 0.0 {
      p *= vec4f(kept(base, mine, j), kept(base, mine, j1), kept(base, mine, j2), kept(base, mine, j3));
    }
    for (var d = 0u; d < HEAD_VECS; d++) {
      sums[d] = sums[d] * shrink
        + p.x * qkv[j * stride + value_offset + d]
        + p.y * qkv[j1 * stride + value_offset + d]
        + p.z * qkv[j2 * stride + value_offset + d]
        + p.w * qkv[j3 * stride + value_offset + d];
    }
  }

  if query < end {
    for (var d = 0u; d < HEAD_VECS; d++) {
      out[(query * HEADS + head) * HEAD_VECS + d] = sums[d] / weight;
    }
    log_sum[query * HEADS + head] = highest + log(weight);
  }
}
