// Attention over packed sequences, gradients of keys and values. With P, dP and delta as in attention_backward_query_texture8.wgsl,
//   grad_v_j = Σ_i P_ij grad_out_i,   grad_k_j = Σ_i P_ij (dP_ij − delta_i) q_i / sqrt(HEAD_SIZE)
//
// Streaming as in attention_backward_key_value.wgsl, for llvmpipe: a lane owns two keys and their values, so sums need no atomics;
// queries come in blocks of 32, of which each lane loads four and hands them round; and they come from a texture, which llvmpipe
// loads without a branch a lane.
//
//   random        seed and step of the dropout; bind anything where DROPOUT is 0
//   tiles         [tiles, 3] u32: first token of the tile, which is up to 16 keys, first token of its sequence, end of its sequence (exclusive)
//   qkv           [T, 3, HEADS, HEAD_SIZE] as a texture: texel (c, t) holds numbers 4c to 4c + 3 of token t; queries, keys, values
//   grad_out      [T, HEADS, HEAD_SIZE] as a texture
//   log_sum       [T, HEADS], saved by the forward pass
//   delta         [T, HEADS], from attention_backward_query_texture8.wgsl, which runs before
//   grad_qkv      [T, 3, HEADS, HEAD_SIZE]: the key and value thirds are overwritten, the first is left alone
//   sizes         HEADS, HEAD_SIZE, SITE (which dropout of the model this is): a uniform, so that drivers compile the file once
//
// Overrides: DROPOUT (rate on P; 0 none).
// Assumes HEAD_SIZE a multiple of 4, a subgroup size of 8.
// Dispatch: (tiles, HEADS) workgroups of one subgroup.
// Source: Dao et al. 2022 (arXiv:2205.14135), appendix B.

enable subgroups;

override DROPOUT: f32 = 0.0;

struct Random { seed: u32, step: u32 }
struct Sizes { heads: u32, head_size: u32, site: u32 }

@group(0) @binding(0) var<uniform> random: Random;
@group(0) @binding(1) var<storage, read> tiles: array<u32>;
@group(0) @binding(2) var qkv: texture_storage_2d<rgba32float, read>;
@group(0) @binding(3) var grad_out: texture_storage_2d<rgba32float, read>;
@group(0) @binding(4) var<storage, read> log_sum: array<f32>;
@group(0) @binding(5) var<storage, read> delta: array<f32>;
@group(0) @binding(6) var<storage, read_write> grad_qkv: array<vec4f>;
@group(0) @binding(7) var<uniform> sizes: Sizes;

const BLOCK = 32u;

fn pcg(input: u32) -> u32 {
  let state = input * 747796405u + 2891336453u;
  let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
  return (word >> 22u) ^ word;
}

fn dropout_key(head: u32) -> u32 { return pcg(head + pcg(sizes.site + pcg(random.step + pcg(random.seed)))); }

// 0 or 1 / (1 − DROPOUT) for the probability of `key` in the sum of `query`; the same in forward and backward.
fn kept(base: u32, query: u32, key: u32) -> f32 {
  let draw = f32(pcg(pcg(base + query) + key) >> 8u) * (1.0 / 16777216.0); // [0, 1)
  return select(0.0, 1.0 / (1.0 - DROPOUT), draw >= DROPOUT);
}

fn kept4(base: u32, query: vec4u, key: u32) -> vec4f {
  return vec4f(kept(base, query.x, key), kept(base, query.y, key), kept(base, query.z, key), kept(base, query.w, key));
}

// What dropout leaves of P, by eight queries from `query` on: factors.
fn left(base: u32, query: u32, keys: vec2u) -> mat4x4f {
  if DROPOUT == 0.0 { return mat4x4f(vec4f(1.0), vec4f(1.0), vec4f(1.0), vec4f(1.0)); }
  let low = query + vec4u(0u, 1u, 2u, 3u);
  let high = low + 4u;
  return mat4x4f(kept4(base, low, keys.x), kept4(base, high, keys.x), kept4(base, low, keys.y), kept4(base, high, keys.y));
}

// The eight rows that the lanes hold together, as every lane's own.
fn of_lanes(rows: vec4f) -> array<vec4f, 8> {
  return array<vec4f, 8>(
    subgroupShuffle(rows, 0u), subgroupShuffle(rows, 1u), subgroupShuffle(rows, 2u), subgroupShuffle(rows, 3u),
    subgroupShuffle(rows, 4u), subgroupShuffle(rows, 5u), subgroupShuffle(rows, 6u), subgroupShuffle(rows, 7u),
  );
}

