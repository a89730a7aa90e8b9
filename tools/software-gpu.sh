#!/bin/sh
# A software GPU for tests on machines without one: SwiftShader, out of Debian's chromium-common, into
# .cache/swiftshader. Installs nothing; does nothing if it is there already. Prints the path for VK_DRIVER_FILES.
#   usage: VK_DRIVER_FILES=$(tools/software-gpu.sh) npm test
set -eu
cache=$(cd "$(dirname "$0")/.." && pwd)/.cache
there=$cache/swiftshader
driver=$there/vk_swiftshader_icd.json
if [ ! -f "$driver" ]; then
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/download.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  chmod 755 "$work"
  (cd "$work" && apt-get download chromium-common >&2) || {
    echo "software-gpu: apt-get could not download chromium-common; run apt-get update first, on Debian 12 or later" >&2
    exit 1
  }
  dpkg-deb --fsys-tarfile "$work"/chromium-common_*.deb | tar -x -C "$work" ./usr/lib/chromium/libvk_swiftshader.so ./usr/lib/chromium/vk_swiftshader_icd.json
  # The folder appears in one move, so that another run never sees half of it.
  [ -f "$driver" ] || mv -T "$work/usr/lib/chromium" "$there" 2>/dev/null || [ -f "$driver" ]
fi
echo "$driver"
