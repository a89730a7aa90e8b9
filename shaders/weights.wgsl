// Matrices of weights: float32, or with HALVES float16, two to a word, the first in its lower half. unpack2x16float is core
// WGSL, so every device reads them, with or without shader-f16; sums stay float32. Addresses are in words and multiples
// of four. What is small, such as a bias, is float32 always and read from `weights` or `weightScalars`.
override HALVES: bool = false;

@group(0) @binding(1) var<storage, read> weights: array<vec4f>;
@group(0) @binding(1) var<storage, read> weightScalars: array<f32>;
// The same buffer as words.
@group(0) @binding(3) var<storage, read> halves: array<vec2u>;
@group(0) @binding(3) var<storage, read> halfScalars: array<u32>;

// The index-th four numbers of a matrix.
fn weightsAt(matrix: u32, index: u32) -> vec4f {
  if (HALVES) {
    let words = halves[matrix / 2u + index];
    return vec4f(unpack2x16float(words.x), unpack2x16float(words.y));
  }
  return weights[matrix / 4u + index];
}

fn weightAt(matrix: u32, index: u32) -> f32 {
  if (HALVES) {
    return unpack2x16float(halfScalars[matrix + index / 2u] >> (16u * (index % 2u))).x;
  }
  return weightScalars[matrix + index];
}
