// Package report writes the timeline for people: as lines on a terminal, as
// records of a log, and as a report of one attempt.
//
// Terminal writes one line per step of each machine's boot, and a verdict in
// three lines when a boot stalls. On a terminal (Options.Live) it keeps one
// more line at the bottom, rewritten in place, that shows transfers which take
// longer than a second; lines of others have to go through Terminal.Write so
// that the two do not run into each other. Log writes slog records with the
// keys sub, if, mac and step. Attempt prints one attempt afterwards, with times
// relative to its beginning.
//
// Terminal.Observe and the function that Log returns are observers for
// timeline.Config. Whatever came from the network is escaped before it is
// written (timeline.Clean).
package report
