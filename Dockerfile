# Two stages: the first has a compiler and makes a wheel, the second installs it and nothing else.
FROM python:3.11-slim-bookworm AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY setup.py setup.cfg pyproject.toml README.rst LICENSE ./
COPY miniredis miniredis
COPY twisted twisted
COPY native native
RUN MINIREDIS_COMPILE=1 pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.11-slim-bookworm
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir /wheels/*.whl \
    && rm -rf /wheels \
    && groupadd --system --gid 999 miniredis \
    && useradd --system --uid 999 --gid miniredis --home-dir /data --no-create-home miniredis \
    && install -d -o miniredis -g miniredis /data
USER miniredis
WORKDIR /data
VOLUME /data
EXPOSE 6379
# Answers while loading and while a password is needed, too: an error reply is a sign of life.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
    CMD ["python", "-c", "import socket; s = socket.create_connection(('127.0.0.1', 6379), 2); s.sendall(b'PING\\r\\n'); assert s.recv(1) in (b'+', b'-')"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["miniredis-server"]
# Within its network a container is reached from other addresses: protection is the network's, or a password.
CMD ["--dir", "/data", "--protected-mode", "no"]
