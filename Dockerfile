# overtone serve MODEL in a container:
#   docker build --tag overtone .
#   docker run --rm --read-only --tmpfs /tmp --publish 127.0.0.1:8000:8000 \
#     --volume "$PWD/runs/first/bundle:/model:ro" overtone
# On all addresses of the container, so give it keys where others reach it:
#   --env OVERTONE_API_KEYS=…

FROM python:3.12-slim AS build
WORKDIR /build
COPY constraints.txt ./
# PyTorch's CPU wheels are a tenth of the default.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN python -m venv /opt/overtone \
    && /opt/overtone/bin/pip install --no-cache-dir --constraint constraints.txt \
       --index-url "$TORCH_INDEX" --extra-index-url https://pypi.org/simple torch
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY src src
RUN /opt/overtone/bin/pip install --no-cache-dir --constraint constraints.txt ".[train,serve]"

FROM python:3.12-slim
COPY --from=build /opt/overtone /opt/overtone
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin overtone
USER 10001
ENV PATH=/opt/overtone/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HF_HUB_OFFLINE=1
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["overtone", "serve"]
CMD ["/model", "--host", "0.0.0.0", "--port", "8000"]
