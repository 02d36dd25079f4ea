# The service and nothing else: no compiler, no package index, no need of a shell or a writable disk.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/service
WORKDIR /source

# The locked dependencies first: their layer stays as long as the lock does.
COPY requirements/run.txt requirements/
RUN /opt/service/bin/python -m pip install --no-deps --require-hashes -r requirements/run.txt

# The wheel is built by the locked build backend, outside the environment that is shipped.
COPY requirements/demo.txt requirements/
RUN python -m pip install --no-deps --require-hashes -r requirements/demo.txt
COPY pyproject.toml README.md LICENSE ./
COPY requirements/run.in requirements/hatch_dependencies.py requirements/
COPY schemas schemas
COPY esputnik esputnik
COPY handlers handlers
COPY consumer consumer
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir /wheel . \
    && /opt/service/bin/python -m pip install --no-deps --no-index /wheel/*.whl \
    && /opt/service/bin/python -m compileall -q /opt/service/lib \
    && /opt/service/bin/python -m pip uninstall --yes --quiet pip

FROM python:3.13-slim
ENV PATH=/opt/service/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
COPY --from=build /opt/service /opt/service
# A number, so that Kubernetes can see that it is not root.
USER 10001:10001
# An `esputnik-sync.yaml` mounted here is read.
WORKDIR /etc/esputnik-sync
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/livez', timeout=4)"]
ENTRYPOINT ["esputnik-sync"]
CMD ["run"]