// Products of two rows of a lane's own with the eight: columns 0 and 1 for the first, with lanes 0 to 3 and 4 to 7; columns 2 and 3
// for the second.
fn products(a: vec4f, b: vec4f, rows: vec4f) -> mat4x4f {
  let r = of_lanes(rows);
  return mat4x4f(
    vec4f(dot(a, r[0]), dot(a, r[1]), dot(a, r[2]), dot(a, r[3])),
    vec4f(dot(a, r[4]), dot(a, r[5]), dot(a, r[6]), dot(a, r[7])),
    vec4f(dot(b, r[0]), dot(b, r[1]), dot(b, r[2]), dot(b, r[3])),
    vec4f(dot(b, r[4]), dot(b, r[5]), dot(b, r[6]), dot(b, r[7])),
  );
}

// Sums of the eight rows, weighted with p: one for each of the lane's own.
fn weighted(p: mat4x4f, rows: vec4f) -> mat2x4f {
  let r = of_lanes(rows);
  return mat2x4f(
    ((p[0].x * r[0] + p[0].y * r[1]) + (p[0].z * r[2] + p[0].w * r[3])) + ((p[1].x * r[4] + p[1].y * r[5]) + (p[1].z * r[6] + p[1].w * r[7])),
    ((p[2].x * r[0] + p[2].y * r[1]) + (p[2].z * r[2] + p[2].w * r[3])) + ((p[3].x * r[4] + p[3].y * r[5]) + (p[3].z * r[6] + p[3].w * r[7])),
  );
}

fn times(a: mat4x4f, b: mat4x4f) -> mat4x4f { return mat4x4f(a[0] * b[0], a[1] * b[1], a[2] * b[2], a[3] * b[3]); }

// What the lanes hold, as every lane's own: lanes 0 to 3 and 4 to 7.
fn spread(v: f32) -> mat2x4f {
  return mat2x4f(
    vec4f(subgroupShuffle(v, 0u), subgroupShuffle(v, 1u), subgroupShuffle(v, 2u), subgroupShuffle(v, 3u)),
    vec4f(subgroupShuffle(v, 4u), subgroupShuffle(v, 5u), subgroupShuffle(v, 6u), subgroupShuffle(v, 7u)),
  );
}

// P of the products with eight queries from `query` on; those past the end get none.
fn weights(s: mat4x4f, log_weight: f32, query: u32, end: u32) -> mat4x4f {
  let scale = inverseSqrt(f32(sizes.head_size));
  let logs = spread(log_weight);
  let low = query + vec4u(0u, 1u, 2u, 3u) < vec4u(end);
  let high = query + vec4u(4u, 5u, 6u, 7u) < vec4u(end);
  return mat4x4f(
    select(vec4f(), exp(min(s[0] * scale - logs[0], vec4f())), low),
    select(vec4f(), exp(min(s[1] * scale - logs[1], vec4f())), high),
    select(vec4f(), exp(min(s[2] * scale - logs[0], vec4f())), low),
    select(vec4f(), exp(min(s[3] * scale - logs[1], vec4f())), high),
  );
}

