package resolver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
)

const (
	// answerMost is the longest answer that a boot API may give, in bytes. An
	// iPXE script is in it, a file never is.
	answerMost = 1 << 20
	// defaultTimeout is how long Pixiecore waits for its API server.
	defaultTimeout = 5 * time.Second
)

// RemoteConfig is how to ask a boot API.
type RemoteConfig struct {
	// Prefix is the URL below which the API is: Spur asks <Prefix>/v1/boot/<mac>.
	Prefix string
	// Timeout bounds one question with its redirects and its answer, by
	// default 5 s.
	Timeout time.Duration
	// Transport carries the requests; nil means one of Spur's own, with
	// bounds. The caller closes a transport that it supplies.
	Transport http.RoundTripper
	// Allow says why the API may not name a file of this host; nil means that it
	// may name none.
	Allow func(path string) error
}

// Remote asks an HTTP server what each machine boots, by Pixiecore's API
// (pixiecore/README.api.md): GET <prefix>/v1/boot/<mac>, where status 200 means
// that the machine boots what the JSON document in the body says, and anything
// else that it is to be ignored.
//
// Beyond Pixiecore's request, headers tell what is known of the machine:
// X-Spur-Arch, X-Spur-Firmware, X-Spur-UUID, X-Spur-Proto, X-Spur-Loader, X-Spur-VLAN. A
// server may ignore them.
type Remote struct {
	base    *url.URL
	timeout time.Duration
	client  *http.Client
	own     *http.Transport
	allow   func(path string) error
}

// NewRemote checks the configuration and returns the resolver. Nothing is sent
// yet. Close it.
func NewRemote(config RemoteConfig) (*Remote, error) {
	base, err := apiBase(config.Prefix)
	if err != nil {
		return nil, err
	}
	r := &Remote{base: base, timeout: config.Timeout, allow: config.Allow}
	if r.allow == nil {
		r.allow = func(path string) error { return fmt.Errorf("%s: no folder is open to it", path) }
	}
	if r.timeout <= 0 {
		r.timeout = defaultTimeout
	}
	transport := config.Transport
	if transport == nil {
		r.own = newTransport(r.timeout)
		transport = r.own
	}
	r.client = &http.Client{Transport: transport, Timeout: r.timeout}
	return r, nil
}

// apiBase is the URL against which an answer's relative URLs are resolved, and
// below which the questions go. As in Pixiecore it has no slash at its end, so
// that "foo" is <prefix>/foo, beside v1.
func apiBase(prefix string) (*url.URL, error) {
	u, err := url.Parse(prefix)
	if err != nil && !strings.Contains(prefix, "://") {
		return nil, fmt.Errorf("the boot API's address %q must be a URL like http://server:8080/prefix", prefix)
	}
	if err != nil {
		return nil, fmt.Errorf("the boot API's address cannot be read: %w", causeOf(err))
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("the boot API's address %q must be a URL like http://server:8080/prefix", u.Redacted())
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, fmt.Errorf("the boot API's address %q must end with its path, because /v1/boot/<mac> is added to it", u.Redacted())
	}
	return u.JoinPath("v1"), nil
}

func newTransport(timeout time.Duration) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: timeout}).DialContext,
		TLSHandshakeTimeout:    timeout,
		ResponseHeaderTimeout:  timeout,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConns:           32,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        time.Minute,
		ForceAttemptHTTP2:      true,
	}
}

// Close drops the connections that are kept for further questions.
func (r *Remote) Close() error {
	if r.own != nil {
		r.own.CloseIdleConnections()
	}
	return nil
}

// Resolve asks the server. That it doesn't want the machine to boot is
// boot.ErrIgnore. Every other error is a failure of the server or on the way to
// it, and says what to do; when ctx ends, it is that of ctx.
func (r *Remote) Resolve(ctx context.Context, c boot.Client) (boot.Payload, error) {
	body, err := r.ask(ctx, c)
	if ctx.Err() != nil {
		return boot.Payload{}, fmt.Errorf("the question to the boot API about %s was given up: %w", c.MAC, ctx.Err())
	}
	var no refusal
	if errors.As(err, &no) {
		return boot.Payload{}, ignore("the boot API at %s %w", r.base.Redacted(), no)
	}
	if err != nil {
		return boot.Payload{}, r.explain(err, c)
	}
	payload, err := parseAnswer(r.base, body)
	if err != nil {
		err = fmt.Errorf("what the boot API at %s answers for %s is of no use: %w", r.base.Redacted(), c.MAC, err)
		return boot.Payload{}, advice.Wrap(err, "see what it says: "+r.curl(c))
	}
	return payload, r.check(payload)
}

