// Moves elements by a table: one entry an element of y, its place in the arena or -1 for `fill` (bits of a float).
// Serves every op that only moves data.
struct Params { table: u32, y: u32, count: u32, fill: u32 }

override LANES: u32 = 64;

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> table: array<i32>;
@group(0) @binding(2) var<storage, read_write> arena: array<f32>;

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = (group.y * groups.x + group.x) * LANES + lane;
  if (index >= p.count) {
    return;
  }
  let source = table[p.table + index];
  var value = bitcast<f32>(p.fill);
  if (source >= 0) {
    value = arena[source];
  }
  arena[p.y + index] = value;
}
