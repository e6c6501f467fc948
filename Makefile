# intercomd: run `make help`.
SHELL := bash
TAGS := netgo,osusergo

.PHONY: help setup build cross demo test unit race cover fuzz e2e e2e-quickblox e2e-board e2e-faults e2e-install e2e-ota soak faults-xmpp faults-matrix faults-abuse board-kernel image bundle pki deb release check-image bench lint clean

help: ## what can be made
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: ## install what building needs (apt)
	scripts/setup.sh build

build: setup ## bin/intercomd for this machine, static
	scripts/fetch-sdk.sh
	scripts/build.sh

cross: ## bin/intercomd-linux-amd64 and -arm64, static
	scripts/setup.sh build cross
	scripts/fetch-sdk.sh
	scripts/cross.sh

demo: build ## a door on this machine and a handset page on http://localhost:8080
	scripts/demo.sh

test: ## everything a change must pass, end-to-end scenarios included
	scripts/setup.sh build e2e lint board unit package ota
	scripts/test.sh

unit: ## unit tests only
	scripts/setup.sh build cross unit
	go test -tags $(TAGS) ./...

race: ## unit tests under the race detector
	scripts/setup.sh build cross unit
	CGO_ENABLED=1 go test -race ./...

cover: setup ## statement coverage of call/, at least 90 %
	scripts/coverage.sh

fuzz: setup ## every fuzz target for FUZZTIME (default 5m) each
	scripts/fuzz.sh

e2e: e2e-quickblox e2e-board e2e-faults e2e-install e2e-ota ## all end-to-end tests

e2e-quickblox: ## real SDK, Chromium and Prosody; SCENARIO=name for one
	scripts/setup.sh build e2e
	scripts/e2e-quickblox.sh

e2e-board: ## the arm64 program on a virtual board; SCENARIO=name for one
	scripts/setup.sh build e2e board
	scripts/e2e-board.sh

e2e-faults: ## broken networks, servers and peers, the short part; PART=xmpp, sdk, soak or abuse for one
	scripts/setup.sh build e2e
	scripts/e2e-faults.sh

e2e-install: ## wrong cards, reload, hawkBit, the Debian package on a Debian with systemd
	scripts/setup.sh build e2e cross unit package
	scripts/e2e-install.sh

e2e-ota: ## updates of an emulated board; CUTS=, IMPORT_CUTS=, RESET_CUTS=, LONG=y
	scripts/setup.sh build e2e board package ota
	scripts/e2e-ota.sh $(if $(LONG),-ota.long) $(if $(CUTS),-ota.cuts=$(CUTS)) $(if $(IMPORT_CUTS),-ota.importcuts=$(IMPORT_CUTS)) $(if $(RESET_CUTS),-ota.resetcuts=$(RESET_CUTS))

soak: ## calls of random kind with random faults; CALLS=, DURATION=, SEED=
	scripts/setup.sh build e2e
	scripts/soak.sh

faults-xmpp: ## server faults at length, Prosody and ejabberd; DURATION= of the restarts
	scripts/setup.sh build e2e
	scripts/faults-xmpp.sh

faults-matrix: ## cut links, device and SDK side by side; REPEAT=, CUTS=, SIDES=, RACES=
	scripts/setup.sh build e2e
	scripts/faults-matrix.sh

faults-abuse: ## each attack for 30 s, and what it cost
	scripts/setup.sh build e2e
	scripts/faults-abuse.sh

board-kernel: ## the virtual board's kernel, from Debian's source package
	scripts/board-kernel.sh --build

image: ## the card of a board; BOARD=rpi4 BUILDROOT=/path/to/buildroot
	scripts/image.sh

bundle: ## a signed update from the images of a board; BOARD= CERT= KEY=
	scripts/bundle.sh

pki: ## a development PKI in build/pki
	scripts/pki.sh build/pki

check-image: ## the images' scripts on stand-ins, without Buildroot
	scripts/setup.sh lint package
	packaging/buildroot/check.sh

deb: cross ## dist/*.deb for amd64 and arm64
	scripts/deb.sh

release: ## programs, packages, SBOM, licenses and checksums in dist/
	scripts/setup.sh build cross package
	scripts/fetch-sdk.sh
	scripts/release.sh

bench: ## the figures of docs/performance.md
	scripts/setup.sh build e2e
	scripts/bench.sh

lint: ## gofmt, vet, staticcheck, shellcheck
	scripts/setup.sh build lint
	scripts/lint.sh

clean: ## remove what was built
	rm -rf bin build dist
