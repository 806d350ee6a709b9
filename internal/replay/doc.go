// Package replay plays the machine's side of a boot that was recorded against a Spur of
// today (Play), with a clock of its own and through answer.Offers4 and answer.Offers6 as
// they are, and says in which answers that one differs (difference.go) and whether the
// machine would boot (judge.go).
package replay
