# What the scripts of this folder share. Sourced by bash with `set -euo pipefail`.
# shellcheck shell=bash

# shellcheck disable=SC2034  # used by those who source this
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*"; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Called by make, but not a part of its jobs.
unset MAKEFLAGS MFLAGS MAKELEVEL
# Jobs of a build. On a machine shared with others set CMAKE_BUILD_PARALLEL_LEVEL.
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}

# Prints the pg_config to build with: the one named by PG_CONFIG, else the one on PATH, else the newest
# of Debian's. Those we find ourselves must come with server headers. Fails when there is none.
find_pg_config() {
  local candidate
  if [[ -n ${PG_CONFIG:-} ]]; then
    command -v "$PG_CONFIG"
    return
  fi
  for candidate in "$(command -v pg_config || true)" \
                   $(printf '%s\n' /usr/lib/postgresql/*/bin/pg_config | sort -rV); do
    if [[ -x $candidate && -e $("$candidate" --includedir-server 2>&1)/postgres.h ]]; then
      say "$candidate"
      return
    fi
  done
  return 1
}

# --- A private copy of PostgreSQL with our module in it, in a scratch folder -------------------------
#
# PostgreSQL finds its library and share folders relative to its programs. So a tree of the same shape
# with copied programs, links to everything else, and our module is an installation of its own: nothing
# is installed into the system, and its servers are not touched.

# Creates $scratch, removed on exit together with every server started from it. Then on_exit STATUS is
# called if there is such a function.
make_scratch() {
  umask 022
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/vector.XXXXXX")
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  server_user=
  # PostgreSQL refuses to run as root.
  if [[ $(id -u) -eq 0 ]]; then
    server_user=nobody
    if id postgres >/dev/null 2>&1; then server_user=postgres; fi
    chown "$server_user" "$scratch"
  fi
  as_server_user test -w "$scratch" ||
    die "user ${server_user:-$(id -un)} cannot work in $scratch: choose another folder with TMPDIR="
}

# Runs a command in $scratch, as an unprivileged user if we are root.
as_server_user() {
  (cd "$scratch" && HOME=$scratch ${server_user:+runuser -u "$server_user" --} "$@")
}

clean_up() {
  local status=$? file pid waited
  trap - EXIT
  if [[ $status -ne 0 && -s $scratch/server.log &&
        $(tail -n 1 "$scratch/server.log") != *'database system is shut down' ]]; then
    say "--- end of the server's log ---"
    tail -n 20 "$scratch/server.log"
  fi >&2
  # A crash test may leave the file of a dead server behind, so the id alone proves nothing.
  find "$scratch" -name postmaster.pid -not -path "$scratch/root/*" | while read -r file; do
    pid=$(head -n 1 "$file")
    for waited in $(seq 100); do
      [[ $(readlink "/proc/$pid/exe") == "$scratch"/* ]] || break
      if [[ $waited -eq 1 ]]; then kill -QUIT "$pid" || true; fi
      sleep 0.1
    done
  done
  rm -rf "$scratch"
  if declare -F on_exit >/dev/null; then on_exit "$status"; fi
  exit "$status"
}

# private_installation BUILD_FOLDER: sets $private_bin, the folder of its programs, first on PATH.
private_installation() {
  local build=$1 pg_config bindir folder program
  [[ -e $build/CMakeCache.txt ]] || die "$build is no build folder; make it with make or cmake --preset dev"
  pg_config=$(sed -n 's/^PG_CONFIG:[A-Z]*=//p' "$build/CMakeCache.txt")
  bindir=$("$pg_config" --bindir)
  [[ -x $bindir/postgres ]] || die "$bindir has no postgres: install the server (Debian: postgresql-NN)"

  private_bin=$scratch/root$bindir
  mkdir -p "$private_bin"
  for program in postgres initdb pg_ctl pg_config psql pg_isready pg_controldata pg_resetwal pg_checksums \
                 pg_basebackup pg_rewind pg_verifybackup pg_waldump pg_amcheck pg_dump pg_dumpall \
                 pg_restore pg_upgrade pgbench createdb dropdb createuser dropuser vacuumdb reindexdb; do
    if [[ -x $bindir/$program ]]; then cp -L "$bindir/$program" "$private_bin/"; fi
  done
  for folder in "$("$pg_config" --pkglibdir)" "$("$pg_config" --sharedir)" \
                "$("$pg_config" --sharedir)/extension"; do
    mkdir -p "$scratch/root$folder"
    # A vector extension of the system must not show through.
    find "$folder" -mindepth 1 -maxdepth 1 -not -name extension -not -name vector.so \
      -not -name vector.control -not -name 'vector--*' -exec ln -s -t "$scratch/root$folder" {} +
  done
  DESTDIR=$scratch/root cmake --install "$build" >"$scratch/install.log" || die "$(cat "$scratch/install.log")"

  as_server_user "$private_bin/postgres" --version >/dev/null ||
    die "programs do not run in $scratch: choose another folder with TMPDIR="
  [[ $("$private_bin/pg_config" --sharedir) -ef $scratch/root$("$pg_config" --sharedir) ]] ||
    die "the PostgreSQL of $pg_config does not find its files relative to its programs;" \
        "name another one with PG_CONFIG="
  export PATH=$private_bin:$PATH
}

# start_server [NAME=VALUE...]: starts a server with these environment variables and points libpq's
# variables to it. It listens on a socket in $scratch only. $server_settings are lines for its postgresql.conf.
start_server() {
  if [[ ! -d $scratch/data ]]; then
    as_server_user env LC_ALL=C "$private_bin/initdb" -D "$scratch/data" -U postgres --auth=trust \
      --encoding=UTF8 --no-locale --no-sync >"$scratch/initdb.log" 2>&1 || die "$(cat "$scratch/initdb.log")"
    cat >>"$scratch/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$scratch'
fsync = off
${server_settings:-}
CONF
  fi
  as_server_user env LC_ALL=C "$@" "$private_bin/pg_ctl" start --wait --silent -D "$scratch/data" \
    -l "$scratch/server.log" || die "the server did not start"
  unset PGHOSTADDR PGSERVICE PGOPTIONS PGPASSWORD PGSSLMODE PGCLIENTENCODING
  export PGHOST=$scratch PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
}

stop_server() {
  as_server_user "$private_bin/pg_ctl" stop --mode=fast --wait --silent -D "$scratch/data"
}
