// Package pools makes pools of addresses of what the operator asks for (Asked) and the
// interfaces that there are, and refuses to give any where another server does (Alone,
// Alone6).
package pools
