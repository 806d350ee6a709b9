// Package architecture holds the test that keeps the directions of imports:
// which room may know which. Prose drifts; this fails.
package architecture
