# Every target sets up what it needs; see README.md.
SWIFT ?= swift
PREFIX ?= /usr/local
JOBS ?= 2
FILE ?= examples/hello-world.yaml
BUILD := .build
STATIC_LIBS := $(BUILD)/static-libs
DIST := $(BUILD)/dist
RELEASE := $(DIST)/release
RELEASE_FLAGS := -c release --scratch-path $(DIST) --static-swift-stdlib -Xlinker -s -Xlinker -L$(CURDIR)/$(STATIC_LIBS)
CHECK := --explicit-target-dependency-import-check error

.PHONY: run test check build release bench format lint install uninstall clean setup setup-test

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
	$(SWIFT) build -j $(JOBS) -c release -Xswiftc -static-executable -Xlinker -s --scratch-path $(BUILD)/dist-exec --product argosy-exec
	cp -f $(BUILD)/dist-exec/release/argosy-exec $(RELEASE)/argosy-exec

bench: release ## Measures against xargs, make and luigi in one run
	$(SWIFT) build -j $(JOBS) $(RELEASE_FLAGS) --product argosy-engine-benchmark
	scripts/setup bench
	Benchmarks/run

format:
	$(SWIFT) format --in-place --recursive Sources Tests Package.swift

install: release ## Installs into PREFIX (/usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/argosy
	install -m 755 $(RELEASE)/argosy $(DESTDIR)$(PREFIX)/bin/argosy
	install -m 755 $(RELEASE)/argosy-exec $(DESTDIR)$(PREFIX)/libexec/argosy/argosy-exec

uninstall:
	rm -rf $(DESTDIR)$(PREFIX)/bin/argosy $(DESTDIR)$(PREFIX)/libexec/argosy

clean:
	rm -rf $(BUILD)
