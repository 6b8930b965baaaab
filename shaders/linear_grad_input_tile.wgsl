// Linear layer, gradient of the input:  grad_x[t, k] = Σ_n grad_out[t, n] · weight[n, k]     (+ addend[t, k] where sizes.add)
//
//   batch.tokens  number of rows T
//   grad_out      [T, WIDTH]; columns FIRST to FIRST + OUT are read
//   weight        [OUT, IN]
//   grad_x        [T, IN], overwritten
//   addend        [T, IN]; bind anything where sizes.add is 0
//
//   sizes         IN, OUT, FIRST, WIDTH, add (0 or 1): a uniform and no overrides, so that drivers compile the file once for all layers.
//                 FIRST 0 and WIDTH = OUT for a whole weight. A weight larger than one binding comes in blocks of rows, a dispatch each:
//                 OUT rows of WIDTH, from row FIRST on; grad_x of one block is the addend of the next.
//
// Assumes IN and OUT multiples of 4.
// Dispatch: (ceil(IN / 32), ceil(T / 16)) workgroups; an invocation owns 8 x 8 sums.
// Rows and columns past the edge repeat the last one: they compute and store the same value, so that no store needs a condition.

struct Sizes { input: u32, output: u32, first: u32, width: u32, add: u32 }

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(5) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> grad_out: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> grad_x: array<vec4f>;
@group(0) @binding(4) var<storage, read> addend: array<vec4f>;

