//go:build !linux

package aoe

import "github.com/spurboot/spur/block"

func gathererOf(Link) gatherer { return nil }

func mapFile(block.Device) *mapping { return nil }

func unmapFile(*mapping) {}

func resident(_, _ []byte) bool { return false }

func fileEnd(int) int64 { return -1 }

func pagesFetched() int64 { return 0 }
