"""Reads what is below a folder by libnfs: client.py files|list ADDRESS PATH

It prints the seconds that it took, and how many files were read or listed."""

import ctypes
import sys
import time

TIMES = 20  # that the folder is listed
SIZE = 1 << 20


class Entry(ctypes.Structure):
    """The beginning of libnfs's struct nfsdirent."""


Entry._fields_ = [("next", ctypes.POINTER(Entry)), ("name", ctypes.c_char_p)]

lib = ctypes.CDLL("libnfs.so.13")
lib.nfs_init_context.restype = ctypes.c_void_p
lib.nfs_readdir.restype = ctypes.POINTER(Entry)
lib.nfs_get_error.restype = ctypes.c_char_p
nfs = ctypes.c_void_p(lib.nfs_init_context())


def check(result):
    if result < 0:
        sys.exit(lib.nfs_get_error(nfs).decode())
    return result


def names():
    folder = ctypes.c_void_p()
    check(lib.nfs_opendir(nfs, b"/", ctypes.byref(folder)))
    all = []
    while entry := lib.nfs_readdir(nfs, folder):
        all.append(entry.contents.name)
    lib.nfs_closedir(nfs, folder)
    return [name for name in all if name not in (b".", b"..")]


def read(name):
    file = ctypes.c_void_p()
    check(lib.nfs_open(nfs, b"/" + name, 0, ctypes.byref(file)))
    got = check(lib.nfs_read(nfs, file, ctypes.c_uint64(SIZE), buffer))
    check(lib.nfs_close(nfs, file))
    return got


buffer = ctypes.create_string_buffer(SIZE)
lib.nfs_set_dircache(nfs, 0)
lib.nfs_set_version(nfs, 3)
what, address, path = sys.argv[1:]
check(lib.nfs_mount(nfs, address.encode(), path.encode()))
done = 0
if what == "list":
    began = time.monotonic()
    for _ in range(TIMES):
        done += len(names())
else:
    all = names()
    began = time.monotonic()
    for name in all:
        if read(name) == 0:
            sys.exit("a file is empty")
        done += 1
print(time.monotonic() - began, done)
