//go:build race

package aoe

// racing: sync.Pool loses some of what it is given.
const racing = true
