// Attention over packed sequences, gradients of keys and values. With P, dP and delta as in attention_backward_query.wgsl,
//   grad_v_j = Σ_i P_ij grad_out_i,   grad_k_j = Σ_i P_ij (dP_ij − delta_i) q_i / sqrt(HEAD_SIZE)
//
//   batch.tiles   number of tiles;  a tile is up to LANES keys of one sequence
//   random        seed and step of the dropout; bind anything where DROPOUT is 0
//   tiles         [tiles, 3] u32: first token of the tile, first token of its sequence, end of its sequence (exclusive)
//   qkv           [T, 3, HEADS, HEAD_SIZE]: queries, keys and values side by side, as one product with three weights gives them
//   log_sum        [T, HEADS], saved by the forward pass
//   delta          [T, HEADS], from attention_backward_query.wgsl, which runs before
//   grad_out       [T, HEADS, HEAD_SIZE]
//   grad_qkv       [T, 3, HEADS, HEAD_SIZE]: the key and value thirds are overwritten, the first is left alone
//
// Overrides: HEADS, HEAD_SIZE, LANES, DROPOUT, SITE: as in the forward pass.
// Dispatch: (tiles, HEADS) workgroups; an invocation owns a key and its value, so sums need no atomics.
// Source: Dao et al. 2022 (arXiv:2205.14135), appendix B.

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
@group(0) @binding(4) var<storage, read> log_sum: array<f32>;
@group(0) @binding(5) var<storage, read> delta: array<f32>;
@group(0) @binding(6) var<storage, read> grad_out: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> grad_qkv: array<vec4f>;

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
  let key = tiles[tile * 3u] + lane;
  if key >= end { return; }
  // Plus a zero that the compiler can't know: it would unroll the loops over a constant, which takes some drivers a minute.
  let vecs = HEAD_SIZE / 4u + (batch.tokens >> 31u);
  let stride = 3u * HEADS * vecs;
  let queries = head * vecs;
  let k_row = key * stride + (HEADS + head) * vecs;
  let v_row = key * stride + (2u * HEADS + head) * vecs;
  let scale = inverseSqrt(f32(HEAD_SIZE));
  var base = 0u;
  if DROPOUT > 0.0 { base = dropout_key(head); }

  for (var i = start; i < end; i += 4u) {
    // Queries past the end repeat the last one and get no weight.
    let query = min(vec4u(i, i + 1u, i + 2u, i + 3u), vec4u(end - 1u));
    let there = vec4u(i, i + 1u, i + 2u, i + 3u) < vec4u(end);
    let q = query * stride + queries;
    let at = query * HEADS + head;
    let g = at * vecs;
    var scores = vec4f();
    var dp = vec4f();
    for (var d = 0u; d < vecs; d++) {
      let k = qkv[k_row + d];
      let v = qkv[v_row + d];
      scores += vec4f(dot(k, qkv[q.x + d]), dot(k, qkv[q.y + d]), dot(k, qkv[q.z + d]), dot(k, qkv[q.w + d]));
      dp += vec4f(dot(v, grad_out[g.x + d]), dot(v, grad_out[g.y + d]), dot(v, grad_out[g.z + d]), dot(v, grad_out[g.w + d]));
    }
    let log_weight = vec4f(log_sum[at.x], log_sum[at.y], log_sum[at.z], log_sum[at.w]);
    let products = vec4f(delta[at.x], delta[at.y], delta[at.z], delta[at.w]);
    var p = select(vec4f(), exp(min(scores * scale - log_weight, vec4f())), there);
    var keep = vec4f(1.0);
    if DROPOUT > 0.0 {
      keep = vec4f(kept(base, query.x, key), kept(base, query.y, key), kept(base, query.z, key), kept(base, query.w, key));
    }
    let ds = p * (dp * keep - products) * scale;
    p *= keep;
    for (var d = 0u; d < vecs; d++) {
      let k_sum = ds.x * qkv[q.x + d] + ds.y * qkv[q.y + d] + ds.z * qkv[q.z + d] + ds.w * qkv[q.w + d];
      let v_sum = p.x * grad_out[g.x + d] + p.y * grad_out[g.y + d] + p.z * grad_out[g.z + d] + p.w * grad_out[g.w + d];
      grad_qkv[k_row + d] = select(grad_qkv[k_row + d], vec4f(), i == start) + k_sum;
      grad_qkv[v_row + d] = select(grad_qkv[v_row + d], vec4f(), i == start) + v_sum;
    }
  }
}
