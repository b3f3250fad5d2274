#!/usr/bin/env bash
# Installs TensorFlow for --device tensorflow (or, with --cuda, for --device cuda) without saving it in package.json.
# npm's package downloads an old libtensorflow; this script builds its binding against the TensorFlow of PyPI's wheel instead.
#   bash scripts/install-tensorflow.sh [--cuda] [--version X.Y.Z] [--project FOLDER]
# --cuda      @tensorflow/tfjs-node-gpu with the wheel that has GPU kernels; CUDA and cuDNN must be installed
# --version   of TensorFlow [2.15.1]
# --project   the npm project that gets the package [this folder]
# Needs npm, pip and g++; 1 GB of disk.
set -euo pipefail
usage='usage: bash scripts/install-tensorflow.sh [--cuda] [--version X.Y.Z] [--project FOLDER]'
project="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)" version=2.15.1 package=@tensorflow/tfjs-node wheel=tensorflow-cpu
while [ $# -gt 0 ]; do
  case "$1" in
    --cuda) package=@tensorflow/tfjs-node-gpu wheel=tensorflow; shift ;;
    --version) version="${2:?install-tensorflow: --version needs a version}"; shift 2 ;;
    --project) project="${2:?install-tensorflow: --project needs a folder}"; shift 2 ;;
    *) echo "install-tensorflow: unknown argument '$1'; $usage" >&2; exit 2 ;;
  esac
done
for tool in npm g++ python3; do
  command -v "$tool" >/dev/null || { echo "install-tensorflow: $tool is not installed" >&2; exit 2; }
done
include="$(node -p "require('node:path').resolve(process.execPath, '../../include/node')")"
[ -e "$include/node_api.h" ] || { echo "install-tensorflow: Node's headers are not in $include; install Node with its headers" >&2; exit 2; }
cd "$project"
# --save-prod, because npm does not install what package.json names as an optional peer.
npm install --no-save --save-prod --ignore-scripts --no-audit --no-fund "$package@4.22.0"
package="$project/node_modules/$package"
temporary="$(mktemp -d)"
trap 'rm -rf "$temporary"' EXIT
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.11 \
  --platform manylinux_2_17_x86_64 --dest "$temporary" "$wheel==$version"
python3 - "$temporary" "$package/deps" <<'PYTHON'
import glob, os, re, shutil, sys, zipfile
temporary, deps = sys.argv[1:]
shutil.rmtree(deps, ignore_errors=True)
with zipfile.ZipFile(glob.glob(temporary + '/*.whl')[0]) as wheel:
    for name in wheel.namelist():
        library = re.fullmatch(r'tensorflow/(libtensorflow_(cc|framework)\.so\.2)', name)
        header = re.fullmatch(r'tensorflow/include/((tensorflow|tsl|xla)/.*\.h)', name)
        target = f'{deps}/lib/{library[1]}' if library else f'{deps}/include/{header[1]}' if header else None
        if target is None:
            continue
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with wheel.open(name) as source, open(target, 'wb') as copy:
            shutil.copyfileobj(source, copy)
PYTHON
mkdir -p "$package/lib/napi-v8"
g++ -O2 -std=c++17 -shared -fPIC -DNAPI_VERSION=8 -DBUILDING_NODE_EXTENSION -I"$package" -I"$package/deps/include" -I"$include" \
  "$package"/binding/tfjs_backend.cc "$package"/binding/tfjs_binding.cc -o "$package/lib/napi-v8/tfjs_binding.node" \
  -L"$package/deps/lib" -l:libtensorflow_cc.so.2 -l:libtensorflow_framework.so.2 "-Wl,-rpath,\$ORIGIN/../../deps/lib"
node -e "require('$package')" >/dev/null 2>&1 || { echo "install-tensorflow: the binding does not load:" >&2; node -e "require('$package')" >&2; exit 1; }
echo "installed $(basename "$package") 4.22.0 on TensorFlow $version"
