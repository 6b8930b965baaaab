// Attention over packed sequences, gradients of keys and values. With P, dP and delta as in attention_backward_query.wgsl,
//   grad_v_j = Σ_i P_ij grad_out_i,   grad_k_j = Σ_i P_ij (dP_ij − delta_i) q_i / sqrt(HEAD_SIZE)
//
//   batch.tiles   number of tiles;  a tile is up to 8 keys of one sequence
//   random        seed and step of the dropout; bind anything where DROPOUT is 0
//   tiles         [tiles, 3] u32: first token of the tile, first token of its sequence, end of its sequence (exclusive)
//   qkv           [T, 3, HEADS, HEAD_SIZE]: queries, keys and values side by side, as one product with three weights gives them
//   log_sum        [T, HEADS], saved by the forward pass
//   delta          [T, HEADS], from attention_backward_query.wgsl, which runs before
//   grad_out       [T, HEADS, HEAD_SIZE]
//   grad_qkv       [T, 3, HEADS, HEAD_SIZE]: the key and value thirds are overwritten, the first is left alone
//
// Overrides: HEADS, HEAD_SIZE, DROPOUT, SITE: as in the forward pass.
// Assumes a subgroup size of 8: each lane loads two of sixteen queries and hands them round, so that one is read once for eight.
// Dispatch: (tiles, HEADS) workgroups of one subgroup; an invocation owns a key and its value, so sums need no atomics.
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

fn kept4(base: u32, query: vec4u, key: u32) -> vec4f {
  return vec4f(kept(base, query.x, key), kept(base, query.y, key), kept(base, query.z, key), kept(base, query.w, key));
}

fn spread(v: f32, first: u32) -> vec4f {
  return vec4f(subgroupShuffle(v, first), subgroupShuffle(v, first + 1u), subgroupShuffle(v, first + 2u), subgroupShuffle(v, first + 3u));
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = group.x;
  let head = group.y;
  if tile >= batch.tiles { return; }
  let start = tiles[tile * 3u + 1u];
  let end = tiles[tile * 3u + 2u];
  // Lanes past the end compute what the last key does, since shuffles want every lane, and store nothing.
  let key = min(tiles[tile * 3u] + lane, end - 1u);
  let stores = tiles[tile * 3u] + lane < end;
  // Plus a zero that the compiler can't know: it would unroll the loops over a constant, which takes some drivers a minute.
  let vecs = HEAD_SIZE / 4u + (batch.tokens >> 31u);
  let stride = 3u * HEADS * vecs;
  let k_row = key * stride + (HEADS + head) * vecs;
  let v_row = k_row + HEADS * vecs;
  let scale = inverseSqrt(f32(HEAD_SIZE));
  var base = 0u;
  if DROPOUT > 0.0 { base = dropout_key(head); }
  let ramp = vec4u(0u, 1u, 2u, 3u);

  for (var i = start; i < end; i += 16u) {
    // Queries past the end repeat the last one and get no weight.
    let t0 = min(i + lane, end - 1u);
    let t1 = min(i + 8u + lane, end - 1u);
    let q0 = t0 * stride + head * vecs;
    let q1 = t1 * stride + head * vecs;
    let g0 = (t0 * HEADS + head) * vecs;
    let g1 = (t1 * HEADS + head) * vecs;
    var s0 = vec4f();
    var s1 = vec4f();
    var s2 = vec4f();
    var s3 = vec4f();
    var dp0 = vec4f();
    var dp1 = vec4f();
    var dp2 = vec4f();
    var dp3 = vec4f();
    for (var d = 0u; d < vecs; d++) {
      let k = qkv[k_row + d];
      let v = qkv[v_row + d];
      let a = qkv[q0 + d];
      let b = qkv[q1 + d];
      s0 += dots(k, a, 0u);
      s1 += dots(k, a, 4u);
      s2 += dots(k, b, 0u);
      s3 += dots(k, b, 4u);
      let e = grad_out[g0 + d];
      let f = grad_out[g1 + d];
      dp0 += dots(v, e, 0u);
      dp1 += dots(v, e, 4u);
      dp2 += dots(v, f, 0u);
      dp3 += dots(v, f, 4u);
    }
    let log_weight0 = log_sum[t0 * HEADS + head];
    let log_weight1 = log_sum[t1 * HEADS + head];
    let products0 = delta[t0 * HEADS + head];
    let products1 = delta[t1 * HEADS + head];
    let query = i + ramp;
    let limit = vec4u(end);
    var p0 = select(vec4f(), exp(min(s0 * scale - spread(log_weight0, 0u), vec4f())), query < limit);
    var p1 = select(vec4f(), exp(min(s1 * scale - spread(log_weight0, 4u), vec4f())), query + 4u < limit);
    var p2 = select(vec4f(), exp(min(s2 * scale - spread(log_weight1, 0u), vec4f())), query + 8u < limit);
    var p3 = select(vec4f(), exp(min(s3 * scale - spread(log_weight1, 4u), vec4f())), query + 12u < limit);
    var keep0 = vec4f(1.0);
    var keep1 = vec4f(1.0);
    var keep2 = vec4f(1.0);
    var keep3 = vec4f(1.0);
    if DROPOUT > 0.0 {
      keep0 = kept4(base, query, key);
      keep1 = kept4(base, query + 4u, key);
      keep2 = kept4(base, query + 8u, key);
      keep3 = kept4(base, query + 12u, key);
    }
    let ds0 = p0 * (dp0 * keep0 - spread(products0, 0u)) * scale;
    let ds1 = p1 * (dp1 * keep1 - spread(products0, 4u)) * scale;
    let ds2 = p2 * (dp2 * keep2 - spread(products1, 0u)) * scale;
    let ds3 = p3 * (dp3 * keep3 - spread(products1, 4u)) * scale;
    p0 *= keep0;
    p1 *= keep1;
    p2 *= keep2;
    p3 *= keep3;
    for (var d = 0u; d < vecs; d++) {
      let a = qkv[q0 + d];
      let b = qkv[q1 + d];
      let e = grad_out[g0 + d];
      let f = grad_out[g1 + d];
      let k_sum = (weighted(ds0, a, 0u) + weighted(ds1, a, 4u)) + (weighted(ds2, b, 0u) + weighted(ds3, b, 4u));
      let v_sum = (weighted(p0, e, 0u) + weighted(p1, e, 4u)) + (weighted(p2, f, 0u) + weighted(p3, f, 4u));
      if stores {
        grad_qkv[k_row + d] = select(grad_qkv[k_row + d], vec4f(), i == start) + k_sum;
        grad_qkv[v_row + d] = select(grad_qkv[v_row + d], vec4f(), i == start) + v_sum;
      }
    }
  }
}
