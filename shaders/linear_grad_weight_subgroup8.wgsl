// Linear layer, gradient of the weight:  grad_weight[n, k] += Σ_t grad_out[t, n] · x[t, k]
//
//   batch.tokens  number of rows T
//   grad_out      [T, WIDTH]; columns FIRST to FIRST + OUT are read
//   x             [T, IN]
//   grad_weight   [OUT, IN], added to
//
//   sizes         IN, OUT, FIRST, WIDTH: a uniform and no overrides, so that drivers compile the file once for all layers.
//                 FIRST 0 and WIDTH = OUT for a whole weight. A weight larger than one binding comes in blocks of rows, a dispatch each:
//                 OUT rows of WIDTH, from row FIRST on.
//
// Assumes IN and OUT multiples of 4, a subgroup size of 8.
// Dispatch: (ceil(IN / 32), ceil(OUT / 32)) workgroups; a workgroup is one subgroup and owns 32 x 32 sums, the rows of grad_out spread over its lanes.
// Sums go through workgroup memory so that a short loop stores them: much less code for the driver to compile.

enable subgroups;

struct Sizes { input: u32, output: u32, first: u32, width: u32 }

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(4) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> grad_out: array<vec4f>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> grad_weight: array<vec4f>;

var<workgroup> tile: array<vec4f, 256>;

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let IN = sizes.input;
  let OUT = sizes.output;
  let WIDTH = sizes.width;
  let tokens = batch.tokens;
  let row = group.y * 32u;
  let col = group.x * 32u;
  let row0 = min(row / 4u + 0u + lane, OUT / 4u - 1u);
  let from0 = sizes.first / 4u + row0;
  let col0 = min(col / 4u + 0u + lane, IN / 4u - 1u);
  var c0_0 = 0.0; var c0_1 = 0.0; var c0_2 = 0.0; var c0_3 = 0.0;
  var c1_0 = 0.0; var c1_1 = 0.0; var c1_2 = 0.0; var c1_3 = 0.0;
  var c2_0 = 0.0; var c2_1 = 0.0; var c2_2 = 0.0; var c2_3 = 0.0;
  var c3_0 = 0.0; var c3_1 = 0.0; var c3_2 = 0.0; var c3_3 = 0.0;
  var c4_0 = 0.0; var c4_1 = 0.0; var c4_2 = 0.0; var c4_3 = 0.0;
  var c5_0 = 0.0; var c5_1 = 0.0; var c5_2 = 0.0; var c5_3 = 0.0;
  var c6_0 = 0.0; var c6_1 = 0.0; var c6_2 = 0.0; var c6_3 = 0.0;
  var c7_0 = 0.0; var c7_1 = 0.0; var c7_2 = 0.0; var c7_3 = 0.0;
  var c8_0 = 0.0; var c8_1 = 0.0; var c8_2 = 0.0; var c8_3 = 0.0;
  var c9_0 = 0.0; var c9_1 = 0.0; var c9_2 = 0.0; var c9_3 = 0.0;
  var c10_0 = 0.0; var c10_1 = 0.0; var c10_2 = 0.0; var c10_3 = 0.0;
  var c11_0 = 0.0; var c11_1 = 0.0; var c11_2 = 0.0; var c11_3 = 0.0;
  var c12_0 = 0.0; var c12_1 = 0.0; var c12_2 = 0.0; var c12_3 = 0.0;
  var c13_0 = 0.0; var c13_1 = 0.0; var c13_2 = 0.0; var c13_3 = 0.0;
  var c14_0 = 0.0; var c14_1 = 0.0; var c14_2 = 0.0; var c14_3 = 0.0;
  var c15_0 = 0.0; var c15_1 = 0.0; var c15_2 = 0.0; var c15_3 = 0.0;
  var c16_0 = 0.0; var c16_1 = 0.0; var c16_2 = 0.0; var c16_3 = 0.0;
  var c17_0 = 0.0; var c17_1 = 0.0; var c17_2 = 0.0; var c17_3 = 0.0;
  var c18_0 = 0.0; var c18_1 = 0.0; var c18_2 = 0.0; var c18_3 = 0.0;
  var c19_0 = 0.0; var c19_1 = 0.0; var c19_2 = 0.0; var c19_3 = 0.0;
  var c20_0 = 0.0; var c20_1 = 0.0; var c20_2 = 0.0; var c20_3 = 0.0;
  var c21_0 = 0.0; var c21_1 = 0.0; var c21_2 = 0.0; var c21_3 = 0.0;
  var c22_0 = 0.0; var c22_1 = 0.0; var c22_2 = 0.0; var c22_3 = 0.0;
  var c23_0 = 0.0; var c23_1 = 0.0; var c23_2 = 0.0; var c23_3 = 0.0;
  var c24_0 = 0.0; var c24_1 = 0.0; var c24_2 = 0.0; var c24_3 = 0.0;
  var c25_0 = 0.0; var c25_1 = 0.0; var c25_2 = 0.0; var c25_3 = 0.0;
  var c26_0 = 0.0; var c26_1 = 0.0; var c26_2 = 0.0; var c26_3 = 0.0;
  var c27_0 = 0.0; var c27_1 = 0.0; var c27_2 = 0.0; var c27_3 = 0.0;
  var c28_0 = 0.0; var c28_1 = 0.0; var c28_2 = 0.0; var c28_3 = 0.0;
  var c29_0 = 0.0; var c29_1 = 0.0; var c29_2 = 0.0; var c29_3 = 0.0;
  var c30_0 = 0.0; var c30_1 = 0.0; var c30_2 = 0.0; var c30_3 = 0.0;
  var c31_0 = 0.0; var c31_1 = 0.0; var c31_2 = 0.0; var c31_3 = 0.0;
  for (var k4 = 0u; k4 < (tokens + 3u) / 4u; k4++) {
    let t0 = k4 * 4u;
    let t1 = min(t0 + 1u, tokens - 1u); let live1 = f32(t0 + 1u < tokens);
    let t2 = min(t0 + 2u, tokens - 1u); let live2 = f32(t0 + 2u < tokens);
    let t3 = min(t0 + 3u, tokens - 1u); let live3 = f32(t0 + 3u < tokens);
    let a0_0 = grad_out[t0 * (WIDTH / 4u) + from0];
    let a0_1 = grad_out[t1 * (WIDTH / 4u) + from0] * live1;
    let a0_2 = grad_out[t2 * (WIDTH / 4u) + from0] * live2;
    let a0_3 = grad_out[t3 * (WIDTH / 4u) + from0] * live3;
    let b0_0 = x[t0 * (IN / 4u) + col0];
    let b0_1 = x[t1 * (IN / 4u) + col0];
    let b0_2 = x[t2 * (IN / 4u) + col0];
    let b0_3 = x[t3 * (IN / 4u) + col0];
    let s0_0 = subgroupShuffle(a0_0.x, 0u); c0_0 += s0_0 * b0_0.x; c0_1 += s0_0 * b0_0.y; c0_2 += s0_0 * b0_0.z; c0_3 += s0_0 * b0_0.w;
    let s0_1 = subgroupShuffle(a0_1.x, 0u); c0_0 += s0_1 * b0_1.x; c0_1 += s0_1 * b0_1.y; c0_2 += s0_1 * b0_1.z; c0_3 += s0_1 * b0_1.w;
    let s0_2 = subgroupShuffle(a0_2.x, 0u); c0_0 += s0_2 * b0_2.x; c0_1 += s0_2 * b0_2.y; c0_2 += s0_2 * b0_2.z; c0_3 += s0_2 * b0_2.w;
    let s0_3 = subgroupShuffle(a0_3.x, 0u); c0_0 += s0_3 * b0_3.x; c0_1 += s0_3 * b0_3.y; c0_2 += s0_3 * b0_3.z; c0_3 += s0_3 * b0_3.w;
    let s1_0 = subgroupShuffle(a0_0.y, 0u); c1_0 += s1_0 * b0_0.x; c1_1 += s1_0 * b0_0.y; c1_2 += s1_0 * b0_0.z; c1_3 += s1_0 * b0_0.w;
    let s1_1 = subgroupShuffle(a0_1.y, 0u); c1_0 += s1_1 * b0_1.x; c1_1 += s1_1 * b0_1.y; c1_2 += s1_1 * b0_1.z; c1_3 += s1_1 * b0_1.w;
    let s1_2 = subgroupShuffle(a0_2.y, 0u); c1_0 += s1_2 * b0_2.x; c1_1 += s1_2 * b0_2.y; c1_2 += s1_2 * b0_2.z; c1_3 += s1_2 * b0_2.w;
    let s1_3 = subgroupShuffle(a0_3.y, 0u); c1_0 += s1_3 * b0_3.x; c1_1 += s1_3 * b0_3.y; c1_2 += s1_3 * b0_3.z; c1_3 += s1_3 * b0_3.w;
    let s2_0 = subgroupShuffle(a0_0.z, 0u); c2_0 += s2_0 * b0_0.x; c2_1 += s2_0 * b0_0.y; c2_2 += s2_0 * b0_0.z; c2_3 += s2_0 * b0_0.w;
    let s2_1 = subgroupShuffle(a0_1.z, 0u); c2_0 += s2_1 * b0_1.x; c2_1 += s2_1 * b0_1.y; c2_2 += s2_1 * b0_1.z; c2_3 += s2_1 * b0_1.w;
    let s2_2 = subgroupShuffle(a0_2.z, 0u); c2_0 += s2_2 * b0_2.x; c2_1 += s2_2 * b0_2.y; c2_2 += s2_2 * b0_2.z; c2_3 += s2_2 * b0_2.w;
    let s2_3 = subgroupShuffle(a0_3.z, 0u); c2_0 += s2_3 * b0_3.x; c2_1 += s2_3 * b0_3.y; c2_2 += s2_3 * b0_3.z; c2_3 += s2_3 * b0_3.w;
    let s3_0 = subgroupShuffle(a0_0.w, 0u); c3_0 += s3_0 * b0_0.x; c3_1 += s3_0 * b0_0.y; c3_2 += s3_0 * b0_0.z; c3_3 += s3_0 * b0_0.w;
    let s3_1 = subgroupShuffle(a0_1.w, 0u); c3_0 += s3_1 * b0_1.x; c3_1 += s3_1 * b0_1.y; c3_2 += s3_1 * b0_1.z; c3_3 += s3_1 * b0_1.w;
    let s3_2 = subgroupShuffle(a0_2.w, 0u); c3_0 += s3_2 * b0_2.x; c3_1 += s3_2 * b0_2.y; c3_2 += s3_2 * b0_2.z; c3_3 += s3_2 * b0_2.w;
    let s3_3 = subgroupShuffle(a0_3.w, 0u); c3_0 += s3_3 * b0_3.x; c3_1 += s3_3 * b0_3.y; c3_2 += s3_3 * b0_3.z; c3_3 += s3_3 * b0_3.w;
    let s4_0 = subgroupShuffle(a0_0.x, 1u); c4_0 += s4_0 * b0_0.x; c4_1 += s4_0 * b0_0.y; c4_2 += s4_0 * b0_0.z; c4_3 += s4_0 * b0_0.w;
    let s4_1 = subgroupShuffle(a0_1.x, 1u); c4_0 += s4_1 * b0_1.x; c4_1 += s4_1 * b0_1.y; c4_2 += s4_1 * b0_1.z; c4_3 += s4_1 * b0_1.w;
    let s4_2 = subgroupShuffle(a0_2.x, 1u); c4_0 += s4_2 * b0_2.x; c4_1 += s4_2 * b0_2.y; c4_2 += s4_2 * b0_2.z; c4_3 += s4_2 * b0_2.w;
    let s4_3 = subgroupShuffle(a0_3.x, 1u); c4_0 += s4_3 * b0_3.x; c4_1 += s4_3 * b0_3.y; c4_2 += s4_3 * b0_3.z; c4_3 += s4_3 * b0_3.w;
    let s5_0 = subgroupShuffle(a0_0.y, 1u); c5_0 += s5_0 * b0_0.x; c5_1 += s5_0 * b0_0.y; c5_2 += s5_0 * b0_0.z; c5_3 += s5_0 * b0_0.w;
    let s5_1 = subgroupShuffle(a0_1.y, 1u); c5_0 += s5_1 * b0_1.x; c5_1 += s5_1 * b0_1.y; c5_2 += s5_1 * b0_1.z; c5_3 += s5_1 * b0_1.w;
    let s5_2 = subgroupShuffle(a0_2.y, 1u); c5_0 += s5_2 * b0_2.x; c5_1 += s5_2 * b0_2.y; c5_2 += s5_2 * b0_2.z; c5_3 += s5_2 * b0_2.w;
    let s5_3 = subgroupShuffle(a0_3.y, 1u); c5_0 += s5_3 * b0_3.x; c5_1 += s5_3 * b0_3.y; c5_2 += s5_3 * b0_3.z; c5_3 += s5_3 * b0_3.w;
    let s6_0 = subgroupShuffle(a0_0.z, 1u); c6_0 += s6_0 * b0_0.x; c6_1 += s6_0 * b0_0.y; c6_2 += s6_0 * b0_0.z; c6_3 += s6_0 * b0_0.w;
    let s6_1 = subgroupShuffle(a0_1.z, 1u); c6_0 += s6_1 * b0_1.x; c6_1 += s6_1 * b0_1.y; c6_2 += s6_1 * b0_1.z; c6_3 += s6_1 * b0_1.w;
    let s6_2 = subgroupShuffle(a0_2.z, 1u); c6_0 += s6_2 * b0_2.x; c6_1 += s6_2 * b0_2.y; c6_2 += s6_2 * b0_2.z; c6_3 += s6_2 * b0_2.w;
    let s6_3 = subgroupShuffle(a0_3.z, 1u); c6_0 += s6_3 * b0_3.x; c6_1 += s6_3 * b0_3.y; c6_2 += s6_3 * b0_3.z; c6_3 += s6_3 * b0_3.w;
    let s7_0 = subgroupShuffle(a0_0.w, 1u); c7_0 += s7_0 * b0_0.x; c7_1 += s7_0 * b0_0.y; c7_2 += s7_0 * b0_0.z; c7_3 += s7_0 * b0_0.w;
    let s7_1 = subgroupShuffle(a0_1.w, 1u); c7_0 += s7_1 * b0_1.x; c7_1 += s7_1 * b0_1.y; c7_2 += s7_1 * b0_1.z; c7_3 += s7_1 * b0_1.w;
    let s7_2 = subgroupShuffle(a0_2.w, 1u); c7_0 += s7_2 * b0_2.x; c7_1 += s7_2 * b0_2.y; c7_2 += s7_2 * b0_2.z; c7_3 += s7_2 * b0_2.w;
    let s7_3 = subgroupShuffle(a0_3.w, 1u); c7_0 += s7_3 * b0_3.x; c7_1 += s7_3 * b0_3.y; c7_2 += s7_3 * b0_3.z; c7_3 += s7_3 * b0_3.w;
    let s8_0 = subgroupShuffle(a0_0.x, 2u); c8_0 += s8_0 * b0_0.x; c8_1 += s8_0 * b0_0.y; c8_2 += s8_0 * b0_0.z; c8_3 += s8_0 * b0_0.w;
    let s8_1 = subgroupShuffle(a0_1.x, 2u); c8_0 += s8_1 * b0_1.x; c8_1 += s8_1 * b0_1.y; c8_2 += s8_1 * b0_1.z; c8_3 += s8_1 * b0_1.w;
    let s8_2 = subgroupShuffle(a0_2.x, 2u); c8_0 += s8_2 * b0_2.x; c8_1 += s8_2 * b0_2.y; c8_2 += s8_2 * b0_2.z; c8_3 += s8_2 * b0_2.w;
    let s8_3 = subgroupShuffle(a0_3.x, 2u); c8_0 += s8_3 * b0_3.x; c8_1 += s8_3 * b0_3.y; c8_2 += s8_3 * b0_3.z; c8_3 += s8_3 * b0_3.w;
    let s9_0 = subgroupShuffle(a0_0.y, 2u); c9_0 += s9_0 * b0_0.x; c9_1 += s9_0 * b0_0.y; c9_2 += s9_0 * b0_0.z; c9_3 += s9_0 * b0_0.w;
    let s9_1 = subgroupShuffle(a0_1.y, 2u); c9_0 += s9_1 * b0_1.x; c9_1 += s9_1 * b0_1.y; c9_2 += s9_1 * b0_1.z; c9_3 += s9_1 * b0_1.w;
    let s9_2 = subgroupShuffle(a0_2.y, 2u); c9_0 += s9_2 * b0_2.x; c9_1 += s9_2 * b0_2.y; c9_2 += s9_2 * b0_2.z; c9_3 += s9_2 * b0_2.w;
    let s9_3 = subgroupShuffle(a0_3.y, 2u); c9_0 += s9_3 * b0_3.x; c9_1 += s9_3 * b0_3.y; c9_2 += s9_3 * b0_3.z; c9_3 += s9_3 * b0_3.w;
    let s10_0 = subgroupShuffle(a0_0.z, 2u); c10_0 += s10_0 * b0_0.x; c10_1 += s10_0 * b0_0.y; c10_2 += s10_0 * b0_0.z; c10_3 += s10_0 * b0_0.w;
    let s10_1 = subgroupShuffle(a0_1.z, 2u); c10_0 += s10_1 * b0_1.x; c10_1 += s10_1 * b0_1.y; c10_2 += s10_1 * b0_1.z; c10_3 += s10_1 * b0_1.w;
    let s10_2 = subgroupShuffle(a0_2.z, 2u); c10_0 += s10_2 * b0_2.x; c10_1 += s10_2 * b0_2.y; c10_2 += s10_2 * b0_2.z; c10_3 += s10_2 * b0_2.w;
    let s10_3 = subgroupShuffle(a0_3.z, 2u); c10_0 += s10_3 * b0_3.x; c10_1 += s10_3 * b0_3.y; c10_2 += s10_3 * b0_3.z; c10_3 += s10_3 * b0_3.w;
    let s11_0 = subgroupShuffle(a0_0.w, 2u); c11_0 += s11_0 * b0_0.x; c11_1 += s11_0 * b0_0.y; c11_2 += s11_0 * b0_0.z; c11_3 += s11_0 * b0_0.w;
    let s11_1 = subgroupShuffle(a0_1.w, 2u); c11_0 += s11_1 * b0_1.x; c11_1 += s11_1 * b0_1.y; c11_2 += s11_1 * b0_1.z; c11_3 += s11_1 * b0_1.w;
    let s11_2 = subgroupShuffle(a0_2.w, 2u); c11_0 += s11_2 * b0_2.x; c11_1 += s11_2 * b0_2.y; c11_2 += s11_2 * b0_2.z; c11_3 += s11_2 * b0_2.w;
    let s11_3 = subgroupShuffle(a0_3.w, 2u); c11_0 += s11_3 * b0_3.x; c11_1 += s11_3 * b0_3.y; c11_2 += s11_3 * b0_3.z; c11_3 += s11_3 * b0_3.w;
    let s12_0 = subgroupShuffle(a0_0.x, 3u); c12_0 += s12_0 * b0_0.x; c12_1 += s12_0 * b0_0.y; c12_2 += s12_0 * b0_0.z; c12_3 += s12_0 * b0_0.w;
    let s12_1 = subgroupShuffle(a0_1.x, 3u); c12_0 += s12_1 * b0_1.x; c12_1 += s12_1 * b0_1.y; c12_2 += s12_1 * b0_1.z; c12_3 += s12_1 * b0_1.w;
    let s12_2 = subgroupShuffle(a0_2.x, 3u); c12_0 += s12_2 * b0_2.x; c12_1 += s12_2 * b0_2.y; c12_2 += s12_2 * b0_2.z; c12_3 += s12_2 * b0_2.w;
    let s12_3 = subgroupShuffle(a0_3.x, 3u); c12_0 += s12_3 * b0_3.x; c12_1 += s12_3 * b0_3.y; c12_2 += s12_3 * b0_3.z; c12_3 += s12_3 * b0_3.w;
    let s13_0 = subgroupShuffle(a0_0.y, 3u); c13_0 += s13_0 * b0_0.x; c13_1 += s13_0 * b0_0.y; c13_2 += s13_0 * b0_0.z; c13_3 += s13_0 * b0_0.w;
    let s13_1 = subgroupShuffle(a0_1.y, 3u); c13_0 += s13_1 * b0_1.x; c13_1 += s13_1 * b0_1.y; c13_2 += s13_1 * b0_1.z; c13_3 += s13_1 * b0_1.w;
    let s13_2 = subgroupShuffle(a0_2.y, 3u); c13_0 += s13_2 * b0_2.x; c13_1 += s13_2 * b0_2.y; c13_2 += s13_2 * b0_2.z; c13_3 += s13_2 * b0_2.w;
    let s13_3 = subgroupShuffle(a0_3.y, 3u); c13_0 += s13_3 * b0_3.x; c13_1 += s13_3 * b0_3.y; c13_2 += s13_3 * b0_3.z; c13_3 += s13_3 * b0_3.w;
    let s14_0 = subgroupShuffle(a0_0.z, 3u); c14_0 += s14_0 * b0_0.x; c14_1 += s14_0 * b0_0.y; c14_2 += s14_0 * b0_0.z; c14_3 += s14_0 * b0_0.w;
    let s14_1 = subgroupShuffle(a0_1.z, 3u); c14_0 += s14_1 * b0_1.x; c14_1 += s14_1 * b0_1.y; c14_2 += s14_1 * b0_1.z; c14_3 += s14_1 * b0_1.w;
    let s14_2 = subgroupShuffle(a0_2.z, 3u); c14_0 += s14_2 * b0_2.x; c14_1 += s14_2 * b0_2.y; c14_2 += s14_2 * b0_2.z; c14_3 += s14_2 * b0_2.w;
    let s14_3 = subgroupShuffle(a0_3.z, 3u); c14_0 += s14_3 * b0_3.x; c14_1 += s14_3 * b0_3.y; c14_2 += s14_3 * b0_3.z; c14_3 += s14_3 * b0_3.w;
    let s15_0 = subgroupShuffle(a0_0.w, 3u); c15_0 += s15_0 * b0_0.x; c15_1 += s15_0 * b0_0.y; c15_2 += s15_0 * b0_0.z; c15_3 += s15_0 * b0_0.w;
    let s15_1 = subgroupShuffle(a0_1.w, 3u); c15_0 += s15_1 * b0_1.x; c15_1 += s15_1 * b0_1.y; c15_2 += s15_1 * b0_1.z; c15_3 += s15_1 * b0_1.w;
    let s15_2 = subgroupShuffle(a0_2.w, 3u); c15_0 += s15_2 * b0_2.x; c15_1 += s15_2 * b0_2.y; c15_2 += s15_2 * b0_2.z; c15_3 += s15_2 * b0_2.w;
    let s15_3 = subgroupShuffle(a0_3.w, 3u); c15_0 += s15_3 * b0_3.x; c15_1 += s15_3 * b0_3.y; c15_2 += s15_3 * b0_3.z; c15_3 += s15_3 * b0_3.w;
    let s16_0 = subgroupShuffle(a0_0.x, 4u); c16_0 += s16_0 * b0_0.x; c16_1 += s16_0 * b0_0.y; c16_2 += s16_0 * b0_0.z; c16_3 += s16_0 * b0_0.w;
    let s16_1 = subgroupShuffle(a0_1.x, 4u); c16_0 += s16_1 * b0_1.x; c16_1 += s16_1 * b0_1.y; c16_2 += s16_1 * b0_1.z; c16_3 += s16_1 * b0_1.w;
    let s16_2 = subgroupShuffle(a0_2.x, 4u); c16_0 += s16_2 * b0_2.x; c16_1 += s16_2 * b0_2.y; c16_2 += s16_2 * b0_2.z; c16_3 += s16_2 * b0_2.w;
    let s16_3 = subgroupShuffle(a0_3.x, 4u); c16_0 += s16_3 * b0_3.x; c16_1 += s16_3 * b0_3.y; c16_2 += s16_3 * b0_3.z; c16_3 += s16_3 * b0_3.w;
    let s17_0 = subgroupShuffle(a0_0.y, 4u); c17_0 += s17_0 * b0_0.x; c17_1 += s17_0 * b0_0.y; c17_2 += s17_0 * b0_0.z; c17_3 += s17_0 * b0_0.w;
    let s17_1 = subgroupShuffle(a0_1.y, 4u); c17_0 += s17_1 * b0_1.x; c17_1 += s17_1 * b0_1.y; c17_2 += s17_1 * b0_1.z; c17_3 += s17_1 * b0_1.w;
    let s17_2 = subgroupShuffle(a0_2.y, 4u); c17_0 += s17_2 * b0_2.x; c17_1 += s17_2 * b0_2.y; c17_2 += s17_2 * b0_2.z; c17_3 += s17_2 * b0_2.w;
    let s17_3 = subgroupShuffle(a0_3.y, 4u); c17_0 += s17_3 * b0_3.x; c17_1 += s17_3 * b0_3.y; c17_2 += s17_3 * b0_3.z; c17_3 += s17_3 * b0_3.w;
    let s18_0 = subgroupShuffle(a0_0.z, 4u); c18_0 += s18_0 * b0_0.x; c18_1 += s18_0 * b0_0.y; c18_2 += s18_0 * b0_0.z; c18_3 += s18_0 * b0_0.w;
    let s18_1 = subgroupShuffle(a0_1.z, 4u); c18_0 += s18_1 * b0_1.x; c18_1 += s18_1 * b0_1.y; c18_2 += s18_1 * b0_1.z; c18_3 += s18_1 * b0_1.w;
    let s18_2 = subgroupShuffle(a0_2.z, 4u); c18_0 += s18_2 * b0_2.x; c18_1 += s18_2 * b0_2.y; c18_2 += s18_2 * b0_2.z; c18_3 += s18_2 * b0_2.w;
    let s18_3 = subgroupShuffle(a0_3.z, 4u); c18_0 += s18_3 * b0_3.x; c18_1 += s18_3 * b0_3.y; c18_2 += s18_3 * b0_3.z; c18_3 += s18_3 * b0_3.w;
    let s19_0 = subgroupShuffle(a0_0.w, 4u); c19_0 += s19_0 * b0_0.x; c19_1 += s19_0 * b0_0.y; c19_2 += s19_0 * b0_0.z; c19_3 += s19_0 * b0_0.w;
    let s19_1 = subgroupShuffle(a0_1.w, 4u); c19_0 += s19_1 * b0_1.x; c19_1 += s19_1 * b0_1.y; c19_2 += s19_1 * b0_1.z; c19_3 += s19_1 * b0_1.w;
    let s19_2 = subgroupShuffle(a0_2.w, 4u); c19_0 += s19_2 * b0_2.x; c19_1 += s19_2 * b0_2.y; c19_2 += s19_2 * b0_2.z; c19_3 += s19_2 * b0_2.w;
    let s19_3 = subgroupShuffle(a0_3.w, 4u); c19_0 += s19_3 * b0_3.x; c19_1 += s19_3 * b0_3.y; c19_2 += s19_3 * b0_3.z; c19_3 += s19_3 * b0_3.w;
    let s20_0 = subgroupShuffle(a0_0.x, 5u); c20_0 += s20_0 * b0_0.x; c20_1 += s20_0 * b0_0.y; c20_2 += s20_0 * b0_0.z; c20_3 += s20_0 * b0_0.w;
    let s20_1 = subgroupShuffle(a0_1.x, 5u); c20_0 += s20_1 * b0_1.x; c20_1 += s20_1 * b0_1.y; c20_2 += s20_1 * b0_1.z; c20_3 += s20_1 * b0_1.w;
    let s20_2 = subgroupShuffle(a0_2.x, 5u); c20_0 += s20_2 * b0_2.x; c20_1 += s20_2 * b0_2.y; c20_2 += s20_2 * b0_2.z; c20_3 += s20_2 * b0_2.w;
    let s20_3 = subgroupShuffle(a0_3.x, 5u); c20_0 += s20_3 * b0_3.x; c20_1 += s20_3 * b0_3.y; c20_2 += s20_3 * b0_3.z; c20_3 += s20_3 * b0_3.w;
    let s21_0 = subgroupShuffle(a0_0.y, 5u); c21_0 += s21_0 * b0_0.x; c21_1 += s21_0 * b0_0.y; c21_2 += s21_0 * b0_0.z; c21_3 += s21_0 * b0_0.w;
    let s21_1 = subgroupShuffle(a0_1.y, 5u); c21_0 += s21_1 * b0_1.x; c21_1 += s21_1 * b0_1.y; c21_2 += s21_1 * b0_1.z; c21_3 += s21_1 * b0_1.w;
    let s21_2 = subgroupShuffle(a0_2.y, 5u); c21_0 += s21_2 * b0_2.x; c21_1 += s21_2 * b0_2.y; c21_2 += s21_2 * b0_2.z; c21_3 += s21_2 * b0_2.w;
    let s21_3 = subgroupShuffle(a0_3.y, 5u); c21_0 += s21_3 * b0_3.x; c21_1 += s21_3 * b0_3.y; c21_2 += s21_3 * b0_3.z; c21_3 += s21_3 * b0_3.w;
    let s22_0 = subgroupShuffle(a0_0.z, 5u); c22_0 += s22_0 * b0_0.x; c22_1 += s22_0 * b0_0.y; c22_2 += s22_0 * b0_0.z; c22_3 += s22_0 * b0_0.w;
    let s22_1 = subgroupShuffle(a0_1.z, 5u); c22_0 += s22_1 * b0_1.x; c22_1 += s22_1 * b0_1.y; c22_2 += s22_1 * b0_1.z; c22_3 += s22_1 * b0_1.w;
    let s22_2 = subgroupShuffle(a0_2.z, 5u); c22_0 += s22_2 * b0_2.x; c22_1 += s22_2 * b0_2.y; c22_2 += s22_2 * b0_2.z; c22_3 += s22_2 * b0_2.w;
    let s22_3 = subgroupShuffle(a0_3.z, 5u); c22_0 += s22_3 * b0_3.x; c22_1 += s22_3 * b0_3.y; c22_2 += s22_3 * b0_3.z; c22_3 += s22_3 * b0_3.w;
    let s23_0 = subgroupShuffle(a0_0.w, 5u); c23_0 += s23_0 * b0_0.x; c23_1 += s23_0 * b0_0.y; c23_2 += s23_0 * b0_0.z; c23_3 += s23_0 * b0_0.w;
    let s23_1 = subgroupShuffle(a0_1.w, 5u); c23_0 += s23_1 * b0_1.x; c23_1 += s23_1 * b0_1.y; c23_2 += s23_1 * b0_1.z; c23_3 += s23_1 * b0_1.w;
    let s23_2 = subgroupShuffle(a0_2.w, 5u); c23_0 += s23_2 * b0_2.x; c23_1 += s23_2 * b0_2.y; c23_2 += s23_2 * b0_2.z; c23_3 += s23_2 * b0_2.w;
    let s23_3 = subgroupShuffle(a0_3.w, 5u); c23_0 += s23_3 * b0_3.x; c23_1 += s23_3 * b0_3.y; c23_2 += s23_3 * b0_3.z; c23_3 += s23_3 * b0_3.w;
    let s24_0 = subgroupShuffle(a0_0.x, 6u); c24_0 += s24_0 * b0_0.x; c24_1 += s24_0 * b0_0.y; c24_2 += s24_0 * b0_0.z; c24_3 += s24_0 * b0_0.w;
    let s24_1 = subgroupShuffle(a0_1.x, 6u); c24_0 += s24_1 * b0_1.x; c24_1 += s24_1 * b0_1.y; c24_2 += s24_1 * b0_1.z; c24_3 += s24_1 * b0_1.w;
    let s24_2 = subgroupShuffle(a0_2.x, 6u); c24_0 += s24_2 * b0_2.x; c24_1 += s24_2 * b0_2.y; c24_2 += s24_2 * b0_2.z; c24_3 += s24_2 * b0_2.w;
    let s24_3 = subgroupShuffle(a0_3.x, 6u); c24_0 += s24_3 * b0_3.x; c24_1 += s24_3 * b0_3.y; c24_2 += s24_3 * b0_3.z; c24_3 += s24_3 * b0_3.w;
    let s25_0 = subgroupShuffle(a0_0.y, 6u); c25_0 += s25_0 * b0_0.x; c25_1 += s25_0 * b0_0.y; c25_2 += s25_0 * b0_0.z; c25_3 += s25_0 * b0_0.w;
    let s25_1 = subgroupShuffle(a0_1.y, 6u); c25_0 += s25_1 * b0_1.x; c25_1 += s25_1 * b0_1.y; c25_2 += s25_1 * b0_1.z; c25_3 += s25_1 * b0_1.w;
    let s25_2 = subgroupShuffle(a0_2.y, 6u); c25_0 += s25_2 * b0_2.x; c25_1 += s25_2 * b0_2.y; c25_2 += s25_2 * b0_2.z; c25_3 += s25_2 * b0_2.w;
    let s25_3 = subgroupShuffle(a0_3.y, 6u); c25_0 += s25_3 * b0_3.x; c25_1 += s25_3 * b0_3.y; c25_2 += s25_3 * b0_3.z; c25_3 += s25_3 * b0_3.w;
    let s26_0 = subgroupShuffle(a0_0.z, 6u); c26_0 += s26_0 * b0_0.x; c26_1 += s26_0 * b0_0.y; c26_2 += s26_0 * b0_0.z; c26_3 += s26_0 * b0_0.w;
    let s26_1 = subgroupShuffle(a0_1.z, 6u); c26_0 += s26_1 * b0_1.x; c26_1 += s26_1 * b0_1.y; c26_2 += s26_1 * b0_1.z; c26_3 += s26_1 * b0_1.w;
    let s26_2 = subgroupShuffle(a0_2.z, 6u); c26_0 += s26_2 * b0_2.x; c26_1 += s26_2 * b0_2.y; c26_2 += s26_2 * b0_2.z; c26_3 += s26_2 * b0_2.w;
    let s26_3 = subgroupShuffle(a0_3.z, 6u); c26_0 += s26_3 * b0_3.x; c26_1 += s26_3 * b0_3.y; c26_2 += s26_3 * b0_3.z; c26_3 += s26_3 * b0_3.w;
    let s27_0 = subgroupShuffle(a0_0.w, 6u); c27_0 += s27_0 * b0_0.x; c27_1 += s27_0 * b0_0.y; c27_2 += s27_0 * b0_0.z; c27_3 += s27_0 * b0_0.w;
    let s27_1 = subgroupShuffle(a0_1.w, 6u); c27_0 += s27_1 * b0_1.x; c27_1 += s27_1 * b0_1.y; c27_2 += s27_1 * b0_1.z; c27_3 += s27_1 * b0_1.w;
    let s27_2 = subgroupShuffle(a0_2.w, 6u); c27_0 += s27_2 * b0_2.x; c27_1 += s27_2 * b0_2.y; c27_2 += s27_2 * b0_2.z; c27_3 += s27_2 * b0_2.w;
    let s27_3 = subgroupShuffle(a0_3.w, 6u); c27_0 += s27_3 * b0_3.x; c27_1 += s27_3 * b0_3.y; c27_2 += s27_3 * b0_3.z; c27_3 += s27_3 * b0_3.w;
    let s28_0 = subgroupShuffle(a0_0.x, 7u); c28_0 += s28_0 * b0_0.x; c28_1 += s28_0 * b0_0.y; c28_2 += s28_0 * b0_0.z; c28_3 += s28_0 * b0_0.w;
    let s28_1 = subgroupShuffle(a0_1.x, 7u); c28_0 += s28_1 * b0_1.x; c28_1 += s28_1 * b0_1.y; c28_2 += s28_1 * b0_1.z; c28_3 += s28_1 * b0_1.w;
    let s28_2 = subgroupShuffle(a0_2.x, 7u); c28_0 += s28_2 * b0_2.x; c28_1 += s28_2 * b0_2.y; c28_2 += s28_2 * b0_2.z; c28_3 += s28_2 * b0_2.w;
    let s28_3 = subgroupShuffle(a0_3.x, 7u); c28_0 += s28_3 * b0_3.x; c28_1 += s28_3 * b0_3.y; c28_2 += s28_3 * b0_3.z; c28_3 += s28_3 * b0_3.w;
    let s29_0 = subgroupShuffle(a0_0.y, 7u); c29_0 += s29_0 * b0_0.x; c29_1 += s29_0 * b0_0.y; c29_2 += s29_0 * b0_0.z; c29_3 += s29_0 * b0_0.w;
    let s29_1 = subgroupShuffle(a0_1.y, 7u); c29_0 += s29_1 * b0_1.x; c29_1 += s29_1 * b0_1.y; c29_2 += s29_1 * b0_1.z; c29_3 += s29_1 * b0_1.w;
    let s29_2 = subgroupShuffle(a0_2.y, 7u); c29_0 += s29_2 * b0_2.x; c29_1 += s29_2 * b0_2.y; c29_2 += s29_2 * b0_2.z; c29_3 += s29_2 * b0_2.w;
    let s29_3 = subgroupShuffle(a0_3.y, 7u); c29_0 += s29_3 * b0_3.x; c29_1 += s29_3 * b0_3.y; c29_2 += s29_3 * b0_3.z; c29_3 += s29_3 * b0_3.w;
    let s30_0 = subgroupShuffle(a0_0.z, 7u); c30_0 += s30_0 * b0_0.x; c30_1 += s30_0 * b0_0.y; c30_2 += s30_0 * b0_0.z; c30_3 += s30_0 * b0_0.w;
    let s30_1 = subgroupShuffle(a0_1.z, 7u); c30_0 += s30_1 * b0_1.x; c30_1 += s30_1 * b0_1.y; c30_2 += s30_1 * b0_1.z; c30_3 += s30_1 * b0_1.w;
    let s30_2 = subgroupShuffle(a0_2.z, 7u); c30_0 += s30_2 * b0_2.x; c30_1 += s30_2 * b0_2.y; c30_2 += s30_2 * b0_2.z; c30_3 += s30_2 * b0_2.w;
    let s30_3 = subgroupShuffle(a0_3.z, 7u); c30_0 += s30_3 * b0_3.x; c30_1 += s30_3 * b0_3.y; c30_2 += s30_3 * b0_3.z; c30_3 += s30_3 * b0_3.w;
    let s31_0 = subgroupShuffle(a0_0.w, 7u); c31_0 += s31_0 * b0_0.x; c31_1 += s31_0 * b0_0.y; c31_2 += s31_0 * b0_0.z; c31_3 += s31_0 * b0_0.w;
    let s31_1 = subgroupShuffle(a0_1.w, 7u); c31_0 += s31_1 * b0_1.x; c31_1 += s31_1 * b0_1.y; c31_2 += s31_1 * b0_1.z; c31_3 += s31_1 * b0_1.w;
    let s31_2 = subgroupShuffle(a0_2.w, 7u); c31_0 += s31_2 * b0_2.x; c31_1 += s31_2 * b0_2.y; c31_2 += s31_2 * b0_2.z; c31_3 += s31_2 * b0_2.w;
    let s31_3 = subgroupShuffle(a0_3.w, 7u); c31_0 += s31_3 * b0_3.x; c31_1 += s31_3 * b0_3.y; c31_2 += s31_3 * b0_3.z; c31_3 += s31_3 * b0_3.w;
  }
  tile[0u + lane] = vec4f(c0_0, c0_1, c0_2, c0_3);
  tile[8u + lane] = vec4f(c1_0, c1_1, c1_2, c1_3);
  tile[16u + lane] = vec4f(c2_0, c2_1, c2_2, c2_3);
  tile[24u + lane] = vec4f(c3_0, c3_1, c3_2, c3_3);
  tile[32u + lane] = vec4f(c4_0, c4_1, c4_2, c4_3);
  tile[40u + lane] = vec4f(c5_0, c5_1, c5_2, c5_3);
  tile[48u + lane] = vec4f(c6_0, c6_1, c6_2, c6_3);
  tile[56u + lane] = vec4f(c7_0, c7_1, c7_2, c7_3);
  tile[64u + lane] = vec4f(c8_0, c8_1, c8_2, c8_3);
  tile[72u + lane] = vec4f(c9_0, c9_1, c9_2, c9_3);
  tile[80u + lane] = vec4f(c10_0, c10_1, c10_2, c10_3);
  tile[88u + lane] = vec4f(c11_0, c11_1, c11_2, c11_3);
  tile[96u + lane] = vec4f(c12_0, c12_1, c12_2, c12_3);
  tile[104u + lane] = vec4f(c13_0, c13_1, c13_2, c13_3);
  tile[112u + lane] = vec4f(c14_0, c14_1, c14_2, c14_3);
  tile[120u + lane] = vec4f(c15_0, c15_1, c15_2, c15_3);
  tile[128u + lane] = vec4f(c16_0, c16_1, c16_2, c16_3);
  tile[136u + lane] = vec4f(c17_0, c17_1, c17_2, c17_3);
  tile[144u + lane] = vec4f(c18_0, c18_1, c18_2, c18_3);
  tile[152u + lane] = vec4f(c19_0, c19_1, c19_2, c19_3);
  tile[160u + lane] = vec4f(c20_0, c20_1, c20_2, c20_3);
  tile[168u + lane] = vec4f(c21_0, c21_1, c21_2, c21_3);
  tile[176u + lane] = vec4f(c22_0, c22_1, c22_2, c22_3);
  tile[184u + lane] = vec4f(c23_0, c23_1, c23_2, c23_3);
  tile[192u + lane] = vec4f(c24_0, c24_1, c24_2, c24_3);
  tile[200u + lane] = vec4f(c25_0, c25_1, c25_2, c25_3);
  tile[208u + lane] = vec4f(c26_0, c26_1, c26_2, c26_3);
  tile[216u + lane] = vec4f(c27_0, c27_1, c27_2, c27_3);
  tile[224u + lane] = vec4f(c28_0, c28_1, c28_2, c28_3);
  tile[232u + lane] = vec4f(c29_0, c29_1, c29_2, c29_3);
  tile[240u + lane] = vec4f(c30_0, c30_1, c30_2, c30_3);
  tile[248u + lane] = vec4f(c31_0, c31_1, c31_2, c31_3);
  for (var r = 0u; r < 32u; r++) {
    let to = row + r;
    if to >= OUT { continue; }
    for (var j = 0u; j < 1u; j++) {
      let at = col / 4u + j * 8u + lane;
      if at < IN / 4u { grad_weight[to * (IN / 4u) + at] += tile[(r * 1u + j) * 8u + lane]; }
    }
  }
}
