// Attention over packed sequences, forward:  out_i = Σ_j P_ij v_j,   P_i = softmax_j(q_i · k_j / sqrt(HEAD_SIZE))
// with j over the tokens of i's own sequence. Sequences lie end to end, without padding.
//
// Streaming as in attention_forward.wgsl, for GPUs: blocks of eight keys and values pass through workgroup memory, scores are shared by
// the invocations of a query.
//
//   batch.tiles   number of tiles;  a tile is up to 8 queries of one sequence
//   random        seed and step of the dropout; bind anything where DROPOUT is 0
//   tiles         [tiles, 3] u32: first token of the tile, first token of its sequence, end of its sequence (exclusive)
//   qkv           [T, 3, HEADS, HEAD_SIZE]: queries, keys and values side by side, as one product with three weights gives them
//   out           [T, HEADS, HEAD_SIZE]
//   log_sum       [T, HEADS]: log Σ_j exp(score_ij), for the backward pass
//
// Overrides: HEADS, HEAD_SIZE (a multiple of 4), DROPOUT (rate on P; 0 none), SITE (which dropout
//   of the model this is).
// PARTS: ceil(HEAD_SIZE / 32), a const, since it sizes registers.
// Dispatch: (tiles, HEADS) workgroups of 64: eight invocations share a query, each owns PARTS vectors of its row.
// Source: Dao et al. 2022 (arXiv:2205.14135), algorithm 1; Milakov and Gimelshein 2018 for the running softmax.

const PARTS: u32 = 2u;
override HEADS: u32 = 12u;
override HEAD_SIZE: u32 = 64u;
override DROPOUT: f32 = 0.0;
override SITE: u32 = 0u;

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

const BLOCK: u32 = 8u;
override VECS: u32 = HEAD_SIZE / 4u;
var<workgroup> q_tile: array<vec4f, 8u * VECS>;
var<workgroup> k_block: array<vec4f, BLOCK * VECS>;
var<workgroup> v_block: array<vec4f, BLOCK * VECS>;
var<workgroup> scores: array<f32, 64>;
var<workgroup> keeps: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = group.x;
  let head = group.y;
  if tile >= batch.tiles { return; }
  let start = tiles[tile * 3u + 1u];
  let end = tiles[tile * 3u + 2u];
  // Plus a zero that the compiler can't know: it would unroll the loops over a constant, which takes some drivers a minute.
  let zero = batch.tokens >> 31u;
  let vecs = VECS + zero;
  let block = BLOCK + zero;
  let part = lane % 8u;
  let first = lane - part; // of the invocations that share the row
  let query = min(tiles[tile * 3u] + lane / 8u, end - 1u);
  let stores = tiles[tile * 3u] + lane / 8u < end;
  let stride = 3u * HEADS * VECS;
  let scale = inverseSqrt(f32(HEAD_SIZE));
  var base = 0u;
  if DROPOUT > 0.0 { base = dropout_key(head); }
  for (var i = lane; i < 8u * vecs; i += 64u) {
    let row = min(tiles[tile * 3u] + i / VECS, end - 1u);
    q_tile[i] = qkv[row * stride + head * VECS + i % VECS] * scale;
  }

  var sums: array<vec4f, PARTS>;
  var highest = -3.0e38;
  var weight = 0.0;
  for (var j = start; j < end; j += BLOCK) {
    workgroupBarrier();
    for (var i = lane; i < block * vecs; i += 64u) {
      // Keys past the end repeat the last one and get no weight.
      let row = min(j + i / VECS, end - 1u) * stride + (HEADS + head) * VECS + i % VECS;
      k_block[i] = qkv[row];
      v_block[i] = qkv[row + HEADS * VECS];
    }
    workgroupBarrier();
    var score = 0.0;
    for (var d = 0u; d < vecs; d++) { score += dot(q_tile[(lane / 8u) * VECS + d], k_block[part * VECS + d]); }
    scores[lane] = select(-3.0e38, score, j + part < end);
    if DROPOUT > 0.0 { keeps[lane] = kept(base, query, j + part); }
    workgroupBarrier();

    var higher = highest;
    for (var r = 0u; r < block; r++) { higher = max(higher, scores[first + r]); }
    let shrink = exp(highest - higher);
    highest = higher;
    weight *= shrink;
    for (var n = 0u; n < PARTS; n++) { sums[n] *= shrink; }
    for (var r = 0u; r < block; r++) {
      var p = exp(scores[first + r] - higher);
      weight += p;
      if DROPOUT > 0.0 { p *= keeps[first + r]; }
      for (var n = 0u; n < PARTS; n++) {
        if n * 8u + part < VECS { sums[n] += p * v_block[r * VECS + n * 8u + part]; }
      }
    }
  }
  if !stores { return; }
  for (var n = 0u; n < PARTS; n++) {
    if n * 8u + part < VECS { out[(query * HEADS + head) * VECS + n * 8u + part] = sums[n] / weight; }
  }
  if part == 0u { log_sum[query * HEADS + head] = highest + log(weight); }
}