fn minus(dp: mat4x4f, sum: f32) -> mat4x4f {
  let sums = spread(sum);
  return mat4x4f(dp[0] - sums[0], dp[1] - sums[1], dp[2] - sums[0], dp[3] - sums[1]);
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let head = group.y;
  let start = tiles[group.x * 3u + 1u];
  let end = tiles[group.x * 3u + 2u];
  let own = tiles[group.x * 3u] + lane + vec2u(0u, 8u);
  // Keys past the end compute what the last one does, since shuffles want every lane, and store nothing.
  let keys = min(own, vec2u(end - 1u));
  let vecs = sizes.head_size / 4u;
  let column = head * vecs;
  let k_column = (sizes.heads + head) * vecs;
  let v_column = (2u * sizes.heads + head) * vecs;
  let stride = 3u * sizes.heads * vecs;
  let scale = inverseSqrt(f32(sizes.head_size));
  let base = dropout_key(head);

  for (var i = start; i < end; i += BLOCK) {
    let rows = min(i + lane + vec4u(0u, 8u, 16u, 24u), vec4u(end - 1u));
    var s0 = mat4x4f();
    var s1 = mat4x4f();
    var s2 = mat4x4f();
    var s3 = mat4x4f();
    var dp0 = mat4x4f();
    var dp1 = mat4x4f();
    var dp2 = mat4x4f();
    var dp3 = mat4x4f();
    for (var d = 0u; d < vecs; d++) {
      let a = textureLoad(qkv, vec2u(k_column + d, keys.x));
      let b = textureLoad(qkv, vec2u(k_column + d, keys.y));
      let q0 = textureLoad(qkv, vec2u(column + d, rows.x));
      let q1 = textureLoad(qkv, vec2u(column + d, rows.y));
      let q2 = textureLoad(qkv, vec2u(column + d, rows.z));
      let q3 = textureLoad(qkv, vec2u(column + d, rows.w));
      let e = textureLoad(qkv, vec2u(v_column + d, keys.x));
      let f = textureLoad(qkv, vec2u(v_column + d, keys.y));
      let g0 = textureLoad(grad_out, vec2u(column + d, rows.x));
      let g1 = textureLoad(grad_out, vec2u(column + d, rows.y));
      let g2 = textureLoad(grad_out, vec2u(column + d, rows.z));
      let g3 = textureLoad(grad_out, vec2u(column + d, rows.w));
      s0 += products(a, b, q0);
      s1 += products(a, b, q1);
      s2 += products(a, b, q2);
      s3 += products(a, b, q3);
      dp0 += products(e, f, g0);
      dp1 += products(e, f, g1);
      dp2 += products(e, f, g2);
      dp3 += products(e, f, g3);
    }
    let at = rows * sizes.heads + head;
    let p0 = weights(s0, log_sum[at.x], i, end);
    let p1 = weights(s1, log_sum[at.y], i + 8u, end);
    let p2 = weights(s2, log_sum[at.z], i + 16u, end);
    let p3 = weights(s3, log_sum[at.w], i + 24u, end);
    let left0 = left(base, i, keys);
    let left1 = left(base, i + 8u, keys);
    let left2 = left(base, i + 16u, keys);
    let left3 = left(base, i + 24u, keys);
    let ds0 = times(p0, minus(times(dp0, left0), delta[at.x]));
    let ds1 = times(p1, minus(times(dp1, left1), delta[at.y]));
    let ds2 = times(p2, minus(times(dp2, left2), delta[at.z]));
    let ds3 = times(p3, minus(times(dp3, left3), delta[at.w]));
    let w0 = times(p0, left0);
    let w1 = times(p1, left1);
    let w2 = times(p2, left2);
    let w3 = times(p3, left3);
    for (var d = 0u; d < vecs; d++) {
      let q0 = textureLoad(qkv, vec2u(column + d, rows.x));
      let q1 = textureLoad(qkv, vec2u(column + d, rows.y));
      let q2 = textureLoad(qkv, vec2u(column + d, rows.z));
      let q3 = textureLoad(qkv, vec2u(column + d, rows.w));
      let g0 = textureLoad(grad_out, vec2u(column + d, rows.x));
      let g1 = textureLoad(grad_out, vec2u(column + d, rows.y));
      let g2 = textureLoad(grad_out, vec2u(column + d, rows.z));
      let g3 = textureLoad(grad_out, vec2u(column + d, rows.w));
      var k_sum = (weighted(ds0, q0) + weighted(ds1, q1)) + (weighted(ds2, q2) + weighted(ds3, q3));
      var v_sum = (weighted(w0, g0) + weighted(w1, g1)) + (weighted(w2, g2) + weighted(w3, g3));
      k_sum *= scale;
      let to_k = keys * stride + k_column + d;
      let to_v = keys * stride + v_column + d;
      if i > start {
        k_sum += mat2x4f(grad_qkv[to_k.x], grad_qkv[to_k.y]);
        v_sum += mat2x4f(grad_qkv[to_v.x], grad_qkv[to_v.y]);
      }
      if own.x < end {
        grad_qkv[to_k.x] = k_sum[0];
        grad_qkv[to_v.x] = v_sum[0];
      }
      if own.y < end {
        grad_qkv[to_k.y] = k_sum[1];
        grad_qkv[to_v.y] = v_sum[1];
      }
    }
  }
}
