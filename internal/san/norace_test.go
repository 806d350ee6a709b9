//go:build !race

package san

const racing = false
