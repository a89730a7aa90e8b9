#!/bin/sh
# Every benchmark on a machine with a GPU, in one go (under 5 minutes) and into one JSON.
#   here:    sh tools/gpu-bench.sh pack            writes .gpu/bench (not under version control)
#   there:   sh tools/gpu-bench.sh run OUT.json    from the folder that holds .gpu and tools, more options of the benchmark behind
# There it needs a Vulkan loader and driver, Node 20 or newer, and in node_modules the packages that the product needs and
# onnxruntime-node. Node is .gpu/run.sh where there is one (a script that starts a Node carried along), else `node`.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
case ${1:-} in
pack)
  node --import tsx tools/generate.ts
  node --import tsx bench/support/pack.ts .gpu/bench
  du -sh .gpu/bench
  ;;
run)
  out=${2:?usage: gpu-bench.sh run OUT.json}
  shift 2
  if [ -f .gpu/run.sh ]; then set -- sh .gpu/run.sh .gpu/bench/bundle/run.mjs "$@"; else set -- node .gpu/bench/bundle/run.mjs "$@"; fi
  exec timeout 300 "$@" --compiled .gpu/bench/compiled --json "$out"
  ;;
*)
  sed -n '2,6s/^# *//p' "$0" >&2
  exit 2
  ;;
esac
