package lab

import (
	"context"
	"fmt"
	"path/filepath"
)

// Screenshot writes the machine's screen as PNG. A relative path is below the
// lab's folder. The written path is returned.
func (m *Machine) Screenshot(ctx context.Context, path string) (string, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(m.lab.dir, path)
	}
	err := m.command(ctx, "screendump", map[string]any{"filename": path, "format": "png"}, nil)
	return path, err
}

// SendKey presses keys together and lets go: QEMU's names, such as "ret",
// "ctrl", "b" (QKeyCode of qapi/ui.json).
func (m *Machine) SendKey(ctx context.Context, keys ...string) error {
	var values []map[string]string
	for _, k := range keys {
		values = append(values, map[string]string{"type": "qcode", "data": k})
	}
	return m.command(ctx, "send-key", map[string]any{"keys": values}, nil)
}

// Reset presses the reset button.
func (m *Machine) Reset(ctx context.Context) error {
	return m.command(ctx, "system_reset", nil, nil)
}

// VNC is the address of the screen, when the machine's Display is "vnc".
func (m *Machine) VNC(ctx context.Context) (string, error) {
	var info struct{ Host, Service string }
	if err := m.command(ctx, "query-vnc", nil, &info); err != nil {
		return "", err
	}
	return info.Host + ":" + info.Service, nil
}

// Quit pulls the plug and returns when the machine is gone.
func (m *Machine) Quit() error { return m.process.Stop() }

func (m *Machine) command(ctx context.Context, command string, arguments, result any) error {
	if err := m.qmp.run(ctx, command, arguments, result); err != nil {
		return fmt.Errorf("machine %s: %w", m.name, err)
	}
	return nil
}
