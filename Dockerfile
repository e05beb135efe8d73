# Two images of one build:
#   docker build --target relay -t weir .          the relay and its command line
#   docker build --target redis -t weir-redis .    Redis with the module
# packaging/compose.yml runs both.

FROM node:22-bookworm-slim AS pages
WORKDIR /weir/relay/web
COPY relay/web/package.json relay/web/package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY relay/web ./
RUN npm run build

FROM rust:1.95-slim-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev libclang-dev make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /weir
COPY . .
COPY --from=pages /weir/relay/web/dist relay/web/dist
RUN cargo build --release --locked -p weir-module -p weir-relay

FROM redis:7.4-bookworm AS redis
COPY --from=build /weir/target/release/libweir.so /usr/lib/weir/libweir.so
COPY redis.conf /etc/weir/redis.conf
# The module lies elsewhere here, and other containers are to reach it.
RUN sed -i 's|^loadmodule .*|loadmodule /usr/lib/weir/libweir.so|; s|^bind .*|bind * -::*|; s|^protected-mode .*|protected-mode no|' \
    /etc/weir/redis.conf
HEALTHCHECK --interval=5s --timeout=2s --start-period=30s CMD ["redis-cli", "ping"]
CMD ["redis-server", "/etc/weir/redis.conf"]

FROM debian:bookworm-slim AS relay
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --home-dir /var/lib/weir weir \
    && install -d -o weir -g weir -m 700 /var/lib/weir
COPY --from=build /weir/target/release/weir /usr/bin/weir
USER 10001
WORKDIR /var/lib/weir
# Callers; operators.
EXPOSE 8080 8081
ENV WEIR_CONFIG=/etc/weir/weir.toml WEIR_LOG_FORMAT=json
# Asks as a load balancer does, where operators are served without TLS.
HEALTHCHECK --interval=5s --timeout=2s --start-period=20s CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/8081 && printf 'GET /readyz HTTP/1.1\\r\\nhost: localhost\\r\\nconnection: close\\r\\n\\r\\n' >&3 && read -r answer <&3 && [[ $answer == *' 200 '* ]]"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["weir"]
CMD ["serve"]
