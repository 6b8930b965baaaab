// Attention over packed sequences, forward:  out_i = Σ_j P_ij v_j,   P_i = softmax_j(q_i · k_j / sqrt(HEAD_SIZE))
// with j over the tokens of i's own sequence. Sequences lie end to end, without padding.
//
// Streaming as in attention_forward.wgsl, for llvmpipe: a lane owns two queries; keys come in blocks of 32, of which each lane loads
// four and hands them round; and they come from a texture, which llvmpipe loads without a branch a lane.
//
//   random        seed and step of the dropout; bind anything where DROPOUT is 0
//   tiles         [tiles, 3] u32: first token of the tile, which is up to 16 queries, first token of its sequence, end of its sequence (exclusive)
//   qkv           [T, 3, HEADS, HEAD_SIZE] as a texture: texel (c, t) holds numbers 4c to 4c + 3 of token t; queries, keys, values
//   out           [T, HEADS, HEAD_SIZE]
//   log_sum       [T, HEADS]: log Σ_j exp(score_ij), for the backward pass
//   sizes         HEADS, HEAD_SIZE, SITE (which dropout of the model this is): a uniform, so that drivers compile the file once
//
// Overrides: DROPOUT (rate on P; 0 none).
// Assumes HEAD_SIZE a multiple of 4, a subgroup size of 8.
// Dispatch: (tiles, HEADS) workgroups of one subgroup.
// Source: Dao et al. 2022 (arXiv:2205.14135), algorithm 1; Milakov and Gimelshein 2018 for the running softmax.

enable subgroups;

override DROPOUT: f32 = 0.0;

struct Random { seed: u32, step: u32 }
struct Sizes { heads: u32, head_size: u32, site: u32 }

@group(0) @binding(0) var<uniform> random: Random;
@group(0) @binding(1) var<storage, read> tiles: array<u32>;
@group(0) @binding(2) var qkv: texture_storage_2d<rgba32float, read>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> log_sum: array<f32>;
@group(0) @binding(5) var<uniform> sizes: Sizes;

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

// Scores of eight keys from `key` on; those past the end get no weight.
fn scored(s: mat4x4f, key: u32, end: u32, scale: f32) -> mat4x4f {
  let none = vec4f(-3.0e38);
  let low = key + vec4u(0u, 1u, 2u, 3u) < vec4u(end);
  let high = key + vec4u(4u, 5u, 6u, 7u) < vec4u(end);
  return mat4x4f(
    select(none, s[0] * scale, low),
    select(none, s[1] * scale, high),
    select(none, s[2] * scale, low),
    select(none, s[3] * scale, high),
  );
}

fn highest_of(s: mat4x4f) -> vec2f {
  let a = max(s[0], s[1]);
  let b = max(s[2], s[3]);
  return vec2f(max(max(a.x, a.y), max(a.z, a.w)), max(max(b.x, b.y), max(b.z, b.w)));
}

fn exponentials(s: mat4x4f, highest: vec2f) -> mat4x4f {
  return mat4x4f(exp(s[0] - highest.x), exp(s[1] - highest.x), exp(s[2] - highest.y), exp(s[3] - highest.y));
}

fn sums_of(p: mat4x4f) -> vec2f {
  let a = p[0] + p[1];
  let b = p[2] + p[3];
  return vec2f((a.x + a.y) + (a.z + a.w), (b.x + b.y) + (b.z + b.w));
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
  let q_column = head * vecs;
  let k_column = (sizes.heads + head) * vecs;
  let v_column = (2u * sizes.heads + head) * vecs;
  let out_rows = (queries * sizes.heads + head) * vecs;
  let scale = inverseSqrt(f32(sizes.head_size));
  let base = dropout_key(head);

  var highest = vec2f(-3.0e38);
  var weight = vec2f();
  for (var j = start; j < end; j += BLOCK) {
    let rows = min(j + lane + vec4u(0u, 8u, 16u, 24u), vec4u(end - 1u));
    var s0 = mat4x4f();
    var s1 = mat4x4f();
    var s2 = mat4x4f();
    var s3 = mat4x4f();
    for (var d = 0u; d < vecs; d++) {
      let a = textureLoad(qkv, vec2u(q_column + d, queries.x));
      let b = textureLoad(qkv, vec2u(q_column + d, queries.y));
      let k0 = textureLoad(qkv, vec2u(k_column + d, rows.x));
      let k1 = textureLoad(qkv, vec2u(k_column + d, rows.y));
      let k2 = textureLoad(qkv, vec2u(k_column + d, rows.z));
      let k3 = textureLoad(qkv, vec2u(k_column + d, rows.w));
      s0 += products(a, b, k0);
      s1 += products(a, b, k1);
      s2 += products(a, b, k2);
      s3 += products(a, b, k3);
    }
    s0 = scored(s0, j, end, scale);
    s1 = scored(s1, j + 8u, end, scale);
    s2 = scored(s2, j + 16u, end, scale);
    s3 = scored(s3, j + 24u, end, scale);
    let higher = max(highest, max(max(highest_of(s0), highest_of(s1)), max(highest_of(s2), highest_of(s3))));
    let shrink = exp(highest - higher);
    highest = higher;
    let p0 = exponentials(s0, higher);
    let p1 = exponentials(s1, higher);
    let p2 = exponentials(s2, higher);
    let p3 = exponentials(s3, higher);
    weight = weight * shrink + (sums_of(p0) + sums_of(p1)) + (sums_of(p2) + sums_of(p3));
    let w0 = dropped(p0, base, queries, j);
    let w1 = dropped(p1, base, queries, j + 8u);
    let w2 = dropped(p2, base, queries, j + 16u);
    let w3 = dropped(p3, base, queries, j + 24u);
    // The last block divides by the sum of all weights.
    let divide = select(vec2f(1.0), 1.0 / weight, j + BLOCK >= end);
    for (var d = 0u; d < vecs; d++) {
      let v0 = textureLoad(qkv, vec2u(v_column + d, rows.x));
      let v1 = textureLoad(qkv, vec2u(v_column + d, rows.y));
      let v2 = textureLoad(qkv, vec2u(v_column + d, rows.z));
      let v3 = textureLoad(qkv, vec2u(v_column + d, rows.w));
      var sum = (weighted(w0, v0) + weighted(w1, v1)) + (weighted(w2, v2) + weighted(w3, v3));
      if j > start { sum += mat2x4f(out[out_rows.x + d] * shrink.x, out[out_rows.y + d] * shrink.y); }
      if own.x < end { out[out_rows.x + d] = sum[0] * divide.x; }
      if own.y < end { out[out_rows.y + d] = sum[1] * divide.y; }
    }
  }
  let logs = highest + log(weight);
  if own.x < end { log_sum[own.x * sizes.heads + head] = logs.x; }
  if own.y < end { log_sum[own.y * sizes.heads + head] = logs.y; }
}
