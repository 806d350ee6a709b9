//go:build !race

package nbd

const racing = false
