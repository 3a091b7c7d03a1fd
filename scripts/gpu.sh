#!/bin/sh
# On a bare machine with a GPU, python, torch, transformers and accelerate: tests/gpu, and the benchmark of a mixture of a
# billion parameters. Under ten minutes. What else is needed comes along as wheels, fetched where there is a registry:
#
#   scripts/gpu.sh wheels WHEELS       DeepSpeed (built into a wheel) and the small packages, pinned by constraints.txt
#   scripts/gpu.sh run WHEELS OUT      OUT/tests.txt, OUT/gpu.json
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
packages="deepspeed click cryptography filelock joserfc pydantic pydantic-core pydantic-settings python-dotenv psutil rich
  structlog httpx tenacity typing-inspection annotated-types py-cpuinfo ninja einops hjson msgpack dagster-pipes
  model-signing rfc8785 numpy safetensors pytest pytest-asyncio pytest-timeout iniconfig pluggy matplotlib"

case "${1:-}" in
wheels)
    mkdir -p "$2"
    # shellcheck disable=SC2086
    DS_BUILD_OPS=0 python3 -m pip wheel --no-deps -c "$here/constraints.txt" -w "$2" $packages
    ;;
run)
    out=$(mkdir -p "$3" && cd "$3" && pwd)
    python3 -m venv --system-site-packages "$out/env"
    "$out/env/bin/pip" install --quiet --no-index --no-deps "$2"/*.whl
    cd "$here"
    export PYTHONPATH="$here" HF_HUB_OFFLINE=1 CLEO_HOME="$out/home" PATH="$out/env/bin:$PATH"
    timeout 270 "$out/env/bin/python" -m pytest -m gpu tests/gpu -q >"$out/tests.txt" 2>&1 || true
    tail -n 15 "$out/tests.txt"
    timeout 270 "$out/env/bin/python" -m benchmarks gpu --json "$out/gpu.json"
    ;;
*)
    sed -n '2,7p' "$0"
    exit 2
    ;;
esac
