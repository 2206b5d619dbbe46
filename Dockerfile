# Two images from one file:
#   docker build --target api    -t portrait-api .      HTTP only: no torch, no ONNX Runtime, no ffmpeg
#   docker build --target worker -t portrait-worker .   renders; with TORCH_INDEX_URL=<PyTorch's CPU index>, several GB smaller
ARG PYTHON_VERSION=3.12

FROM python:${PYTHON_VERSION}-slim-bookworm AS base
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

# Every dependency is a wheel, so no stage needs a compiler. Requirements are installed from pyproject.toml alone, before
# the sources arrive: editing a source file rebuilds one small layer.
FROM base AS requirements
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ONLY_BINARY=:all:
RUN python -m venv /opt/venv
WORKDIR /build
COPY pyproject.toml ./
RUN python -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
        open('api.txt', 'w').write('\n'.join(project['dependencies'])); \
        open('worker.txt', 'w').write('\n'.join(project['optional-dependencies']['worker']))"

FROM requirements AS api-venv
RUN pip install -r api.txt
COPY . .
RUN pip install --no-deps .

FROM requirements AS worker-venv
ARG TORCH_INDEX_URL=""
ARG TORCH_VERSION=2.13.0
# A layer of its own: the largest, and the one that changes least.
RUN PIP_INDEX_URL="${TORCH_INDEX_URL}" pip install "torch==${TORCH_VERSION}"
# hadolint ignore=DL3059
RUN pip install -r api.txt -r worker.txt
COPY . .
RUN pip install --no-deps .

FROM base AS runtime
# tini forwards signals to the process and reaps what that leaves behind. Debian removes old versions: no pin would last.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home --shell /usr/sbin/nologin portrait \
    && install --directory --owner=portrait --group=portrait /var/lib/portrait
# numba keeps what it compiled: the package folder is not ours to write to.
ENV PORTRAIT_STORAGE_URL=/var/lib/portrait \
    NUMBA_CACHE_DIR=/tmp/numba
VOLUME /var/lib/portrait
WORKDIR /home/portrait
USER 10001
ENTRYPOINT ["tini", "--"]

FROM runtime AS worker
# The code sets it as well; here it holds for whatever else is run in the image.
ENV ORT_DISABLE_TELEMETRY=1
COPY --from=worker-venv /opt/venv /opt/venv
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-m", "workers.health"]
CMD ["python", "-m", "workers"]

# Last, so that a plain `docker build .` makes it.
FROM runtime AS api
COPY --from=api-venv /opt/venv /opt/venv
ENV PORTRAIT_HOST=0.0.0.0 \
    PORTRAIT_PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['PORTRAIT_PORT'] + '/health/live', timeout=2)"]
CMD ["python", "-m", "service"]
