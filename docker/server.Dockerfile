# The server: `web`, `worker`, `migrate` and the other commands of cryokeep, one image.
# Build from the project's folder: docker build -f docker/server.Dockerfile -t cryokeep .

FROM node:22.20.0-bookworm-slim AS pages
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY vite.config.ts tsconfig.json ./
COPY frontend frontend
RUN npm run build

FROM python:3.12.12-slim-bookworm AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 UV_LINK_MODE=copy UV_NO_CACHE=1
COPY requirements.lock pyproject.toml README.md LICENSE ./
COPY tools/locked.py tools/locked.py
# the tools of this stage, then what the server runs on: every file verified by the hash in the lock
RUN python tools/locked.py uv hatchling packaging pathspec pluggy trove-classifiers > build.txt \
    && pip install --require-hashes --no-deps -r build.txt
RUN uv venv /opt/cryokeep \
    && uv pip install --python /opt/cryokeep/bin/python --require-hashes \
       -r pyproject.toml --extra server --extra postgres -c requirements.lock
COPY edge_agent edge_agent
COPY server server
COPY migrations migrations
COPY --from=pages /src/server/web/static/dist server/web/static/dist
RUN hatchling build -t wheel -d dist \
    && uv pip install --python /opt/cryokeep/bin/python --no-deps dist/*.whl

FROM python:3.12.12-slim-bookworm
LABEL org.opencontainers.image.title="cryokeep" org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/cryokeep cryokeep
COPY --from=build /opt/cryokeep /opt/cryokeep
COPY docker/healthy.py /opt/cryokeep/healthy.py
ENV PATH=/opt/cryokeep/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CRYOKEEP_HOME=/var/lib/cryokeep \
    CRYOKEEP_HOST=0.0.0.0 \
    CRYOKEEP_PORT=8077
USER cryokeep
WORKDIR /var/lib/cryokeep
VOLUME /var/lib/cryokeep
EXPOSE 8077
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["python", "/opt/cryokeep/healthy.py"]
ENTRYPOINT ["cryokeep"]
CMD ["web"]
