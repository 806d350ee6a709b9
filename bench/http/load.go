package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// load fetches a path of a server on so many connections at once, and prints the
// seconds that it took and the bytes that came.
func load(ctx context.Context, args []string) error {
	path := args[1]
	clients, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	conns := make([]*net.TCPConn, clients)
	for i := range conns {
		if conns[i], err = connect(ctx, args[0]); err != nil {
			return err
		}
		defer conns[i].Close()
	}
	began := time.Now()
	sizes, errs := make([]int64, clients), make([]error, clients)
	var wg sync.WaitGroup
	for i, c := range conns {
		wg.Go(func() { sizes[i], errs[i] = fetch(c, path) })
	}
	wg.Wait()
	took := time.Since(began)
	if err := errors.Join(errs...); err != nil {
		return err
	}
	var total int64
	for _, n := range sizes {
		total += n
	}
	fmt.Println(took.Seconds(), total)
	return nil
}

// connect waits for a server that is just starting.
func connect(ctx context.Context, addr string) (*net.TCPConn, error) {
	for try := 0; ; try++ {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			return c.(*net.TCPConn), nil
		}
		if try == 100 || ctx.Err() != nil {
			return nil, err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// fetch gets a file, as cheaply as it can be got: the kernel throws the bytes
// away (MSG_TRUNC, tcp(7)).
func fetch(c *net.TCPConn, path string) (int64, error) {
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return 0, err
	}
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: bench\r\n\r\n", path); err != nil {
		return 0, err
	}
	head := bufio.NewReaderSize(c, 4096)
	resp, err := http.ReadResponse(head, nil) //nolint:bodyclose // discard takes the body off the connection
	if err != nil {
		return 0, err
	}
	if resp.StatusCode != http.StatusOK || resp.ContentLength < 0 {
		return 0, fmt.Errorf("answer %s of %d bytes", resp.Status, resp.ContentLength)
	}
	return resp.ContentLength, discard(c, resp.ContentLength-int64(head.Buffered()))
}

func discard(c *net.TCPConn, n int64) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	buf := make([]byte, 1<<20) // only its length matters
	for n > 0 {
		var got int
		var rerr error
		err := raw.Read(func(fd uintptr) bool {
			got, _, rerr = syscall.Recvfrom(int(fd), buf[:min(n, int64(len(buf)))], syscall.MSG_TRUNC)
			return rerr != syscall.EAGAIN
		})
		if err == nil {
			err = rerr
		}
		if err == nil && got == 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		n -= int64(got)
	}
	return nil
}
