#!/usr/bin/env bash
# Install CleoAI into the environment of the given Python: scripts/install.sh .venv/bin/python cpu|cuda
set -euo pipefail
python=$1
build=${2:-cpu}
command -v c++ >/dev/null || { echo "No C++ compiler: DeepSpeed needs one. Debian: apt-get install g++" >&2; exit 3; }

if command -v uv >/dev/null; then
  install=(uv pip install --quiet --python "$python")
else
  install=("$python" -m pip install --quiet --disable-pip-version-check)
fi

# torch first and by exact version: any other choice, made by a dependency, may pull gigabytes of CUDA.
echo "  1/3 torch ($build)"
if [ "$build" = cpu ] && "${install[@]}" "torch==2.13.0+cpu" 2>/dev/null; then :; else
  [ "$build" = cpu ] && echo "  No CPU build in the package sources that pip knows: taking the default one, which may bring CUDA" \
    "(gigabytes). To avoid that, add the index of PyTorch's CPU wheels to the pip configuration." >&2
  "${install[@]}" torch==2.13.0
fi
echo "  2/3 CleoAI and what it stands on (about two minutes)"
"${install[@]}" -c constraints.txt -e '.[pipeline,serving,dev]' 2> >(grep -v 'is ignored: it is neither' >&2)
echo "  3/3 test servers"
"$python" scripts/fetch_test_servers.py || echo "  The tests against MongoDB will be skipped; nothing else needs it." >&2
