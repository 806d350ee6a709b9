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
	ended   chan struct{} // closed when the reader has ended

	mu      sync.Mutex
	lastID  int
	waiting map[int]chan qmpMessage // room for one reply each
}

type qmpMessage struct {
	Return json.RawMessage `json:"return"`
	Error  *struct {
		Desc string `json:"desc"`
	} `json:"error"`
	Event string `json:"event"`
	ID    int    `json:"id"`
}

var errMachineEnded = errors.New("the machine has ended")

// newQMP greets QEMU. onEvent is called for each event, from one goroutine.
func newQMP(ctx context.Context, conn io.ReadWriteCloser, onEvent func(string)) (*qmp, error) {
	q := &qmp{conn: conn, onEvent: onEvent, ended: make(chan struct{}), waiting: map[int]chan qmpMessage{}}
	go q.read()
	if err := q.run(ctx, "qmp_capabilities", nil, nil); err != nil {
		q.close()
		return nil, err
	}
	return q, nil
}

func (q *qmp) read() {
	defer close(q.ended)
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
			if reply, ok := q.forget(m.ID); ok {
				reply <- m
			}
		}
	}
}

// run runs a command and reads what it returns into result, unless that is nil.
func (q *qmp) run(ctx context.Context, command string, arguments, result any) error {
	id, reply, err := q.send(command, arguments)
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	defer q.forget(id)
	select {
	case m := <-reply:
		return answer(command, m, result)
	case <-q.ended:
		return fmt.Errorf("%s: %w", command, errMachineEnded)
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", command, context.Cause(ctx))
	}
}

func (q *qmp) send(command string, arguments any) (int, <-chan qmpMessage, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lastID++
	request := map[string]any{"execute": command, "id": q.lastID}
	if arguments != nil {
		request["arguments"] = arguments
	}
	line, err := json.Marshal(request)
	if err != nil {
		return 0, nil, err
	}
	reply := make(chan qmpMessage, 1)
	q.waiting[q.lastID] = reply
	if _, err := q.conn.Write(append(line, '\n')); err != nil {
		delete(q.waiting, q.lastID)
		return 0, nil, errMachineEnded
	}
	return q.lastID, reply, nil
}

func (q *qmp) forget(id int) (chan<- qmpMessage, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	reply, ok := q.waiting[id]
	delete(q.waiting, id)
	return reply, ok
}

func answer(command string, m qmpMessage, result any) error {
	switch {
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
	<-q.ended
}
