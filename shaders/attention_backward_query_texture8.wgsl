// Attention over packed sequences, gradient of the queries:
//   dP_ij = grad_out_i · v_j,   delta_i = grad_out_i · out_i,   grad_q_i = Σ_j P_ij (dP_ij − delta_i) k_j / sqrt(HEAD_SIZE)
// P is computed again from q, k and log_sum.
//
// Streaming as in attention_backward_query.wgsl, for llvmpipe: a lane owns two queries; keys and values come in blocks of 32, of which
// each lane loads four and hands them round; and they come from a texture, which llvmpipe loads without a branch a lane.
//
//   random        seed and step of the dropout; bind anything where DROPOUT is 0
//   tiles         [tiles, 3] u32: first token of the tile, which is up to 16 queries, first token of its sequence, end of its sequence (exclusive)
//   qkv           [T, 3, HEADS, HEAD_SIZE] as a texture: texel (c, t) holds numbers 4c to 4c + 3 of token t; queries, keys, values
//   grad_out      [T, HEADS, HEAD_SIZE] as a texture
//   out           [T, HEADS, HEAD_SIZE], from the forward pass
//   log_sum       [T, HEADS], saved by the forward pass
//   grad_qkv      [T, 3, HEADS, HEAD_SIZE]: the first third is overwritten, the others are left alone
//   delta         [T, HEADS], for attention_backward_key_value_texture8.wgsl
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
@group(0) @binding(4) var<storage, read> out: array<vec4f>;
@group(0) @binding(5) var<storage, read> log_sum: array<f32>;
@group(0) @binding(6) var<storage, read_write> grad_qkv: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> delta: array<f32>;
@group(0) @binding(8) var<uniform> sizes: Sizes;

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

fn kept4(base: u32, query: u32, key: vec4u) -> vec4f {
  return vec4f(kept(base, query, key.x), kept(base, query, key.y), kept(base, query, key.z), kept(base, query, key.w));
}

