//go:build race

package disk_test

const racing = true
