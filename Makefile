# The two commands of the README are `make demo` and `make test`; each installs what it needs.
# Any Node with npm 9 or newer will do to start with: the lockfile brings the Node that the project runs on.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

NODE_MAJOR_MIN := 24
# Named by the lockfile's content: a checkout changes times, not needs. `npm ci` removes older stamps with node_modules.
SETUP := node_modules/.moult-setup-$(shell sha256sum package-lock.json | cut -c1-16)

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(SETUP) ## install the npm packages, among them Node itself

$(SETUP):
	@command -v npm >/dev/null || { echo "make: npm is missing: install Node (any version from 20 on) with its npm" >&2; exit 1; }
	npm ci --ignore-scripts --loglevel=error
	@# npm 9 and 10 link no executables of a package whose scripts were ignored; a rebuild links them and runs none.
	test -x node_modules/.bin/node || npm rebuild --ignore-scripts
	@major=$$(node -p 'process.versions.node.split(".")[0]'); if [ "$$major" -lt $(NODE_MAJOR_MIN) ]; then \
		echo "make: Moult needs Node $(NODE_MAJOR_MIN) or newer and found $$(node --version) at $$(command -v node)." >&2; \
		echo "make: the lockfile brings Node for Linux on x64 and arm64; elsewhere, put a Node $(NODE_MAJOR_MIN) on PATH." >&2; \
		exit 1; fi
	@touch $@

.PHONY: build
build: setup ## agent, command line tool, server and web console into dist/
	node tools/build.ts

.PHONY: demo
demo: build ## a server, a signer and simulated devices; ONCE=1 ends after one rollout, FLEET=10000 sets their number
	node tools/demo.ts $(if $(ONCE),--once) $(if $(FLEET),--fleet=$(FLEET))

.PHONY: check
check: setup ## format, lint, types, tidy, unused code, API document, fast tests: before every commit
	node tools/check.ts

.PHONY: test
test: build ## every suite; SUITES="unit store" runs only those named
	tools/test-packages.sh
	tools/test-packages.sh rig
	node tools/run-suites.ts $(SUITES)

.PHONY: image
image: build ## the disk images of the rig, made from this checkout, into .build/rig/; PROVISIONING=provisioning.json makes a device of them, moult.img (docs/guide/virtual-machine.md)
	tools/test-packages.sh rig
	node tools/rig.ts --image $(if $(BOOTLOADER),--bootloader $(BOOTLOADER))
	$(if $(PROVISIONING),node tools/image.ts --provisioning $(PROVISIONING) $(if $(DISK),--out $(DISK)))

.PHONY: rig
rig: build ## power cuts at a real bootloader, kernel and agent; BOOTLOADER=grub, grub-uefi, systemd-boot, u-boot or all, CUTS=20, SEED=7, ATOM=512, VOLATILE=1, NEGATIVE=1, CAMPAIGN=1, JSON=1
	tools/test-packages.sh rig
	node tools/rig.ts --cuts $(or $(CUTS),20) $(if $(BOOTLOADER),--bootloader $(BOOTLOADER)) $(if $(SEED),--seed $(SEED)) $(if $(ATOM),--atom $(ATOM)) \
		$(if $(VOLATILE),--volatile) $(if $(NEGATIVE),--negative) $(if $(CAMPAIGN),--campaign) $(if $(JSON),--json)

.PHONY: rig-long
rig-long: build ## tests in virtual machines that take long: bad input, states of the simulator, a U-Boot with an environment of its own
	tools/test-packages.sh rig-long
	vitest run --project rig-long

.PHONY: bench
bench: build ## every benchmark; BENCH=check-in runs one
	node bench/run.ts $(BENCH)

.PHONY: clean-room
clean-room: ## the demo and the tests of HEAD in a bare Debian, as root
	tools/clean-room.sh

.PHONY: clean
clean: ## remove what was built and measured, not node_modules
	rm -rf .build dist coverage bench/results
