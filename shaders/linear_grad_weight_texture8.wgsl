// Linear layer, gradient of the weight:  grad_weight[n, k] += Σ_t grad_out[t, n] · x[t, k]
//
//   batch.tokens  number of rows T
//   grad_out      [T, WIDTH] as a texture: texel (c, r) holds columns 4c to 4c + 3 of row r; columns FIRST to FIRST + OUT are read
//   x             [T, IN] as a texture
//   grad_weight   [OUT, IN], added to
//
//   sizes         IN, OUT, FIRST, WIDTH: a uniform and no overrides, so that drivers compile the file once for all layers.
//                 FIRST 0 and WIDTH = OUT for a whole weight. A weight larger than one binding comes in blocks of rows, a dispatch each:
//                 OUT rows of WIDTH, from row FIRST on.
//
// Assumes IN and OUT multiples of 4, a subgroup size of 8.
// Dispatch: (ceil(IN / 32), ceil(OUT / 32)) workgroups; a workgroup is one subgroup and owns 32 x 32 sums, 32 columns of grad_out spread over its lanes.
// Operands come in textures since llvmpipe loads those without a branch a lane: a quarter faster than from buffers, copies included.

enable subgroups;

struct Sizes { input: u32, output: u32, first: u32, width: u32 }

struct Batch { tokens: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var grad_out: texture_storage_2d<rgba32float, read>;
@group(0) @binding(2) var x: texture_storage_2d<rgba32float, read>;
@group(0) @binding(3) var<storage, read_write> grad_weight: array<vec4f>;
@group(0) @binding(4) var<uniform> sizes: Sizes;

// What lane `lane` holds.
fn of_lane(v: vec4f, lane: u32) -> vec4f { return subgroupShuffle(v, lane); }

fn add(c: vec4f, s: vec4f, b0: vec4f, b1: vec4f, b2: vec4f, b3: vec4f) -> vec4f {
  return c + s.x * b0 + s.y * b1 + s.z * b2 + s.w * b3;
}

fn store(row: u32, col: u32, c: vec4f) {
  if row < sizes.output && col < sizes.input / 4u { grad_weight[row * (sizes.input / 4u) + col] += c; }
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * 32u;
  let own = min(sizes.first / 4u + group.y * 8u + lane, sizes.width / 4u - 1u);
  let col = group.x * 8u + lane;
  let there = min(col, sizes.input / 4u - 1u);
  let last = batch.tokens - 1u;
  var c0 = vec4f();  var c1 = vec4f();  var c2 = vec4f();  var c3 = vec4f();
  var c4 = vec4f();  var c5 = vec4f();  var c6 = vec4f();  var c7 = vec4f();
  var c8 = vec4f();  var c9 = vec4f();  var c10 = vec4f();  var c11 = vec4f();
  var c12 = vec4f();  var c13 = vec4f();  var c14 = vec4f();  var c15 = vec4f();
  var c16 = vec4f();  var c17 = vec4f();  var c18 = vec4f();  var c19 = vec4f();
  var c20 = vec4f();  var c21 = vec4f();  var c22 = vec4f();  var c23 = vec4f();
  var c24 = vec4f();  var c25 = vec4f();  var c26 = vec4f();  var c27 = vec4f();
  var c28 = vec4f();  var c29 = vec4f();  var c30 = vec4f();  var c31 = vec4f();

  for (var t = 0u; t <= last; t += 4u) {
    // Rows past the end repeat the last one and count nothing.
    let at = min(t + vec4u(0u, 1u, 2u, 3u), vec4u(last));
    let live = vec4f(t + vec4u(0u, 1u, 2u, 3u) <= vec4u(last));
    let g0 = textureLoad(grad_out, vec2u(own, at.x));
    let g1 = textureLoad(grad_out, vec2u(own, at.y)) * live.y;
    let g2 = textureLoad(grad_out, vec2u(own, at.z)) * live.z;
    let g3 = textureLoad(grad_out, vec2u(own, at.w)) * live.w;
    let a0 = vec4f(g0.x, g1.x, g2.x, g3.x);
    let a1 = vec4f(g0.y, g1.y, g2.y, g3.y);
    let a2 = vec4f(g0.z, g1.z, g2.z, g3.z);
    let a3 = vec4f(g0.w, g1.w, g2.w, g3.w);
    let b0 = textureLoad(x, vec2u(there, at.x));
    let b1 = textureLoad(x, vec2u(there, at.y));
    let b2 = textureLoad(x, vec2u(there, at.z));
    let b3 = textureLoad(x, vec2u(there, at.w));
    c0 = add(c0, of_lane(a0, 0u), b0, b1, b2, b3);
    c1 = add(c1, of_lane(a1, 0u), b0, b1, b2, b3);
    c2 = add(c2, of_lane(a2, 0u), b0, b1, b2, b3);
    c3 = add(c3, of_lane(a3, 0u), b0, b1, b2, b3);
    c4 = add(c4, of_lane(a0, 1u), b0, b1, b2, b3);
    c5 = add(c5, of_lane(a1, 1u), b0, b1, b2, b3);
    c6 = add(c6, of_lane(a2, 1u), b0, b1, b2, b3);
    c7 = add(c7, of_lane(a3, 1u), b0, b1, b2, b3);
    c8 = add(c8, of_lane(a0, 2u), b0, b1, b2, b3);
    c9 = add(c9, of_lane(a1, 2u), b0, b1, b2, b3);
    c10 = add(c10, of_lane(a2, 2u), b0, b1, b2, b3);
    c11 = add(c11, of_lane(a3, 2u), b0, b1, b2, b3);
    c12 = add(c12, of_lane(a0, 3u), b0, b1, b2, b3);
    c13 = add(c13, of_lane(a1, 3u), b0, b1, b2, b3);
    c14 = add(c14, of_lane(a2, 3u), b0, b1, b2, b3);
    c15 = add(c15, of_lane(a3, 3u), b0, b1, b2, b3);
    c16 = add(c16, of_lane(a0, 4u), b0, b1, b2, b3);
    c17 = add(c17, of_lane(a1, 4u), b0, b1, b2, b3);
    c18 = add(c18, of_lane(a2, 4u), b0, b1, b2, b3);
    c19 = add(c19, of_lane(a3, 4u), b0, b1, b2, b3);
    c20 = add(c20, of_lane(a0, 5u), b0, b1, b2, b3);
    c21 = add(c21, of_lane(a1, 5u), b0, b1, b2, b3);
    c22 = add(c22, of_lane(a2, 5u), b0, b1, b2, b3);
    c23 = add(c23, of_lane(a3, 5u), b0, b1, b2, b3);
    c24 = add(c24, of_lane(a0, 6u), b0, b1, b2, b3);
    c25 = add(c25, of_lane(a1, 6u), b0, b1, b2, b3);
    c26 = add(c26, of_lane(a2, 6u), b0, b1, b2, b3);
    c27 = add(c27, of_lane(a3, 6u), b0, b1, b2, b3);
    c28 = add(c28, of_lane(a0, 7u), b0, b1, b2, b3);
    c29 = add(c29, of_lane(a1, 7u), b0, b1, b2, b3);
    c30 = add(c30, of_lane(a2, 7u), b0, b1, b2, b3);
    c31 = add(c31, of_lane(a3, 7u), b0, b1, b2, b3);
  }
  store(row + 0u, col, c0);
  store(row + 1u, col, c1);
  store(row + 2u, col, c2);
  store(row + 3u, col, c3);
  store(row + 4u, col, c4);
  store(row + 5u, col, c5);
  store(row + 6u, col, c6);
  store(row + 7u, col, c7);
  store(row + 8u, col, c8);
  store(row + 9u, col, c9);
  store(row + 10u, col, c10);
  store(row + 11u, col, c11);
  store(row + 12u, col, c12);
  store(row + 13u, col, c13);
  store(row + 14u, col, c14);
  store(row + 15u, col, c15);
  store(row + 16u, col, c16);
  store(row + 17u, col, c17);
  store(row + 18u, col, c18);
  store(row + 19u, col, c19);
  store(row + 20u, col, c20);
  store(row + 21u, col, c21);
  store(row + 22u, col, c22);
  store(row + 23u, col, c23);
  store(row + 24u, col, c24);
  store(row + 25u, col, c25);
  store(row + 26u, col, c26);
  store(row + 27u, col, c27);
  store(row + 28u, col, c28);
  store(row + 29u, col, c29);
  store(row + 30u, col, c30);
  store(row + 31u, col, c31);
}
