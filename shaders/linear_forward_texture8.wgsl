// Linear layer, forward:  out[t, n] = Σ_k x[t, k] · weight[n, k] + bias[n]
//
//   batch.tokens  number of rows T
//   x             [T, IN] as a texture: texel (c, r) holds columns 4c to 4c + 3 of row r
//   weight        [OUT, IN] as a texture
//   bias          [WIDTH]
//   out           [T, WIDTH]; columns FIRST to FIRST + OUT are written
//
//   sizes         IN, OUT, FIRST, WIDTH: a uniform and no overrides, so that drivers compile the file once for all layers.
//                 FIRST 0 and WIDTH = OUT for a whole weight. A weight larger than one binding comes in blocks of rows, a dispatch each:
//                 OUT rows of WIDTH, from row FIRST on.
//
// Assumes IN a multiple of 4, a subgroup size of 8.
// Dispatch: (ceil(OUT / 32), ceil(T / 32)) workgroups; a workgroup is one subgroup and owns 32 x 32 sums, eight rows of x spread over its lanes.
// Operands come in textures since llvmpipe loads those without a branch a lane: a quarter faster than from buffers, copies included.
// Rows and columns past the edge repeat the last one: they compute and store the same value, so that no store needs a condition.

enable subgroups;

struct Sizes { input: u32, output: u32, first: u32, width: u32 }

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var x: texture_storage_2d<rgba32float, read>;
@group(0) @binding(2) var weight: texture_storage_2d<rgba32float, read>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<uniform> sizes: Sizes;

// What lane `lane` holds.
fn of_lane(v: vec4f, lane: u32) -> vec4f { return subgroupShuffle(v, lane); }

fn add(c: vec4f, s: vec4f, b0: vec4f, b1: vec4f, b2: vec4f, b3: vec4f) -> vec4f {
  return c + s.x * b0 + s.y * b1 + s.z * b2 + s.w * b3;
}

