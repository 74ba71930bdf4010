# A thin front over CMake with the targets and variables of PGXS: PG_CONFIG, DESTDIR, and building in
# another folder with `make -f SOURCE/Makefile VPATH=SOURCE`. It builds in build/release below the
# current folder. `make demo`, `make check` and the other checks install the Debian packages they need, the
# others none.

PG_CONFIG ?= pg_config

source := $(patsubst %/,%,$(dir $(realpath $(lastword $(MAKEFILE_LIST)))))
build := $(CURDIR)/build/release
pg_config := $(shell command -v '$(PG_CONFIG)')
version = $(shell sed -n 's/^  "version": "\(.*\)",$$/\1/p' '$(source)/META.json')

# The build tool must not inherit VPATH and the like from our command line.
MAKEOVERRIDES =
MAKEFLAGS += --no-print-directory
unexport VPATH DESTDIR PG_CONFIG

# Only what the user named is passed on to the scripts; they look for a complete installation themselves.
named_pg_config := $(if $(filter-out file default undefined,$(origin PG_CONFIG)),PG_CONFIG='$(PG_CONFIG)')

all:
	@test -n '$(pg_config)' || { echo 'error: no $(PG_CONFIG): install the server headers of PostgreSQL' \
	  '(Debian: postgresql-server-dev-NN) or name a pg_config with PG_CONFIG=' >&2; exit 1; }
	@# Configured again only for another pg_config: after `sudo make install` nothing here belongs to root.
	@grep -qsx 'PG_CONFIG:FILEPATH=$(pg_config)' '$(build)/CMakeCache.txt' || \
	  cmake -S '$(source)' -B '$(build)' -DCMAKE_BUILD_TYPE=Release -DPG_CONFIG='$(pg_config)' $(CMAKE_ARGS)
	+@cmake --build '$(build)'

install: all
	DESTDIR='$(DESTDIR)' cmake --install '$(build)'

# pg_regress and the isolation tester against a running server that has the extension installed.
# REGRESS="a b" and ISOLATION="c d" choose tests; results go to OUTPUT.
OUTPUT ?= $(build)
REGRESS ?= $(sort $(basename $(notdir $(wildcard $(source)/test/regress/sql/*.sql))))
ISOLATION ?= $(sort $(basename $(notdir $(wildcard $(source)/test/isolation/specs/*.spec))))
pg_tests = $(dir $(shell '$(pg_config)' --pgxs))../test
bindir = $(shell '$(pg_config)' --bindir)
# $(call run_tests,tester,folder,tests)
run_tests = mkdir -p '$(OUTPUT)/$2' && '$(pg_tests)/$1' --bindir='$(bindir)' --inputdir='$(source)/test/$2' \
	--outputdir='$(OUTPUT)/$2' --dbname=contrib_$2 --load-extension=vector $3

installcheck: installcheck-regress $(if $(strip $(ISOLATION)),installcheck-isolation)

installcheck-regress:
	@test -n '$(strip $(REGRESS))' || { echo 'error: no tests in test/regress/sql' >&2; exit 1; }
	$(call run_tests,regress/pg_regress,regress,$(REGRESS))

installcheck-isolation:
	$(call run_tests,isolation/pg_isolation_regress,isolation,$(ISOLATION))

clean:
	rm -rf build/release build/dev build/debug build/sanitize
	@if test -d build; then rmdir --ignore-fail-on-non-empty build; fi

demo:
	@$(named_pg_config) '$(source)/scripts/demo'

check:
	@$(named_pg_config) '$(source)/scripts/check'

# The same on other releases of Debian, in folders of their own: all versions of PostgreSQL, one with assertions,
# other compilers, packages, and moving from pgvector. As root.
check-versions:
	@'$(source)/scripts/check-versions'

check-asserts:
	@'$(source)/scripts/check-asserts'

check-packages:
	@'$(source)/scripts/check-packages'

check-migration:
	@'$(source)/scripts/check-migration'

check-compilers:
	@'$(source)/scripts/check-compilers'

format:
	@'$(source)/scripts/format'

format-check:
	@'$(source)/scripts/format' --check

# What PGXN takes (zip) and packagers like (tar.gz), of what is committed.
dist:
	@'$(source)/test/structure/meta_json_is_valid_for_pgxn' '$(source)'
	@git -C '$(source)' diff --quiet HEAD || echo 'warning: changes that are not committed are left out' >&2
	for format in zip tar.gz; do \
	  git -C '$(source)' archive --format=$$format --prefix='vector-$(version)/' \
	    --output='$(CURDIR)/vector-$(version).'$$format HEAD || exit 1; done

.PHONY: all install installcheck installcheck-regress installcheck-isolation clean demo check check-versions \
        check-asserts check-packages check-migration check-compilers format format-check dist
