// Attention over packed sequences, gradients of keys and values. With P, dP and delta as in attention_backward_query.wgsl,
//   grad_v_j = Σ_i P_ij grad_out_i,   grad_k_j = Σ_i P_ij (dP_ij − delta_i) q_i / sqrt(head_size)
//
//   batch.tiles   number of tiles;  a tile is up to LANES keys of one sequence
//   random        seed and step of the dropout; bind anything where DROPOUT is 0
//   tiles         [tiles, 3] u32: first token of the tile, first token of its sequence, end of its sequence (exclusive)
//   qkv           [T, 3, HEADS, head_size]: queries, keys and values side by side, as one product with three weights gives them
//   log_sum        [T, HEADS], saved by the forward pass
//   delta          [T, HEADS], from attention_backward_query.wgsl, which runs before
//   grad_out       [T, HEADS, head_size]
//   grad_qkv       [T, 3, HEADS, head_size]: the key and value thirds are overwritten, the first is left alone
//
// Sizes: HEAD_VECS = head_size / 4.
// Overrides: HEADS, LANES, DROPOUT, SITE: as in the forward pass.
// Dispatch: (tiles, HEADS) workgroups; an invocation owns a key and its value, so sums need no atomics.
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
@group(0) @binding(4) var<storage, read> log_sum: array<f32>;
@group(0) @binding(5) var<storage, read> delta: array<f32>;
@group(0) @binding(6) var<storage, read> grad_out: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> grad_qkv: array<vec4f>;

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
  let key = tiles[tile * 3u] + lane;
  let mine = min(key, end - 1u);
  let stride = 3u * HEADS * HEAD_VECS;
  let key_offset = (HEADS + head) * HEAD_VECS;
  let value_offset = (2u * HEADS + head) * HEAD_VECS;
  let scale = inverseSqrt(f32(HEAD_VECS * 4u));

  var k: array<vec4f, HEAD_VECS>;
  var v: array<vec4f, HEAD_VECS>;
  var grad_k: array<vec4f, HEAD_VECS>;
  var grad_v: array<vec4f, HEAD_VECS>;
  for (var d = 0u; d < HEAD_VECS; d++) {
    k[d] = qkv[mine * stride + key_offset + d] * scale;
    v[d] = qkv[mine * stride + value_offset + d];
    grad_k[d] = vec4f();
    grad_v[d] = vec4f();
  }
  var base = 0u;
  if DROPOUT > 0.0 { base = dropout_key(head); }

  for (var i = start; i < end; i++) {
    let row = (i * HEADS + head) * HEAD_VECS;
    var s = vec4f();
    var g = vec4f();
    for (var d = 0u; d < HEAD_VECS; d++) {
      s += k[d] * qkv[i * stride + head * HEAD_VECS + d];
      g += v[d] * grad_out[row + d];
    }
    let p = exp(min(total(s) - log_sum[i * HEADS + head], 0.0));
    var keep = 1.0;
    if DROPOUT > 0.0 { keep = kept(base, i, mine); }
    let pv = p * keep;
    let ds = p * (total(g) * keep - delta[i * HEADS + head]) * scale;
    for (var d = 0u; d < HEAD_VECS; d++) {
      grad_v[d] += pv * grad_out[row + d];
      grad_k[d] += ds * qkv[i * stride + head * HEAD_VECS + d];
    }
  }

  if key < end {
    for (var d = 0u; d < HEAD_VECS; d++) {
      grad_qkv[key * stride + key_offset + d] = grad_k[d];
      grad_qkv[key * stride + value_offset + d] = grad_v[d];
    }
  }
}
