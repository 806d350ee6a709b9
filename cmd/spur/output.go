package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/output"
	"github.com/spurboot/spur/internal/printable"
)

// servedError is an error of a server. Nobody may be there to read it.
type servedError struct{ error }

func (s servedError) Unwrap() error { return s.error }

// serve runs a server, which goes on whatever becomes of those who read what it
// tells: they may go away, or stop reading. Other commands end quietly when
// their reader has gone, as head does, and wait for it otherwise.
func serve(cmd *cobra.Command, asJSON bool, run func(out io.Writer, logger *slog.Logger) error) error {
	signal.Ignore(syscall.SIGPIPE)
	missing := func(n int) string { return fmt.Sprintf("(%d lines are missing here: nobody read them)\n", n) }
	if asJSON {
		missing = missingRecord
	}
	out := output.New(cmd.OutOrStdout(), missing)
	defer out.Close()
	var logger *slog.Logger
	if asJSON {
		logger = slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{ReplaceAttr: printable.Attr}))
	}
	if err := run(out, logger); err != nil {
		return servedError{err}
	}
	return nil
}

func missingRecord(n int) string {
	var line strings.Builder
	slog.New(slog.NewJSONHandler(&line, nil)).Warn("records are missing here: nobody read them", "step", "dropped", "dropped", n)
	return line.String()
}

// apart are the errors that were joined into one.
func apart(err error) []error {
	var served servedError
	if errors.As(err, &served) {
		err = served.error
	}
	joined, is := err.(interface{ Unwrap() []error })
	if !is || errors.Join(joined.Unwrap()...).Error() != err.Error() {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, apart(e)...)
	}
	return all
}

// complain tells of what a command failed for, of each error with its own remedy.
func complain(err error) {
	var text string
	for _, e := range apart(err) {
		text += printable.Text(fmt.Sprintln("spur:", told(e)) + fmt.Sprintln("     ", remedy(e)))
	}
	if !errors.As(err, &servedError{}) {
		_, _ = io.WriteString(os.Stderr, text)
		return
	}
	out := output.New(os.Stderr, func(int) string { return "" })
	defer out.Close()
	_, _ = io.WriteString(out, text)
}
