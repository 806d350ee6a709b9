package lab

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// qmp speaks QEMU's machine protocol: JSON values, one after the other, over a
// stream (docs/interop/qmp-spec.txt of QEMU).
type qmp struct {
	conn    io.ReadWriteCloser
	onEvent func(name string)

	turn    sync.Mutex // one command at a time
	replies chan qmpMessage
	ended   chan struct{} // closed when the reader has ended
}

type qmpMessage struct {
	Greeting json.RawMessage `json:"QMP"`
	Return   json.RawMessage `json:"return"`
	Error    *struct {
		Desc string `json:"desc"`
	} `json:"error"`
	Event string `json:"event"`
}

var errMachineEnded = errors.New("the machine has ended")

// newQMP greets QEMU. onEvent is called for each event, from one goroutine.
func newQMP(ctx context.Context, conn io.ReadWriteCloser, onEvent func(string)) (*qmp, error) {
	q := &qmp{conn: conn, onEvent: onEvent, replies: make(chan qmpMessage), ended: make(chan struct{})}
	go q.read()
	if err := q.run(ctx, "qmp_capabilities", nil, nil); err != nil {
		q.close()
		return nil, err
	}
	return q, nil
}

func (q *qmp) read() {
	defer close(q.ended)
	defer close(q.replies)
	decoder := json.NewDecoder(bufio.NewReader(q.conn))
	for {
		var m qmpMessage
		if decoder.Decode(&m) != nil {
			return
		}
		switch {
		case m.Event != "":
			q.onEvent(m.Event)
		case m.Return != nil || m.Error != nil:
			q.replies <- m
		}
	}
}

// run runs a command and reads what it returns into result, unless that is nil.
func (q *qmp) run(ctx context.Context, command string, arguments, result any) error {
	q.turn.Lock()
	defer q.turn.Unlock()
	request := map[string]any{"execute": command}
	if arguments != nil {
		request["arguments"] = arguments
	}
	line, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	if _, err := q.conn.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("%s: %w", command, errMachineEnded)
	}
	select {
	case m, ok := <-q.replies:
		return answer(command, m, ok, result)
	case <-ctx.Done():
		// The late reply would be taken for the next command's.
		_ = q.conn.Close()
		return fmt.Errorf("%s: %w", command, context.Cause(ctx))
	}
}

func answer(command string, m qmpMessage, ok bool, result any) error {
	switch {
	case !ok:
		return fmt.Errorf("%s: %w", command, errMachineEnded)
	case m.Error != nil:
		return fmt.Errorf("%s: %s", command, m.Error.Desc)
	case result == nil:
		return nil
	}
	if err := json.Unmarshal(m.Return, result); err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	return nil
}

// close ends the connection and its reader.
func (q *qmp) close() {
	_ = q.conn.Close()
	for range q.replies { // a reply nobody waits for any more
	}
	<-q.ended
}
