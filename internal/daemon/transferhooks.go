package daemon

import (
	"errors"
	"io"
	"io/fs"
	"net/http"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/answer"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/httpd"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/tree"
	"github.com/spurboot/spur/tftp"
)

// httpHooks connects an HTTP server to the timeline. A file that isn't sent for want of the
// right password is no transfer: a person has mistyped, and the machine goes on.
func (f *files) httpHooks(v *notices, via route.Via) httpd.Hooks {
	tell := func(kind timeline.Kind, t *httpd.Transfer, bytes int64, err error) {
		if t.Method == http.MethodHead || isLocked(t.Refused) {
			return
		}
		e, ok := f.event(kind, via, t.Name, t.Remote, t.Local)
		if ok && !f.troubled(e, t.File) {
			e.script(t.File)
			e.Total, e.Bytes = max(t.Size, 0), bytes
			if err != nil {
				e.Err = webText(t.File != nil, err)
			}
			e.refused(webRefusal(t.File != nil, err))
			f.observe(e)
		}
	}
	return httpd.Hooks{
		Start: func(t *httpd.Transfer) { tell(timeline.FetchStart, t, 0, nil) },
		Progress: func(t *httpd.Transfer, bytes int64) {
			if f.progress.due(t) {
				tell(timeline.FetchProgress, t, bytes, nil)
			}
		},
		End: func(t *httpd.Transfer, s httpd.Stats, err error) {
			f.progress.forget(t)
			if isLocked(t.Refused) {
				entry, _ := f.tree.Describe(t.Name, t.Remote.Addr())
				v.passwordRefused(entry.Client.MAC, t.Remote.Addr(), via, t.Refused)
			}
			if err != nil {
				tell(timeline.FetchFailed, t, s.Bytes, err)
				return
			}
			tell(timeline.FetchEnd, t, s.Bytes, nil)
		},
	}
}

// tftpHooks connects the TFTP server to the timeline, and notes boots: whoever
// acknowledges a block has got the one before, so that its address is its own.
func (f *files) tftpHooks() tftp.Hooks {
	tell := func(kind timeline.Kind, r *tftp.Request, file tftp.File, bytes, total int64, err string, refused timeline.Refusal) {
		e, ok := f.event(kind, route.TFTP, r.Filename, r.Remote, r.Local)
		if ok && !f.troubled(e, file) {
			e.script(file)
			e.Total, e.Bytes, e.Err = max(total, 0), bytes, err
			e.refused(refused)
			f.observe(e)
		}
	}
	return tftp.Hooks{
		Start: func(t *tftp.Transfer) { tell(timeline.FetchStart, t.Request, t.File, 0, t.Size, "", "") },
		Progress: func(t *tftp.Transfer, bytes int64) {
			if f.progress.due(t) {
				f.tree.NoteBoot(t.Filename, t.Remote.Addr())
				tell(timeline.FetchProgress, t.Request, t.File, bytes, t.Size, "", "")
			}
		},
		End: func(t *tftp.Transfer, s tftp.Stats, reason tftp.Reason, err error) {
			f.progress.forget(t)
			if s.Bytes > 0 && !s.Unconfirmed {
				f.tree.NoteBoot(t.Filename, t.Remote.Addr())
			}
			switch reason {
			case tftp.Completed:
				tell(timeline.FetchEnd, t.Request, t.File, s.Bytes, t.Size, "", "")
			case tftp.SizeProbe:
				tell(timeline.SizeAsked, t.Request, t.File, 0, t.Size, "", "")
			case tftp.Failed:
				tell(timeline.FetchFailed, t.Request, t.File, s.Bytes, t.Size, reasonText(reason, err), refusal(err))
			default:
				tell(timeline.FetchFailed, t.Request, t.File, s.Bytes, t.Size, reasonText(reason, err), "")
			}
		},
		Refused: func(r *tftp.Request, answer *tftp.Error, err error) {
			tell(timeline.FetchFailed, r, nil, 0, 0, reasonText(tftp.Failed, err), refusal(err))
		},
	}
}

// troubled tells of a script that boots nothing, which is no file among others.
func (f *files) troubled(e event, file any) bool {
	why := tree.Trouble(file)
	if why != nil && (e.Kind == timeline.FetchEnd || e.Kind == timeline.FetchFailed) {
		f.events.Observe(answer.Silence(boot.Client{MAC: e.MAC}, e.Name, why))
	}
	return why != nil
}

// webText says in the story's words how a transfer over HTTP ended. Of a file that was opened
// the error begins with the address and the name by which it was asked for, which the story has
// in words, and which of a boot is sealed.
func webText(opened bool, err error) string {
	for _, why := range []error{httpd.ErrPeerGone, httpd.ErrStalled} {
		if errors.Is(err, why) {
			return why.Error()
		}
	}
	if inner := errors.Unwrap(err); opened && inner != nil {
		err = inner
	}
	return withAdvice(err)
}

// withAdvice is an error in one line with what can be done about it, if anything is known:
// the machine can't be told, and its story is all that people read.
func withAdvice(err error) string {
	if what := advice.Of(err); what != "" {
		return err.Error() + "; " + what
	}
	return err.Error()
}

// webRefusal says of how a transfer over HTTP ended what the machine could not have: a file
// that wasn't opened, or that failed while it was sent, for which neither the machine nor
// the network can do anything.
func webRefusal(opened bool, err error) timeline.Refusal {
	switch {
	case errors.Is(err, httpd.ErrPeerGone), errors.Is(err, httpd.ErrStalled):
		return ""
	case opened && !errors.Is(err, io.ErrUnexpectedEOF):
		return "" // a connection fails in many words
	}
	return refusal(err)
}

// refusal says of an error of a file what the machine could not have.
func refusal(err error) timeline.Refusal {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, fs.ErrNotExist):
		return timeline.NoSuchFile
	}
	return timeline.Refused
}

// reasonText says in the story's words why a transfer ended.
func reasonText(reason tftp.Reason, err error) string {
	if err != nil {
		return withAdvice(err)
	}
	return reason.String()
}
