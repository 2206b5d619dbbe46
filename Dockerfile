# Three images from one file:
#   docker build --target api         -t portrait-api .           HTTP only: no torch, no ONNX Runtime, no ffmpeg
#   docker build --target worker      -t portrait-worker .        renders on CPUs; needs --build-arg TORCH_INDEX_URL=<PyTorch's CPU index>
#   docker build --target worker-cuda -t portrait-worker-cuda .   renders on an NVIDIA GPU
ARG PYTHON_VERSION=3.12

FROM python:${PYTHON_VERSION}-slim-bookworm AS base
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

# Every dependency is a wheel, so no stage needs a compiler. What is installed is locked and hashed (`make lock`), and comes
# before the sources: editing a source file rebuilds one small layer.
FROM base AS requirements
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ONLY_BINARY=:all:
RUN python -m venv /opt/venv
WORKDIR /build
COPY requirements/*.txt ./requirements/

FROM requirements AS api-venv
RUN pip install --require-hashes -r requirements/api.txt
COPY . .
RUN pip install --no-deps . && pip check

FROM requirements AS worker-venv
ARG TORCH_INDEX_URL=""
ARG TORCH_VERSION=2.13.0
# A layer of its own: the largest, and the one that changes least. No index but PyTorch's has a version "+cpu", so that one
# with CUDA is never taken by accident.
RUN PIP_INDEX_URL="${TORCH_INDEX_URL}" pip install --no-deps "torch==${TORCH_VERSION}+cpu"
# hadolint ignore=DL3059
RUN pip install --require-hashes -r requirements/worker-cpu.txt
COPY . .
RUN pip install --no-deps . && pip check

FROM requirements AS worker-cuda-venv
ARG TORCH_VERSION=2.13.0
# With its dependencies: torch names the exact versions of CUDA that it was built with.
RUN pip install "torch==${TORCH_VERSION}"
# hadolint ignore=DL3059
RUN pip install --require-hashes -r requirements/worker-cuda.txt
COPY . .
RUN pip install --no-deps . && pip check

FROM base AS runtime
# tini forwards signals to the process and reaps what that leaves behind. Debian removes old versions: no pin would last.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home --shell /usr/sbin/nologin portrait \
    && install --directory --owner=portrait --group=portrait /var/lib/portrait /var/cache/portrait
# What is built, such as a commit (--build-arg BUILD=…): jobs name it in their code_version.
ARG BUILD=""
# What workers compile for their processor; the package folder is not ours to write to.
ENV PORTRAIT_BUILD=${BUILD} \
    PORTRAIT_STORAGE_URL=/var/lib/portrait \
    PORTRAIT_CACHE_DIR=/var/cache/portrait \
    NUMBA_CACHE_DIR=/var/cache/portrait/numba
VOLUME /var/lib/portrait /var/cache/portrait
WORKDIR /home/portrait
USER 10001
ENTRYPOINT ["tini", "--"]

FROM runtime AS worker-base
# The code sets it as well; here it holds for whatever else is run in the image.
ENV ORT_DISABLE_TELEMETRY=1
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-m", "workers.health"]
CMD ["python", "-m", "workers"]

FROM worker-base AS worker
COPY --from=worker-venv /opt/venv /opt/venv

FROM worker-base AS worker-cuda
COPY --from=worker-cuda-venv /opt/venv /opt/venv

# Last, so that a plain `docker build .` makes it.
FROM runtime AS api
COPY --from=api-venv /opt/venv /opt/venv
ENV PORTRAIT_HOST=0.0.0.0 \
    PORTRAIT_PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['PORTRAIT_PORT'] + '/health/live', timeout=2)"]
CMD ["python", "-m", "service"]
