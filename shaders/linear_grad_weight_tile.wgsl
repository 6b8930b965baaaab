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
// Assumes IN and OUT multiples of 4.
// Dispatch: (ceil(IN / 32), ceil(OUT / 16)) workgroups; an invocation owns 8 x 8 sums.
// Sums go through workgroup memory so that a short loop stores them: much less code for the driver to compile.

struct Sizes { input: u32, output: u32, first: u32, width: u32 }

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(4) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> grad_out: array<vec4f>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> grad_weight: array<vec4f>;

var<workgroup> tile: array<vec4f, 128>;

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let IN = sizes.input;
  let OUT = sizes.output;
  let WIDTH = sizes.width;
  let tokens = batch.tokens;
  let row = group.y * 16u;
  let col = group.x * 32u;
  let lane_x = lane % 4u;
  let lane_y = lane / 4u;
  let row0 = min(row / 4u + 0u + lane_y, OUT / 4u - 1u);
  let from0 = sizes.first / 4u + row0;
  let row1 = min(row / 4u + 2u + lane_y, OUT / 4u - 1u);
  let from1 = sizes.first / 4u + row1;
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
  for (var k4 = 0u; k4 < (tokens + 3u) / 4u; k4++) {
    let t0 = k4 * 4u;
    let t1 = min(t0 + 1u, tokens - 1u); let live1 = f32(t0 + 1u < tokens);
    let t2 = min(t0 + 2u, tokens - 1u); let live2 = f32(t0 + 2u < tokens);
    let t3 = min(t0 + 3u, tokens - 1u); let live3 = f32(t0 + 3u < tokens);
    let a0_0 = grad_out[t0 * (WIDTH / 4u) + from0];
    let a0_1 = grad_out[t1 * (WIDTH / 4u) + from0] * live1;
    let a0_2 = grad_out[t2 * (WIDTH / 4u) + from0] * live2;
    let a0_3 = grad_out[t3 * (WIDTH / 4u) + from0] * live3;
    let a1_0 = grad_out[t0 * (WIDTH / 4u) + from1];
    let a1_1 = grad_out[t1 * (WIDTH / 4u) + from1] * live1;
    let a1_2 = grad_out[t2 * (WIDTH / 4u) + from1] * live2;
    let a1_3 = grad_out[t3 * (WIDTH / 4u) + from1] * live3;
    let b0_0 = x[t0 * (IN / 4u) + col0];
    let b0_1 = x[t1 * (IN / 4u) + col0];
    let b0_2 = x[t2 * (IN / 4u) + col0];
    let b0_3 = x[t3 * (IN / 4u) + col0];
    let b1_0 = x[t0 * (IN / 4u) + col1];
    let b1_1 = x[t1 * (IN / 4u) + col1];
    let b1_2 = x[t2 * (IN / 4u) + col1];
    let b1_3 = x[t3 * (IN / 4u) + col1];
    c0_0 = c0_0 + a0_0.x * b0_0.x + a0_1.x * b0_1.x + a0_2.x * b0_2.x + a0_3.x * b0_3.x;
    c0_1 = c0_1 + a0_0.x * b0_0.y + a0_1.x * b0_1.y + a0_2.x * b0_2.y + a0_3.x * b0_3.y;
    c0_2 = c0_2 + a0_0.x * b0_0.z + a0_1.x * b0_1.z + a0_2.x * b0_2.z + a0_3.x * b0_3.z;
    c0_3 = c0_3 + a0_0.x * b0_0.w + a0_1.x * b0_1.w + a0_2.x * b0_2.w + a0_3.x * b0_3.w;
    c0_4 = c0_4 + a0_0.x * b1_0.x + a0_1.x * b1_1.x + a0_2.x * b1_2.x + a0_3.x * b1_3.x;
    c0_5 = c0_5 + a0_0.x * b1_0.y + a0_1.x * b1_1.y + a0_2.x * b1_2.y + a0_3.x * b1_3.y;
    c0_6 = c0_6 + a0_0.x * b1_0.z + a0_1.x * b1_1.z + a0_2.x * b1_2.z + a0_3.x * b1_3.z;
    c0_7 = c0_7 + a0_0.x * b1_0.w + a0_1.x * b1_1.w + a0_2.x * b1_2.w + a0_3.x * b1_3.w;
    c1_0 = c1_0 + a0_0.y * b0_0.x + a0_1.y * b0_1.x + a0_2.y * b0_2.x + a0_3.y * b0_3.x;
    c1_1 = c1_1 + a0_0.y * b0_0.y + a0_1.y * b0_1.y + a0_2.y * b0_2.y + a0_3.y * b0_3.y;
    c1_2 = c1_2 + a0_0.y * b0_0.z + a0_1.y * b0_1.z + a0_2.y * b0_2.z + a0_3.y * b0_3.z;
    c1_3 = c1_3 + a0_0.y * b0_0.w + a0_1.y * b0_1.w + a0_2.y * b0_2.w + a0_3.y * b0_3.w;
    c1_4 = c1_4 + a0_0.y * b1_0.x + a0_1.y * b1_1.x + a0_2.y * b1_2.x + a0_3.y * b1_3.x;
    c1_5 = c1_5 + a0_0.y * b1_0.y + a0_1.y * b1_1.y + a0_2.y * b1_2.y + a0_3.y * b1_3.y;
    c1_6 = c1_6 + a0_0.y * b1_0.z + a0_1.y * b1_1.z + a0_2.y * b1_2.z + a0_3.y * b1_3.z;
    c1_7 = c1_7 + a0_0.y * b1_0.w + a0_1.y * b1_1.w + a0_2.y * b1_2.w + a0_3.y * b1_3.w;
    c2_0 = c2_0 + a0_0.z * b0_0.x + a0_1.z * b0_1.x + a0_2.z * b0_2.x + a0_3.z * b0_3.x;
    c2_1 = c2_1 + a0_0.z * b0_0.y + a0_1.z * b0_1.y + a0_2.z * b0_2.y + a0_3.z * b0_3.y;
    c2_2 = c2_2 + a0_0.z * b0_0.z + a0_1.z * b0_1.z + a0_2.z * b0_2.z + a0_3.z * b0_3.z;
    c2_3 = c2_3 + a0_0.z * b0_0.w + a0_1.z * b0_1.w + a0_2.z * b0_2.w + a0_3.z * b0_3.w;
    c2_4 = c2_4 + a0_0.z * b1_0.x + a0_1.z * b1_1.x + a0_2.z * b1_2.x + a0_3.z * b1_3.x;
    c2_5 = c2_5 + a0_0.z * b1_0.y + a0_1.z * b1_1.y + a0_2.z * b1_2.y + a0_3.z * b1_3.y;
    c2_6 = c2_6 + a0_0.z * b1_0.z + a0_1.z * b1_1.z + a0_2.z * b1_2.z + a0_3.z * b1_3.z;
    c2_7 = c2_7 + a0_0.z * b1_0.w + a0_1.z * b1_1.w + a0_2.z * b1_2.w + a0_3.z * b1_3.w;
    c3_0 = c3_0 + a0_0.w * b0_0.x + a0_1.w * b0_1.x + a0_2.w * b0_2.x + a0_3.w * b0_3.x;
    c3_1 = c3_1 + a0_0.w * b0_0.y + a0_1.w * b0_1.y + a0_2.w * b0_2.y + a0_3.w * b0_3.y;
    c3_2 = c3_2 + a0_0.w * b0_0.z + a0_1.w * b0_1.z + a0_2.w * b0_2.z + a0_3.w * b0_3.z;
    c3_3 = c3_3 + a0_0.w * b0_0.w + a0_1.w * b0_1.w + a0_2.w * b0_2.w + a0_3.w * b0_3.w;
    c3_4 = c3_4 + a0_0.w * b1_0.x + a0_1.w * b1_1.x + a0_2.w * b1_2.x + a0_3.w * b1_3.x;
    c3_5 = c3_5 + a0_0.w * b1_0.y + a0_1.w * b1_1.y + a0_2.w * b1_2.y + a0_3.w * b1_3.y;
    c3_6 = c3_6 + a0_0.w * b1_0.z + a0_1.w * b1_1.z + a0_2.w * b1_2.z + a0_3.w * b1_3.z;
    c3_7 = c3_7 + a0_0.w * b1_0.w + a0_1.w * b1_1.w + a0_2.w * b1_2.w + a0_3.w * b1_3.w;
    c4_0 = c4_0 + a1_0.x * b0_0.x + a1_1.x * b0_1.x + a1_2.x * b0_2.x + a1_3.x * b0_3.x;
    c4_1 = c4_1 + a1_0.x * b0_0.y + a1_1.x * b0_1.y + a1_2.x * b0_2.y + a1_3.x * b0_3.y;
    c4_2 = c4_2 + a1_0.x * b0_0.z + a1_1.x * b0_1.z + a1_2.x * b0_2.z + a1_3.x * b0_3.z;
    c4_3 = c4_3 + a1_0.x * b0_0.w + a1_1.x * b0_1.w + a1_2.x * b0_2.w + a1_3.x * b0_3.w;
    c4_4 = c4_4 + a1_0.x * b1_0.x + a1_1.x * b1_1.x + a1_2.x * b1_2.x + a1_3.x * b1_3.x;
    c4_5 = c4_5 + a1_0.x * b1_0.y + a1_1.x * b1_1.y + a1_2.x * b1_2.y + a1_3.x * b1_3.y;
    c4_6 = c4_6 + a1_0.x * b1_0.z + a1_1.x * b1_1.z + a1_2.x * b1_2.z + a1_3.x * b1_3.z;
    c4_7 = c4_7 + a1_0.x * b1_0.w + a1_1.x * b1_1.w + a1_2.x * b1_2.w + a1_3.x * b1_3.w;
    c5_0 = c5_0 + a1_0.y * b0_0.x + a1_1.y * b0_1.x + a1_2.y * b0_2.x + a1_3.y * b0_3.x;
    c5_1 = c5_1 + a1_0.y * b0_0.y + a1_1.y * b0_1.y + a1_2.y * b0_2.y + a1_3.y * b0_3.y;
    c5_2 = c5_2 + a1_0.y * b0_0.z + a1_1.y * b0_1.z + a1_2.y * b0_2.z + a1_3.y * b0_3.z;
    c5_3 = c5_3 + a1_0.y * b0_0.w + a1_1.y * b0_1.w + a1_2.y * b0_2.w + a1_3.y * b0_3.w;
    c5_4 = c5_4 + a1_0.y * b1_0.x + a1_1.y * b1_1.x + a1_2.y * b1_2.x + a1_3.y * b1_3.x;
    c5_5 = c5_5 + a1_0.y * b1_0.y + a1_1.y * b1_1.y + a1_2.y * b1_2.y + a1_3.y * b1_3.y;
    c5_6 = c5_6 + a1_0.y * b1_0.z + a1_1.y * b1_1.z + a1_2.y * b1_2.z + a1_3.y * b1_3.z;
    c5_7 = c5_7 + a1_0.y * b1_0.w + a1_1.y * b1_1.w + a1_2.y * b1_2.w + a1_3.y * b1_3.w;
    c6_0 = c6_0 + a1_0.z * b0_0.x + a1_1.z * b0_1.x + a1_2.z * b0_2.x + a1_3.z * b0_3.x;
    c6_1 = c6_1 + a1_0.z * b0_0.y + a1_1.z * b0_1.y + a1_2.z * b0_2.y + a1_3.z * b0_3.y;
    c6_2 = c6_2 + a1_0.z * b0_0.z + a1_1.z * b0_1.z + a1_2.z * b0_2.z + a1_3.z * b0_3.z;
    c6_3 = c6_3 + a1_0.z * b0_0.w + a1_1.z * b0_1.w + a1_2.z * b0_2.w + a1_3.z * b0_3.w;
    c6_4 = c6_4 + a1_0.z * b1_0.x + a1_1.z * b1_1.x + a1_2.z * b1_2.x + a1_3.z * b1_3.x;
    c6_5 = c6_5 + a1_0.z * b1_0.y + a1_1.z * b1_1.y + a1_2.z * b1_2.y + a1_3.z * b1_3.y;
    c6_6 = c6_6 + a1_0.z * b1_0.z + a1_1.z * b1_1.z + a1_2.z * b1_2.z + a1_3.z * b1_3.z;
    c6_7 = c6_7 + a1_0.z * b1_0.w + a1_1.z * b1_1.w + a1_2.z * b1_2.w + a1_3.z * b1_3.w;
    c7_0 = c7_0 + a1_0.w * b0_0.x + a1_1.w * b0_1.x + a1_2.w * b0_2.x + a1_3.w * b0_3.x;
    c7_1 = c7_1 + a1_0.w * b0_0.y + a1_1.w * b0_1.y + a1_2.w * b0_2.y + a1_3.w * b0_3.y;
    c7_2 = c7_2 + a1_0.w * b0_0.z + a1_1.w * b0_1.z + a1_2.w * b0_2.z + a1_3.w * b0_3.z;
    c7_3 = c7_3 + a1_0.w * b0_0.w + a1_1.w * b0_1.w + a1_2.w * b0_2.w + a1_3.w * b0_3.w;
    c7_4 = c7_4 + a1_0.w * b1_0.x + a1_1.w * b1_1.x + a1_2.w * b1_2.x + a1_3.w * b1_3.x;
    c7_5 = c7_5 + a1_0.w * b1_0.y + a1_1.w * b1_1.y + a1_2.w * b1_2.y + a1_3.w * b1_3.y;
    c7_6 = c7_6 + a1_0.w * b1_0.z + a1_1.w * b1_1.z + a1_2.w * b1_2.z + a1_3.w * b1_3.z;
    c7_7 = c7_7 + a1_0.w * b1_0.w + a1_1.w * b1_1.w + a1_2.w * b1_2.w + a1_3.w * b1_3.w;
  }
  tile[0u + lane] = vec4f(c0_0, c0_1, c0_2, c0_3); tile[8u + lane] = vec4f(c0_4, c0_5, c0_6, c0_7);
  tile[16u + lane] = vec4f(c1_0, c1_1, c1_2, c1_3); tile[24u + lane] = vec4f(c1_4, c1_5, c1_6, c1_7);
  tile[32u + lane] = vec4f(c2_0, c2_1, c2_2, c2_3); tile[40u + lane] = vec4f(c2_4, c2_5, c2_6, c2_7);
  tile[48u + lane] = vec4f(c3_0, c3_1, c3_2, c3_3); tile[56u + lane] = vec4f(c3_4, c3_5, c3_6, c3_7);
  tile[64u + lane] = vec4f(c4_0, c4_1, c4_2, c4_3); tile[72u + lane] = vec4f(c4_4, c4_5, c4_6, c4_7);
  tile[80u + lane] = vec4f(c5_0, c5_1, c5_2, c5_3); tile[88u + lane] = vec4f(c5_4, c5_5, c5_6, c5_7);
  tile[96u + lane] = vec4f(c6_0, c6_1, c6_2, c6_3); tile[104u + lane] = vec4f(c6_4, c6_5, c6_6, c6_7);
  tile[112u + lane] = vec4f(c7_0, c7_1, c7_2, c7_3); tile[120u + lane] = vec4f(c7_4, c7_5, c7_6, c7_7);
  for (var r = 0u; r < 8u; r++) {
    let to = row + (r / 4u) * 8u + lane_y * 4u + (r & 3u);
    if to >= OUT { continue; }
    for (var j = 0u; j < 2u; j++) {
      let at = col / 4u + j * 4u + lane_x;
      if at < IN / 4u { grad_weight[to * (IN / 4u) + at] += tile[(r * 2u + j) * 8u + lane]; }
    }
  }
}
