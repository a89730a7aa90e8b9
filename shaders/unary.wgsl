// uses activation.wgsl
// y = f(x), four elements an invocation; values are padded to four in memory.
struct Params { x: u32, y: u32, count: u32 }

override LANES: u32 = 64;

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(2) var<storage, read_write> arena: array<vec4f>;

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = (group.y * groups.x + group.x) * LANES + lane;
  if (index * 4u < p.count) {
    arena[p.y / 4u + index] = activate4(arena[p.x / 4u + index]);
  }
}
