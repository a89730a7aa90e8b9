// Where the elements lie that are joined over some axes of x.
struct Params {
  // Axes that stay and axes that go, the last fastest: extent and stride in x.
  kept: array<vec4u, 6>,
  gone: array<vec4u, 6>,
  x: u32, y: u32, weights: u32,
  // Positions along the axes that stay, and elements that are joined at each.
  results: u32, length: u32,
  keptRank: u32, goneRank: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read_write> arena: array<f32>;

fn keptOffset(index: u32) -> u32 {
  var rest = index;
  var offset = 0u;
  for (var i = p.keptRank; i > 0u; i--) {
    let axis = p.kept[i - 1u];
    offset += rest % axis.x * axis.y;
    rest /= axis.x;
  }
  return offset;
}

fn goneOffset(index: u32) -> u32 {
  var rest = index;
  var offset = 0u;
  for (var i = p.goneRank; i > 0u; i--) {
    let axis = p.gone[i - 1u];
    offset += rest % axis.x * axis.y;
    rest /= axis.x;
  }
  return offset;
}
