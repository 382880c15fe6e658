# Every target sets up what it needs; see README.md.
SWIFT ?= swift
PREFIX ?= /usr/local
JOBS ?= 2
FILE ?= examples/hello-world.yaml
BUILD := .build
STATIC_LIBS := $(BUILD)/static-libs
DIST := $(BUILD)/dist
RELEASE := $(DIST)/release
# For ld.lld (Package.swift). Nothing loads the program as a library: each function has its own section, what is public is not kept for others, symbols are not
# exported, and the linker leaves out what nobody here needs. Of functions with equal code it keeps one. Relocations are packed (glibc 2.36).
SECTION_FLAGS := $(foreach flag,-function-sections -internalize-at-link,-Xswiftc -Xfrontend -Xswiftc $(flag))
SECTION_FLAGS += -Xcc -ffunction-sections -Xcc -fdata-sections
LINK_FLAGS := -Xlinker -s -Xlinker --icf=all -Xlinker $(CURDIR)/scripts/no-unwind-tables.ld
DYNAMIC_FLAGS := -Xlinker --no-export-dynamic -Xlinker -z -Xlinker pack-relative-relocs -Xlinker -L$(CURDIR)/$(STATIC_LIBS)
RELEASE_FLAGS := -c release $(SECTION_FLAGS) --scratch-path $(DIST) --static-swift-stdlib $(LINK_FLAGS) $(DYNAMIC_FLAGS)
CHECK := --explicit-target-dependency-import-check error

.PHONY: run test check build release bench torture fuzz format lint install uninstall clean setup setup-test

run: setup build ## Sets up, builds and runs one workflow (FILE=…)
	$(BUILD)/debug/argosy run $(FILE)

test: setup-test check build-tests ## Sets up and passes every test
	scripts/run-tests

check: setup
	$(SWIFT) format lint --strict --recursive Sources Tests Package.swift

build: setup
	$(SWIFT) build -j $(JOBS) $(CHECK) --product argosy-exec
	$(SWIFT) build -j $(JOBS) $(CHECK) --product argosy

build-tests: build
	$(SWIFT) build -j $(JOBS) $(CHECK) --build-tests

setup: $(BUILD)/.setup
$(BUILD)/.setup: scripts/setup
	scripts/setup build
	@mkdir -p $(BUILD) && touch $@

setup-test: $(BUILD)/.setup-test
$(BUILD)/.setup-test: scripts/setup
	scripts/setup build test
	@mkdir -p $(BUILD) && touch $@ $(BUILD)/.setup

release: setup ## One file that needs nothing but glibc, and the static in-pod executor
	scripts/static-libs $(STATIC_LIBS)
	$(SWIFT) build -j $(JOBS) $(RELEASE_FLAGS) --product argosy
	$(SWIFT) build -j $(JOBS) -c release $(SECTION_FLAGS) -Xswiftc -static-executable $(LINK_FLAGS) --scratch-path $(BUILD)/dist-exec --product argosy-exec
	cp -f $(BUILD)/dist-exec/release/argosy-exec $(RELEASE)/argosy-exec
	scripts/check-size $(RELEASE)/argosy 39
	scripts/check-size $(RELEASE)/argosy-exec 7

bench: release ## Measures against xargs, make, luigi, nginx, pipes and SQLite in one run
	$(SWIFT) build -j $(JOBS) $(RELEASE_FLAGS) --product argosy-engine-benchmark
	scripts/setup bench
	Benchmarks/run
	Benchmarks/serve
	Benchmarks/load
	Benchmarks/size

torture: setup-test build-tests ## Kills the engine and supervisors at random moments under 200 workflows (KILLS=60 WORKFLOWS=200 SEEDS="1 2 3")
	scripts/torture $(SEEDS)

fuzz: setup ## Looks for inputs that trap, hang or break a rule, with libFuzzer (SECONDS=60 SUBJECTS="yaml expression"); keeps what is new
	SECONDS_EACH=$(or $(SECONDS),60) scripts/fuzz $(SUBJECTS)

format:
	$(SWIFT) format --in-place --recursive Sources Tests Package.swift

install: release ## Installs into PREFIX (/usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/argosy
	install -m 755 $(RELEASE)/argosy $(DESTDIR)$(PREFIX)/bin/argosy
	@# The name argo is taken only where nobody else has it.
	test -e $(DESTDIR)$(PREFIX)/bin/argo -a ! -L $(DESTDIR)$(PREFIX)/bin/argo || ln -sfn argosy $(DESTDIR)$(PREFIX)/bin/argo
	install -m 755 $(RELEASE)/argosy-exec $(DESTDIR)$(PREFIX)/libexec/argosy/argosy-exec

uninstall:
	test "$$(readlink $(DESTDIR)$(PREFIX)/bin/argo)" != argosy || rm -f $(DESTDIR)$(PREFIX)/bin/argo
	rm -rf $(DESTDIR)$(PREFIX)/bin/argosy $(DESTDIR)$(PREFIX)/libexec/argosy

clean:
	rm -rf $(BUILD)
