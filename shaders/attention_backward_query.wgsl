// Attention over packed sequences, gradient of the queries. With P as in attention_forward.wgsl, recomputed from log_sum,
//   dP_ij = grad_out_i · v_j,   delta_i = grad_out_i · out_i = Σ_j P_ij dP_ij,   grad_q_i = Σ_j P_ij (dP_ij − delta_i) k_j / sqrt(head_size)
//
//   batch.tiles   number of tiles;  a tile is up to LANES queries of one sequence
//   random        seed and step of the dropout; bind anything where DROPOUT is 0
//   tiles         [tiles, 3] u32: first token of the tile, first token of its sequence, end of its sequence (exclusive)
//   qkv           [T, 3, HEADS, head_size]: queries, keys and values side by side, as one product with three weights gives them
//   grad_out, out  [T, HEADS, head_size]
//   log_sum        [T, HEADS], saved by the forward pass
//   grad_qkv       [T, 3, HEADS, head_size]: the query third is overwritten, the others are left alone
//   delta          [T, HEADS], overwritten, for attention_backward_key_value.wgsl
//
// Sizes: HEAD_VECS = head_size / 4.
// Overrides: HEADS, LANES, DROPOUT, SITE: as in the forward pass.
// Dispatch: (tiles, HEADS) workgroups; an invocation owns a query.
// Source: Dao et al. 2022 (arXiv:2205.14135), appendix B.

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
  let mine = min(query, end - 1u);
  let stride = 3u * HEADS * HEAD_VECS;
  let key_offset = (HEADS + head) * HEAD_VECS;
  let value_offset = (2u * HEADS + head) * HEAD_VECS;
  let row = (mine * HEADS + head) * HEAD_VECS;
  let scale = inverseSqrt(f32(HEAD_VECS * 4u));

  var q: array<vec4f, HEAD_VECS>;
  var grad: array<vec4f, HEAD_VECS>;
  var sums: array<vec4f, HEAD_VECS>;
  var products = vec4f();
  for (var d = 0u; d < HEAD_VECS; d++) {
    q[d] = qkv[mine * stride + head * HEAD_VECS + d] * scale;
    grad[d] = grad_out[row + d];
    sums[d] = vec4f();
    products += grad[d] * out[row + d];
  }
  let mean = total(products);
  let log_weight = log_sum[mine * HEADS + head];
  var base = 0u;
  if DROPOUT > 0.0 { base = dropout_key(head); }

  for (var j = start; j < end; j++) {
    var s = vec4f();
    var g = vec4f();
    for (var d = 0u; d < HEAD_VECS; d++) {
      s += q[d] * qkv[j * stride + key_offset + d];
      g += grad[d] * qkv[j * stride + value_offset + d];
    }
    let p = exp(min(total(s) - log_weight, 0.0));
    var dp = total(g);
    if DROPOUT > 0.0 { dp *= kept(base, mine, j); }
    let ds = p * (dp - mean) * scale;
    for (var d = 0u; d < HEAD_VECS; d++) {
      sums[d] += ds * qkv[j * stride + key_offset + d];
    }
  }

  if query < end {
    for (var d = 0u; d < HEAD_VECS; d++) {
      grad_qkv[query * stride + head * HEAD_VECS + d] = sums[d];
    }
    delta[query * HEADS + head] = mean;
  }
}
