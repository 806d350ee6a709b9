package lab

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// fakeQEMU answers commands on a pipe: query-vnc with data, "slow" too late,
// anything unknown with an error.
func fakeQEMU(conn net.Conn) {
	fmt.Fprintln(conn, `{"QMP": {"version": {}}}`)
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		var request struct {
			Execute string
			ID      int
		}
		_ = json.Unmarshal(lines.Bytes(), &request)
		switch request.Execute {
		case "qmp_capabilities":
			fmt.Fprintf(conn, `{"return": {}, "id": %d}`, request.ID)
		case "query-vnc":
			fmt.Fprintf(conn, `{"event": "RESET"}{"return": {"host": "127.0.0.1"}, "id": %d}`, request.ID)
		case "slow":
			time.Sleep(time.Minute)
			fmt.Fprintf(conn, `{"return": {"host": "late"}, "id": %d}`, request.ID)
		case "quit":
			_ = conn.Close()
		default:
			fmt.Fprintf(conn, `{"error": {"desc": "no such thing"}, "id": %d}`, request.ID)
		}
	}
}

func TestQMP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		go fakeQEMU(theirs)
		var events atomic.Int32
		ctx := t.Context()
		q := must[*qmp](t)(newQMP(ctx, ours, func(string) { events.Add(1) }))
		defer q.close()

		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if err := q.run(short, "slow", nil, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("slow: %v", err)
		}
		time.Sleep(2 * time.Minute)
		var info struct{ Host string }
		if err := q.run(ctx, "query-vnc", nil, &info); err != nil || info.Host != "127.0.0.1" {
			t.Errorf("query: %+v, %v: a late reply is no reply to this", info, err)
		}
		if events.Load() != 1 {
			t.Errorf("%d events", events.Load())
		}
		if err := q.run(ctx, "fly", map[string]any{"high": true}, nil); err == nil || !strings.Contains(err.Error(), "no such thing") {
			t.Errorf("unknown: %v", err)
		}
		if err := q.run(ctx, "quit", nil, nil); !errors.Is(err, errMachineEnded) {
			t.Errorf("quit: %v", err)
		}
		if err := q.run(ctx, "query-vnc", nil, nil); !errors.Is(err, errMachineEnded) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// stream is a connection that was recorded.
type stream struct{ io.Reader }

func (stream) Write(p []byte) (int, error) { return len(p), nil }
func (stream) Close() error                { return nil }

func FuzzQMP(f *testing.F) {
	f.Add(`{"QMP": {}}{"return": {}, "id": 1}{"event": "RESET"}`)
	f.Add(`{"error": {"desc": "no"}, "id": 1}`)
	f.Fuzz(func(t *testing.T, said string) {
		q, err := newQMP(t.Context(), stream{strings.NewReader(said)}, func(string) {})
		if err == nil {
			q.close()
		}
	})
}
