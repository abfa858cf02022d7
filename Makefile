# Everything a developer types. `make help` lists it; CI (.ci/run) types the same.
SHELL := /bin/bash
GO    ?= go
LINT  := $(GO) tool -modfile=tools/go.mod golangci-lint
TEMPL := $(GO) tool -modfile=tools/go.mod templ
PKG   ?= ./...
FUZZTIME ?= 30s
DATA  ?= callisto-data
GENERATED := docs faces/web/texts/en/messages.json faces/web/static/phone.js faces/web/static/card.js faces/web/static/cardwork.js 'faces/*_templ.go'

.DEFAULT_GOAL := help
.PHONY: help build check lint generate generated unit race test test-more test-tools test-pg test-cluster types e2e screens fuzz bench bench-sip bench-web golden gendoc dev

help: ## list these targets
	@awk -F':.*## ' '/^[a-z][a-z0-9-]*:.*## /{printf "  %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/callisto
	$(GO) build -trimpath -o bin/callisto ./cmd/callisto

check: generated lint types ## quick: formatting, vet, linters, generated files, the house rules (≤ 2 min warm)
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not formatted:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	cd e2e && $(GO) vet ./...
	$(GO) test -count=1 .

lint: ## only the linters of .golangci.yml
	$(LINT) run --allow-parallel-runners ./...

types: ## the types of the TypeScript, where npm is
	@if command -v npm >/dev/null; then cd tools/types && { [ -x node_modules/.bin/tsc ] || npm ci --silent --no-audit --no-fund; } && node_modules/.bin/tsc -p ../../faces/web/phone && node_modules/.bin/tsc -p ../../faces/web/idcard; \
	else echo "npm is not here: the types of faces/web/phone and idcard are not checked"; fi

generate: ## templates → Go, scripts of the pages → one file each, then the references under docs/
	$(TEMPL) generate -path faces/web -log-level error
	@$(GO) run -C tools ./bundle
	@$(MAKE) --no-print-directory gendoc

generated: ## fail when a committed generated file is stale
	@before=$$(git diff -- $(GENERATED) | sha256sum); $(MAKE) --no-print-directory generate >/dev/null || exit 1; \
	after=$$(git diff -- $(GENERATED) | sha256sum); \
	[ "$$before" = "$$after" ] || { echo "generated files were stale and have been rewritten; commit them:"; git diff --stat -- $(GENERATED); exit 1; }

gendoc: ## write docs/*.md, openapi.json and the sentences to translate from the code
	$(GO) run ./cmd/gendoc docs

unit: ## tests of all packages (some drive PostgreSQL and SIPp: make test-tools)
	$(GO) test $(PKG)

race: ## the same under the race detector
	$(GO) test -race $(PKG)

test: test-tools check ## everything: installs what is missing, then unit, race, PostgreSQL, softphones, browser
	SEEDS=100000 $(GO) test -count=1 -run TestSeeds ./business/ledger
	STORE_SEEDS=1000 $(GO) test -count=1 -run TestSeeded ./platform/store
	$(GO) test -race -count=1 -timeout 40m ./...
	$(MAKE) --no-print-directory e2e

test-more: ## what takes too long for every time: millions of seeds for the books; the company is killed 200 times under calls
	SEEDS=3000000 $(GO) test -count=1 -timeout 60m -run TestSeeds ./business/ledger
	STORE_SEEDS=20000 $(GO) test -count=1 -timeout 60m -run TestSeeded ./platform/store
	cd e2e && KILLS=200 $(GO) test -count=1 -timeout 90m -run ChargesSurviveAKill .

test-tools: ## install the programs the tests drive (Debian, root), only those missing
	scripts/install-test-tools

test-pg: ## the store suite on PostgreSQL and SQLite
	$(GO) test -count=1 ./platform/store/...

test-cluster: ## the bus suite with several servers
	$(GO) test -count=1 ./platform/bus/...

e2e: ## real browser and real softphones against the real binary
	cd e2e && $(GO) test -count=1 -timeout 25m ./...

screens: ## a picture of every page by day, by night, in Korean and Arabic into docs/screens
	scripts/screens

fuzz: ## every fuzz target for FUZZTIME (30s) each
	@set -e; for d in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -r -n1 dirname | sort -u); do \
	for f in $$(grep -ho '^func Fuzz[A-Za-z0-9_]*' $$d/*_test.go | awk '{print $$2}'); do \
	echo "== $$d $$f"; $(GO) test $$d -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME); done; done

bench: ## Go benchmarks
	$(GO) test -run '^$$' -bench . -benchmem $(PKG)

bench-sip: ## our SIP core against Kamailio: CPU per call and registration, memory (docs/performance.md)
	@scripts/install-test-tools
	$(GO) build -o bin/bench-sip ./bench/sip
	bin/bench-sip $(ARGS)

bench-web: ## calls of browsers: memory and CPU of 500 legs, set-up time, delay of sound (docs/performance.md)
	$(GO) build -o bin/bench-web ./bench/web
	bin/bench-web $(ARGS)

golden: ## rewrite golden files after looking at the diff they cause
	UPDATE_GOLDEN=1 $(GO) test $(PKG)
	git diff --stat -- '*testdata*'

dev: ## run a telephone company on this machine, data in DATA (callisto-data)
	$(GO) run ./cmd/callisto dev --data $(DATA)
