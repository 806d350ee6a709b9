package boottest

import (
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestNobodyReads: whoever reads the story has gone, or has stopped. Machines
// get their files all the same, and Spur ends when it is told to.
func TestNobodyReads(t *testing.T) {
	for name, gone := range map[string]bool{"reader gone": true, "reader stopped": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorldAlone(t)
			reader, out, err := os.Pipe()
			w.check(err)
			defer reader.Close()
			size, err := unix.FcntlInt(out.Fd(), unix.F_SETPIPE_SZ, 4096)
			w.check(err)
			_, err = out.Write(make([]byte, size)) // it is full
			w.check(err)
			if gone {
				reader.Close()
			}
			spur := w.home.Command(w.ctx, built.spur, "boot", built.kernel, built.initrd, "--dhcp", "off")
			spur.Stdout, spur.Stderr = out, out
			w.check(spur.Start())
			out.Close()
			ended := make(chan error, 1)
			go func() { ended <- spur.Wait() }()

			client := http.Client{Transport: &http.Transport{DialContext: w.home.Dial, DisableKeepAlives: true}, Timeout: time.Minute}
			get := func() (string, error) {
				response, err := client.Get("http://" + homeAddr + "/boot.ipxe")
				if err != nil {
					return "", err
				}
				defer response.Body.Close()
				text, err := io.ReadAll(response.Body)
				return string(text), err
			}
			var script string
			for script == "" {
				select {
				case err := <-ended:
					t.Fatalf("Spur ended: %v", err)
				case <-w.ctx.Done():
					t.Fatalf("no script: %v", err)
				case <-time.After(100 * time.Millisecond):
				}
				script, err = get()
			}
			for range 100 { // each is told
				script, err = get()
				w.check(err)
			}
			if !strings.HasPrefix(script, "#!ipxe") {
				t.Errorf("the script is %q", script)
			}
			w.check(spur.Process.Signal(syscall.SIGTERM))
			select {
			case err := <-ended:
				w.check(err)
			case <-time.After(time.Minute):
				t.Error("Spur goes on a minute after SIGTERM")
			}
		})
	}
}