fn store(row: u32, to: vec4u, c: vec4f) {
  let at = min(row, batch.tokens - 1u) * sizes.width;
  out[at + to.x] = c.x;
  out[at + to.y] = c.y;
  out[at + to.z] = c.z;
  out[at + to.w] = c.w;
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * 32u;
  if row >= batch.tokens { return; }
  let rows = min(row + lane + vec4u(0u, 8u, 16u, 24u), vec4u(batch.tokens - 1u));
  let cols = min(group.x * 32u + lane + vec4u(0u, 8u, 16u, 24u), vec4u(sizes.output - 1u));
  let to = sizes.first + cols;
  let start = vec4f(bias[to.x], bias[to.y], bias[to.z], bias[to.w]);
  var c0 = start;  var c1 = start;  var c2 = start;  var c3 = start;
  var c4 = start;  var c5 = start;  var c6 = start;  var c7 = start;
  var c8 = start;  var c9 = start;  var c10 = start;  var c11 = start;
  var c12 = start;  var c13 = start;  var c14 = start;  var c15 = start;
  var c16 = start;  var c17 = start;  var c18 = start;  var c19 = start;
  var c20 = start;  var c21 = start;  var c22 = start;  var c23 = start;
  var c24 = start;  var c25 = start;  var c26 = start;  var c27 = start;
  var c28 = start;  var c29 = start;  var c30 = start;  var c31 = start;

  for (var k = 0u; k < sizes.input / 4u; k++) {
    let a0 = textureLoad(x, vec2u(k, rows.x));
    let a1 = textureLoad(x, vec2u(k, rows.y));
    let a2 = textureLoad(x, vec2u(k, rows.z));
    let a3 = textureLoad(x, vec2u(k, rows.w));
    let w0 = textureLoad(weight, vec2u(k, cols.x));
    let w1 = textureLoad(weight, vec2u(k, cols.y));
    let w2 = textureLoad(weight, vec2u(k, cols.z));
    let w3 = textureLoad(weight, vec2u(k, cols.w));
    let b0 = vec4f(w0.x, w1.x, w2.x, w3.x);
    let b1 = vec4f(w0.y, w1.y, w2.y, w3.y);
    let b2 = vec4f(w0.z, w1.z, w2.z, w3.z);
    let b3 = vec4f(w0.w, w1.w, w2.w, w3.w);
    c0 = add(c0, of_lane(a0, 0u), b0, b1, b2, b3);
    c1 = add(c1, of_lane(a0, 1u), b0, b1, b2, b3);
    c2 = add(c2, of_lane(a0, 2u), b0, b1, b2, b3);
    c3 = add(c3, of_lane(a0, 3u), b0, b1, b2, b3);
    c4 = add(c4, of_lane(a0, 4u), b0, b1, b2, b3);
    c5 = add(c5, of_lane(a0, 5u), b0, b1, b2, b3);
    c6 = add(c6, of_lane(a0, 6u), b0, b1, b2, b3);
    c7 = add(c7, of_lane(a0, 7u), b0, b1, b2, b3);
    c8 = add(c8, of_lane(a1, 0u), b0, b1, b2, b3);
    c9 = add(c9, of_lane(a1, 1u), b0, b1, b2, b3);
    c10 = add(c10, of_lane(a1, 2u), b0, b1, b2, b3);
    c11 = add(c11, of_lane(a1, 3u), b0, b1, b2, b3);
    c12 = add(c12, of_lane(a1, 4u), b0, b1, b2, b3);
    c13 = add(c13, of_lane(a1, 5u), b0, b1, b2, b3);
    c14 = add(c14, of_lane(a1, 6u), b0, b1, b2, b3);
    c15 = add(c15, of_lane(a1, 7u), b0, b1, b2, b3);
    c16 = add(c16, of_lane(a2, 0u), b0, b1, b2, b3);
    c17 = add(c17, of_lane(a2, 1u), b0, b1, b2, b3);
    c18 = add(c18, of_lane(a2, 2u), b0, b1, b2, b3);
    c19 = add(c19, of_lane(a2, 3u), b0, b1, b2, b3);
    c20 = add(c20, of_lane(a2, 4u), b0, b1, b2, b3);
    c21 = add(c21, of_lane(a2, 5u), b0, b1, b2, b3);
    c22 = add(c22, of_lane(a2, 6u), b0, b1, b2, b3);
    c23 = add(c23, of_lane(a2, 7u), b0, b1, b2, b3);
    c24 = add(c24, of_lane(a3, 0u), b0, b1, b2, b3);
    c25 = add(c25, of_lane(a3, 1u), b0, b1, b2, b3);
    c26 = add(c26, of_lane(a3, 2u), b0, b1, b2, b3);
    c27 = add(c27, of_lane(a3, 3u), b0, b1, b2, b3);
    c28 = add(c28, of_lane(a3, 4u), b0, b1, b2, b3);
    c29 = add(c29, of_lane(a3, 5u), b0, b1, b2, b3);
    c30 = add(c30, of_lane(a3, 6u), b0, b1, b2, b3);
    c31 = add(c31, of_lane(a3, 7u), b0, b1, b2, b3);
  }
  store(row + 0u, to, c0);
  store(row + 1u, to, c1);
  store(row + 2u, to, c2);
  store(row + 3u, to, c3);
  store(row + 4u, to, c4);
  store(row + 5u, to, c5);
  store(row + 6u, to, c6);
  store(row + 7u, to, c7);
  store(row + 8u, to, c8);
  store(row + 9u, to, c9);
  store(row + 10u, to, c10);
  store(row + 11u, to, c11);
  store(row + 12u, to, c12);
  store(row + 13u, to, c13);
  store(row + 14u, to, c14);
  store(row + 15u, to, c15);
  store(row + 16u, to, c16);
  store(row + 17u, to, c17);
  store(row + 18u, to, c18);
  store(row + 19u, to, c19);
  store(row + 20u, to, c20);
  store(row + 21u, to, c21);
  store(row + 22u, to, c22);
  store(row + 23u, to, c23);
  store(row + 24u, to, c24);
  store(row + 25u, to, c25);
  store(row + 26u, to, c26);
  store(row + 27u, to, c27);
  store(row + 28u, to, c28);
  store(row + 29u, to, c29);
  store(row + 30u, to, c30);
  store(row + 31u, to, c31);
}
