# docker build --tag sluice:0.1.0 .
#
# Runs as nobody in particular, with a root filesystem that may be read-only: nothing is written while it runs.
ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY controller controller
# Everything as wheels first: what is installed below comes from there and from nowhere else.
RUN python -m pip wheel --no-cache-dir --wheel-dir /wheels .
# Without pip of its own, and with bytecode: nobody could write it later.
RUN python -m venv --without-pip /opt/sluice \
    && python -m pip --python /opt/sluice/bin/python install --no-cache-dir --compile --no-index --find-links /wheels sluice

FROM python:${PYTHON}-slim
LABEL org.opencontainers.image.title="sluice" \
      org.opencontainers.image.description="Progressive delivery for Istio" \
      org.opencontainers.image.licenses="Apache-2.0"
# What runs installs nothing.
RUN python -m pip uninstall --yes --quiet pip
COPY --from=build /opt/sluice /opt/sluice
ENV PATH=/opt/sluice/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["sluice"]
CMD ["run"]
