# Folders with another release of Debian in them, for scripts that try this project there. Sourced after lib.sh.
#
# A root is made by debootstrap, kept between runs, and only gets packages added. Commands run in it with
# their own /proc, /dev/shm and processes, and what they leave running ends with them: nothing stays mounted.
# shellcheck shell=bash disable=SC2154  # $project is that of lib.sh

roots=${VECTOR_ROOTS:-${XDG_CACHE_HOME:-$HOME/.cache}/vector/roots}

# Fails unless roots can be made and entered here.
require_roots() {
  [[ $(id -u) -eq 0 ]] || die "making and entering a root needs to be root (sudo make ...)"
  if ! command -v debootstrap >/dev/null; then
    command -v apt-get >/dev/null || die "install debootstrap"
    say "Installing the missing packages: debootstrap"
    apt-get update -qq >/dev/null && apt-get install -y -qq --no-install-recommends debootstrap >/dev/null ||
      die "apt-get cannot install debootstrap"
  fi
  unshare --mount --pid --fork true 2>/dev/null ||
    die "a root needs namespaces of its own (in a container: give it CAP_SYS_ADMIN)"
  mkdir -p "$roots"
}

# The mirrors that apt uses here, or nothing: then debootstrap takes the distribution's own.
apt_mirror() {  # ORIGIN [security]
  # shellcheck disable=SC2016  # for apt
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Origin: $1" 2>/dev/null | sort -u |
    if [[ -n ${2:-} ]]; then grep -- -security; else grep -v -- -security; fi | head -n 1 || true
}

# make_root SUITE PURPOSE: sets $root to a folder with this release, kept for this purpose, and makes it if it is
# not there yet: as a copy of one with nothing but the base system.
make_root() {
  local lock
  root=$roots/$1-$2
  hold "$root"
  if [[ -e $root/.complete ]]; then return; fi
  exec {lock}>>"$roots/$1.lock"
  flock "$lock"
  if [[ ! -e $roots/$1/.complete ]]; then bootstrap "$1"; fi
  exec {lock}>&-
  root=$roots/$1-$2
  remove_root
  cp -a "$roots/$1" "$root.partial"
  configure_root "$root.partial"
  mv "$root.partial" "$root"
}

# A root is for one run at a time.
declare -A held=()
hold() {  # FOLDER
  local lock
  if [[ -n ${held[$1]:-} ]]; then return; fi
  exec {lock}>>"$1.lock"
  flock --nonblock "$lock" || die "another run is using $1"
  held[$1]=$lock
}

remove_root() {
  rm -rf --one-file-system "$root" "$root.partial"
}

bootstrap() {  # SUITE
  local suite=$1 log=$roots/$1.log security
  root=$roots/$suite
  say "Making a root of $suite in $root"
  remove_root
  # In namespaces of its own because debootstrap mounts /proc. Without a mirror it takes the distribution's.
  if [[ $suite == noble ]]; then
    # PostgreSQL 16 was in no release of Debian. Debian 13 knows this release of Ubuntu and its keys.
    make_root trixie build
    root_packages debootstrap ubuntu-archive-keyring
    rm -rf "$root/noble"
    # shellcheck disable=SC2046
    in_root debootstrap --variant=minbase --components=main,universe noble /noble $(apt_mirror Ubuntu) >"$log" 2>&1 ||
      die "debootstrap failed: $(tail -n 20 "$log")"
    mv "$root/noble" "$roots/noble"
    root=$roots/noble
    sed 'h; s/ noble / noble-updates /p; g; s/ noble / noble-security /' "$root/etc/apt/sources.list" \
      >"$root/etc/apt/sources.list.d/updates.list"
  else
    # shellcheck disable=SC2046
    unshare --mount --pid --fork --kill-child debootstrap --variant=minbase "$suite" "$root" $(apt_mirror Debian) \
      >"$log" 2>&1 || die "debootstrap failed: $(tail -n 20 "$log")"
    security=$(apt_mirror Debian security)
    # The newest minor release of PostgreSQL is often there.
    if [[ -n $security && $suite != testing ]]; then
      say "deb $security $suite-security main" >"$root/etc/apt/sources.list.d/security.list"
    fi
  fi
  in_root useradd --create-home --shell /bin/bash builder
  touch "$root/.complete"
}

# Settings of each copy rather than of the base system, which is kept and may be older than they are.
configure_root() {  # FOLDER
  local root=$1
  # How apt gets to its mirror from here.
  apt-config dump | grep -E '^Acquire::(https?|ftp|Retries|Check-Valid-Until|Check-Date)\b' \
    >"$root/etc/apt/apt.conf.d/99host" || true
  # Packages must not start or make servers.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod +x "$root/usr/sbin/policy-rc.d"
  mkdir -p "$root/etc/postgresql-common"
  echo 'create_main_cluster = false' >"$root/etc/postgresql-common/createcluster.conf"
  # Quick: without manuals, translations and syncing.
  echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
  printf 'path-exclude=/usr/share/%s/*\n' man locale >"$root/etc/dpkg/dpkg.cfg.d/lean"
}

# in_root COMMAND [ARGUMENT...]: runs it as root in $root.
in_root() {
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
  # shellcheck disable=SC2016  # expanded by the inner shell
  unshare --mount --pid --fork --kill-child bash -c '
    root=$1; shift
    mount --make-rprivate / 2>/dev/null
    mount -t proc proc "$root/proc" && mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm" || exit 125
    exec chroot "$root" "$@"' in_root "$root" \
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root \
    DEBIAN_FRONTEND=noninteractive CMAKE_BUILD_PARALLEL_LEVEL="$CMAKE_BUILD_PARALLEL_LEVEL" "$@"
}

# The same as an unprivileged user, in the copy of this project that copy_project made.
in_root_as_builder() {
  in_root runuser -u builder -- env HOME=/home/builder bash -c 'cd ~/vector && exec "$@"' bash "$@"
}

# Packages that are missing in $root.
root_packages() {
  local missing log=$roots/apt.log
  # The last run may have been interrupted.
  in_root dpkg --configure -a >"$log" 2>&1 || true
  # shellcheck disable=SC2016  # expanded by dpkg-query
  missing=$(comm -13 <(in_root dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | sed -n 's/^ii  *//p' | sort -u) \
    <(printf '%s\n' "$@" | sort -u) | xargs)
  if [[ -z $missing ]]; then return; fi
  say "Installing into $root: $missing"
  # shellcheck disable=SC2086  # a list of words
  in_root apt-get update -qq >>"$log" 2>&1 &&
    in_root apt-get install -y -qq --no-install-recommends $missing >>"$log" 2>&1 ||
    die "apt-get failed:
$(tail -n 20 "$log")"
}

# A fresh copy of this project's files, committed or not, as builder's ~/vector.
copy_project() {
  rm -rf "$root/home/builder/vector"
  mkdir "$root/home/builder/vector"
  tar -C "$project" --exclude='./build*' --exclude=./.git -cf - . | tar -C "$root/home/builder/vector" -xf -
  in_root chown -R builder: /home/builder/vector
}

# copy_project_to_build [NAME=VALUE...]: the same, with the packages needed to build and check it, looked for with these
# variables.
copy_project_to_build() {
  copy_project
  in_root env "$@" bash -c 'cd /home/builder/vector && exec scripts/install-dependencies build check' ||
    die "the packages to build and check in $root cannot be installed"
}
