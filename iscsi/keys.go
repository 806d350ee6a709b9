package iscsi

import (
	"slices"
	"strconv"
	"strings"
)

// params are what was agreed for a session and a connection
// (RFC 7143 section 13).
type params struct {
	headerDigest, dataDigest bool
	maxConnections           int
	initialR2T               bool
	immediateData            bool
	sendSegment              int // the initiator's MaxRecvDataSegmentLength
	recvSegment              int // ours
	maxBurst, firstBurst     int
	maxOutstandingR2T        int
	time2Wait, time2Retain   int
}

// defaultParams are those of RFC 7143 for keys that nobody speaks of.
func defaultParams() params {
	return params{
		maxConnections: 1, initialR2T: true, immediateData: true,
		sendSegment: 8192, recvSegment: 8192, maxBurst: 262144, firstBurst: 65536,
		maxOutstandingR2T: 1, time2Wait: 2, time2Retain: 20,
	}
}

// Answers that are no value of the key itself (RFC 7143 section 6.2).
const (
	notUnderstood = "NotUnderstood"
	irrelevant    = "Irrelevant"
	rejected      = "Reject"
)

// rule is how the value of an operational key comes about.
type rule struct {
	key string
	// leading: only while the session begins, on its first connection.
	leading bool
	// discovery: has a meaning in discovery sessions.
	discovery bool
	answer    answerRule
}

// answerRule returns the answer to an offer, and sets what is agreed by it.
type answerRule func(p *params, offer string, ours *params) string

// rules are the operational keys with their result functions
// (RFC 7143 section 13).
var rules = []rule{
	{"HeaderDigest", false, true, digestRule(func(p *params) *bool { return &p.headerDigest })},
	{"DataDigest", false, true, digestRule(func(p *params) *bool { return &p.dataDigest })},
	{"MaxConnections", true, false, numeric(1, 65535, lesser, func(p *params) *int { return &p.maxConnections })},
	{"InitialR2T", true, false, boolean(either, func(p *params) *bool { return &p.initialR2T })},
	{"ImmediateData", true, false, boolean(both, func(p *params) *bool { return &p.immediateData })},
	{"MaxRecvDataSegmentLength", false, true, declareSegment},
	{"MaxBurstLength", true, false, numeric(512, 1<<24-1, lesser, func(p *params) *int { return &p.maxBurst })},
	{"FirstBurstLength", true, false, numeric(512, 1<<24-1, lesser, func(p *params) *int { return &p.firstBurst })},
	{"DefaultTime2Wait", true, true, numeric(0, 3600, greater, func(p *params) *int { return &p.time2Wait })},
	{"DefaultTime2Retain", true, true, numeric(0, 3600, lesser, func(p *params) *int { return &p.time2Retain })},
	{"MaxOutstandingR2T", true, false, numeric(1, 65535, lesser, func(p *params) *int { return &p.maxOutstandingR2T })},
	{"DataPDUInOrder", true, false, fixed("Yes")},
	{"DataSequenceInOrder", true, false, fixed("Yes")},
	{"ErrorRecoveryLevel", true, true, fixed("0")},
	// Obsolete since RFC 7143 section 13.25, still sent.
	{"IFMarker", false, true, fixed("No")},
	{"OFMarker", false, true, fixed("No")},
	{"IFMarkInt", false, true, fixed(irrelevant)},
	{"OFMarkInt", false, true, fixed(irrelevant)},
	{"TaskReporting", true, false, choose("RFC3720")},
	{"iSCSIProtocolLevel", true, true, fixed("1")},
}

// negotiate answers one operational key; an empty answer means none is due.
func (p *params) negotiate(kv pair, ours *params, leading, discovery bool) string {
	at := slices.IndexFunc(rules, func(r rule) bool { return r.key == kv.key })
	switch {
	case at < 0:
		return notUnderstood
	case kv.value == notUnderstood || kv.value == irrelevant || kv.value == rejected:
		return ""
	case discovery && !rules[at].discovery:
		return irrelevant
	case rules[at].leading && !leading:
		return "" // the session's values stand
	}
	return rules[at].answer(p, kv.value, ours)
}

func digestRule(field func(*params) *bool) answerRule {
	return func(p *params, offer string, ours *params) string {
		for value := range strings.SplitSeq(offer, ",") {
			if value == "CRC32C" && *field(ours) || value == "None" {
				*field(p) = value == "CRC32C"
				return value
			}
		}
		return rejected
	}
}

func choose(known string) answerRule {
	return func(_ *params, offer string, _ *params) string {
		if slices.Contains(strings.Split(offer, ","), known) {
			return known
		}
		return rejected
	}
}

func fixed(value string) answerRule {
	return func(*params, string, *params) string { return value }
}

func declareSegment(p *params, offer string, _ *params) string {
	n, ok := number(offer, 512, 1<<24-1)
	if !ok {
		return rejected
	}
	p.sendSegment = n
	return ""
}

// Result functions (RFC 7143 section 6.2.2).
func lesser(a, b int) int   { return min(a, b) }
func greater(a, b int) int  { return max(a, b) }
func either(a, b bool) bool { return a || b }
func both(a, b bool) bool   { return a && b }

func numeric(low, high int, result func(a, b int) int, field func(*params) *int) answerRule {
	return func(p *params, offer string, ours *params) string {
		n, ok := number(offer, low, high)
		if !ok {
			return rejected
		}
		*field(p) = result(n, *field(ours))
		return strconv.Itoa(*field(p))
	}
}

func boolean(result func(a, b bool) bool, field func(*params) *bool) answerRule {
	return func(p *params, offer string, ours *params) string {
		if offer != "Yes" && offer != "No" {
			return rejected
		}
		*field(p) = result(offer == "Yes", *field(ours))
		if *field(p) {
			return "Yes"
		}
		return "No"
	}
}

// number reads a decimal or hexadecimal constant (RFC 7143 section 6.1).
func number(s string, low, high int) (int, bool) {
	base := 10
	if strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X") {
		s, base = s[2:], 16
	}
	n, err := strconv.ParseUint(s, base, 31)
	if err != nil || int(n) < low || int(n) > high {
		return 0, false
	}
	return int(n), true
}
