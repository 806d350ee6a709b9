package enroll

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
)

// known is a certificate of Microsoft's by its SHA-256 hash.
type known struct {
	sum string
	// kek: it may change db and dbx, and belongs into KEK. The others belong into db.
	kek bool
}

// microsofts are the certificates with which machines are sold: for Windows, for
// option ROMs and shims, and for updates of db and dbx.
func microsofts() []known {
	return []known{
		{"e8e95f0733a55e8bad7be0a1413ee23c51fcea64b3c8fa6a786935fddcc71961", false}, // Windows Production PCA 2011
		{"48e99b991f57fc52f76149599bff0a58c47154229b9f8d603ac40d3500248507", false}, // UEFI CA 2011
		{"f6124e34125bee3fe6d79a574eaa7b91c0e7bd9d929c1a321178efd611dad901", false}, // UEFI CA 2023
		{"a1117f516a32cefcba3f2d1ace10a87972fd6bbe8fe0d0b996e09e65d802a503", true},  // KEK CA 2011
	}
}

// certificateMost is more than a certificate has, in bytes.
const certificateMost = 8 << 10

// Microsoft are the certificates of Microsoft's that lie anywhere in the contents of
// files, such as the variables of firmware for virtual machines, or a shim: those for
// db and for KEK, each once, always in the same order.
func Microsoft(contents ...[]byte) (db, kek []*x509.Certificate) {
	found := map[string]*x509.Certificate{}
	for _, content := range contents {
		for _, c := range certificates(content) {
			sum := sha256.Sum256(c.Raw)
			found[hex.EncodeToString(sum[:])] = c
		}
	}
	for _, k := range microsofts() {
		switch c := found[k.sum]; {
		case c == nil:
		case k.kek:
			kek = append(kek, c)
		default:
			db = append(db, c)
		}
	}
	return db, kek
}

// certificates are all that begin anywhere in a file. In DER each is a sequence whose
// length has two bytes, which begins with another one.
func certificates(content []byte) (all []*x509.Certificate) {
	sequence := []byte{0x30, 0x82}
	for {
		at := bytes.Index(content, sequence)
		if at < 0 || len(content)-at < 8 {
			return all
		}
		content = content[at:]
		size := 4 + int(binary.BigEndian.Uint16(content[2:]))
		if size <= min(certificateMost, len(content)) && bytes.HasPrefix(content[4:], sequence) {
			if c, err := x509.ParseCertificate(content[:size]); err == nil {
				all = append(all, c)
			}
		}
		content = content[1:]
	}
}
