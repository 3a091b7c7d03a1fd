# The API: no Dagster, no DeepSpeed, no compiler, no shell it would need. Build it from the root of the repository:
#   docker build -f docker/serving.Dockerfile -t cleoai-serving .
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ARG TORCH_VERSION=2.13.0
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/cleo
ENV PATH=/opt/cleo/bin:$PATH
# The CPU build where the package index has one; the CUDA build otherwise.
RUN pip install "torch==${TORCH_VERSION}+cpu" || pip install "torch==${TORCH_VERSION}"
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY cleo_core cleo_core
COPY cleo_memory cleo_memory
COPY cleo_serving cleo_serving
RUN pip install -c constraints.txt ".[serving]"

FROM ${PYTHON_IMAGE}
# What llama.cpp (xllamacpp) computes its threads with; torch brings one of its own.
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
RUN groupadd --system --gid 10001 cleo && useradd --system --uid 10001 --gid cleo --no-create-home cleo \
    && install -d -o cleo -g cleo -m 0700 /var/lib/cleo
COPY --from=build /opt/cleo /opt/cleo
ENV PATH=/opt/cleo/bin:$PATH \
    CLEO_HOME=/var/lib/cleo \
    HOME=/tmp \
    OMP_WAIT_POLICY=passive \
    PYTHONDONTWRITEBYTECODE=1 \
    MLFLOW_DISABLE_TELEMETRY=true
WORKDIR /opt/cleo
VOLUME /var/lib/cleo
EXPOSE 8000
USER 10001:10001
HEALTHCHECK --interval=15s --timeout=5s --start-period=180s --retries=4 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
ENTRYPOINT ["cleo"]
CMD ["api", "--host", "0.0.0.0", "--port", "8000"]
