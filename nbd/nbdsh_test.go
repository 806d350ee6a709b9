package nbd

import "testing"

// TestNbdsh has libnbd ask what no other client does, by the module of nbdsh.
func TestNbdsh(t *testing.T) {
	m := newMemory(4 << 20)
	small := newMemory(1 << 20)
	small.caps.Zero, small.caps.Trim = false, false
	sock := serve(t, &Server{Exports: Fixed{{Name: "disk", Device: m}, {Name: "slow", Device: small},
		{Name: "ro", Device: m, ReadOnly: true}}})
	// Not by nbdsh itself, which runs whatever python3 is first in PATH.
	tool(t, "python3-libnbd", "/usr/bin/python3", "-c", "import nbd; h = nbd.NBD(); sock = '"+sock+"'\n"+script)
}

const script = `
import errno

def fails(number, call, *args):
    try:
        call(*args)
    except nbd.Error as e:
        assert e.errnum == number, (e, number)
        return
    assert False, "%s succeeded" % call

h.set_opt_mode(True)
h.add_meta_context(nbd.CONTEXT_BASE_ALLOCATION)
h.connect_unix(sock)
names = []
h.opt_list(lambda name, description: names.append(name))
assert names == ["disk", "slow", "ro"], names
h.set_export_name("nothing")
fails(errno.ENOENT, h.opt_info)
h.set_export_name("disk")
contexts = []
assert h.opt_list_meta_context(contexts.append) == 1
h.opt_info()
h.opt_go()
assert h.get_structured_replies_negotiated()

h.set_strict_mode(0)
b = bytes(range(256)) * 16
h.pwrite(b, 100, nbd.CMD_FLAG_FUA)
assert h.pread(4096, 100) == b
chunks = []
def chunk(buf, offset, status, error):
    chunks.append((offset, len(buf), status))
data = h.pread_structured(1 << 20, 0, chunk)
assert data[100:4196] == b
assert chunks == [(0, 8192, nbd.READ_DATA), (8192, (1 << 20) - 8192, nbd.READ_HOLE)], chunks
chunks.clear()
h.pread_structured(1 << 20, 0, chunk, nbd.CMD_FLAG_DF)
assert chunks == [(0, 1 << 20, nbd.READ_DATA)], chunks

fails(errno.EINVAL, h.pread, 512, 4 << 20)
fails(errno.ENOSPC, h.pwrite, b"x" * 512, (4 << 20) - 256)
fails(errno.ENOSPC, h.zero, 512, 4 << 20)
fails(errno.EINVAL, h.trim, 512, 4 << 20)
fails(errno.EINVAL, h.trim, 512, 1 << 63)
fails(errno.EINVAL, h.pread, 33 << 20, 0)
assert h.pread(0, 0) == b""
h.trim(4096, 0, nbd.CMD_FLAG_FUA)
h.cache(1 << 20, 0)
h.zero(65536, 0, nbd.CMD_FLAG_FAST_ZERO | nbd.CMD_FLAG_NO_HOLE)
h.flush()

h.pwrite(b, 1 << 20)
entries = []
def extent(context, offset, es, error):
    entries.extend(es)
h.block_status(2 << 20, 0, extent)
assert entries == [1 << 20, 3, 4096, 0, (1 << 20) - 4096, 3], entries
entries.clear()
h.block_status(2 << 20, 4096, extent, nbd.CMD_FLAG_REQ_ONE)
assert entries == [(1 << 20) - 4096, 3], entries
h.shutdown()

h = nbd.NBD()
h.set_request_structured_replies(False)
h.set_export_name("slow")
h.connect_unix(sock)
h.set_strict_mode(0)
assert not h.can_trim() and h.can_fast_zero()
fails(errno.ENOTSUP, h.zero, 4096, 0, nbd.CMD_FLAG_FAST_ZERO)
h.zero(4096, 0)
h.pwrite(b, 5)
assert h.pread(4096, 5) == b
fails(errno.EINVAL, h.block_status, 512, 0, extent)
h.shutdown()

# NBD_OPT_EXPORT_NAME, with and without the zeros.
for flags in [0, nbd.HANDSHAKE_FLAG_FIXED_NEWSTYLE, nbd.HANDSHAKE_FLAG_NO_ZEROES | nbd.HANDSHAKE_FLAG_FIXED_NEWSTYLE]:
    h = nbd.NBD()
    h.set_handshake_flags(flags)
    h.set_export_name("ro")
    h.connect_unix(sock)
    h.set_strict_mode(0)
    assert h.is_read_only() and h.get_size() == 4 << 20
    fails(errno.EPERM, h.pwrite, b, 0)
    fails(errno.EPERM, h.trim, 512, 0)
    assert h.pread(4096, 1 << 20) == b
    h.shutdown()
`
