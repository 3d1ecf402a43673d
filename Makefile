# Countersign: what there is to type. meson.build describes the build itself, tests/run.js the tests.
# Each target first installs what it needs and does not find (packaging/apt.txt, package-lock.json).

.PHONY: build run test asan tsan fuzz bench fresh lint format phone-table clean help

build: ## compile the program: build/countersign (also what plain `make` does)
	@tools/need.sh build
	@test -e build/build.ninja || meson setup build
	@ninja -C build

# Every option of `serve` can be given like these: make run COUNTERSIGN_LISTEN=127.0.0.1:9000
run: export COUNTERSIGN_DATA_DIR ?= data
run: export COUNTERSIGN_MODE ?= demo
run: ## start it in demo mode with its data in ./data; it prints where to look
	@tools/need.sh build
	@test -e build/build.ninja || meson setup build
	@ninja -C build countersign
	@exec build/countersign serve

test: ## build and run every test; T=word runs only the steps and files with that word
	@tools/need.sh build test node npm
	@node tests/run.js $(T)

asan: ## the same under AddressSanitizer and UndefinedBehaviorSanitizer, out-of-process tests too
	@tools/need.sh build test node npm
	@node tests/run.js --flavour=asan $(T)

tsan: ## the same under ThreadSanitizer
	@tools/need.sh build test node npm
	@node tests/run.js --flavour=tsan $(T)

fuzz: ## libFuzzer on every parser, S=60 seconds each; T=name for one
	@tools/need.sh build test
	@tools/fuzz.sh $(T)

bench: ## measure, and print each figure beside its baseline; T=name for one
	@tools/need.sh build test node npm bench
	@$(MAKE) --no-print-directory build
	@bench/run.sh $(T)

fresh: ## prove `make run` and `make test` in a new Debian root (needs root, takes a while)
	@tools/need.sh fresh
	@tools/fresh.sh $(T)

lint: ## formatting, clang-tidy, the manual pages
	@tools/need.sh build test lint
	@tools/lint.sh

format: ## rewrite the C sources in the house style
	@tools/need.sh lint
	@find src tests tools -name '*.[ch]' -exec clang-format -i {} +

phone-table: ## take over the numbering plans of libphonenumber-js (package.json says which version)
	@tools/need.sh node npm
	@node tools/phone-table.mjs

clean: ## remove what builds leave behind; node_modules and data stay
	rm -rf build build-asan build-tsan build-fuzz build-lint

help: ## this list
	@sed -n 's/^\([a-z-]*\):.* ## /  make \1 \t/p' Makefile | expand -t 16
