// Where the elements lie that are joined over some axes of x.
struct Params {
  // Axes that stay, then axes that go, each the last fastest: extent and stride in x.
  axes: array<vec4u, 12>,
  x: u32, y: u32, weights: u32,
  // Positions along the axes that stay, and elements that are joined at each.
  results: u32, length: u32,
  // Axes that stay, and all axes.
  keptRank: u32, rank: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read_write> arena: array<f32>;

// Offset in x of a position along the axes from `first` to before `end`.
fn offsetAlong(first: u32, end: u32, index: u32) -> u32 {
  var rest = index;
  var offset = 0u;
  for (var i = end; i > first; i--) {
    let axis = p.axes[i - 1u];
    offset += rest % axis.x * axis.y;
    rest /= axis.x;
  }
  return offset;
}

fn keptOffset(index: u32) -> u32 {
  return offsetAlong(0u, p.keptRank, index);
}

fn goneOffset(index: u32) -> u32 {
  return offsetAlong(p.keptRank, p.rank, index);
}
