#!/usr/bin/env bash
# Builds pkcs11js, the native add-on by which keys on PKCS#11 tokens sign. `npm ci` leaves it unbuilt, as no package runs
# code at install time. It needs a C++ compiler; the headers are those of the Node that the lockfile brings, or of NODE_HEADERS.
set -euo pipefail
cd "$(dirname "$0")/.."

addon=node_modules/pkcs11js
binary=$addon/build/Release/pkcs11.node
[ -d "$addon" ] || { echo "build-pkcs11: $addon is missing: npm ci --ignore-scripts" >&2; exit 1; }
[ "$binary" -nt "$addon/src/main.cpp" ] && exit 0

headers=${NODE_HEADERS:-}
for folder in node_modules/node-linux-*/include/node; do
  [ -n "$headers" ] || [ ! -e "$folder/node_api.h" ] || headers=$folder
done
[ -n "$headers" ] || { echo "build-pkcs11: no Node headers; set NODE_HEADERS to the folder of node_api.h" >&2; exit 1; }

mkdir -p "$(dirname "$binary")"
"${CXX:-g++}" -shared -fPIC -O2 -std=c++17 -DNAPI_DISABLE_CPP_EXCEPTIONS -DNODE_GYP_MODULE_NAME=pkcs11 \
  -I "$headers" -I "$addon/includes" "$addon"/src/{dl,common,main}.cpp -ldl -o "$binary.new"
mv "$binary.new" "$binary"
