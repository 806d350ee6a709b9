package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// A Process is a program that the lab started and will stop. Its output, both
// streams together, is its Console.
type Process struct {
	*Console
	cmd  *exec.Cmd
	log  *os.File
	born time.Time
	tell func(Ended)
	done chan struct{} // closed when the process has ended
	err  error         // valid once done is closed

	mu   sync.Mutex
	stop bool // we asked for the end
}

// stopGrace is how long a process may take to end by itself when asked to.
const stopGrace = 2 * time.Second

// start starts cmd as the lab's own. Its output goes to the console and to
// name.log in the lab's folder.
func (l *Lab) start(name string, cmd *exec.Cmd) (*Process, error) {
	log, err := os.Create(filepath.Join(l.dir, name+".log"))
	if err != nil {
		return nil, fmt.Errorf("log of %s: %w", name, err)
	}
	p := &Process{Console: newConsole(name), cmd: cmd, log: log, born: time.Now(), tell: l.options.Ended, done: make(chan struct{})}
	p.CopyTo(log)
	cmd.Stdout, cmd.Stderr = p.Console, p.Console
	cmd.WaitDelay = stopGrace
	l.own(cmd)
	if err := l.starter.do(cmd.Start); err != nil {
		_ = log.Close()
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go p.wait()
	l.onClose(p.Stop)
	return p, nil
}

// own marks a command as one of this lab: CleanUp knows it by the environment,
// and the kernel ends it with us.
func (l *Lab) own(cmd *exec.Cmd) {
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, marker+"="+l.mark)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

func (p *Process) wait() {
	err := p.cmd.Wait()
	p.mu.Lock()
	if p.stop {
		err = nil
	}
	p.err = err
	p.mu.Unlock()
	p.Console.close()
	_ = p.log.Close()
	if p.tell != nil {
		p.tell(endOf(p.cmd, p.born))
	}
	close(p.done)
}

// PID is the process's number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits for the process to end by itself. The error shows its last lines.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-p.done:
	case <-ctx.Done():
		return fmt.Errorf("waiting for %s to end: %w\n%s", p.name, context.Cause(ctx), indent(p.Tail(tailLines)))
	}
	if p.err != nil {
		return fmt.Errorf("%s: %w\n%s", p.name, p.err, indent(p.Tail(tailLines)))
	}
	return nil
}

// Stop asks the process to end and kills it if it doesn't. It returns once the
// process is gone.
func (p *Process) Stop() error {
	p.mu.Lock()
	p.stop = true
	p.mu.Unlock()
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // gone already: nothing to end
	timer := time.NewTimer(stopGrace)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
	}
	_ = p.cmd.Process.Kill()
	<-p.done
	return nil
}
