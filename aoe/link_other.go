//go:build !linux

package aoe

func gathererOf(Link) gatherer { return nil }
