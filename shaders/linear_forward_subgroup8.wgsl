// Linear layer, forward:  out[t, n] = Σ_k x[t, k] · weight[n, k] + bias[n]
//
//   batch.tokens  number of rows T
//   x             [T, IN]
//   weight        [OUT, IN]
//   bias          [WIDTH]
//   out           [T, WIDTH]; columns FIRST to FIRST + OUT are written
//
//   sizes         IN, OUT, FIRST, WIDTH: a uniform and no overrides, so that drivers compile the file once for all layers.
//                 FIRST 0 and WIDTH = OUT for a whole weight. A weight larger than one binding comes in blocks of rows, a dispatch each:
//                 OUT rows of WIDTH, from row FIRST on.
//
// Assumes IN a multiple of 4, a subgroup size of 8.
// Dispatch: (ceil(OUT / 32), ceil(T / 32)) workgroups; a workgroup is one subgroup and owns 32 x 32 sums, eight rows of x spread over its lanes.
// Rows and columns past the edge repeat the last one: they compute and store the same value, so that no store needs a condition.

enable subgroups;

struct Sizes { input: u32, output: u32, first: u32, width: u32 }

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(5) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let IN = sizes.input;
  let OUT = sizes.output;
  let WIDTH = sizes.width;
  let tokens = batch.tokens;
  let row = group.y * 32u;
  let col = group.x * 32u;
  if row >= tokens { return; }
  let row0 = min(row + 0u + lane, tokens - 1u);
  let row1 = min(row + 8u + lane, tokens - 1u);
  let row2 = min(row + 16u + lane, tokens - 1u);
  let row3 = min(row + 24u + lane, tokens - 1u);
  let col0 = min(col + 0u + lane, OUT - 1u);
  let to0 = sizes.first + col0;
  let col1 = min(col + 8u + lane, OUT - 1u);
  let to1 = sizes.first + col1;
  let col2 = min(col + 16u + lane, OUT - 1u);
  let to2 = sizes.first + col2;
  let col3 = min(col + 24u + lane, OUT - 1u);
  let to3 = sizes.first + col3;
  let bias0 = bias[to0];
  let bias1 = bias[to1];
  let bias2 = bias[to2];
  let bias3 = bias[to3];
  var c0_0 = bias0; var c0_1 = bias1; var c0_2 = bias2; var c0_3 = bias3;
  var c1_0 = bias0; var c1_1 = bias1; var c1_2 = bias2; var c1_3 = bias3;
  var c2_0 = bias0; var c2_1 = bias1; var c2_2 = bias2; var c2_3 = bias3;
  var c3_0 = bias0; var c3_1 = bias1; var c3_2 = bias2; var c3_3 = bias3;
  var c4_0 = bias0; var c4_1 = bias1; var c4_2 = bias2; var c4_3 = bias3;
  var c5_0 = bias0; var c5_1 = bias1; var c5_2 = bias2; var c5_3 = bias3;
  var c6_0 = bias0; var c6_1 = bias1; var c6_2 = bias2; var c6_3 = bias3;
  var c7_0 = bias0; var c7_1 = bias1; var c7_2 = bias2; var c7_3 = bias3;
  var c8_0 = bias0; var c8_1 = bias1; var c8_2 = bias2; var c8_3 = bias3;
  var c9_0 = bias0; var c9_1 = bias1; var c9_2 = bias2; var c9_3 = bias3;
  var c10_0 = bias0; var c10_1 = bias1; var c10_2 = bias2; var c10_3 = bias3;
  var c11_0 = bias0; var c11_1 = bias1; var c11_2 = bias2; var c11_3 = bias3;
  var c12_0 = bias0; var c12_1 = bias1; var c12_2 = bias2; var c12_3 = bias3;
  var c13_0 = bias0; var c13_1 = bias1; var c13_2 = bias2; var c13_3 = bias3;
  var c14_0 = bias0; var c14_1 = bias1; var c14_2 = bias2; var c14_3 = bias3;
  var c15_0 = bias0; var c15_1 = bias1; var c15_2 = bias2; var c15_3 = bias3;
  var c16_0 = bias0; var c16_1 = bias1; var c16_2 = bias2; var c16_3 = bias3;
  var c17_0 = bias0; var c17_1 = bias1; var c17_2 = bias2; var c17_3 = bias3;
  var c18_0 = bias0; var c18_1 = bias1; var c18_2 = bias2; var c18_3 = bias3;
  var c19_0 = bias0; var c19_1 = bias1; var c19_2 = bias2; var c19_3 = bias3;
  var c20_0 = bias0; var c20_1 = bias1; var c20_2 = bias2; var c20_3 = bias3;
  var c21_0 = bias0; var c21_1 = bias1; var c21_2 = bias2; var c21_3 = bias3;
  var c22_0 = bias0; var c22_1 = bias1; var c22_2 = bias2; var c22_3 = bias3;
  var c23_0 = bias0; var c23_1 = bias1; var c23_2 = bias2; var c23_3 = bias3;
  var c24_0 = bias0; var c24_1 = bias1; var c24_2 = bias2; var c24_3 = bias3;
  var c25_0 = bias0; var c25_1 = bias1; var c25_2 = bias2; var c25_3 = bias3;
  var c26_0 = bias0; var c26_1 = bias1; var c26_2 = bias2; var c26_3 = bias3;
  var c27_0 = bias0; var c27_1 = bias1; var c27_2 = bias2; var c27_3 = bias3;
  var c28_0 = bias0; var c28_1 = bias1; var c28_2 = bias2; var c28_3 = bias3;
  var c29_0 = bias0; var c29_1 = bias1; var c29_2 = bias2; var c29_3 = bias3;
  var c30_0 = bias0; var c30_1 = bias1; var c30_2 = bias2; var c30_3 = bias3;
  var c31_0 = bias0; var c31_1 = bias1; var c31_2 = bias2; var c31_3 = bias3;
  for (var k4 = 0u; k4 < IN / 4u; k4++) {
    let a0 = x[row0 * (IN / 4u) + k4];
    let a1 = x[row1 * (IN / 4u) + k4];
    let a2 = x[row2 * (IN / 4u) + k4];
    let a3 = x[row3 * (IN / 4u) + k4];
    let b0 = weight[col0 * (IN / 4u) + k4];
    let b1 = weight[col1 * (IN / 4u) + k4];
    let b2 = weight[col2 * (IN / 4u) + k4];
    let b3 = weight[col3 * (IN / 4u) + k4];
    let s0_0 = subgroupShuffle(a0.x, 0u); c0_0 += s0_0 * b0.x; c0_1 += s0_0 * b1.x; c0_2 += s0_0 * b2.x; c0_3 += s0_0 * b3.x;
    let s0_1 = subgroupShuffle(a0.y, 0u); c0_0 += s0_1 * b0.y; c0_1 += s0_1 * b1.y; c0_2 += s0_1 * b2.y; c0_3 += s0_1 * b3.y;
    let s0_2 = subgroupShuffle(a0.z, 0u); c0_0 += s0_2 * b0.z; c0_1 += s0_2 * b1.z; c0_2 += s0_2 * b2.z; c0_3 += s0_2 * b3.z;
    let s0_3 = subgroupShuffle(a0.w, 0u); c0_0 += s0_3 * b0.w; c0_1 += s0_3 * b1.w; c0_2 += s0_3 * b2.w; c0_3 += s0_3 * b3.w;
    let s1_0 = subgroupShuffle(a0.x, 1u); c1_0 += s1_0 * b0.x; c1_1 += s1_0 * b1.x; c1_2 += s1_0 * b2.x; c1_3 += s1_0 * b3.x;
    let s1_1 = subgroupShuffle(a0.y, 1u); c1_0 += s1_1 * b0.y; c1_1 += s1_1 * b1.y; c1_2 += s1_1 * b2.y; c1_3 += s1_1 * b3.y;
    let s1_2 = subgroupShuffle(a0.z, 1u); c1_0 += s1_2 * b0.z; c1_1 += s1_2 * b1.z; c1_2 += s1_2 * b2.z; c1_3 += s1_2 * b3.z;
    let s1_3 = subgroupShuffle(a0.w, 1u); c1_0 += s1_3 * b0.w; c1_1 += s1_3 * b1.w; c1_2 += s1_3 * b2.w; c1_3 += s1_3 * b3.w;
    let s2_0 = subgroupShuffle(a0.x, 2u); c2_0 += s2_0 * b0.x; c2_1 += s2_0 * b1.x; c2_2 += s2_0 * b2.x; c2_3 += s2_0 * b3.x;
    let s2_1 = subgroupShuffle(a0.y, 2u); c2_0 += s2_1 * b0.y; c2_1 += s2_1 * b1.y; c2_2 += s2_1 * b2.y; c2_3 += s2_1 * b3.y;
    let s2_2 = subgroupShuffle(a0.z, 2u); c2_0 += s2_2 * b0.z; c2_1 += s2_2 * b1.z; c2_2 += s2_2 * b2.z; c2_3 += s2_2 * b3.z;
    let s2_3 = subgroupShuffle(a0.w, 2u); c2_0 += s2_3 * b0.w; c2_1 += s2_3 * b1.w; c2_2 += s2_3 * b2.w; c2_3 += s2_3 * b3.w;
    let s3_0 = subgroupShuffle(a0.x, 3u); c3_0 += s3_0 * b0.x; c3_1 += s3_0 * b1.x; c3_2 += s3_0 * b2.x; c3_3 += s3_0 * b3.x;
    let s3_1 = subgroupShuffle(a0.y, 3u); c3_0 += s3_1 * b0.y; c3_1 += s3_1 * b1.y; c3_2 += s3_1 * b2.y; c3_3 += s3_1 * b3.y;
    let s3_2 = subgroupShuffle(a0.z, 3u); c3_0 += s3_2 * b0.z; c3_1 += s3_2 * b1.z; c3_2 += s3_2 * b2.z; c3_3 += s3_2 * b3.z;
    let s3_3 = subgroupShuffle(a0.w, 3u); c3_0 += s3_3 * b0.w; c3_1 += s3_3 * b1.w; c3_2 += s3_3 * b2.w; c3_3 += s3_3 * b3.w;
    let s4_0 = subgroupShuffle(a0.x, 4u); c4_0 += s4_0 * b0.x; c4_1 += s4_0 * b1.x; c4_2 += s4_0 * b2.x; c4_3 += s4_0 * b3.x;
    let s4_1 = subgroupShuffle(a0.y, 4u); c4_0 += s4_1 * b0.y; c4_1 += s4_1 * b1.y; c4_2 += s4_1 * b2.y; c4_3 += s4_1 * b3.y;
    let s4_2 = subgroupShuffle(a0.z, 4u); c4_0 += s4_2 * b0.z; c4_1 += s4_2 * b1.z; c4_2 += s4_2 * b2.z; c4_3 += s4_2 * b3.z;
    let s4_3 = subgroupShuffle(a0.w, 4u); c4_0 += s4_3 * b0.w; c4_1 += s4_3 * b1.w; c4_2 += s4_3 * b2.w; c4_3 += s4_3 * b3.w;
    let s5_0 = subgroupShuffle(a0.x, 5u); c5_0 += s5_0 * b0.x; c5_1 += s5_0 * b1.x; c5_2 += s5_0 * b2.x; c5_3 += s5_0 * b3.x;
    let s5_1 = subgroupShuffle(a0.y, 5u); c5_0 += s5_1 * b0.y; c5_1 += s5_1 * b1.y; c5_2 += s5_1 * b2.y; c5_3 += s5_1 * b3.y;
    let s5_2 = subgroupShuffle(a0.z, 5u); c5_0 += s5_2 * b0.z; c5_1 += s5_2 * b1.z; c5_2 += s5_2 * b2.z; c5_3 += s5_2 * b3.z;
    let s5_3 = subgroupShuffle(a0.w, 5u); c5_0 += s5_3 * b0.w; c5_1 += s5_3 * b1.w; c5_2 += s5_3 * b2.w; c5_3 += s5_3 * b3.w;
    let s6_0 = subgroupShuffle(a0.x, 6u); c6_0 += s6_0 * b0.x; c6_1 += s6_0 * b1.x; c6_2 += s6_0 * b2.x; c6_3 += s6_0 * b3.x;
    let s6_1 = subgroupShuffle(a0.y, 6u); c6_0 += s6_1 * b0.y; c6_1 += s6_1 * b1.y; c6_2 += s6_1 * b2.y; c6_3 += s6_1 * b3.y;
    let s6_2 = subgroupShuffle(a0.z, 6u); c6_0 += s6_2 * b0.z; c6_1 += s6_2 * b1.z; c6_2 += s6_2 * b2.z; c6_3 += s6_2 * b3.z;
    let s6_3 = subgroupShuffle(a0.w, 6u); c6_0 += s6_3 * b0.w; c6_1 += s6_3 * b1.w; c6_2 += s6_3 * b2.w; c6_3 += s6_3 * b3.w;
    let s7_0 = subgroupShuffle(a0.x, 7u); c7_0 += s7_0 * b0.x; c7_1 += s7_0 * b1.x; c7_2 += s7_0 * b2.x; c7_3 += s7_0 * b3.x;
    let s7_1 = subgroupShuffle(a0.y, 7u); c7_0 += s7_1 * b0.y; c7_1 += s7_1 * b1.y; c7_2 += s7_1 * b2.y; c7_3 += s7_1 * b3.y;
    let s7_2 = subgroupShuffle(a0.z, 7u); c7_0 += s7_2 * b0.z; c7_1 += s7_2 * b1.z; c7_2 += s7_2 * b2.z; c7_3 += s7_2 * b3.z;
    let s7_3 = subgroupShuffle(a0.w, 7u); c7_0 += s7_3 * b0.w; c7_1 += s7_3 * b1.w; c7_2 += s7_3 * b2.w; c7_3 += s7_3 * b3.w;
    let s8_0 = subgroupShuffle(a1.x, 0u); c8_0 += s8_0 * b0.x; c8_1 += s8_0 * b1.x; c8_2 += s8_0 * b2.x; c8_3 += s8_0 * b3.x;
    let s8_1 = subgroupShuffle(a1.y, 0u); c8_0 += s8_1 * b0.y; c8_1 += s8_1 * b1.y; c8_2 += s8_1 * b2.y; c8_3 += s8_1 * b3.y;
    let s8_2 = subgroupShuffle(a1.z, 0u); c8_0 += s8_2 * b0.z; c8_1 += s8_2 * b1.z; c8_2 += s8_2 * b2.z; c8_3 += s8_2 * b3.z;
    let s8_3 = subgroupShuffle(a1.w, 0u); c8_0 += s8_3 * b0.w; c8_1 += s8_3 * b1.w; c8_2 += s8_3 * b2.w; c8_3 += s8_3 * b3.w;
    let s9_0 = subgroupShuffle(a1.x, 1u); c9_0 += s9_0 * b0.x; c9_1 += s9_0 * b1.x; c9_2 += s9_0 * b2.x; c9_3 += s9_0 * b3.x;
    let s9_1 = subgroupShuffle(a1.y, 1u); c9_0 += s9_1 * b0.y; c9_1 += s9_1 * b1.y; c9_2 += s9_1 * b2.y; c9_3 += s9_1 * b3.y;
    let s9_2 = subgroupShuffle(a1.z, 1u); c9_0 += s9_2 * b0.z; c9_1 += s9_2 * b1.z; c9_2 += s9_2 * b2.z; c9_3 += s9_2 * b3.z;
    let s9_3 = subgroupShuffle(a1.w, 1u); c9_0 += s9_3 * b0.w; c9_1 += s9_3 * b1.w; c9_2 += s9_3 * b2.w; c9_3 += s9_3 * b3.w;
    let s10_0 = subgroupShuffle(a1.x, 2u); c10_0 += s10_0 * b0.x; c10_1 += s10_0 * b1.x; c10_2 += s10_0 * b2.x; c10_3 += s10_0 * b3.x;
    let s10_1 = subgroupShuffle(a1.y, 2u); c10_0 += s10_1 * b0.y; c10_1 += s10_1 * b1.y; c10_2 += s10_1 * b2.y; c10_3 += s10_1 * b3.y;
    let s10_2 = subgroupShuffle(a1.z, 2u); c10_0 += s10_2 * b0.z; c10_1 += s10_2 * b1.z; c10_2 += s10_2 * b2.z; c10_3 += s10_2 * b3.z;
    let s10_3 = subgroupShuffle(a1.w, 2u); c10_0 += s10_3 * b0.w; c10_1 += s10_3 * b1.w; c10_2 += s10_3 * b2.w; c10_3 += s10_3 * b3.w;
    let s11_0 = subgroupShuffle(a1.x, 3u); c11_0 += s11_0 * b0.x; c11_1 += s11_0 * b1.x; c11_2 += s11_0 * b2.x; c11_3 += s11_0 * b3.x;
    let s11_1 = subgroupShuffle(a1.y, 3u); c11_0 += s11_1 * b0.y; c11_1 += s11_1 * b1.y; c11_2 += s11_1 * b2.y; c11_3 += s11_1 * b3.y;
    let s11_2 = subgroupShuffle(a1.z, 3u); c11_0 += s11_2 * b0.z; c11_1 += s11_2 * b1.z; c11_2 += s11_2 * b2.z; c11_3 += s11_2 * b3.z;
    let s11_3 = subgroupShuffle(a1.w, 3u); c11_0 += s11_3 * b0.w; c11_1 += s11_3 * b1.w; c11_2 += s11_3 * b2.w; c11_3 += s11_3 * b3.w;
    let s12_0 = subgroupShuffle(a1.x, 4u); c12_0 += s12_0 * b0.x; c12_1 += s12_0 * b1.x; c12_2 += s12_0 * b2.x; c12_3 += s12_0 * b3.x;
    let s12_1 = subgroupShuffle(a1.y, 4u); c12_0 += s12_1 * b0.y; c12_1 += s12_1 * b1.y; c12_2 += s12_1 * b2.y; c12_3 += s12_1 * b3.y;
    let s12_2 = subgroupShuffle(a1.z, 4u); c12_0 += s12_2 * b0.z; c12_1 += s12_2 * b1.z; c12_2 += s12_2 * b2.z; c12_3 += s12_2 * b3.z;
    let s12_3 = subgroupShuffle(a1.w, 4u); c12_0 += s12_3 * b0.w; c12_1 += s12_3 * b1.w; c12_2 += s12_3 * b2.w; c12_3 += s12_3 * b3.w;
    let s13_0 = subgroupShuffle(a1.x, 5u); c13_0 += s13_0 * b0.x; c13_1 += s13_0 * b1.x; c13_2 += s13_0 * b2.x; c13_3 += s13_0 * b3.x;
    let s13_1 = subgroupShuffle(a1.y, 5u); c13_0 += s13_1 * b0.y; c13_1 += s13_1 * b1.y; c13_2 += s13_1 * b2.y; c13_3 += s13_1 * b3.y;
    let s13_2 = subgroupShuffle(a1.z, 5u); c13_0 += s13_2 * b0.z; c13_1 += s13_2 * b1.z; c13_2 += s13_2 * b2.z; c13_3 += s13_2 * b3.z;
    let s13_3 = subgroupShuffle(a1.w, 5u); c13_0 += s13_3 * b0.w; c13_1 += s13_3 * b1.w; c13_2 += s13_3 * b2.w; c13_3 += s13_3 * b3.w;
    let s14_0 = subgroupShuffle(a1.x, 6u); c14_0 += s14_0 * b0.x; c14_1 += s14_0 * b1.x; c14_2 += s14_0 * b2.x; c14_3 += s14_0 * b3.x;
    let s14_1 = subgroupShuffle(a1.y, 6u); c14_0 += s14_1 * b0.y; c14_1 += s14_1 * b1.y; c14_2 += s14_1 * b2.y; c14_3 += s14_1 * b3.y;
    let s14_2 = subgroupShuffle(a1.z, 6u); c14_0 += s14_2 * b0.z; c14_1 += s14_2 * b1.z; c14_2 += s14_2 * b2.z; c14_3 += s14_2 * b3.z;
    let s14_3 = subgroupShuffle(a1.w, 6u); c14_0 += s14_3 * b0.w; c14_1 += s14_3 * b1.w; c14_2 += s14_3 * b2.w; c14_3 += s14_3 * b3.w;
    let s15_0 = subgroupShuffle(a1.x, 7u); c15_0 += s15_0 * b0.x; c15_1 += s15_0 * b1.x; c15_2 += s15_0 * b2.x; c15_3 += s15_0 * b3.x;
    let s15_1 = subgroupShuffle(a1.y, 7u); c15_0 += s15_1 * b0.y; c15_1 += s15_1 * b1.y; c15_2 += s15_1 * b2.y; c15_3 += s15_1 * b3.y;
    let s15_2 = subgroupShuffle(a1.z, 7u); c15_0 += s15_2 * b0.z; c15_1 += s15_2 * b1.z; c15_2 += s15_2 * b2.z; c15_3 += s15_2 * b3.z;
    let s15_3 = subgroupShuffle(a1.w, 7u); c15_0 += s15_3 * b0.w; c15_1 += s15_3 * b1.w; c15_2 += s15_3 * b2.w; c15_3 += s15_3 * b3.w;
    let s16_0 = subgroupShuffle(a2.x, 0u); c16_0 += s16_0 * b0.x; c16_1 += s16_0 * b1.x; c16_2 += s16_0 * b2.x; c16_3 += s16_0 * b3.x;
    let s16_1 = subgroupShuffle(a2.y, 0u); c16_0 += s16_1 * b0.y; c16_1 += s16_1 * b1.y; c16_2 += s16_1 * b2.y; c16_3 += s16_1 * b3.y;
    let s16_2 = subgroupShuffle(a2.z, 0u); c16_0 += s16_2 * b0.z; c16_1 += s16_2 * b1.z; c16_2 += s16_2 * b2.z; c16_3 += s16_2 * b3.z;
    let s16_3 = subgroupShuffle(a2.w, 0u); c16_0 += s16_3 * b0.w; c16_1 += s16_3 * b1.w; c16_2 += s16_3 * b2.w; c16_3 += s16_3 * b3.w;
    let s17_0 = subgroupShuffle(a2.x, 1u); c17_0 += s17_0 * b0.x; c17_1 += s17_0 * b1.x; c17_2 += s17_0 * b2.x; c17_3 += s17_0 * b3.x;
    let s17_1 = subgroupShuffle(a2.y, 1u); c17_0 += s17_1 * b0.y; c17_1 += s17_1 * b1.y; c17_2 += s17_1 * b2.y; c17_3 += s17_1 * b3.y;
    let s17_2 = subgroupShuffle(a2.z, 1u); c17_0 += s17_2 * b0.z; c17_1 += s17_2 * b1.z; c17_2 += s17_2 * b2.z; c17_3 += s17_2 * b3.z;
    let s17_3 = subgroupShuffle(a2.w, 1u); c17_0 += s17_3 * b0.w; c17_1 += s17_3 * b1.w; c17_2 += s17_3 * b2.w; c17_3 += s17_3 * b3.w;
    let s18_0 = subgroupShuffle(a2.x, 2u); c18_0 += s18_0 * b0.x; c18_1 += s18_0 * b1.x; c18_2 += s18_0 * b2.x; c18_3 += s18_0 * b3.x;
    let s18_1 = subgroupShuffle(a2.y, 2u); c18_0 += s18_1 * b0.y; c18_1 += s18_1 * b1.y; c18_2 += s18_1 * b2.y; c18_3 += s18_1 * b3.y;
    let s18_2 = subgroupShuffle(a2.z, 2u); c18_0 += s18_2 * b0.z; c18_1 += s18_2 * b1.z; c18_2 += s18_2 * b2.z; c18_3 += s18_2 * b3.z;
    let s18_3 = subgroupShuffle(a2.w, 2u); c18_0 += s18_3 * b0.w; c18_1 += s18_3 * b1.w; c18_2 += s18_3 * b2.w; c18_3 += s18_3 * b3.w;
    let s19_0 = subgroupShuffle(a2.x, 3u); c19_0 += s19_0 * b0.x; c19_1 += s19_0 * b1.x; c19_2 += s19_0 * b2.x; c19_3 += s19_0 * b3.x;
    let s19_1 = subgroupShuffle(a2.y, 3u); c19_0 += s19_1 * b0.y; c19_1 += s19_1 * b1.y; c19_2 += s19_1 * b2.y; c19_3 += s19_1 * b3.y;
    let s19_2 = subgroupShuffle(a2.z, 3u); c19_0 += s19_2 * b0.z; c19_1 += s19_2 * b1.z; c19_2 += s19_2 * b2.z; c19_3 += s19_2 * b3.z;
    let s19_3 = subgroupShuffle(a2.w, 3u); c19_0 += s19_3 * b0.w; c19_1 += s19_3 * b1.w; c19_2 += s19_3 * b2.w; c19_3 += s19_3 * b3.w;
    let s20_0 = subgroupShuffle(a2.x, 4u); c20_0 += s20_0 * b0.x; c20_1 += s20_0 * b1.x; c20_2 += s20_0 * b2.x; c20_3 += s20_0 * b3.x;
    let s20_1 = subgroupShuffle(a2.y, 4u); c20_0 += s20_1 * b0.y; c20_1 += s20_1 * b1.y; c20_2 += s20_1 * b2.y; c20_3 += s20_1 * b3.y;
    let s20_2 = subgroupShuffle(a2.z, 4u); c20_0 += s20_2 * b0.z; c20_1 += s20_2 * b1.z; c20_2 += s20_2 * b2.z; c20_3 += s20_2 * b3.z;
    let s20_3 = subgroupShuffle(a2.w, 4u); c20_0 += s20_3 * b0.w; c20_1 += s20_3 * b1.w; c20_2 += s20_3 * b2.w; c20_3 += s20_3 * b3.w;
    let s21_0 = subgroupShuffle(a2.x, 5u); c21_0 += s21_0 * b0.x; c21_1 += s21_0 * b1.x; c21_2 += s21_0 * b2.x; c21_3 += s21_0 * b3.x;
    let s21_1 = subgroupShuffle(a2.y, 5u); c21_0 += s21_1 * b0.y; c21_1 += s21_1 * b1.y; c21_2 += s21_1 * b2.y; c21_3 += s21_1 * b3.y;
    let s21_2 = subgroupShuffle(a2.z, 5u); c21_0 += s21_2 * b0.z; c21_1 += s21_2 * b1.z; c21_2 += s21_2 * b2.z; c21_3 += s21_2 * b3.z;
    let s21_3 = subgroupShuffle(a2.w, 5u); c21_0 += s21_3 * b0.w; c21_1 += s21_3 * b1.w; c21_2 += s21_3 * b2.w; c21_3 += s21_3 * b3.w;
    let s22_0 = subgroupShuffle(a2.x, 6u); c22_0 += s22_0 * b0.x; c22_1 += s22_0 * b1.x; c22_2 += s22_0 * b2.x; c22_3 += s22_0 * b3.x;
    let s22_1 = subgroupShuffle(a2.y, 6u); c22_0 += s22_1 * b0.y; c22_1 += s22_1 * b1.y; c22_2 += s22_1 * b2.y; c22_3 += s22_1 * b3.y;
    let s22_2 = subgroupShuffle(a2.z, 6u); c22_0 += s22_2 * b0.z; c22_1 += s22_2 * b1.z; c22_2 += s22_2 * b2.z; c22_3 += s22_2 * b3.z;
    let s22_3 = subgroupShuffle(a2.w, 6u); c22_0 += s22_3 * b0.w; c22_1 += s22_3 * b1.w; c22_2 += s22_3 * b2.w; c22_3 += s22_3 * b3.w;
    let s23_0 = subgroupShuffle(a2.x, 7u); c23_0 += s23_0 * b0.x; c23_1 += s23_0 * b1.x; c23_2 += s23_0 * b2.x; c23_3 += s23_0 * b3.x;
    let s23_1 = subgroupShuffle(a2.y, 7u); c23_0 += s23_1 * b0.y; c23_1 += s23_1 * b1.y; c23_2 += s23_1 * b2.y; c23_3 += s23_1 * b3.y;
    let s23_2 = subgroupShuffle(a2.z, 7u); c23_0 += s23_2 * b0.z; c23_1 += s23_2 * b1.z; c23_2 += s23_2 * b2.z; c23_3 += s23_2 * b3.z;
    let s23_3 = subgroupShuffle(a2.w, 7u); c23_0 += s23_3 * b0.w; c23_1 += s23_3 * b1.w; c23_2 += s23_3 * b2.w; c23_3 += s23_3 * b3.w;
    let s24_0 = subgroupShuffle(a3.x, 0u); c24_0 += s24_0 * b0.x; c24_1 += s24_0 * b1.x; c24_2 += s24_0 * b2.x; c24_3 += s24_0 * b3.x;
    let s24_1 = subgroupShuffle(a3.y, 0u); c24_0 += s24_1 * b0.y; c24_1 += s24_1 * b1.y; c24_2 += s24_1 * b2.y; c24_3 += s24_1 * b3.y;
    let s24_2 = subgroupShuffle(a3.z, 0u); c24_0 += s24_2 * b0.z; c24_1 += s24_2 * b1.z; c24_2 += s24_2 * b2.z; c24_3 += s24_2 * b3.z;
    let s24_3 = subgroupShuffle(a3.w, 0u); c24_0 += s24_3 * b0.w; c24_1 += s24_3 * b1.w; c24_2 += s24_3 * b2.w; c24_3 += s24_3 * b3.w;
    let s25_0 = subgroupShuffle(a3.x, 1u); c25_0 += s25_0 * b0.x; c25_1 += s25_0 * b1.x; c25_2 += s25_0 * b2.x; c25_3 += s25_0 * b3.x;
    let s25_1 = subgroupShuffle(a3.y, 1u); c25_0 += s25_1 * b0.y; c25_1 += s25_1 * b1.y; c25_2 += s25_1 * b2.y; c25_3 += s25_1 * b3.y;
    let s25_2 = subgroupShuffle(a3.z, 1u); c25_0 += s25_2 * b0.z; c25_1 += s25_2 * b1.z; c25_2 += s25_2 * b2.z; c25_3 += s25_2 * b3.z;
    let s25_3 = subgroupShuffle(a3.w, 1u); c25_0 += s25_3 * b0.w; c25_1 += s25_3 * b1.w; c25_2 += s25_3 * b2.w; c25_3 += s25_3 * b3.w;
    let s26_0 = subgroupShuffle(a3.x, 2u); c26_0 += s26_0 * b0.x; c26_1 += s26_0 * b1.x; c26_2 += s26_0 * b2.x; c26_3 += s26_0 * b3.x;
    let s26_1 = subgroupShuffle(a3.y, 2u); c26_0 += s26_1 * b0.y; c26_1 += s26_1 * b1.y; c26_2 += s26_1 * b2.y; c26_3 += s26_1 * b3.y;
    let s26_2 = subgroupShuffle(a3.z, 2u); c26_0 += s26_2 * b0.z; c26_1 += s26_2 * b1.z; c26_2 += s26_2 * b2.z; c26_3 += s26_2 * b3.z;
    let s26_3 = subgroupShuffle(a3.w, 2u); c26_0 += s26_3 * b0.w; c26_1 += s26_3 * b1.w; c26_2 += s26_3 * b2.w; c26_3 += s26_3 * b3.w;
    let s27_0 = subgroupShuffle(a3.x, 3u); c27_0 += s27_0 * b0.x; c27_1 += s27_0 * b1.x; c27_2 += s27_0 * b2.x; c27_3 += s27_0 * b3.x;
    let s27_1 = subgroupShuffle(a3.y, 3u); c27_0 += s27_1 * b0.y; c27_1 += s27_1 * b1.y; c27_2 += s27_1 * b2.y; c27_3 += s27_1 * b3.y;
    let s27_2 = subgroupShuffle(a3.z, 3u); c27_0 += s27_2 * b0.z; c27_1 += s27_2 * b1.z; c27_2 += s27_2 * b2.z; c27_3 += s27_2 * b3.z;
    let s27_3 = subgroupShuffle(a3.w, 3u); c27_0 += s27_3 * b0.w; c27_1 += s27_3 * b1.w; c27_2 += s27_3 * b2.w; c27_3 += s27_3 * b3.w;
    let s28_0 = subgroupShuffle(a3.x, 4u); c28_0 += s28_0 * b0.x; c28_1 += s28_0 * b1.x; c28_2 += s28_0 * b2.x; c28_3 += s28_0 * b3.x;
    let s28_1 = subgroupShuffle(a3.y, 4u); c28_0 += s28_1 * b0.y; c28_1 += s28_1 * b1.y; c28_2 += s28_1 * b2.y; c28_3 += s28_1 * b3.y;
    let s28_2 = subgroupShuffle(a3.z, 4u); c28_0 += s28_2 * b0.z; c28_1 += s28_2 * b1.z; c28_2 += s28_2 * b2.z; c28_3 += s28_2 * b3.z;
    let s28_3 = subgroupShuffle(a3.w, 4u); c28_0 += s28_3 * b0.w; c28_1 += s28_3 * b1.w; c28_2 += s28_3 * b2.w; c28_3 += s28_3 * b3.w;
    let s29_0 = subgroupShuffle(a3.x, 5u); c29_0 += s29_0 * b0.x; c29_1 += s29_0 * b1.x; c29_2 += s29_0 * b2.x; c29_3 += s29_0 * b3.x;
    let s29_1 = subgroupShuffle(a3.y, 5u); c29_0 += s29_1 * b0.y; c29_1 += s29_1 * b1.y; c29_2 += s29_1 * b2.y; c29_3 += s29_1 * b3.y;
    let s29_2 = subgroupShuffle(a3.z, 5u); c29_0 += s29_2 * b0.z; c29_1 += s29_2 * b1.z; c29_2 += s29_2 * b2.z; c29_3 += s29_2 * b3.z;
    let s29_3 = subgroupShuffle(a3.w, 5u); c29_0 += s29_3 * b0.w; c29_1 += s29_3 * b1.w; c29_2 += s29_3 * b2.w; c29_3 += s29_3 * b3.w;
    let s30_0 = subgroupShuffle(a3.x, 6u); c30_0 += s30_0 * b0.x; c30_1 += s30_0 * b1.x; c30_2 += s30_0 * b2.x; c30_3 += s30_0 * b3.x;
    let s30_1 = subgroupShuffle(a3.y, 6u); c30_0 += s30_1 * b0.y; c30_1 += s30_1 * b1.y; c30_2 += s30_1 * b2.y; c30_3 += s30_1 * b3.y;
    let s30_2 = subgroupShuffle(a3.z, 6u); c30_0 += s30_2 * b0.z; c30_1 += s30_2 * b1.z; c30_2 += s30_2 * b2.z; c30_3 += s30_2 * b3.z;
    let s30_3 = subgroupShuffle(a3.w, 6u); c30_0 += s30_3 * b0.w; c30_1 += s30_3 * b1.w; c30_2 += s30_3 * b2.w; c30_3 += s30_3 * b3.w;
    let s31_0 = subgroupShuffle(a3.x, 7u); c31_0 += s31_0 * b0.x; c31_1 += s31_0 * b1.x; c31_2 += s31_0 * b2.x; c31_3 += s31_0 * b3.x;
    let s31_1 = subgroupShuffle(a3.y, 7u); c31_0 += s31_1 * b0.y; c31_1 += s31_1 * b1.y; c31_2 += s31_1 * b2.y; c31_3 += s31_1 * b3.y;
    let s31_2 = subgroupShuffle(a3.z, 7u); c31_0 += s31_2 * b0.z; c31_1 += s31_2 * b1.z; c31_2 += s31_2 * b2.z; c31_3 += s31_2 * b3.z;
    let s31_3 = subgroupShuffle(a3.w, 7u); c31_0 += s31_3 * b0.w; c31_1 += s31_3 * b1.w; c31_2 += s31_3 * b2.w; c31_3 += s31_3 * b3.w;
  }
  out[min(row + 0u, tokens - 1u) * WIDTH + to0] = c0_0; out[min(row + 0u, tokens - 1u) * WIDTH + to1] = c0_1; out[min(row + 0u, tokens - 1u) * WIDTH + to2] = c0_2; out[min(row + 0u, tokens - 1u) * WIDTH + to3] = c0_3;
  out[min(row + 1u, tokens - 1u) * WIDTH + to0] = c1_0; out[min(row + 1u, tokens - 1u) * WIDTH + to1] = c1_1; out[min(row + 1u, tokens - 1u) * WIDTH + to2] = c1_2; out[min(row + 1u, tokens - 1u) * WIDTH + to3] = c1_3;
  out[min(row + 2u, tokens - 1u) * WIDTH + to0] = c2_0; out[min(row + 2u, tokens - 1u) * WIDTH + to1] = c2_1; out[min(row + 2u, tokens - 1u) * WIDTH + to2] = c2_2; out[min(row + 2u, tokens - 1u) * WIDTH + to3] = c2_3;
  out[min(row + 3u, tokens - 1u) * WIDTH + to0] = c3_0; out[min(row + 3u, tokens - 1u) * WIDTH + to1] = c3_1; out[min(row + 3u, tokens - 1u) * WIDTH + to2] = c3_2; out[min(row + 3u, tokens - 1u) * WIDTH + to3] = c3_3;
  out[min(row + 4u, tokens - 1u) * WIDTH + to0] = c4_0; out[min(row + 4u, tokens - 1u) * WIDTH + to1] = c4_1; out[min(row + 4u, tokens - 1u) * WIDTH + to2] = c4_2; out[min(row + 4u, tokens - 1u) * WIDTH + to3] = c4_3;
  out[min(row + 5u, tokens - 1u) * WIDTH + to0] = c5_0; out[min(row + 5u, tokens - 1u) * WIDTH + to1] = c5_1; out[min(row + 5u, tokens - 1u) * WIDTH + to2] = c5_2; out[min(row + 5u, tokens - 1u) * WIDTH + to3] = c5_3;
  out[min(row + 6u, tokens - 1u) * WIDTH + to0] = c6_0; out[min(row + 6u, tokens - 1u) * WIDTH + to1] = c6_1; out[min(row + 6u, tokens - 1u) * WIDTH + to2] = c6_2; out[min(row + 6u, tokens - 1u) * WIDTH + to3] = c6_3;
  out[min(row + 7u, tokens - 1u) * WIDTH + to0] = c7_0; out[min(row + 7u, tokens - 1u) * WIDTH + to1] = c7_1; out[min(row + 7u, tokens - 1u) * WIDTH + to2] = c7_2; out[min(row + 7u, tokens - 1u) * WIDTH + to3] = c7_3;
  out[min(row + 8u, tokens - 1u) * WIDTH + to0] = c8_0; out[min(row + 8u, tokens - 1u) * WIDTH + to1] = c8_1; out[min(row + 8u, tokens - 1u) * WIDTH + to2] = c8_2; out[min(row + 8u, tokens - 1u) * WIDTH + to3] = c8_3;
  out[min(row + 9u, tokens - 1u) * WIDTH + to0] = c9_0; out[min(row + 9u, tokens - 1u) * WIDTH + to1] = c9_1; out[min(row + 9u, tokens - 1u) * WIDTH + to2] = c9_2; out[min(row + 9u, tokens - 1u) * WIDTH + to3] = c9_3;
  out[min(row + 10u, tokens - 1u) * WIDTH + to0] = c10_0; out[min(row + 10u, tokens - 1u) * WIDTH + to1] = c10_1; out[min(row + 10u, tokens - 1u) * WIDTH + to2] = c10_2; out[min(row + 10u, tokens - 1u) * WIDTH + to3] = c10_3;
  out[min(row + 11u, tokens - 1u) * WIDTH + to0] = c11_0; out[min(row + 11u, tokens - 1u) * WIDTH + to1] = c11_1; out[min(row + 11u, tokens - 1u) * WIDTH + to2] = c11_2; out[min(row + 11u, tokens - 1u) * WIDTH + to3] = c11_3;
  out[min(row + 12u, tokens - 1u) * WIDTH + to0] = c12_0; out[min(row + 12u, tokens - 1u) * WIDTH + to1] = c12_1; out[min(row + 12u, tokens - 1u) * WIDTH + to2] = c12_2; out[min(row + 12u, tokens - 1u) * WIDTH + to3] = c12_3;
  out[min(row + 13u, tokens - 1u) * WIDTH + to0] = c13_0; out[min(row + 13u, tokens - 1u) * WIDTH + to1] = c13_1; out[min(row + 13u, tokens - 1u) * WIDTH + to2] = c13_2; out[min(row + 13u, tokens - 1u) * WIDTH + to3] = c13_3;
  out[min(row + 14u, tokens - 1u) * WIDTH + to0] = c14_0; out[min(row + 14u, tokens - 1u) * WIDTH + to1] = c14_1; out[min(row + 14u, tokens - 1u) * WIDTH + to2] = c14_2; out[min(row + 14u, tokens - 1u) * WIDTH + to3] = c14_3;
  out[min(row + 15u, tokens - 1u) * WIDTH + to0] = c15_0; out[min(row + 15u, tokens - 1u) * WIDTH + to1] = c15_1; out[min(row + 15u, tokens - 1u) * WIDTH + to2] = c15_2; out[min(row + 15u, tokens - 1u) * WIDTH + to3] = c15_3;
  out[min(row + 16u, tokens - 1u) * WIDTH + to0] = c16_0; out[min(row + 16u, tokens - 1u) * WIDTH + to1] = c16_1; out[min(row + 16u, tokens - 1u) * WIDTH + to2] = c16_2; out[min(row + 16u, tokens - 1u) * WIDTH + to3] = c16_3;
  out[min(row + 17u, tokens - 1u) * WIDTH + to0] = c17_0; out[min(row + 17u, tokens - 1u) * WIDTH + to1] = c17_1; out[min(row + 17u, tokens - 1u) * WIDTH + to2] = c17_2; out[min(row + 17u, tokens - 1u) * WIDTH + to3] = c17_3;
  out[min(row + 18u, tokens - 1u) * WIDTH + to0] = c18_0; out[min(row + 18u, tokens - 1u) * WIDTH + to1] = c18_1; out[min(row + 18u, tokens - 1u) * WIDTH + to2] = c18_2; out[min(row + 18u, tokens - 1u) * WIDTH + to3] = c18_3;
  out[min(row + 19u, tokens - 1u) * WIDTH + to0] = c19_0; out[min(row + 19u, tokens - 1u) * WIDTH + to1] = c19_1; out[min(row + 19u, tokens - 1u) * WIDTH + to2] = c19_2; out[min(row + 19u, tokens - 1u) * WIDTH + to3] = c19_3;
  out[min(row + 20u, tokens - 1u) * WIDTH + to0] = c20_0; out[min(row + 20u, tokens - 1u) * WIDTH + to1] = c20_1; out[min(row + 20u, tokens - 1u) * WIDTH + to2] = c20_2; out[min(row + 20u, tokens - 1u) * WIDTH + to3] = c20_3;
  out[min(row + 21u, tokens - 1u) * WIDTH + to0] = c21_0; out[min(row + 21u, tokens - 1u) * WIDTH + to1] = c21_1; out[min(row + 21u, tokens - 1u) * WIDTH + to2] = c21_2; out[min(row + 21u, tokens - 1u) * WIDTH + to3] = c21_3;
  out[min(row + 22u, tokens - 1u) * WIDTH + to0] = c22_0; out[min(row + 22u, tokens - 1u) * WIDTH + to1] = c22_1; out[min(row + 22u, tokens - 1u) * WIDTH + to2] = c22_2; out[min(row + 22u, tokens - 1u) * WIDTH + to3] = c22_3;
  out[min(row + 23u, tokens - 1u) * WIDTH + to0] = c23_0; out[min(row + 23u, tokens - 1u) * WIDTH + to1] = c23_1; out[min(row + 23u, tokens - 1u) * WIDTH + to2] = c23_2; out[min(row + 23u, tokens - 1u) * WIDTH + to3] = c23_3;
  out[min(row + 24u, tokens - 1u) * WIDTH + to0] = c24_0; out[min(row + 24u, tokens - 1u) * WIDTH + to1] = c24_1; out[min(row + 24u, tokens - 1u) * WIDTH + to2] = c24_2; out[min(row + 24u, tokens - 1u) * WIDTH + to3] = c24_3;
  out[min(row + 25u, tokens - 1u) * WIDTH + to0] = c25_0; out[min(row + 25u, tokens - 1u) * WIDTH + to1] = c25_1; out[min(row + 25u, tokens - 1u) * WIDTH + to2] = c25_2; out[min(row + 25u, tokens - 1u) * WIDTH + to3] = c25_3;
  out[min(row + 26u, tokens - 1u) * WIDTH + to0] = c26_0; out[min(row + 26u, tokens - 1u) * WIDTH + to1] = c26_1; out[min(row + 26u, tokens - 1u) * WIDTH + to2] = c26_2; out[min(row + 26u, tokens - 1u) * WIDTH + to3] = c26_3;
  out[min(row + 27u, tokens - 1u) * WIDTH + to0] = c27_0; out[min(row + 27u, tokens - 1u) * WIDTH + to1] = c27_1; out[min(row + 27u, tokens - 1u) * WIDTH + to2] = c27_2; out[min(row + 27u, tokens - 1u) * WIDTH + to3] = c27_3;
  out[min(row + 28u, tokens - 1u) * WIDTH + to0] = c28_0; out[min(row + 28u, tokens - 1u) * WIDTH + to1] = c28_1; out[min(row + 28u, tokens - 1u) * WIDTH + to2] = c28_2; out[min(row + 28u, tokens - 1u) * WIDTH + to3] = c28_3;
  out[min(row + 29u, tokens - 1u) * WIDTH + to0] = c29_0; out[min(row + 29u, tokens - 1u) * WIDTH + to1] = c29_1; out[min(row + 29u, tokens - 1u) * WIDTH + to2] = c29_2; out[min(row + 29u, tokens - 1u) * WIDTH + to3] = c29_3;
  out[min(row + 30u, tokens - 1u) * WIDTH + to0] = c30_0; out[min(row + 30u, tokens - 1u) * WIDTH + to1] = c30_1; out[min(row + 30u, tokens - 1u) * WIDTH + to2] = c30_2; out[min(row + 30u, tokens - 1u) * WIDTH + to3] = c30_3;
  out[min(row + 31u, tokens - 1u) * WIDTH + to0] = c31_0; out[min(row + 31u, tokens - 1u) * WIDTH + to1] = c31_1; out[min(row + 31u, tokens - 1u) * WIDTH + to2] = c31_2; out[min(row + 31u, tokens - 1u) * WIDTH + to3] = c31_3;
}