// grad_x may be addend's gradient of the same rows: two buffers, so that rows past the edge add nothing twice.
fn store(i: u32, value: vec4f) {
  if sizes.add != 0u { grad_x[i] = value + addend[i]; } else { grad_x[i] = value; }
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let IN = sizes.input;
  let OUT = sizes.output;
  let tokens = batch.tokens;
  let row = group.y * 16u;
  let col = group.x * 32u;
  if row >= tokens { return; }
  let lane_x = lane % 4u;
  let lane_y = lane / 4u;
  let row0 = min(row + 0u + lane_y, tokens - 1u);
  let from0 = row0 * (sizes.width / 4u) + sizes.first / 4u;
  let row1 = min(row + 2u + lane_y, tokens - 1u);
  let from1 = row1 * (sizes.width / 4u) + sizes.first / 4u;
  let row2 = min(row + 4u + lane_y, tokens - 1u);
  let from2 = row2 * (sizes.width / 4u) + sizes.first / 4u;
  let row3 = min(row + 6u + lane_y, tokens - 1u);
  let from3 = row3 * (sizes.width / 4u) + sizes.first / 4u;
  let row4 = min(row + 8u + lane_y, tokens - 1u);
  let from4 = row4 * (sizes.width / 4u) + sizes.first / 4u;
  let row5 = min(row + 10u + lane_y, tokens - 1u);
  let from5 = row5 * (sizes.width / 4u) + sizes.first / 4u;
  let row6 = min(row + 12u + lane_y, tokens - 1u);
  let from6 = row6 * (sizes.width / 4u) + sizes.first / 4u;
  let row7 = min(row + 14u + lane_y, tokens - 1u);
  let from7 = row7 * (sizes.width / 4u) + sizes.first / 4u;
  let col0 = min(col / 4u + 0u + lane_x, IN / 4u - 1u);
  let col1 = min(col / 4u + 4u + lane_x, IN / 4u - 1u);
  var c0_0 = 0.0; var c0_1 = 0.0; var c0_2 = 0.0; var c0_3 = 0.0; var c0_4 = 0.0; var c0_5 = 0.0; var c0_6 = 0.0; var c0_7 = 0.0;
  var c1_0 = 0.0; var c1_1 = 0.0; var c1_2 = 0.0; var c1_3 = 0.0; var c1_4 = 0.0; var c1_5 = 0.0; var c1_6 = 0.0; var c1_7 = 0.0;
  var c2_0 = 0.0; var c2_1 = 0.0; var c2_2 = 0.0; var c2_3 = 0.0; var c2_4 = 0.0; var c2_5 = 0.0; var c2_6 = 0.0; var c2_7 = 0.0;
  var c3_0 = 0.0; var c3_1 = 0.0; var c3_2 = 0.0; var c3_3 = 0.0; var c3_4 = 0.0; var c3_5 = 0.0; var c3_6 = 0.0; var c3_7 = 0.0;
  var c4_0 = 0.0; var c4_1 = 0.0; var c4_2 = 0.0; var c4_3 = 0.0; var c4_4 = 0.0; var c4_5 = 0.0; var c4_6 = 0.0; var c4_7 = 0.0;
  var c5_0 = 0.0; var c5_1 = 0.0; var c5_2 = 0.0; var c5_3 = 0.0; var c5_4 = 0.0; var c5_5 = 0.0; var c5_6 = 0.0; var c5_7 = 0.0;
  var c6_0 = 0.0; var c6_1 = 0.0; var c6_2 = 0.0; var c6_3 = 0.0; var c6_4 = 0.0; var c6_5 = 0.0; var c6_6 = 0.0; var c6_7 = 0.0;
  var c7_0 = 0.0; var c7_1 = 0.0; var c7_2 = 0.0; var c7_3 = 0.0; var c7_4 = 0.0; var c7_5 = 0.0; var c7_6 = 0.0; var c7_7 = 0.0;
  for (var k4 = 0u; k4 < OUT / 4u; k4++) {
    let a0 = grad_out[from0 + k4];
    let a1 = grad_out[from1 + k4];
    let a2 = grad_out[from2 + k4];
    let a3 = grad_out[from3 + k4];
    let a4 = grad_out[from4 + k4];
    let a5 = grad_out[from5 + k4];
    let a6 = grad_out[from6 + k4];
    let a7 = grad_out[from7 + k4];
    let b0_0 = weight[(k4 * 4u + 0u) * (IN / 4u) + col0];
    let b0_1 = weight[(k4 * 4u + 1u) * (IN / 4u) + col0];
    let b0_2 = weight[(k4 * 4u + 2u) * (IN / 4u) + col0];
    let b0_3 = weight[(k4 * 4u + 3u) * (IN / 4u) + col0];
    let b1_0 = weight[(k4 * 4u + 0u) * (IN / 4u) + col1];
    let b1_1 = weight[(k4 * 4u + 1u) * (IN / 4u) + col1];
    let b1_2 = weight[(k4 * 4u + 2u) * (IN / 4u) + col1];
    let b1_3 = weight[(k4 * 4u + 3u) * (IN / 4u) + col1];
    c0_0 = c0_0 + a0.x * b0_0.x + a0.y * b0_1.x + a0.z * b0_2.x + a0.w * b0_3.x;
    c0_1 = c0_1 + a0.x * b0_0.y + a0.y * b0_1.y + a0.z * b0_2.y + a0.w * b0_3.y;
    c0_2 = c0_2 + a0.x * b0_0.z + a0.y * b0_1.z + a0.z * b0_2.z + a0.w * b0_3.z;
    c0_3 = c0_3 + a0.x * b0_0.w + a0.y * b0_1.w + a0.z * b0_2.w + a0.w * b0_3.w;
    c0_4 = c0_4 + a0.x * b1_0.x + a0.y * b1_1.x + a0.z * b1_2.x + a0.w * b1_3.x;
    c0_5 = c0_5 + a0.x * b1_0.y + a0.y * b1_1.y + a0.z * b1_2.y + a0.w * b1_3.y;
    c0_6 = c0_6 + a0.x * b1_0.z + a0.y * b1_1.z + a0.z * b1_2.z + a0.w * b1_3.z;
    c0_7 = c0_7 + a0.x * b1_0.w + a0.y * b1_1.w + a0.z * b1_2.w + a0.w * b1_3.w;
    c1_0 = c1_0 + a1.x * b0_0.x + a1.y * b0_1.x + a1.z * b0_2.x + a1.w * b0_3.x;
    c1_1 = c1_1 + a1.x * b0_0.y + a1.y * b0_1.y + a1.z * b0_2.y + a1.w * b0_3.y;
    c1_2 = c1_2 + a1.x * b0_0.z + a1.y * b0_1.z + a1.z * b0_2.z + a1.w * b0_3.z;
    c1_3 = c1_3 + a1.x * b0_0.w + a1.y * b0_1.w + a1.z * b0_2.w + a1.w * b0_3.w;
    c1_4 = c1_4 + a1.x * b1_0.x + a1.y * b1_1.x + a1.z * b1_2.x + a1.w * b1_3.x;
    c1_5 = c1_5 + a1.x * b1_0.y + a1.y * b1_1.y + a1.z * b1_2.y + a1.w * b1_3.y;
    c1_6 = c1_6 + a1.x * b1_0.z + a1.y * b1_1.z + a1.z * b1_2.z + a1.w * b1_3.z;
    c1_7 = c1_7 + a1.x * b1_0.w + a1.y * b1_1.w + a1.z * b1_2.w + a1.w * b1_3.w;
    c2_0 = c2_0 + a2.x * b0_0.x + a2.y * b0_1.x + a2.z * b0_2.x + a2.w * b0_3.x;
    c2_1 = c2_1 + a2.x * b0_0.y + a2.y * b0_1.y + a2.z * b0_2.y + a2.w * b0_3.y;
    c2_2 = c2_2 + a2.x * b0_0.z + a2.y * b0_1.z + a2.z * b0_2.z + a2.w * b0_3.z;
    c2_3 = c2_3 + a2.x * b0_0.w + a2.y * b0_1.w + a2.z * b0_2.w + a2.w * b0_3.w;
    c2_4 = c2_4 + a2.x * b1_0.x + a2.y * b1_1.x + a2.z * b1_2.x + a2.w * b1_3.x;
    c2_5 = c2_5 + a2.x * b1_0.y + a2.y * b1_1.y + a2.z * b1_2.y + a2.w * b1_3.y;
    c2_6 = c2_6 + a2.x * b1_0.z + a2.y * b1_1.z + a2.z * b1_2.z + a2.w * b1_3.z;
    c2_7 = c2_7 + a2.x * b1_0.w + a2.y * b1_1.w + a2.z * b1_2.w + a2.w * b1_3.w;
    c3_0 = c3_0 + a3.x * b0_0.x + a3.y * b0_1.x + a3.z * b0_2.x + a3.w * b0_3.x;
    c3_1 = c3_1 + a3.x * b0_0.y + a3.y * b0_1.y + a3.z * b0_2.y + a3.w * b0_3.y;
    c3_2 = c3_2 + a3.x * b0_0.z + a3.y * b0_1.z + a3.z * b0_2.z + a3.w * b0_3.z;
    c3_3 = c3_3 + a3.x * b0_0.w + a3.y * b0_1.w + a3.z * b0_2.w + a3.w * b0_3.w;
    c3_4 = c3_4 + a3.x * b1_0.x + a3.y * b1_1.x + a3.z * b1_2.x + a3.w * b1_3.x;
    c3_5 = c3_5 + a3.x * b1_0.y + a3.y * b1_1.y + a3.z * b1_2.y + a3.w * b1_3.y;
    c3_6 = c3_6 + a3.x * b1_0.z + a3.y * b1_1.z + a3.z * b1_2.z + a3.w * b1_3.z;
    c3_7 = c3_7 + a3.x * b1_0.w + a3.y * b1_1.w + a3.z * b1_2.w + a3.w * b1_3.w;
    c4_0 = c4_0 + a4.x * b0_0.x + a4.y * b0_1.x + a4.z * b0_2.x + a4.w * b0_3.x;
    c4_1 = c4_1 + a4.x * b0_0.y + a4.y * b0_1.y + a4.z * b0_2.y + a4.w * b0_3.y;
    c4_2 = c4_2 + a4.x * b0_0.z + a4.y * b0_1.z + a4.z * b0_2.z + a4.w * b0_3.z;
    c4_3 = c4_3 + a4.x * b0_0.w + a4.y * b0_1.w + a4.z * b0_2.w + a4.w * b0_3.w;
    c4_4 = c4_4 + a4.x * b1_0.x + a4.y * b1_1.x + a4.z * b1_2.x + a4.w * b1_3.x;
    c4_5 = c4_5 + a4.x * b1_0.y + a4.y * b1_1.y + a4.z * b1_2.y + a4.w * b1_3.y;
    c4_6 = c4_6 + a4.x * b1_0.z + a4.y * b1_1.z + a4.z * b1_2.z + a4.w * b1_3.z;
    c4_7 = c4_7 + a4.x * b1_0.w + a4.y * b1_1.w + a4.z * b1_2.w + a4.w * b1_3.w;
    c5_0 = c5_0 + a5.x * b0_0.x + a5.y * b0_1.x + a5.z * b0_2.x + a5.w * b0_3.x;
    c5_1 = c5_1 + a5.x * b0_0.y + a5.y * b0_1.y + a5.z * b0_2.y + a5.w * b0_3.y;
    c5_2 = c5_2 + a5.x * b0_0.z + a5.y * b0_1.z + a5.z * b0_2.z + a5.w * b0_3.z;
    c5_3 = c5_3 + a5.x * b0_0.w + a5.y * b0_1.w + a5.z * b0_2.w + a5.w * b0_3.w;
    c5_4 = c5_4 + a5.x * b1_0.x + a5.y * b1_1.x + a5.z * b1_2.x + a5.w * b1_3.x;
    c5_5 = c5_5 + a5.x * b1_0.y + a5.y * b1_1.y + a5.z * b1_2.y + a5.w * b1_3.y;
    c5_6 = c5_6 + a5.x * b1_0.z + a5.y * b1_1.z + a5.z * b1_2.z + a5.w * b1_3.z;
    c5_7 = c5_7 + a5.x * b1_0.w + a5.y * b1_1.w + a5.z * b1_2.w + a5.w * b1_3.w;
    c6_0 = c6_0 + a6.x * b0_0.x + a6.y * b0_1.x + a6.z * b0_2.x + a6.w * b0_3.x;
    c6_1 = c6_1 + a6.x * b0_0.y + a6.y * b0_1.y + a6.z * b0_2.y + a6.w * b0_3.y;
    c6_2 = c6_2 + a6.x * b0_0.z + a6.y * b0_1.z + a6.z * b0_2.z + a6.w * b0_3.z;
    c6_3 = c6_3 + a6.x * b0_0.w + a6.y * b0_1.w + a6.z * b0_2.w + a6.w * b0_3.w;
    c6_4 = c6_4 + a6.x * b1_0.x + a6.y * b1_1.x + a6.z * b1_2.x + a6.w * b1_3.x;
    c6_5 = c6_5 + a6.x * b1_0.y + a6.y * b1_1.y + a6.z * b1_2.y + a6.w * b1_3.y;
    c6_6 = c6_6 + a6.x * b1_0.z + a6.y * b1_1.z + a6.z * b1_2.z + a6.w * b1_3.z;
    c6_7 = c6_7 + a6.x * b1_0.w + a6.y * b1_1.w + a6.z * b1_2.w + a6.w * b1_3.w;
    c7_0 = c7_0 + a7.x * b0_0.x + a7.y * b0_1.x + a7.z * b0_2.x + a7.w * b0_3.x;
    c7_1 = c7_1 + a7.x * b0_0.y + a7.y * b0_1.y + a7.z * b0_2.y + a7.w * b0_3.y;
    c7_2 = c7_2 + a7.x * b0_0.z + a7.y * b0_1.z + a7.z * b0_2.z + a7.w * b0_3.z;
    c7_3 = c7_3 + a7.x * b0_0.w + a7.y * b0_1.w + a7.z * b0_2.w + a7.w * b0_3.w;
    c7_4 = c7_4 + a7.x * b1_0.x + a7.y * b1_1.x + a7.z * b1_2.x + a7.w * b1_3.x;
    c7_5 = c7_5 + a7.x * b1_0.y + a7.y * b1_1.y + a7.z * b1_2.y + a7.w * b1_3.y;
    c7_6 = c7_6 + a7.x * b1_0.z + a7.y * b1_1.z + a7.z * b1_2.z + a7.w * b1_3.z;
    c7_7 = c7_7 + a7.x * b1_0.w + a7.y * b1_1.w + a7.z * b1_2.w + a7.w * b1_3.w;
  }
  store(row0 * (IN / 4u) + col0, vec4f(c0_0, c0_1, c0_2, c0_3));
  store(row0 * (IN / 4u) + col1, vec4f(c0_4, c0_5, c0_6, c0_7));
  store(row1 * (IN / 4u) + col0, vec4f(c1_0, c1_1, c1_2, c1_3));
  store(row1 * (IN / 4u) + col1, vec4f(c1_4, c1_5, c1_6, c1_7));
  store(row2 * (IN / 4u) + col0, vec4f(c2_0, c2_1, c2_2, c2_3));
  store(row2 * (IN / 4u) + col1, vec4f(c2_4, c2_5, c2_6, c2_7));
  store(row3 * (IN / 4u) + col0, vec4f(c3_0, c3_1, c3_2, c3_3));
  store(row3 * (IN / 4u) + col1, vec4f(c3_4, c3_5, c3_6, c3_7));
  store(row4 * (IN / 4u) + col0, vec4f(c4_0, c4_1, c4_2, c4_3));
  store(row4 * (IN / 4u) + col1, vec4f(c4_4, c4_5, c4_6, c4_7));
  store(row5 * (IN / 4u) + col0, vec4f(c5_0, c5_1, c5_2, c5_3));
  store(row5 * (IN / 4u) + col1, vec4f(c5_4, c5_5, c5_6, c5_7));
  store(row6 * (IN / 4u) + col0, vec4f(c6_0, c6_1, c6_2, c6_3));
  store(row6 * (IN / 4u) + col1, vec4f(c6_4, c6_5, c6_6, c6_7));
  store(row7 * (IN / 4u) + col0, vec4f(c7_0, c7_1, c7_2, c7_3));
  store(row7 * (IN / 4u) + col1, vec4f(c7_4, c7_5, c7_6, c7_7));
}
