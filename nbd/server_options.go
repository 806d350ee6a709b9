package nbd

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/spurboot/spur/block/share"
)

// optionPhase is the state of the option phase ("Fixed newstyle negotiation"). It
// knows no connection: option takes bytes and appends bytes.
type optionPhase struct {
	exports    Exports
	peer       *Peer
	needTLS    bool // the server insists
	canTLS     bool
	maxPayload int
	place      func() (*share.Place, error) // for who has chosen; tells why there is none

	noZeroes bool
	mode     mode
	metaFor  string // the export that base:allocation was set for
	meta     bool
	chosen   *Export
	taken    *share.Place
}

// step is what comes after an option.
type step uint8

const (
	again     step = iota // the next option
	transmit              // the export is chosen
	secure                // the TLS handshake
	hangUp                // the client is done
	disagreed             // the connection can't go on
)

// option handles one option and appends the replies to out.
func (h *optionPhase) option(ctx context.Context, out []byte, opt uint32, data []byte) ([]byte, step, error) {
	reply := func(kind uint32) []byte { return appendOptionReply(out, opt, kind, nil) }
	if h.needTLS && h.peer.TLS == nil {
		switch opt {
		case optStartTLS, optAbort:
		case optExportName:
			return out, disagreed, errors.New("client wants an export without TLS, which is required")
		default:
			return reply(repTLSRequired), again, nil
		}
	}
	switch opt {
	case optExportName:
		return h.exportName(ctx, out, data)
	case optAbort:
		return reply(repAck), hangUp, nil
	case optList:
		return h.list(ctx, out, data), again, nil
	case optStartTLS:
		return h.startTLS(out, data)
	case optInfo, optGo:
		return h.info(ctx, out, opt, data)
	case optStructuredReply, optExtendedHeaders:
		return h.setMode(out, opt, data), again, nil
	case optListMeta, optSetMeta:
		return h.metaContext(ctx, out, opt, data), again, nil
	}
	return reply(repUnsupported), again, nil
}

func (h *optionPhase) exportName(ctx context.Context, out, data []byte) ([]byte, step, error) {
	name, _, err := cut(data, uint32(len(data)))
	if err != nil {
		return out, disagreed, err
	}
	e, err := h.exports.Lookup(ctx, h.peer, name)
	if err != nil {
		return out, disagreed, fmt.Errorf("export %q: %w", name, err)
	}
	if err := h.choose(e, name); err != nil {
		return out, hangUp, nil //nolint:nilerr // Refused was told, and this option has no reply for it
	}
	out = binary.BigEndian.AppendUint64(out, uint64(e.Device.Size()))
	out = binary.BigEndian.AppendUint16(out, e.flags(h.mode, h.meta))
	if !h.noZeroes {
		out = append(out, make([]byte, 124)...)
	}
	return out, transmit, nil
}

// choose takes the export, if there is a place. Contexts that were set for another one are
// void.
func (h *optionPhase) choose(e *Export, name string) (err error) {
	if h.taken, err = h.place(); err != nil {
		e.release()
		return err
	}
	h.chosen = e
	h.meta = h.meta && h.metaFor == name
	return nil
}

func (h *optionPhase) list(ctx context.Context, out, data []byte) []byte {
	if len(data) != 0 {
		return appendOptionReply(out, optList, repInvalid, nil)
	}
	exports, err := h.exports.List(ctx, h.peer)
	if err != nil {
		return appendOptionReply(out, optList, repPolicy, nil)
	}
	for i := range exports {
		d := append(appendString(nil, exports[i].Name), exports[i].Description...)
		out = appendOptionReply(out, optList, repServer, d)
	}
	return appendOptionReply(out, optList, repAck, nil)
}

func (h *optionPhase) startTLS(out, data []byte) ([]byte, step, error) {
	switch {
	case len(data) != 0, h.peer.TLS != nil:
		return appendOptionReply(out, optStartTLS, repInvalid, nil), again, nil
	case !h.canTLS:
		return appendOptionReply(out, optStartTLS, repPolicy, nil), again, nil
	}
	// What was agreed in the clear doesn't count any more ("TLS support").
	h.mode, h.meta, h.metaFor = simple, false, ""
	return appendOptionReply(out, optStartTLS, repAck, nil), secure, nil
}

func (h *optionPhase) setMode(out []byte, opt uint32, data []byte) []byte {
	want := structured
	if opt == optExtendedHeaders {
		want = extended
	}
	// Asked again, or for less than what is agreed.
	if len(data) != 0 || h.mode >= want {
		return appendOptionReply(out, opt, repInvalid, nil)
	}
	h.mode = want
	return appendOptionReply(out, opt, repAck, nil)
}

func (h *optionPhase) info(ctx context.Context, out []byte, opt uint32, data []byte) ([]byte, step, error) {
	r, malformed := decodeInfo(data)
	if malformed != nil {
		return appendOptionReply(out, opt, repInvalid, nil), again, nil //nolint:nilerr // the client is told
	}
	e, err := h.exports.Lookup(ctx, h.peer, r.name)
	if err != nil {
		return appendOptionReply(out, opt, refusal(err), words(err)), again, nil
	}
	if opt == optGo {
		if err := h.choose(e, r.name); err != nil {
			return appendOptionReply(out, opt, refusal(err), words(err)), again, nil
		}
	}
	meta := h.meta && h.metaFor == r.name || opt == optInfo
	out = e.appendInfo(out, opt, r, h.mode, meta, h.maxPayload)
	out = appendOptionReply(out, opt, repAck, nil)
	if opt == optInfo {
		e.release()
		return out, again, nil
	}
	return out, transmit, nil
}

func (h *optionPhase) metaContext(ctx context.Context, out []byte, opt uint32, data []byte) []byte {
	if opt == optSetMeta { // takes the place of what was set before, also where it fails
		h.meta, h.metaFor = false, ""
	}
	r, err := decodeMeta(data)
	if err != nil || h.mode == simple {
		return appendOptionReply(out, opt, repInvalid, nil)
	}
	e, err := h.exports.Lookup(ctx, h.peer, r.name)
	if err != nil {
		return appendOptionReply(out, opt, refusal(err), words(err))
	}
	e.release()
	wants := r.wantsAllocation(opt == optListMeta)
	if opt == optSetMeta {
		h.meta, h.metaFor = wants, r.name
	}
	if wants {
		var id uint32
		if opt == optSetMeta {
			id = allocationID
		}
		d := append(binary.BigEndian.AppendUint32(nil, id), baseAllocation...)
		out = appendOptionReply(out, opt, repMetaContext, d)
	}
	return appendOptionReply(out, opt, repAck, nil)
}

// words are an error's for the client: a string of the protocol has a bound.
func words(err error) []byte {
	text := err.Error()
	return []byte(strings.ToValidUTF8(text[:min(len(text), maxString)], ""))
}

// refusal is the reply for an export that isn't to be had.
func refusal(err error) uint32 {
	if errors.Is(err, ErrUnknownExport) {
		return repUnknown
	}
	return repPolicy
}
