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
// Blocks of eight keys and values pass through workgroup memory. For GPUs.
// PARTS: ceil(HEAD_SIZE / 32), a const, since it sizes registers.
// Dispatch: (tiles, HEADS) workgroups of 64: eight invocations share a query, each owns PARTS vectors of its row.
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

const BLOCK: u32 = 8u;
override VECS: u32 = HEAD_SIZE / 4u;
var<workgroup> q_tile: array<vec4f, 8u * VECS>;
var<workgroup> g_tile: array<vec4f, 8u * VECS>;
var<workgroup> k_block: array<vec4f, BLOCK * VECS>;
var<workgroup> v_block: array<vec4f, BLOCK * VECS>;
var<workgroup> slopes: array<f32, 64>;

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
  let query = min(tiles[tile * 3u] + lane / 8u, end - 1u);
  let stores = tiles[tile * 3u] + lane / 8u < end;
  let stride = 3u * HEADS * VECS;
  let scale = inverseSqrt(f32(HEAD_SIZE));
  var base = 0u;
  if DROPOUT > 0.0 { base = dropout_key(head); }
  for (var i = lane; i < 8u * vecs; i += 64u) {
    let row = min(tiles[tile * 3u] + i / VECS, end - 1u);
    q_tile[i] = qkv[row * stride + head * VECS + i % VECS] * scale;
    g_tile[i] = grad_out[(row * HEADS + head) * VECS + i % VECS];
  }
  var partial = 0.0;
  for (var d = part; d < vecs; d += 8u) {
    let at = (query * HEADS + head) * VECS + d;
    partial += dot(grad_out[at], out[at]);
  }
  slopes[lane] = partial;
  workgroupBarrier();
  var products = 0.0;
  for (var r = 0u; r < block; r++) { products += slopes[first + r]; }
  let log_weight = log_sum[query * HEADS + head];

  var sums: array<vec4f, PARTS>;
  for (var j = start; j < end; j += BLOCK) {
    workgroupBarrier();
    for (var i = lane; i < block * vecs; i += 64u) {
      // Keys past the end repeat the last one and get no weight.
      let row = min(j + i / VECS, end - 1u) * stride + (HEADS + head) * VECS + i % VECS;
      k_block[i] = qkv[row];
      v_block[i] = qkv[row + HEADS * VECS];
    }
    workgroupBarrier();
    var score = 0.0;
    var dp = 0.0;
    for (var d = 0u; d < vecs; d++) {
      score += dot(q_tile[(lane / 8u) * VECS + d], k_block[part * VECS + d]);
      dp += dot(g_tile[(lane / 8u) * VECS + d], v_block[part * VECS + d]);
    }
    if DROPOUT > 0.0 { dp *= kept(base, query, j + part); }
    let p = select(0.0, exp(min(score - log_weight, 0.0)), j + part < end);
    slopes[lane] = p * (dp - products) * scale;
    workgroupBarrier();

    for (var r = 0u; r < block; r++) {
      let ds = slopes[first + r];
      for (var n = 0u; n < PARTS; n++) {
        if n * 8u + part < VECS { sums[n] += ds * k_block[r * VECS + n * 8u + part]; }
      }
    }
  }
  if !stores { return; }
  for (var n = 0u; n < PARTS; n++) {
    if n * 8u + part < VECS { grad_qkv[query * stride + head * VECS + n * 8u + part] = sums[n]; }
  }
  if part == 0u { delta[query * HEADS + head] = products; }
}
