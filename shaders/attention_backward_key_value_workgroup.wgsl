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
// Blocks of eight queries and their gradients pass through workgroup memory. For GPUs.
// PARTS: ceil(HEAD_SIZE / 32), a const, since it sizes registers.
// Dispatch: (tiles, HEADS) workgroups of 64: eight invocations share a key, each owns PARTS vectors of its row.
// Source: Dao et al. 2022 (arXiv:2205.14135), appendix B.

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

const BLOCK: u32 = 8u;
override VECS: u32 = HEAD_SIZE / 4u;
var<workgroup> k_tile: array<vec4f, 8u * VECS>;
var<workgroup> v_tile: array<vec4f, 8u * VECS>;
var<workgroup> q_block: array<vec4f, BLOCK * VECS>;
var<workgroup> g_block: array<vec4f, BLOCK * VECS>;
var<workgroup> weights: array<vec2f, 64>; // P with dropout, and the slope of the score

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
  let key = min(tiles[tile * 3u] + lane / 8u, end - 1u);
  let stores = tiles[tile * 3u] + lane / 8u < end;
  let stride = 3u * HEADS * VECS;
  let scale = inverseSqrt(f32(HEAD_SIZE));
  var base = 0u;
  if DROPOUT > 0.0 { base = dropout_key(head); }
  for (var i = lane; i < 8u * vecs; i += 64u) {
    let row = min(tiles[tile * 3u] + i / VECS, end - 1u) * stride + (HEADS + head) * VECS + i % VECS;
    k_tile[i] = qkv[row] * scale;
    v_tile[i] = qkv[row + HEADS * VECS];
  }

  var k_sums: array<vec4f, PARTS>;
  var v_sums: array<vec4f, PARTS>;
  for (var j = start; j < end; j += BLOCK) {
    workgroupBarrier();
    for (var i = lane; i < block * vecs; i += 64u) {
      // Queries past the end repeat the last one and get no weight.
      let row = min(j + i / VECS, end - 1u);
      q_block[i] = qkv[row * stride + head * VECS + i % VECS];
      g_block[i] = grad_out[(row * HEADS + head) * VECS + i % VECS];
    }
    workgroupBarrier();
    let query = min(j + part, end - 1u);
    var score = 0.0;
    var dp = 0.0;
    for (var d = 0u; d < vecs; d++) {
      score += dot(k_tile[(lane / 8u) * VECS + d], q_block[part * VECS + d]);
      dp += dot(v_tile[(lane / 8u) * VECS + d], g_block[part * VECS + d]);
    }
    var keep = 1.0;
    if DROPOUT > 0.0 { keep = kept(base, query, key); }
    let p = select(0.0, exp(min(score - log_sum[query * HEADS + head], 0.0)), j + part < end);
    weights[lane] = vec2f(p * keep, p * (dp * keep - delta[query * HEADS + head]) * scale);
    workgroupBarrier();

    for (var r = 0u; r < block; r++) {
      let w = weights[first + r];
      for (var n = 0u; n < PARTS; n++) {
        if n * 8u + part < VECS {
          k_sums[n] += w.y * q_block[r * VECS + n * 8u + part];
          v_sums[n] += w.x * g_block[r * VECS + n * 8u + part];
        }
      }
    }
  }
  if !stores { return; }
  for (var n = 0u; n < PARTS; n++) {
    if n * 8u + part < VECS {
      let row = key * stride + (HEADS + head) * VECS + n * 8u + part;
      grad_qkv[row] = k_sums[n];
      grad_qkv[row + HEADS * VECS] = v_sums[n];
    }
  }
}
