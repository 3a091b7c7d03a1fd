# The pipeline: Dagster, training, evaluation, and the MLflow server. Build it from the root of the repository:
#   docker build -f docker/pipeline.Dockerfile -t cleoai-pipeline .
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
COPY cleo_model cleo_model
COPY cleo_serving cleo_serving
COPY evals evals
COPY orchestration orchestration
RUN pip install -c constraints.txt ".[pipeline,memory,serving]"

FROM ${PYTHON_IMAGE}
# DeepSpeed compiles its operators on the machine that they run on.
RUN apt-get update && apt-get install -y --no-install-recommends g++ && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 cleo && useradd --system --uid 10001 --gid cleo --no-create-home cleo \
    && install -d -o cleo -g cleo -m 0700 /var/lib/cleo
COPY --from=build /opt/cleo /opt/cleo
COPY workspace.yaml pyproject.toml /opt/cleo/
ENV PATH=/opt/cleo/bin:$PATH \
    CLEO_HOME=/var/lib/cleo \
    TORCH_EXTENSIONS_DIR=/var/lib/cleo/extensions \
    HOME=/tmp \
    OMP_WAIT_POLICY=passive \
    PYTHONDONTWRITEBYTECODE=1 \
    DAGSTER_DISABLE_TELEMETRY=yes \
    MLFLOW_DISABLE_TELEMETRY=true \
    GX_ANALYTICS_ENABLED=false
WORKDIR /opt/cleo
VOLUME /var/lib/cleo
USER 10001:10001
ENTRYPOINT ["cleo"]
CMD ["--help"]
