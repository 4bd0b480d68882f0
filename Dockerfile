# The light runtime, `ttvos` without TensorFlow, for a user without rights:
#   docker build --tag ttvos .
#   docker run --rm --user "$(id -u)" --volume "$PWD:/data" ttvos segment walk.mp4 --box 210,80,120,300 --out masks
ARG BASE=python:3.13-slim-bookworm
FROM ${BASE} AS build
COPY pyproject.toml setup.py README.md LICENSE /source/
COPY weights/*.md /source/weights/
COPY ttvos_tf /source/ttvos_tf
RUN python3 -m venv /opt/ttvos && /opt/ttvos/bin/pip install --no-cache-dir /source

FROM ${BASE}
COPY --from=build /opt/ttvos /opt/ttvos
USER 1000
WORKDIR /data
ENTRYPOINT ["/opt/ttvos/bin/ttvos"]
CMD ["--help"]
