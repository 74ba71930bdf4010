# The official PostgreSQL image with the extension: docker build --build-arg PG_MAJOR=17 -t postgres-vector .
# CREATE EXTENSION vector is left to you: once in each database, or in a script in /docker-entrypoint-initdb.d.
ARG PG_MAJOR=17
ARG DEBIAN_RELEASE=bookworm

FROM postgres:${PG_MAJOR}-${DEBIAN_RELEASE} AS build
ARG PG_MAJOR
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      cmake g++ libxsimd-dev make "postgresql-server-dev-${PG_MAJOR}" \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN make install DESTDIR=/staged PG_CONFIG="/usr/lib/postgresql/${PG_MAJOR}/bin/pg_config"

FROM postgres:${PG_MAJOR}-${DEBIAN_RELEASE}
COPY --from=build /staged/ /
COPY --from=build /src/LICENSE /usr/share/doc/vector/LICENSE
# The image is not built if the extension does not work in it.
RUN set -e; \
    data=$(mktemp -d); \
    chown postgres "$data"; \
    gosu postgres initdb -D "$data" --auth=trust --no-sync >/dev/null; \
    gosu postgres pg_ctl start -w -s -D "$data" -l "$data/log" -o "-k $data -c listen_addresses="; \
    gosu postgres psql -h "$data" -X -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION vector' \
      -c "SELECT '[1,2]'::vector <-> '[4,6]'"; \
    gosu postgres pg_ctl stop -w -s -D "$data"; \
    rm -rf "$data"
