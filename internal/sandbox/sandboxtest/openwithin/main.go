// Command openwithin has a running process open files for reading, and prints
// for each "opened" or the error that the process got. Only that shows what a
// process may open: its Landlock domain can't be entered from outside.
//
//	openwithin PID FILE…
//
// The process' first thread is stopped for a moment (ptrace(2)) and made to do
// the system calls; the files are closed again. It is a program of its own
// because the parent of a traced process takes its stops for its end.
package main

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

func main() {
	pid, err := strconv.Atoi(os.Args[1])
	if err == nil {
		err = within(pid, os.Args[2:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "openwithin:", err)
		os.Exit(1)
	}
}

func within(pid int, files []string) error {
	runtime.LockOSThread() // ptrace belongs to a thread
	defer runtime.UnlockOSThread()
	at, err := systemCall(pid)
	if err != nil {
		return err
	}
	if err := errors.Join(unix.PtraceSeize(pid), unix.PtraceInterrupt(pid)); err != nil {
		return fmt.Errorf("stop process %d: %w", pid, err)
	}
	if err := stopped(pid); err != nil {
		return err
	}
	i := injector{pid: pid, instruction: at}
	if err := unix.PtraceGetRegs(pid, &i.saved); err != nil {
		return err
	}
	for _, file := range files {
		if err := i.open(file); err != nil {
			fmt.Println(err)
		} else {
			fmt.Println("opened")
		}
	}
	return errors.Join(unix.PtraceSetRegs(pid, &i.saved), unix.PtraceDetach(pid))
}

// injector makes a stopped thread do system calls.
type injector struct {
	pid         int
	instruction uint64 // the address of a system call in its program
	saved       unix.PtraceRegs
}

func (i *injector) open(path string) error {
	const cwd = ^uint64(99) // AT_FDCWD, -100
	page, err := i.call(unix.SYS_MMAP, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS, ^uint64(0))
	if err != nil {
		return err
	}
	if _, err := unix.PtracePokeData(i.pid, uintptr(page), append([]byte(path), 0)); err != nil {
		return err
	}
	fd, failed := i.call(unix.SYS_OPENAT, cwd, page, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0, 0)
	if failed == nil {
		_, err = i.call(unix.SYS_CLOSE, fd, 0, 0, 0, 0)
	}
	_, unmapped := i.call(unix.SYS_MUNMAP, page, 4096, 0, 0, 0)
	return errors.Join(failed, err, unmapped)
}

// call does one system call, of up to five arguments; its error is the one that
// the process got.
func (i *injector) call(number, a, b, c, d, e uint64) (uint64, error) {
	r := i.saved
	r.Rip, r.Rax, r.Orig_rax = i.instruction, number, ^uint64(0) // no call of its own to restart
	r.Rdi, r.Rsi, r.Rdx, r.R10, r.R8, r.R9 = a, b, c, d, e, 0
	if err := errors.Join(unix.PtraceSetRegs(i.pid, &r), unix.PtraceSingleStep(i.pid)); err != nil {
		return 0, err
	}
	if err := stopped(i.pid); err != nil {
		return 0, err
	}
	if err := unix.PtraceGetRegs(i.pid, &r); err != nil {
		return 0, err
	}
	if result := int64(r.Rax); result < 0 && result > -4096 {
		return 0, unix.Errno(-result)
	}
	return r.Rax, nil
}

func stopped(pid int) error {
	var status unix.WaitStatus
	_, err := unix.Wait4(pid, &status, unix.WALL, nil)
	if err == nil && !status.Stopped() {
		err = fmt.Errorf("process %d ended while it was looked at", pid)
	}
	return err
}

// systemCall finds an instruction of a static program that enters the kernel.
func systemCall(pid int) (uint64, error) {
	program, err := elf.Open(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		return 0, err
	}
	defer program.Close()
	text := program.Section(".text")
	if text == nil || program.Type != elf.ET_EXEC {
		return 0, fmt.Errorf("process %d is no static program", pid)
	}
	code, err := text.Data()
	if err != nil {
		return 0, err
	}
	at := bytes.Index(code, []byte{0x0f, 0x05})
	if at < 0 {
		return 0, fmt.Errorf("process %d has no system call in it", pid)
	}
	return text.Addr + uint64(at), nil
}
