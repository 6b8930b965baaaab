// Attention over packed sequences, forward:  out_i = Σ_j P_ij v_j,   P_i = softmax_j(q_i · k_j / sqrt(HEAD_SIZE))
// with j over the tokens of i's own sequence. Sequences lie end to end, without padding.
//
// Streaming as in attention_forward.wgsl, for adapters whose subgroups are 8 wide (CPU vectors): keys come in blocks of sixteen, each
// lane loads two of them and hands them round, so that a key is read once for eight queries.
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
// Assumes a subgroup size of 8.
// Dispatch: (tiles, HEADS) workgroups of one subgroup; an invocation owns a query and sums in its row of `out`.
// Source: Dao et al. 2022 (arXiv:2205.14135), algorithm 1; Milakov and Gimelshein 2018 for the running softmax.

enable subgroups;

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

// What lane `first` holds.
fn lane_of(v: vec4f, first: u32) -> vec4f { return subgroupShuffle(v, first); }

// Products of q with what lanes `first` to `first` + 3 hold.
fn dots(q: vec4f, k: vec4f, first: u32) -> vec4f {
  return vec4f(dot(q, lane_of(k, first)), dot(q, lane_of(k, first + 1u)), dot(q, lane_of(k, first + 2u)), dot(q, lane_of(k, first + 3u)));
}

// Sum of what lanes `first` to `first` + 3 hold, weighted with p.
fn weighted(p: vec4f, v: vec4f, first: u32) -> vec4f {
  return p.x * lane_of(v, first) + p.y * lane_of(v, first + 1u) + p.z * lane_of(v, first + 2u) + p.w * lane_of(v, first + 3u);
}

fn kept4(base: u32, query: u32, key: vec4u) -> vec4f {
  return vec4f(kept(base, query, key.x), kept(base, query, key.y), kept(base, query, key.z), kept(base, query, key.w));
}

fn highest_of(v: vec4f) -> f32 { return max(max(v.x, v.y), max(v.z, v.w)); }

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = group.x;
  let head = group.y;
  if tile >= batch.tiles { return; }
  let start = tiles[tile * 3u + 1u];
  let end = tiles[tile * 3u + 2u];
  // Lanes past the end compute what the last query does, since shuffles want every lane, and store nothing.
  let query = min(tiles[tile * 3u] + lane, end - 1u);
  let stores = tiles[tile * 3u] + lane < end;
  // Plus a zero that the compiler can't know: it would unroll the loops over a constant, which takes some drivers a minute.
  let vecs = HEAD_SIZE / 4u + (batch.tokens >> 31u);
  let stride = 3u * HEADS * vecs;
  let q_row = query * stride + head * vecs;
  let out_row = (query * HEADS + head) * vecs;
  let scale = inverseSqrt(f32(HEAD_SIZE));
  var base = 0u;
  if DROPOUT > 0.0 { base = dropout_key(head); }
  let ramp = vec4u(0u, 1u, 2u, 3u);

  var highest = -3.0e38;
  var weight = 0.0;
  for (var j = start; j < end; j += 16u) {
    // Keys past the end repeat the last one and get no weight.
    let k0 = min(j + lane, end - 1u) * stride + (HEADS + head) * vecs;
    let k1 = min(j + 8u + lane, end - 1u) * stride + (HEADS + head) * vecs;
    var s0 = vec4f();
    var s1 = vec4f();
    var s2 = vec4f();
    var s3 = vec4f();
    for (var d = 0u; d < vecs; d++) {
      let q = qkv[q_row + d];
      let a = qkv[k0 + d];
      let b = qkv[k1 + d];
      s0 += dots(q, a, 0u);
      s1 += dots(q, a, 4u);
      s2 += dots(q, b, 0u);
      s3 += dots(q, b, 4u);
    }
    let key = j + ramp;
    s0 = select(vec4f(-3.0e38), s0 * scale, key < vec4u(end));
    s1 = select(vec4f(-3.0e38), s1 * scale, key + 4u < vec4u(end));
    s2 = select(vec4f(-3.0e38), s2 * scale, key + 8u < vec4u(end));
    s3 = select(vec4f(-3.0e38), s3 * scale, key + 12u < vec4u(end));
    let higher = max(highest, highest_of(max(max(s0, s1), max(s2, s3))));
    let shrink = exp(highest - higher);
    highest = higher;
    var p0 = exp(s0 - higher);
    var p1 = exp(s1 - higher);
    var p2 = exp(s2 - higher);
    var p3 = exp(s3 - higher);
    let sums = (p0 + p1) + (p2 + p3);
    weight = weight * shrink + (sums.x + sums.y) + (sums.z + sums.w);
    if DROPOUT > 0.0 {
      p0 *= kept4(base, query, key);
      p1 *= kept4(base, query, key + 4u);
      p2 *= kept4(base, query, key + 8u);
      p3 *= kept4(base, query, key + 12u);
    }
    let v0 = k0 + HEADS * vecs;
    let v1 = k1 + HEADS * vecs;
    for (var d = 0u; d < vecs; d++) {
      let a = qkv[v0 + d];
      let b = qkv[v1 + d];
      let sum = (weighted(p0, a, 0u) + weighted(p1, a, 4u)) + (weighted(p2, b, 0u) + weighted(p3, b, 4u));
      if stores { out[out_row + d] = select(out[out_row + d] * shrink, vec4f(), j == start) + sum; }
    }
  }
  if !stores { return; }
  for (var d = 0u; d < vecs; d++) { out[out_row + d] /= weight; }
  log_sum[query * HEADS + head] = highest + log(weight);
}
