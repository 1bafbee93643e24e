# moodrec serve, without root; music is mounted read-only at /music, the library lives in the volume /library.
#
#   docker build -t moodrec .
#   docker run -p 8765:8765 -v ~/Music:/music:ro -v moodrec:/library -e MOODREC_SERVE_TOKEN=... moodrec
FROM python:3.12-slim-bookworm AS build

# A C compiler for the search kernel, in this stage alone.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /source
COPY pyproject.toml README.md LICENSE constraints.txt ./
COPY moodrec moodrec
# What it shall be able to do: serve,av for a library; serve,postgres or serve,milvus,ray: deploy/server, deploy/cluster.
ARG EXTRAS=serve,av
# PyTorch without CUDA: a far smaller image.
RUN python -m venv /opt/moodrec \
    && /opt/moodrec/bin/pip install --no-cache-dir -c constraints.txt \
       --extra-index-url https://download.pytorch.org/whl/cpu ".[${EXTRAS}]"

FROM python:3.12-slim-bookworm

COPY --from=build /opt/moodrec /opt/moodrec
RUN useradd --create-home --uid 10001 moodrec \
    && mkdir /library /music \
    && chown 10001:10001 /library

ENV PATH=/opt/moodrec/bin:$PATH \
    MOODREC_LIBRARY=/library
USER 10001
VOLUME ["/library"]
EXPOSE 8765
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8765/healthz', timeout=4)"]

# The token comes from MOODREC_SERVE_TOKEN; without one the server refuses to bind beyond loopback.
CMD ["moodrec", "serve", "/library", "--host", "0.0.0.0", "--music", "/music"]
