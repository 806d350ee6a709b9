package qcow2

// An image is a header, and clusters. The L1 table names L2 tables; an entry of
// these names the cluster of the file, the host cluster, in which a cluster of the
// disk, the guest cluster, is kept. Reference counts say which host clusters are in
// use. docs/interop/qcow2.txt in QEMU's source is the specification; sections named
// in comments are its.

import (
	"encoding/binary"
	"fmt"
)

// Bits of L1 and L2 entries ("L1 table entry", "Standard Cluster Descriptor").
const (
	flagCopied     = 1 << 63
	flagCompressed = 1 << 62
	flagZero       = 1 << 0
	offsetMask     = 0x00fffffffffffe00
)

// geometry is how an image is divided. All sizes are in bytes.
type geometry struct {
	version     uint32
	clusterBits uint
	cluster     int64
	extended    bool
	subs        int  // subclusters in a cluster: 1, or 32 with extended entries
	subBits     uint // of a subcluster's size
	entrySize   int64
	l2Bits      uint // of the number of entries in an L2 table
	sliceSize   int64
}

func (h *header) geometry() geometry {
	g := geometry{version: h.version, clusterBits: uint(h.clusterBits), cluster: 1 << h.clusterBits,
		subs: 1, subBits: uint(h.clusterBits), entrySize: 8, l2Bits: uint(h.clusterBits) - 3}
	if h.extended() {
		g.extended, g.subs, g.subBits, g.entrySize, g.l2Bits = true, 32, g.clusterBits-5, 16, g.clusterBits-4
	}
	g.sliceSize = min(g.cluster, maxSlice)
	return g
}

// l1Entries is how many L1 entries a disk of that size needs.
func (g *geometry) l1Entries(size int64) int64 {
	shift := g.clusterBits + g.l2Bits
	return (size + 1<<shift - 1) >> shift
}

// clusters is how many clusters n bytes take.
func (g *geometry) clusters(n int64) int64 { return (n + g.cluster - 1) >> g.clusterBits }

// all is the bits of all subclusters.
func (g *geometry) all() uint32 { return uint32(1<<g.subs - 1) }

// touched is the bits of the subclusters that bytes from to to of a cluster
// touch.
func (g *geometry) touched(from, to int64) uint32 {
	if from >= to {
		return 0
	}
	first, last := uint(from>>g.subBits), uint((to-1)>>g.subBits)
	return uint32((uint64(1)<<(last+1) - 1) &^ (uint64(1)<<first - 1))
}

// kind is what is known of some bytes of the disk.
type kind uint8

const (
	absent kind = iota // the backing image has them, or they are zeros
	zeros
	data
	packed // compressed
)

// entry is an L2 entry, standard or extended, for one guest cluster.
type entry struct {
	host        int64 // where the cluster is in the file; 0: nowhere
	copied      bool  // it belongs to this entry alone
	packed      uint64
	alloc, zero uint32 // bits of subclusters: has data; reads as zeros
}

func (e *entry) kind(sub int) kind {
	bit := uint32(1) << sub
	switch {
	case e.packed != 0:
		return packed
	case e.zero&bit != 0:
		return zeros
	case e.alloc&bit != 0:
		return data
	}
	return absent
}

// decode reads an entry.
func (g *geometry) decode(b []byte) (entry, error) {
	word := binary.BigEndian.Uint64(b)
	if word&flagCompressed != 0 {
		return entry{packed: word &^ flagCopied}, nil
	}
	e := entry{host: int64(word & offsetMask), copied: word&flagCopied != 0}
	if e.host&(g.cluster-1) != 0 {
		return entry{}, fmt.Errorf("L2 entry %#x isn't at a cluster: %w", word, ErrCorrupt)
	}
	if !g.extended {
		if word&flagZero != 0 && g.version > 2 {
			e.zero = 1
		} else if e.host != 0 {
			e.alloc = 1
		}
		return e, nil
	}
	bits := binary.BigEndian.Uint64(b[8:])
	e.alloc, e.zero = uint32(bits), uint32(bits>>32)
	if word&flagZero != 0 || e.alloc&e.zero != 0 || e.alloc != 0 && e.host == 0 {
		return entry{}, fmt.Errorf("L2 entry %#x with subclusters %#x: %w", word, bits, ErrCorrupt)
	}
	return e, nil
}

// encode writes an entry.
func (g *geometry) encode(b []byte, e entry) {
	word := uint64(e.host)
	if e.copied && e.host != 0 {
		word |= flagCopied
	}
	if e.packed != 0 {
		word = e.packed
	}
	if !g.extended {
		if e.zero != 0 {
			word |= flagZero
		}
		binary.BigEndian.PutUint64(b, word)
		return
	}
	binary.BigEndian.PutUint64(b, word)
	binary.BigEndian.PutUint64(b[8:], uint64(e.zero)<<32|uint64(e.alloc))
}

// packedRange is where a compressed cluster's bytes are, in whole sectors of
// 512 bytes from the one in which they begin ("Compressed Clusters Descriptor").
func (g *geometry) packedRange(descriptor uint64) (off, n int64) {
	shift := 62 - (g.clusterBits - 8)
	off = int64(descriptor & (1<<shift - 1))
	sectors := int64(descriptor&(flagCompressed-1)>>shift) + 1
	return off, sectors*512 - off&511
}
