// Dropout:  out[i] = x[i] / (1 − RATE) with probability 1 − RATE, else 0
//
// Whether element i is kept is a function of (seed, step, SITE, i) alone, so the backward pass and a resumed run draw the same
// numbers: run the same dispatch over the gradient.
//
//   batch.tokens  number of rows T
//   random        seed and step
//   x, out        [T, WIDTH]
//
// Overrides: WIDTH, SITE (which dropout of the model this is), RATE (0 <= RATE < 1).
// Dispatch: ceil(T · WIDTH / 64) workgroups, over x and then y.
// Source: Srivastava et al. 2014; the hash is PCG's output function RXS-M-XS (O'Neill 2014; Jarzynski and Olano 2020).

override WIDTH: u32 = 768u;
override SITE: u32 = 0u;
override RATE: f32 = 0.1;

struct Batch { tokens: u32 }
struct Random { seed: u32, step: u32 }

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<uniform> random: Random;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

fn pcg(input: u32) -> u32 {
  let state = input * 747796405u + 2891336453u;
  let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
  return (word >> 22u) ^ word;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  if i >= batch.tokens * WIDTH { return; }
  let key = pcg(SITE + pcg(random.step + pcg(random.seed)));
  let draw = f32(pcg(key + pcg(i)) >> 8u) * (1.0 / 16777216.0); // [0, 1)
  out[i] = select(0.0, x[i] * (1.0 / (1.0 - RATE)), draw >= RATE);
}
