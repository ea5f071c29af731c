# Thin: every target is a script of tools/ or a CMake preset. `make help` lists them.
# Works on a fresh Debian 12 with only make and git: tools/setup installs what is missing.
PREFIX    ?= /usr/local
JOBS      ?= $(shell nproc 2>/dev/null || echo 2)
TEST_JOBS ?= 2
PRESET    ?= release
BUILD     := build/$(PRESET)

# Parallel work is Gemel's own; a BLAS with threads of its own would only get in its way.
export OPENBLAS_NUM_THREADS := 1
export JOBS

.PHONY: help build demo test torture bench lint fmt conformance rosetta install clean

help:
	@echo 'make demo         set up, build, and run Gemel on real patient data'
	@echo 'make test         set up, build, and run the quick and full tests'
	@echo 'make torture      kill, cut the power of, fill and damage stores for an hour or two'
	@echo 'make build        set up and build the library, gemel and the programs of models'
	@echo 'make conformance  run the conformance kit on every model type and shipped model'
	@echo 'make rosetta      one epidemic as five kinds of model, every method beside the exact answer'
	@echo 'make bench        measure'
	@echo 'make lint         set up what lint needs, and check the tree (tools/lint NAME: one check)'
	@echo 'make fmt          format all C files'
	@echo 'make install      install to PREFIX (now $(PREFIX))'
	@echo 'make clean        remove build/'
	@echo 'Variables: JOBS=$(JOBS) (compilers at once), TEST_JOBS=$(TEST_JOBS), PRESET=$(PRESET)'
	@echo '  (of CMakePresets.json), PREFIX, DESTDIR'

build:
	@tools/setup build
	@tools/build $(PRESET) programs

demo: build
	@$(BUILD)/gemel demo

test:
	@tools/setup test
	@tools/build $(PRESET)
	@ctest --test-dir $(BUILD) -LE nightly -j $(TEST_JOBS) --output-on-failure --no-tests=error

# Figures: 10,000 kills, 1,000,000 disks that a power cut may leave, every call and allocation.
torture:
	@tools/setup test
	@tools/build $(PRESET)
	@GEMEL_TORTURE=10000 $(BUILD)/store_test_kill
	@GEMEL_TORTURE=1 $(BUILD)/store_test_processes
	@GEMEL_DISK=1 $(BUILD)/store_test_disk
	@GEMEL_DISK=1 $(BUILD)/store_test_damage
	@GEMEL_POWER=1000000 $(BUILD)/store_test_power

conformance:
	@tools/setup test
	@tools/build $(PRESET)
	@GEMEL_FULL=1 ctest --test-dir $(BUILD) -R '^(conformance|rosetta)\.' -E '\.whole$$' -j $(TEST_JOBS) \
	  --output-on-failure --no-tests=error --timeout 14400

rosetta:
	@tools/setup test
	@tools/build $(PRESET)
	@$(BUILD)/rosetta_test_rosetta

bench:
	@tools/setup build
	@tools/build $(PRESET)
	@GEMEL_BUILD=$(BUILD) bench/run
	@GEMEL_BUILD=$(BUILD) bench/t1d/run

lint:
	@tools/setup lint
	@tools/lint

fmt:
	@tools/setup lint
	@tools/fmt

install: build
	@cmake --install $(BUILD) --prefix '$(PREFIX)'

clean:
	rm -rf build
