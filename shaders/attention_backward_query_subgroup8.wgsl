// Attention over packed sequences, gradient of the queries. With P as in attention_forward.wgsl, recomputed from log_sum,
//   dP_ij = grad_out_i · v_j,   delta_i = grad_out_i · out_i = Σ_j P_ij dP_ij,   grad_q_i = Σ_j P_ij (dP_ij − delta_i) k_j / sqrt(HEAD_SIZE)
//
//   batch.tiles   number of tiles;  a tile is up to 8 queries of one sequence
//   random        seed and step of the dropout; bind anything where DROPOUT is 0
//   tiles         [tiles, 3] u32: first token of the tile, first token of its sequence, end of its sequence (exclusive)
//   qkv           [T, 3, HEADS, HEAD_SIZE]: queries, keys and values side by side, as one product with three weights gives them
//   grad_out, out  [T, HEADS, HEAD_SIZE]
//   log_sum        [T, HEADS], saved by the forward pass
//   grad_qkv       [T, 3, HEADS, HEAD_SIZE]: the query third is overwritten, the others are left alone
//   delta          [T, HEADS], overwritten, for attention_backward_key_value.wgsl
//
// Overrides: HEADS, HEAD_SIZE, DROPOUT, SITE: as in the forward pass.
// Assumes a subgroup size of 8: each lane loads two of sixteen keys and hands them round, so that one is read once for eight.
// Dispatch: (tiles, HEADS) workgroups of one subgroup; an invocation owns a query and sums in its row of `grad_qkv`.
// Source: Dao et al. 2022 (arXiv:2205.14135), appendix B.

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
@group(0) @binding(4) var<storage, read> out: array<vec4f>;
@group(0) @binding(5) var<storage, read> log_sum: array<f32>;
@group(0) @binding(6) var<storage, read> grad_out: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> grad_qkv: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> delta: array<f32>;

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

  var products = 0.0;
  for (var d = 0u; d < vecs; d++) { products += dot(grad_out[out_row + d], out[out_row + d]); }
  let log_weight = log_sum[query * HEADS + head];

  for (var j = start; j < end; j += 16u) {
    // Keys past the end repeat the last one and get no weight.
    let k0 = min(j + lane, end - 1u) * stride + (HEADS + head) * vecs;
    let k1 = min(j + 8u + lane, end - 1u) * stride + (HEADS + head) * vecs;
    let v0 = k0 + HEADS * vecs;
    let v1 = k1 + HEADS * vecs;
    var s0 = vec4f();
    var s1 = vec4f();
    var s2 = vec4f();
    var s3 = vec4f();
    var dp0 = vec4f();
    var dp1 = vec4f();
    var dp2 = vec4f();
    var dp3 = vec4f();
    for (var d = 0u; d < vecs; d++) {
      let q = qkv[q_row + d];
      let g = grad_out[out_row + d];
      let a = qkv[k0 + d];
      let b = qkv[k1 + d];
      s0 += dots(q, a, 0u);
      s1 += dots(q, a, 4u);
      s2 += dots(q, b, 0u);
      s3 += dots(q, b, 4u);
      let e = qkv[v0 + d];
      let f = qkv[v1 + d];
      dp0 += dots(g, e, 0u);
      dp1 += dots(g, e, 4u);
      dp2 += dots(g, f, 0u);
      dp3 += dots(g, f, 4u);
    }
    let key = j + ramp;
    if DROPOUT > 0.0 {
      dp0 *= kept4(base, query, key);
      dp1 *= kept4(base, query, key + 4u);
      dp2 *= kept4(base, query, key + 8u);
      dp3 *= kept4(base, query, key + 12u);
    }
    let limit = vec4u(end);
    let ds0 = select(vec4f(), exp(min(s0 * scale - log_weight, vec4f())), key < limit) * (dp0 - products) * scale;
    let ds1 = select(vec4f(), exp(min(s1 * scale - log_weight, vec4f())), key + 4u < limit) * (dp1 - products) * scale;
    let ds2 = select(vec4f(), exp(min(s2 * scale - log_weight, vec4f())), key + 8u < limit) * (dp2 - products) * scale;
    let ds3 = select(vec4f(), exp(min(s3 * scale - log_weight, vec4f())), key + 12u < limit) * (dp3 - products) * scale;
    for (var d = 0u; d < vecs; d++) {
      let a = qkv[k0 + d];
      let b = qkv[k1 + d];
      let sum = (weighted(ds0, a, 0u) + weighted(ds1, a, 4u)) + (weighted(ds2, b, 0u) + weighted(ds3, b, 4u));
      if stores { grad_qkv[q_row + d] = select(grad_qkv[q_row + d], vec4f(), j == start) + sum; }
    }
  }
  if stores { delta[query * HEADS + head] = products; }
}
