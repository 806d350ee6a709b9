package lab

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spurboot/spur/internal/boot"
)

// arguments are QEMU's for this firmware. The variables of a UEFI machine are
// copied to dir.
func (f firmware) arguments(dir, machine string) ([]string, error) {
	args := []string{"-machine", f.machine}
	switch {
	case f.bios():
		return append(args, "-boot", "n"), nil
	case f.uboot != packaged{}:
		return f.uBootArguments(args)
	}
	if f.smm {
		args = append(args, guarded()...)
	}
	if f.http {
		args = append(args, onlyHTTP()...)
	}
	code, err := f.code.find()
	if err != nil {
		return nil, err
	}
	template, err := f.vars.find()
	if err != nil {
		return nil, err
	}
	vars := filepath.Join(dir, machine+".vars.fd")
	if err := copyFile(vars, template); err != nil {
		return nil, fmt.Errorf("variables of %s: %w", machine, err)
	}
	return append(args,
		"-drive", "if=pflash,unit=0,format=raw,readonly=on,file="+code,
		"-drive", "if=pflash,unit=1,format=raw,file="+vars,
		// edk2 draws the numbers of its protocols from it.
		"-device", "virtio-rng-pci",
	), nil
}

// uBootArguments add U-Boot's: it is the first program of an ARM board, and on RISC-V
// what OpenSBI starts.
func (f firmware) uBootArguments(args []string) ([]string, error) {
	program, err := f.uboot.find()
	if err != nil {
		return nil, err
	}
	option := "-bios"
	if f.arch == boot.RISCV64 {
		option = "-kernel"
	}
	return append(args, option, program, "-device", "virtio-rng-pci"), nil
}

// copyFile copies a file and leaves holes where it has nothing but zeros: flash
// of 64 MiB has some KiB of variables.
func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	return errors.Join(copySparsely(out, in), out.Close())
}

func copySparsely(out *os.File, in io.Reader) error {
	buf := make([]byte, 64<<10)
	zeros := make([]byte, len(buf))
	for at := int64(0); ; {
		n, err := io.ReadFull(in, buf)
		if n > 0 && !bytes.Equal(buf[:n], zeros[:n]) {
			if _, err := out.WriteAt(buf[:n], at); err != nil {
				return err
			}
		}
		at += int64(n)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return out.Truncate(at)
		case err != nil:
			return err
		}
	}
}