// check refuses an answer that names a file of this host which the operator
// did not open to the API.
func (r *Remote) check(p boot.Payload) error {
	for _, f := range p.Files() {
		if f.IsURL() {
			continue
		}
		if err := r.allow(f.Source); err != nil {
			return fmt.Errorf("the boot API at %s names a file of this host that it can't have: %w", r.base.Redacted(), err)
		}
	}
	return nil
}

// ask returns the body of the server's answer, which has status 200.
func (r *Remote) ask(ctx context.Context, c boot.Client) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base.JoinPath("boot", c.MAC.String()).String(), nil)
	if err != nil {
		return nil, fmt.Errorf("cannot be asked: %w", err)
	}
	describe(req.Header, c)
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode >= http.StatusInternalServerError, resp.StatusCode == http.StatusTooManyRequests:
		return nil, failure(resp.Status)
	case resp.StatusCode != http.StatusOK:
		return nil, refusal{resp.Status, c.MAC}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerMost+1))
	if err == nil && len(body) > answerMost {
		err = errTooLong
	}
	return body, err
}

// describe puts what is known of the machine into the request.
func describe(h http.Header, c boot.Client) {
	h.Set("User-Agent", "spur")
	set := func(key, value string) {
		if value != "" {
			h.Set(key, value)
		}
	}
	set("X-Spur-Arch", string(c.Arch))
	set("X-Spur-Firmware", string(c.Firmware))
	set("X-Spur-Proto", string(c.Proto))
	set("X-Spur-Loader", string(c.Loader))
	if c.VLAN != 0 {
		set("X-Spur-VLAN", strconv.Itoa(int(c.VLAN)))
	}
	if !c.UUID.IsZero() {
		set("X-Spur-UUID", c.UUID.String())
	}
}

// refusal is a status other than 200: the server does not want this machine
// to boot.
type refusal struct {
	status string
	mac    boot.MAC
}

func (r refusal) Error() string {
	return fmt.Sprintf("says %q for %s, which means that it is not to be booted", r.status, r.mac)
}

// failure is a status by which the server says that it can't tell.
type failure string

func (f failure) Error() string { return fmt.Sprintf("answers %q", string(f)) }

// errTooLong is the error of an answer that is no answer.
var errTooLong = fmt.Errorf("answers with more than %d bytes", answerMost)

// explain says in words why there was no answer, and what to do.
func (r *Remote) explain(err error, c boot.Client) error {
	about := func(format string, a ...any) error {
		return fmt.Errorf("the boot API at %s "+format, append([]any{r.base.Redacted()}, a...)...)
	}
	var slow net.Error
	var wrapped *url.Error
	reached := advice.InWords(err)
	if said := new(url.Error); errors.As(err, &said) {
		reached = advice.InWords(said.Err)
	}
	switch said := failure(""); {
	case advice.Of(reached) != "" && !errors.Is(err, context.DeadlineExceeded):
		return advice.Wrap(about("cannot be reached: %w", reached), "start it, or correct the address that spur api was given; "+advice.Of(reached))
	case errors.As(err, &slow) && slow.Timeout():
		return advice.Wrap(about("did not answer within %s", r.timeout), "see how long it takes: "+r.curl(c)+"; --api-timeout gives it longer")
	case errors.As(err, &said):
		return advice.Wrap(about("%w for %s", said, c.MAC), "look at its log; see what it says: "+r.curl(c))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return advice.Wrap(about("ended the connection before its answer was whole"), "look at its log; see what it says: "+r.curl(c))
	case errors.Is(err, errTooLong):
		return advice.Wrap(about("%w", err), "see what it says: "+r.curl(c))
	case errors.As(err, &wrapped):
		err = wrapped.Err
	}
	return advice.Wrap(about("cannot be asked: %w", err), "try it: "+r.curl(c))
}

// curl is a command that asks what Spur asks.
func (r *Remote) curl(c boot.Client) string {
	return "curl -i " + r.base.JoinPath("boot", c.MAC.String()).Redacted()
}
