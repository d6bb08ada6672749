# syntax=docker/dockerfile:1
# The image of the migration Job: `docker build -t runner .`; docs/platform-engineer.md says more.
# Pin the base by digest in the pipeline: --build-arg PYTHON_IMAGE=python:3.12-slim-trixie@sha256:…
ARG PYTHON_IMAGE=python:3.12-slim-trixie

FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv --without-pip /opt/runner
COPY requirements.lock requirements-build.lock ./
RUN pip --python /opt/runner/bin/python install --no-compile --require-hashes --only-binary :all: --requirement requirements.lock \
    && pip install --require-hashes --only-binary :all: --requirement requirements-build.lock
COPY pyproject.toml setup.cfg README.md LICENSE ./
COPY runner runner
# runner/upkeep/health/queries leads to sql/health
COPY sql sql
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && pip --python /opt/runner/bin/python install --no-compile --no-deps --no-index /wheels/*.whl \
    # of botocore's 400 services those that are asked: half of all that is installed
    && find /opt/runner/lib/python3.*/site-packages/botocore/data -mindepth 1 -maxdepth 1 -type d \
        ! -name secretsmanager ! -name s3 ! -name sts ! -name sso ! -name sso-oidc -exec rm -rf {} + \
    # the image is read-only where it runs, so what is not compiled now is compiled at every start
    && python -m compileall -q -f -j 0 --invalidation-mode unchecked-hash /opt/runner/lib
# a checkout that only its owner may read must not become an image that only root may
COPY migrations /app/migrations
COPY sql /app/sql
RUN chmod -R a+rX /app

FROM ${PYTHON_IMAGE}
# pg_dump refuses a server that is newer than itself: 17 is Debian's and does for 14 to 17. Another number comes from
# the PostgreSQL project's own repository, which the package postgresql-common knows.
ARG POSTGRES_CLIENT=17
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# No versions: the distribution's security fixes are wanted.
# hadolint ignore=DL3008
RUN export DEBIAN_FRONTEND=noninteractive \
    && apt-get update \
    && apt-get upgrade --yes \
    && if [ "$POSTGRES_CLIENT" != 17 ]; then \
        apt-get install --yes --no-install-recommends ca-certificates postgresql-common \
        && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y; \
    fi \
    && apt-get install --yes --no-install-recommends "postgresql-client-$POSTGRES_CLIENT" \
    && rm -rf /var/lib/apt/lists/* \
    # the official image comes without the standard library's compiled modules
    && python -m compileall -q -f -j 0 --invalidation-mode unchecked-hash /usr/local/lib/python3.*
COPY --from=build /opt/runner /opt/runner
COPY --from=build /app /app
WORKDIR /app

# HOME is where libpq and botocore look for files of a person; there is none. RUNNER_LOCAL=0: never a server of its own.
# The client programs themselves, not Debian's wrapper in Perl before them.
ENV PATH=/opt/runner/bin:/usr/lib/postgresql/${POSTGRES_CLIENT}/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    RUNNER_PROJECT=/app \
    RUNNER_LOCAL=0

ARG VERSION=0.1.0
ARG GIT_COMMIT=""
ARG CREATED=""
ENV RUNNER_GIT_COMMIT=${GIT_COMMIT}
LABEL org.opencontainers.image.title="runner" \
      org.opencontainers.image.description="Applies plain SQL migrations to PostgreSQL and proves that the schema is right" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${GIT_COMMIT}" \
      org.opencontainers.image.created="${CREATED}"

# A number: the kubelet cannot tell from a name whether it is root. The Job runs as the same one.
USER 10001:10001
ENTRYPOINT ["runner"]
CMD ["migrate"]
