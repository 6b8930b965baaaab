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
// Assumes IN a multiple of 4.
// Dispatch: (ceil(OUT / 32), ceil(T / 16)) workgroups; an invocation owns 8 x 8 sums.
// Rows and columns past the edge repeat the last one: they compute and store the same value, so that no store needs a condition.

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
  let row = group.y * 16u;
  let col = group.x * 32u;
  if row >= tokens { return; }
  let lane_x = lane % 4u;
  let lane_y = lane / 4u;
  let row0 = min(row + 0u + lane_y, tokens - 1u);
  let row1 = min(row + 2u + lane_y, tokens - 1u);
  let row2 = min(row + 4u + lane_y, tokens - 1u);
  let row3 = min(row + 6u + lane_y, tokens - 1u);
  let row4 = min(row + 8u + lane_y, tokens - 1u);
  let row5 = min(row + 10u + lane_y, tokens - 1u);
  let row6 = min(row + 12u + lane_y, tokens - 1u);
  let row7 = min(row + 14u + lane_y, tokens - 1u);
  let col0 = min(col + 0u + lane_x, OUT - 1u);
  let to0 = sizes.first + col0;
  let col1 = min(col + 4u + lane_x, OUT - 1u);
  let to1 = sizes.first + col1;
  let col2 = min(col + 8u + lane_x, OUT - 1u);
  let to2 = sizes.first + col2;
  let col3 = min(col + 12u + lane_x, OUT - 1u);
  let to3 = sizes.first + col3;
  let col4 = min(col + 16u + lane_x, OUT - 1u);
  let to4 = sizes.first + col4;
  let col5 = min(col + 20u + lane_x, OUT - 1u);
  let to5 = sizes.first + col5;
  let col6 = min(col + 24u + lane_x, OUT - 1u);
  let to6 = sizes.first + col6;
  let col7 = min(col + 28u + lane_x, OUT - 1u);
  let to7 = sizes.first + col7;
  let bias0 = bias[to0];
  let bias1 = bias[to1];
  let bias2 = bias[to2];
  let bias3 = bias[to3];
  let bias4 = bias[to4];
  let bias5 = bias[to5];
  let bias6 = bias[to6];
  let bias7 = bias[to7];
  var c0_0 = bias0; var c0_1 = bias1; var c0_2 = bias2; var c0_3 = bias3; var c0_4 = bias4; var c0_5 = bias5; var c0_6 = bias6; var c0_7 = bias7;
  var c1_0 = bias0; var c1_1 = bias1; var c1_2 = bias2; var c1_3 = bias3; var c1_4 = bias4; var c1_5 = bias5; var c1_6 = bias6; var c1_7 = bias7;
  var c2_0 = bias0; var c2_1 = bias1; var c2_2 = bias2; var c2_3 = bias3; var c2_4 = bias4; var c2_5 = bias5; var c2_6 = bias6; var c2_7 = bias7;
  var c3_0 = bias0; var c3_1 = bias1; var c3_2 = bias2; var c3_3 = bias3; var c3_4 = bias4; var c3_5 = bias5; var c3_6 = bias6; var c3_7 = bias7;
  var c4_0 = bias0; var c4_1 = bias1; var c4_2 = bias2; var c4_3 = bias3; var c4_4 = bias4; var c4_5 = bias5; var c4_6 = bias6; var c4_7 = bias7;
  var c5_0 = bias0; var c5_1 = bias1; var c5_2 = bias2; var c5_3 = bias3; var c5_4 = bias4; var c5_5 = bias5; var c5_6 = bias6; var c5_7 = bias7;
  var c6_0 = bias0; var c6_1 = bias1; var c6_2 = bias2; var c6_3 = bias3; var c6_4 = bias4; var c6_5 = bias5; var c6_6 = bias6; var c6_7 = bias7;
  var c7_0 = bias0; var c7_1 = bias1; var c7_2 = bias2; var c7_3 = bias3; var c7_4 = bias4; var c7_5 = bias5; var c7_6 = bias6; var c7_7 = bias7;
  for (var k4 = 0u; k4 < IN / 4u; k4++) {
    let a0 = x[row0 * (IN / 4u) + k4];
    let a1 = x[row1 * (IN / 4u) + k4];
    let a2 = x[row2 * (IN / 4u) + k4];
    let a3 = x[row3 * (IN / 4u) + k4];
    let a4 = x[row4 * (IN / 4u) + k4];
    let a5 = x[row5 * (IN / 4u) + k4];
    let a6 = x[row6 * (IN / 4u) + k4];
    let a7 = x[row7 * (IN / 4u) + k4];
    let b0 = weight[col0 * (IN / 4u) + k4];
    let b1 = weight[col1 * (IN / 4u) + k4];
    let b2 = weight[col2 * (IN / 4u) + k4];
    let b3 = weight[col3 * (IN / 4u) + k4];
    let b4 = weight[col4 * (IN / 4u) + k4];
    let b5 = weight[col5 * (IN / 4u) + k4];
    let b6 = weight[col6 * (IN / 4u) + k4];
    let b7 = weight[col7 * (IN / 4u) + k4];
    c0_0 = c0_0 + a0.x * b0.x + a0.y * b0.y + a0.z * b0.z + a0.w * b0.w;
    c0_1 = c0_1 + a0.x * b1.x + a0.y * b1.y + a0.z * b1.z + a0.w * b1.w;
    c0_2 = c0_2 + a0.x * b2.x + a0.y * b2.y + a0.z * b2.z + a0.w * b2.w;
    c0_3 = c0_3 + a0.x * b3.x + a0.y * b3.y + a0.z * b3.z + a0.w * b3.w;
    c0_4 = c0_4 + a0.x * b4.x + a0.y * b4.y + a0.z * b4.z + a0.w * b4.w;
    c0_5 = c0_5 + a0.x * b5.x + a0.y * b5.y + a0.z * b5.z + a0.w * b5.w;
    c0_6 = c0_6 + a0.x * b6.x + a0.y * b6.y + a0.z * b6.z + a0.w * b6.w;
    c0_7 = c0_7 + a0.x * b7.x + a0.y * b7.y + a0.z * b7.z + a0.w * b7.w;
    c1_0 = c1_0 + a1.x * b0.x + a1.y * b0.y + a1.z * b0.z + a1.w * b0.w;
    c1_1 = c1_1 + a1.x * b1.x + a1.y * b1.y + a1.z * b1.z + a1.w * b1.w;
    c1_2 = c1_2 + a1.x * b2.x + a1.y * b2.y + a1.z * b2.z + a1.w * b2.w;
    c1_3 = c1_3 + a1.x * b3.x + a1.y * b3.y + a1.z * b3.z + a1.w * b3.w;
    c1_4 = c1_4 + a1.x * b4.x + a1.y * b4.y + a1.z * b4.z + a1.w * b4.w;
    c1_5 = c1_5 + a1.x * b5.x + a1.y * b5.y + a1.z * b5.z + a1.w * b5.w;
    c1_6 = c1_6 + a1.x * b6.x + a1.y * b6.y + a1.z * b6.z + a1.w * b6.w;
    c1_7 = c1_7 + a1.x * b7.x + a1.y * b7.y + a1.z * b7.z + a1.w * b7.w;
    c2_0 = c2_0 + a2.x * b0.x + a2.y * b0.y + a2.z * b0.z + a2.w * b0.w;
    c2_1 = c2_1 + a2.x * b1.x + a2.y * b1.y + a2.z * b1.z + a2.w * b1.w;
    c2_2 = c2_2 + a2.x * b2.x + a2.y * b2.y + a2.z * b2.z + a2.w * b2.w;
    c2_3 = c2_3 + a2.x * b3.x + a2.y * b3.y + a2.z * b3.z + a2.w * b3.w;
    c2_4 = c2_4 + a2.x * b4.x + a2.y * b4.y + a2.z * b4.z + a2.w * b4.w;
    c2_5 = c2_5 + a2.x * b5.x + a2.y * b5.y + a2.z * b5.z + a2.w * b5.w;
    c2_6 = c2_6 + a2.x * b6.x + a2.y * b6.y + a2.z * b6.z + a2.w * b6.w;
    c2_7 = c2_7 + a2.x * b7.x + a2.y * b7.y + a2.z * b7.z + a2.w * b7.w;
    c3_0 = c3_0 + a3.x * b0.x + a3.y * b0.y + a3.z * b0.z + a3.w * b0.w;
    c3_1 = c3_1 + a3.x * b1.x + a3.y * b1.y + a3.z * b1.z + a3.w * b1.w;
    c3_2 = c3_2 + a3.x * b2.x + a3.y * b2.y + a3.z * b2.z + a3.w * b2.w;
    c3_3 = c3_3 + a3.x * b3.x + a3.y * b3.y + a3.z * b3.z + a3.w * b3.w;
    c3_4 = c3_4 + a3.x * b4.x + a3.y * b4.y + a3.z * b4.z + a3.w * b4.w;
    c3_5 = c3_5 + a3.x * b5.x + a3.y * b5.y + a3.z * b5.z + a3.w * b5.w;
    c3_6 = c3_6 + a3.x * b6.x + a3.y * b6.y + a3.z * b6.z + a3.w * b6.w;
    c3_7 = c3_7 + a3.x * b7.x + a3.y * b7.y + a3.z * b7.z + a3.w * b7.w;
    c4_0 = c4_0 + a4.x * b0.x + a4.y * b0.y + a4.z * b0.z + a4.w * b0.w;
    c4_1 = c4_1 + a4.x * b1.x + a4.y * b1.y + a4.z * b1.z + a4.w * b1.w;
    c4_2 = c4_2 + a4.x * b2.x + a4.y * b2.y + a4.z * b2.z + a4.w * b2.w;
    c4_3 = c4_3 + a4.x * b3.x + a4.y * b3.y + a4.z * b3.z + a4.w * b3.w;
    c4_4 = c4_4 + a4.x * b4.x + a4.y * b4.y + a4.z * b4.z + a4.w * b4.w;
    c4_5 = c4_5 + a4.x * b5.x + a4.y * b5.y + a4.z * b5.z + a4.w * b5.w;
    c4_6 = c4_6 + a4.x * b6.x + a4.y * b6.y + a4.z * b6.z + a4.w * b6.w;
    c4_7 = c4_7 + a4.x * b7.x + a4.y * b7.y + a4.z * b7.z + a4.w * b7.w;
    c5_0 = c5_0 + a5.x * b0.x + a5.y * b0.y + a5.z * b0.z + a5.w * b0.w;
    c5_1 = c5_1 + a5.x * b1.x + a5.y * b1.y + a5.z * b1.z + a5.w * b1.w;
    c5_2 = c5_2 + a5.x * b2.x + a5.y * b2.y + a5.z * b2.z + a5.w * b2.w;
    c5_3 = c5_3 + a5.x * b3.x + a5.y * b3.y + a5.z * b3.z + a5.w * b3.w;
    c5_4 = c5_4 + a5.x * b4.x + a5.y * b4.y + a5.z * b4.z + a5.w * b4.w;
    c5_5 = c5_5 + a5.x * b5.x + a5.y * b5.y + a5.z * b5.z + a5.w * b5.w;
    c5_6 = c5_6 + a5.x * b6.x + a5.y * b6.y + a5.z * b6.z + a5.w * b6.w;
    c5_7 = c5_7 + a5.x * b7.x + a5.y * b7.y + a5.z * b7.z + a5.w * b7.w;
    c6_0 = c6_0 + a6.x * b0.x + a6.y * b0.y + a6.z * b0.z + a6.w * b0.w;
    c6_1 = c6_1 + a6.x * b1.x + a6.y * b1.y + a6.z * b1.z + a6.w * b1.w;
    c6_2 = c6_2 + a6.x * b2.x + a6.y * b2.y + a6.z * b2.z + a6.w * b2.w;
    c6_3 = c6_3 + a6.x * b3.x + a6.y * b3.y + a6.z * b3.z + a6.w * b3.w;
    c6_4 = c6_4 + a6.x * b4.x + a6.y * b4.y + a6.z * b4.z + a6.w * b4.w;
    c6_5 = c6_5 + a6.x * b5.x + a6.y * b5.y + a6.z * b5.z + a6.w * b5.w;
    c6_6 = c6_6 + a6.x * b6.x + a6.y * b6.y + a6.z * b6.z + a6.w * b6.w;
    c6_7 = c6_7 + a6.x * b7.x + a6.y * b7.y + a6.z * b7.z + a6.w * b7.w;
    c7_0 = c7_0 + a7.x * b0.x + a7.y * b0.y + a7.z * b0.z + a7.w * b0.w;
    c7_1 = c7_1 + a7.x * b1.x + a7.y * b1.y + a7.z * b1.z + a7.w * b1.w;
    c7_2 = c7_2 + a7.x * b2.x + a7.y * b2.y + a7.z * b2.z + a7.w * b2.w;
    c7_3 = c7_3 + a7.x * b3.x + a7.y * b3.y + a7.z * b3.z + a7.w * b3.w;
    c7_4 = c7_4 + a7.x * b4.x + a7.y * b4.y + a7.z * b4.z + a7.w * b4.w;
    c7_5 = c7_5 + a7.x * b5.x + a7.y * b5.y + a7.z * b5.z + a7.w * b5.w;
    c7_6 = c7_6 + a7.x * b6.x + a7.y * b6.y + a7.z * b6.z + a7.w * b6.w;
    c7_7 = c7_7 + a7.x * b7.x + a7.y * b7.y + a7.z * b7.z + a7.w * b7.w;
  }
  out[row0 * WIDTH + to0] = c0_0; out[row0 * WIDTH + to1] = c0_1; out[row0 * WIDTH + to2] = c0_2; out[row0 * WIDTH + to3] = c0_3; out[row0 * WIDTH + to4] = c0_4; out[row0 * WIDTH + to5] = c0_5; out[row0 * WIDTH + to6] = c0_6; out[row0 * WIDTH + to7] = c0_7;
  out[row1 * WIDTH + to0] = c1_0; out[row1 * WIDTH + to1] = c1_1; out[row1 * WIDTH + to2] = c1_2; out[row1 * WIDTH + to3] = c1_3; out[row1 * WIDTH + to4] = c1_4; out[row1 * WIDTH + to5] = c1_5; out[row1 * WIDTH + to6] = c1_6; out[row1 * WIDTH + to7] = c1_7;
  out[row2 * WIDTH + to0] = c2_0; out[row2 * WIDTH + to1] = c2_1; out[row2 * WIDTH + to2] = c2_2; out[row2 * WIDTH + to3] = c2_3; out[row2 * WIDTH + to4] = c2_4; out[row2 * WIDTH + to5] = c2_5; out[row2 * WIDTH + to6] = c2_6; out[row2 * WIDTH + to7] = c2_7;
  out[row3 * WIDTH + to0] = c3_0; out[row3 * WIDTH + to1] = c3_1; out[row3 * WIDTH + to2] = c3_2; out[row3 * WIDTH + to3] = c3_3; out[row3 * WIDTH + to4] = c3_4; out[row3 * WIDTH + to5] = c3_5; out[row3 * WIDTH + to6] = c3_6; out[row3 * WIDTH + to7] = c3_7;
  out[row4 * WIDTH + to0] = c4_0; out[row4 * WIDTH + to1] = c4_1; out[row4 * WIDTH + to2] = c4_2; out[row4 * WIDTH + to3] = c4_3; out[row4 * WIDTH + to4] = c4_4; out[row4 * WIDTH + to5] = c4_5; out[row4 * WIDTH + to6] = c4_6; out[row4 * WIDTH + to7] = c4_7;
  out[row5 * WIDTH + to0] = c5_0; out[row5 * WIDTH + to1] = c5_1; out[row5 * WIDTH + to2] = c5_2; out[row5 * WIDTH + to3] = c5_3; out[row5 * WIDTH + to4] = c5_4; out[row5 * WIDTH + to5] = c5_5; out[row5 * WIDTH + to6] = c5_6; out[row5 * WIDTH + to7] = c5_7;
  out[row6 * WIDTH + to0] = c6_0; out[row6 * WIDTH + to1] = c6_1; out[row6 * WIDTH + to2] = c6_2; out[row6 * WIDTH + to3] = c6_3; out[row6 * WIDTH + to4] = c6_4; out[row6 * WIDTH + to5] = c6_5; out[row6 * WIDTH + to6] = c6_6; out[row6 * WIDTH + to7] = c6_7;
  out[row7 * WIDTH + to0] = c7_0; out[row7 * WIDTH + to1] = c7_1; out[row7 * WIDTH + to2] = c7_2; out[row7 * WIDTH + to3] = c7_3; out[row7 * WIDTH + to4] = c7_4; out[row7 * WIDTH + to5] = c7_5; out[row7 * WIDTH + to6] = c7_6; out[row7 * WIDTH + to7] = c7_7;
}
