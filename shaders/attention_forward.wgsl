// Attention over packed sequences, forward:  out_i = Σ_j P_ij v_j,   P_i = softmax_j(q_i · k_j / sqrt(HEAD_SIZE))
// with j over the tokens of i's own sequence. Sequences lie end to end, without padding.
//
// Streaming: keys come in blocks of four; a running maximum and sum are kept, and what was summed before is scaled down when the
// maximum rises. Scores of tokens × tokens are never stored. exp sees no argument above 0.
//
//   batch.tiles   number of tiles;  a tile is up to LANES queries of one sequence
//   random        seed and step of the dropout; bind anything where DROPOUT is 0
//   tiles         [tiles, 3] u32: first token of the tile, first token of its sequence, end of its sequence (exclusive)
//   qkv           [T, 3, HEADS, HEAD_SIZE]: queries, keys and values side by side, as one product with three weights gives them
//   out           [T, HEADS, HEAD_SIZE]
//   log_sum       [T, HEADS]: log Σ_j exp(score_ij), for the backward pass
//
// Overrides: HEADS, HEAD_SIZE (a multiple of 4), LANES (queries of a workgroup), DROPOUT (rate on P; 0 none), SITE (which dropout
//   of the model this is).
// Dispatch: (tiles, HEADS) workgroups; an invocation owns a query and sums in its row of `out`.
// Source: Dao et al. 2022 (arXiv:2205.14135), algorithm 1; Milakov and Gimelshein 2018 for the running softmax.

override HEADS: u32 = 12u;
override HEAD_SIZE: u32 = 64u;
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

fn dropout_key(head: u32) -> u32 { return pcg(head + pcg(SITE + pcg(random.step + pcg(random.seed)))); }

// 0 or 1 / (1 − DROPOUT) for the probability of `key` in the sum of `query`; the same in forward and backward.
fn kept(base: u32, query: u32, key: u32) -> f32 {
  let draw = f32(pcg(pcg(base + query) + key) >> 8u) * (1.0 / 16777216.0); // [0, 1)
  return select(0.0, 1.0 / (1.0 - DROPOUT), draw >= DROPOUT);
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = group.x;
  let head = group.y;
  if tile >= batch.tiles { return; }
  let start = tiles[tile * 3u + 1u];
  let end = tiles[tile * 3u + 2u];
  let query = tiles[tile * 3u] + lane;
  if query >= end { return; }
  // Plus a zero that the compiler can't know: it would unroll the loops over a constant, which takes some drivers a minute.
  let vecs = HEAD_SIZE / 4u + (batch.tokens >> 31u);
  let stride = 3u * HEADS * vecs;
  let q_row = query * stride + head * vecs;
  let out_row = (query * HEADS + head) * vecs;
  let keys = (HEADS + head) * vecs;
  let values = (2u * HEADS + head) * vecs;
  let scale = inverseSqrt(f32(HEAD_SIZE));
  var base = 0u;
  if DROPOUT > 0.0 { base = dropout_key(head); }

  var highest = -3.0e38;
  var weight = 0.0;
  for (var j = start; j < end; j += 4u) {
    // Keys past the end repeat the last one and get no weight.
    let key = min(vec4u(j, j + 1u, j + 2u, j + 3u), vec4u(end - 1u));
    let there = vec4u(j, j + 1u, j + 2u, j + 3u) < vec4u(end);
    let k = key * stride + keys;
    var scores = vec4f();
    for (var d = 0u; d < vecs; d++) {
      let q = qkv[q_row + d];
      scores += vec4f(dot(q, qkv[k.x + d]), dot(q, qkv[k.y + d]), dot(q, qkv[k.z + d]), dot(q, qkv[k.w + d]));
    }
    scores = select(vec4f(-3.0e38), scores * scale, there);
    let higher = max(highest, max(max(scores.x, scores.y), max(scores.z, scores.w)));
    let shrink = exp(highest - higher);
    highest = higher;
    var p = select(vec4f(), exp(scores - higher), there);
    weight = weight * shrink + (p.x + p.y) + (p.z + p.w);
    if DROPOUT > 0.0 {
      p *= vec4f(kept(base, query, key.x), kept(base, query, key.y), kept(base, query, key.z), kept(base, query, key.w));
    }
    let v = key * stride + values;
    for (var d = 0u; d < vecs; d++) {
      let sum = p.x * qkv[v.x + d] + p.y * qkv[v.y + d] + p.z * qkv[v.z + d] + p.w * qkv[v.w + d];
      out[out_row + d] = select(out[out_row + d] * shrink, vec4f(), j == start) + sum;
    }
  }
  for (var d = 0u; d < vecs; d++) { out[out_row + d] /= weight; }
  log_sum[query * HEADS + head] = highest + log(weight);
}
