package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"
)

// kernelLine is where an iPXE script names the kernel.
var kernelLine = regexp.MustCompile(`http://\S+/vmlinuz\S*`)

// fetchKernel asks Spur for the kernel as iPXE does, first for the script and
// then for what it names, and returns the number of bytes.
func (b bench) fetchKernel(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DialContext: b.other.Dial}}
	defer client.CloseIdleConnections()
	ask := "http://" + homeAddr + "/boot.ipxe?mac=52:54:00:77:00:01&arch=x86_64&platform=efi"
	resp, err := get(ctx, client, ask)
	if err != nil {
		return 0, err
	}
	script, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	resp.Body.Close()
	if err != nil {
		return 0, err
	}
	url := kernelLine.Find(script)
	if url == nil {
		return 0, fmt.Errorf("the script names no kernel:\n%s", script)
	}
	if resp, err = get(ctx, client, string(url)); err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	return io.Copy(io.Discard, resp.Body)
}

func get(ctx context.Context, client *http.Client, url string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fmt.Errorf("%s: %s", url, resp.Status)
	}
	return resp, nil
}