// p, without what dropout takes of it.
fn dropped(p: mat4x4f, base: u32, queries: vec2u, key: u32) -> mat4x4f {
  if DROPOUT == 0.0 { return p; }
  let low = key + vec4u(0u, 1u, 2u, 3u);
  let high = low + 4u;
  return mat4x4f(
    p[0] * kept4(base, queries.x, low),
    p[1] * kept4(base, queries.x, high),
    p[2] * kept4(base, queries.y, low),
    p[3] * kept4(base, queries.y, high),
  );
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

// P of a query's products with four keys from `key` on; those past the end get none.
fn weights(s: vec4f, log_weight: f32, key: u32, end: u32) -> vec4f {
  let scale = inverseSqrt(f32(sizes.head_size));
  return select(vec4f(), exp(min(s * scale - log_weight, vec4f())), key + vec4u(0u, 1u, 2u, 3u) < vec4u(end));
}

// Gradients of the scores of eight keys from `key` on, but for the scale.
fn gradients(s: mat4x4f, dp: mat4x4f, log_weights: vec2f, sums: vec2f, key: u32, end: u32) -> mat4x4f {
  return mat4x4f(
    weights(s[0], log_weights.x, key, end) * (dp[0] - sums.x),
    weights(s[1], log_weights.x, key + 4u, end) * (dp[1] - sums.x),
    weights(s[2], log_weights.y, key, end) * (dp[2] - sums.y),
    weights(s[3], log_weights.y, key + 4u, end) * (dp[3] - sums.y),
  );
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let head = group.y;
  let start = tiles[group.x * 3u + 1u];
  let end = tiles[group.x * 3u + 2u];
  let own = tiles[group.x * 3u] + lane + vec2u(0u, 8u);
  // Queries past the end compute what the last one does, since shuffles want every lane, and store nothing.
  let queries = min(own, vec2u(end - 1u));
  let vecs = sizes.head_size / 4u;
  let column = head * vecs;
  let k_column = (sizes.heads + head) * vecs;
  let v_column = (2u * sizes.heads + head) * vecs;
  let grad_rows = queries * 3u * sizes.heads * vecs + column;
  let scale = inverseSqrt(f32(sizes.head_size));
  let base = dropout_key(head);

  let out_rows = (queries * sizes.heads + head) * vecs;
  var sums = vec2f();
  for (var d = 0u; d < vecs; d++) {
    sums += vec2f(
      dot(textureLoad(grad_out, vec2u(column + d, queries.x)), out[out_rows.x + d]),
      dot(textureLoad(grad_out, vec2u(column + d, queries.y)), out[out_rows.y + d]),
    );
  }
  let log_weights = vec2f(log_sum[queries.x * sizes.heads + head], log_sum[queries.y * sizes.heads + head]);

  for (var j = start; j < end; j += BLOCK) {
    let rows = min(j + lane + vec4u(0u, 8u, 16u, 24u), vec4u(end - 1u));
    var s0 = mat4x4f();
    var s1 = mat4x4f();
    var s2 = mat4x4f();
    var s3 = mat4x4f();
    var dp0 = mat4x4f();
    var dp1 = mat4x4f();
    var dp2 = mat4x4f();
    var dp3 = mat4x4f();
    for (var d = 0u; d < vecs; d++) {
      let a = textureLoad(qkv, vec2u(column + d, queries.x));
      let b = textureLoad(qkv, vec2u(column + d, queries.y));
      let k0 = textureLoad(qkv, vec2u(k_column + d, rows.x));
      let k1 = textureLoad(qkv, vec2u(k_column + d, rows.y));
      let k2 = textureLoad(qkv, vec2u(k_column + d, rows.z));
      let k3 = textureLoad(qkv, vec2u(k_column + d, rows.w));
      let e = textureLoad(grad_out, vec2u(column + d, queries.x));
      let f = textureLoad(grad_out, vec2u(column + d, queries.y));
      let v0 = textureLoad(qkv, vec2u(v_column + d, rows.x));
      let v1 = textureLoad(qkv, vec2u(v_column + d, rows.y));
      let v2 = textureLoad(qkv, vec2u(v_column + d, rows.z));
      let v3 = textureLoad(qkv, vec2u(v_column + d, rows.w));
      s0 += products(a, b, k0);
      s1 += products(a, b, k1);
      s2 += products(a, b, k2);
      s3 += products(a, b, k3);
      dp0 += products(e, f, v0);
      dp1 += products(e, f, v1);
      dp2 += products(e, f, v2);
      dp3 += products(e, f, v3);
    }
    let ds0 = gradients(s0, dropped(dp0, base, queries, j), log_weights, sums, j, end);
    let ds1 = gradients(s1, dropped(dp1, base, queries, j + 8u), log_weights, sums, j + 8u, end);
    let ds2 = gradients(s2, dropped(dp2, base, queries, j + 16u), log_weights, sums, j + 16u, end);
    let ds3 = gradients(s3, dropped(dp3, base, queries, j + 24u), log_weights, sums, j + 24u, end);
    for (var d = 0u; d < vecs; d++) {
      let k0 = textureLoad(qkv, vec2u(k_column + d, rows.x));
      let k1 = textureLoad(qkv, vec2u(k_column + d, rows.y));
      let k2 = textureLoad(qkv, vec2u(k_column + d, rows.z));
      let k3 = textureLoad(qkv, vec2u(k_column + d, rows.w));
      var sum = (weighted(ds0, k0) + weighted(ds1, k1)) + (weighted(ds2, k2) + weighted(ds3, k3));
      sum *= scale;
      if j > start { sum += mat2x4f(grad_qkv[grad_rows.x + d], grad_qkv[grad_rows.y + d]); }
      if own.x < end { grad_qkv[grad_rows.x + d] = sum[0]; }
      if own.y < end { grad_qkv[grad_rows.y + d] = sum[1]; }
    }
  }
  if own.x < end { delta[own.x * sizes.heads + head] = sums.x; }
  if own.y < end { delta[own.y * sizes.heads + head] = sums.y; }
}
