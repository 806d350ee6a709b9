//go:build !race

package aoe

const racing = false
