# The edge agent, for a gateway that runs containers. It needs paho-mqtt and nothing else.
# Build from the project's folder: docker build -f docker/edge.Dockerfile -t cryokeep-edge .

FROM python:3.12.12-slim-bookworm AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 UV_LINK_MODE=copy UV_NO_CACHE=1
COPY requirements.lock pyproject.toml README.md LICENSE ./
COPY tools/locked.py tools/locked.py
RUN python tools/locked.py uv hatchling packaging pathspec pluggy trove-classifiers > build.txt \
    && pip install --require-hashes --no-deps -r build.txt
RUN uv venv /opt/cryokeep \
    && uv pip install --python /opt/cryokeep/bin/python --require-hashes -r pyproject.toml --extra edge -c requirements.lock
COPY edge_agent edge_agent
COPY server server
COPY migrations migrations
RUN hatchling build -t wheel -d dist \
    && uv pip install --python /opt/cryokeep/bin/python --no-deps dist/*.whl

FROM python:3.12.12-slim-bookworm
LABEL org.opencontainers.image.title="cryokeep-edge" org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 10002 --create-home --home-dir /var/lib/cryokeep-edge edge
COPY --from=build /opt/cryokeep /opt/cryokeep
ENV PATH=/opt/cryokeep/bin:$PATH \
    PYTHONUNBUFFERED=1
USER edge
WORKDIR /var/lib/cryokeep-edge
VOLUME /var/lib/cryokeep-edge
STOPSIGNAL SIGTERM
# the agent serves nothing: healthy is that its configuration can still be read
HEALTHCHECK --interval=60s --timeout=10s --retries=3 CMD ["cryokeep-edge", "check", "--config", "/etc/cryokeep/agent.toml"]
ENTRYPOINT ["cryokeep-edge"]
CMD ["run", "--config", "/etc/cryokeep/agent.toml"]
