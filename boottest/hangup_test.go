package boottest

import (
	"context"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"
)

// TestTerminalCloses: Spur ends when its terminal does, also beside a machine that has
// connected and asks for nothing; started by nohup it goes on. The signal may be ignored where
// the test runs, as below nohup, which programs inherit.
func TestTerminalCloses(t *testing.T) {
	for name, stays := range map[string]bool{"alone": false, "by nohup": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorldAlone(t)
			starter := []string{"env", "--default-signal=HUP"}
			if stays {
				starter = []string{"nohup"}
			}
			args := append(starter, built.spur, "boot", built.kernel, "--dhcp", "off")
			spur := w.home.Command(w.ctx, args[0], args[1:]...)
			w.check(spur.Start())
			ended := make(chan error, 1)
			go func() { ended <- spur.Wait() }()
			idle := connect(w)
			defer idle.Close()
			answered(w) // connections are taken in their order
			w.check(spur.Process.Signal(syscall.SIGHUP))
			patience := 30 * time.Second
			if stays {
				patience = time.Second
			}
			select {
			case err := <-ended:
				w.check(err)
				if stays {
					t.Error("Spur ended")
				}
			case <-time.After(patience):
				if !stays {
					t.Errorf("Spur goes on %v after SIGHUP", patience)
				}
				answered(w)
				w.check(spur.Process.Signal(syscall.SIGTERM))
				<-ended
			}
		})
	}
}

// connect makes a connection to Spur's HTTP server, as soon as that is there.
func connect(w *world) net.Conn {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, time.Minute)
	defer cancel()
	for {
		c, err := w.home.Dial(ctx, "tcp", homeAddr+":80")
		if err == nil {
			return c
		}
		if ctx.Err() != nil {
			w.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// answered waits for an answer of Spur's HTTP server.
func answered(w *world) {
	w.Helper()
	client := http.Client{Transport: &http.Transport{DialContext: w.home.Dial, DisableKeepAlives: true}, Timeout: time.Minute}
	response, err := client.Get("http://" + homeAddr + "/boot.ipxe")
	w.check(err)
	_ = response.Body.Close()
}
