# The commands of this repository. `make help` lists them.

.DEFAULT_GOAL := help
.PHONY: help run build package web test check bench soak history fuzz clients setup

# redis.conf and the tests find the module below target/, wherever else cargo is told to build.
export CARGO_TARGET_DIR := $(CURDIR)/target

# The server of the second run of the module's tests, where setup.sh could get one.
VALKEY := $(CURDIR)/target/valkey/valkey-server

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## start Redis with the module, the relay and a simulated provider, and say how to call it
	@exec target/release/weir demo

build: setup ## build target/release/libweir.so (the module) and target/release/weir (the relay, with its pages where Node.js is)
	relay/web/make.sh build --if-possible
	cargo build --release -p weir-module -p weir-relay

package: build ## pack program, module, units, manual, completions, dashboard into target/package/weir-<version>-<arch>-linux.tar.gz
	packaging/package.sh

web: ## build the operators' pages, relay/web/dist, which `make build` embeds
	relay/web/make.sh build

# The tests wait more than they compute: more of them at once than there are cores.
test: export RUST_TEST_THREADS := 8
test: build ## run all tests, against real servers and with real SDKs, and those of the module on Valkey too
	tests/setup.sh test
	relay/web/make.sh test --if-possible
	@"$${WEIR_REDIS_SERVER:-redis-server}" --version
	cargo test --workspace --no-fail-fast
	tests/browser/run.sh
	@if [ -x "$(VALKEY)" ]; then "$(VALKEY)" --version; set -x; \
		WEIR_REDIS_SERVER="$(VALKEY)" cargo test --workspace --test module --no-fail-fast; fi

check: setup ## formatting, lints, documentation, licences
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
	relay/web/make.sh check --if-possible
	if command -v cargo-deny >/dev/null; then cargo deny check --hide-inclusion-graph licenses bans sources; fi

bench: build ## measure the commands beside the scripts they replace, and the relay beside the direct path
	cargo run --release -p weir-tests --bin bench

soak: build ## 20 minutes at full load amid killed relays, a failover, a killed Redis: no limit is broken, each request counted once
	cargo run --release -p weir-tests --bin soak -- --kills --minutes 10
	cargo run --release -p weir-tests --bin soak -- --crashes --minutes 10

history: build ## 1,000,000 random operations amid kills and failovers: every client was told the truth
	cargo run --release -p weir-tests --bin history

clients: build ## 60 s in line: the SDKs and the coding agents (0.9 GB from npm) see no failure
	tests/setup.sh clients
	cargo run --release -p weir-tests --bin clients

fuzz: build ## 30 minutes of random commands: the module does what its model does
	cargo run --release -p weir-tests --bin fuzz

setup:
	@tests/setup.sh run
