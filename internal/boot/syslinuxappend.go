package boot

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// What Syslinux takes: file names of FILENAME_MAX (core/include/fs.h) with the NUL, and
// a line of LINUX and APPEND together of what a kernel for x86 takes for a command line
// at most, which begins with the kernel's name (new_linux_kernel in
// com32/elflink/ldlinux/kernel.c). What is longer Syslinux refuses or cuts off.
const (
	syslinuxName = 255
	syslinuxLine = 2047
)

// SyslinuxAppend is what APPEND says in a configuration of Syslinux that starts a kernel
// with initrds, which stand first: of several initrd= in a line Syslinux takes the first
// for what it is to load. What can't be said is an error, a clause about the kernel.
func SyslinuxAppend(kernel string, initrds []string, cmdline string) (string, error) {
	line := strings.Trim(cmdline, " \t\v\f")
	switch {
	case strings.ContainsAny(line, "\r\n\x00"):
		return "", errors.New("its command line has a line break, which ends a line of Syslinux's configuration")
	case len(initrds) > 0:
		line = strings.TrimRight("initrd="+strings.Join(initrds, ",")+" "+line, " ")
	case strings.Contains(line, "initrd="):
		return "", errors.New("its command line has initrd=, which Syslinux takes for files that it is to load")
	case line == "-":
		return "", errors.New("its command line is a dash, which Syslinux takes for an empty one")
	}
	for _, name := range append([]string{kernel}, initrds...) {
		if len(name) > syslinuxName {
			return "", fmt.Errorf("its file is called %.40q…, for which Syslinux takes no more than %d bytes, and these are %d with its place", name[strings.LastIndex(name, "/")+1:], syslinuxName, len(name))
		}
	}
	if n := len("BOOT_IMAGE=") + len(kernel) + len(" ") + len(line); n > syslinuxLine {
		return "", fmt.Errorf("its command line has %d bytes with the names of its files, of which Syslinux takes %d", n, syslinuxLine)
	}
	return line, nil
}

// MultibootAppend is what APPEND says for Syslinux's mboot.c32: a kernel's and its
// modules' names, each with what it is told, and three dashes between them. It joins the
// words by single blanks (get_modules in com32/mboot/mboot.c).
func MultibootAppend(names, texts []string) (string, error) {
	var all []string
	for i, name := range names {
		words := strings.Fields(texts[i])
		switch {
		case len(name) > syslinuxName:
			return "", fmt.Errorf("its file is called %.40q…, for which Syslinux takes no more than %d bytes, and these are %d with its place", name[strings.LastIndex(name, "/")+1:], syslinuxName, len(name))
		case slices.Contains(words, "---"):
			return "", errors.New("it is told ---, which divides modules for mboot.c32")
		case strings.Join(words, " ") != texts[i]:
			return "", errors.New("it is told several blanks in a row, of which mboot.c32 makes one")
		}
		all = append(all, strings.TrimSuffix(name+" "+texts[i], " "))
	}
	line := strings.Join(all, " --- ")
	if len(line) > syslinuxLine {
		return "", fmt.Errorf("it and its modules are told %d bytes with the names of the files, of which Syslinux takes %d", len(line), syslinuxLine)
	}
	return line, nil
}
