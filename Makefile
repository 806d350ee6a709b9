# Everything works on a fresh Debian machine that has Go, git and make, as root.

GO ?= go
FUZZTIME ?= 60s

.PHONY: help check-go build demo test bench fuzz soak lint clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

check-go:
	@scripts/check-go $(GO)

# clang and lld build the programs by which UEFI machines boot disks over PXE, and those
# with a BIOS tagged images (NBI).
TAGS := $(shell command -v clang >/dev/null && command -v ld.lld >/dev/null && echo ramdisk)

# The commit that spur version names; empty outside of a clone.
COMMIT = $(shell git describe --always --dirty 2>/dev/null)

build: check-go ## build bin/spur, with its own loaders in it where clang and lld are
	@$(GO) mod download
	@$(if $(TAGS),scripts/ramdisk internal/ramdisk,echo "without clang and lld: no ramdisk.efi and spur-nbi.bin in Spur, by which UEFI machines boot disks over PXE, and those with a BIOS tagged images (NBI)")
	CGO_ENABLED=0 $(GO) build -tags "$(TAGS)" -ldflags "-X main.commit=$(COMMIT)" -o bin/spur ./cmd/spur

demo: build ## boot a virtual machine over the network and tell the story of it
	scripts/install demo
	scripts/demo

test: check-go ## run every test: unit, interoperability with real peers, boots of real firmware
	scripts/install test
	@$(GO) mod download
	scripts/test

bench: build ## measure against the peers, side by side in one run
	scripts/install bench
	scripts/bench

fuzz: check-go ## fuzz every decoder for FUZZTIME
	FUZZTIME=$(FUZZTIME) scripts/fuzz

soak: build ## boot machines and kill writers of images over and over, for SOAKTIME
	scripts/install test
	scripts/soak

lint: check-go ## gofmt, go vet, golangci-lint, shellcheck
	scripts/install lint
	scripts/lint

clean: ## remove what was built
	rm -rf bin internal/ramdisk/*.efi internal/ramdisk/*.bin
