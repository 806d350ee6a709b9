package iscsi

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// stage of a login (RFC 7143 section 11.12.3).
type stage byte

const (
	security    stage = 0
	operational stage = 1
	fullFeature stage = 3
)

// login is the negotiation of one connection, without the connection: text
// goes in, text comes out (RFC 7143 section 6.3).
type login struct {
	lookup    func(initiator, target string) (*Target, error)
	release   func() // of what lookup found; nil if that needn't be told
	discovery *Auth  // what discovery sessions need
	random    func([]byte)
	ours      params
	leading   bool
	who       [8]byte // ISID and TSIH of the first request

	begun      bool
	stage      stage
	initiator  string
	chapName   string
	target     *Target
	isDiscover bool
	auth       *Auth
	proven     bool
	challenged bool
	chap       chap
	agreed     params
	said       map[string]string // keys that came before, with their values
	declared   bool
}

// newLogin starts with what RFC 7143 says of keys that nobody speaks of.
func newLogin(ours params) *login {
	return &login{agreed: defaultParams(), ours: ours, said: map[string]string{}}
}

// step takes the pairs of one complete login request, and returns the answer
// and the stage that follows, which is fullFeature at the end.
func (l *login) step(current, next stage, transit bool, pairs []pair) (reply []pair, to stage, err error) {
	if err := l.once(pairs); err != nil {
		return nil, 0, refuse(LoginInitiatorError, "%v", err)
	}
	if !l.begun {
		if reply, err = l.begin(current, pairs); err != nil {
			return nil, 0, err
		}
	}
	if current != l.stage {
		return nil, 0, refuse(LoginInvalid, "stage %d while stage %d is negotiated", current, l.stage)
	}
	if transit && (next <= current || next == 2 || next > fullFeature) {
		return nil, 0, refuse(LoginInvalid, "a transit from stage %d to stage %d", current, next)
	}
	more, err := l.negotiate(pairs)
	if err != nil {
		return nil, 0, err
	}
	reply = append(reply, more...)
	if transit && l.mayLeave() {
		l.stage = next
	}
	return reply, l.stage, nil
}

// once refuses keys that were declared or negotiated before. libiscsi repeats its
// declarations in the operational stage, so that the same value is let pass.
func (l *login) once(pairs []pair) error {
	if err := unique(pairs); err != nil {
		return err
	}
	for _, kv := range pairs {
		said, again := l.said[kv.key]
		switch {
		case again && said != kv.value:
			return fmt.Errorf("%s is said to be %.40q and %.40q", kv.key, said, kv.value)
		case again && !isDeclaration(kv.key):
			return fmt.Errorf("%s is negotiated twice", kv.key)
		}
		l.said[kv.key] = kv.value
	}
	return nil
}

// mayLeave: nobody leaves the security stage unproven.
func (l *login) mayLeave() bool { return l.stage != security || l.auth == nil || l.proven }

// begin reads what the first request has to say (RFC 7143 section 6.3.1).
func (l *login) begin(current stage, pairs []pair) ([]pair, error) {
	l.begun, l.stage = true, current
	var target, kind string
	for _, kv := range pairs {
		switch kv.key {
		case "InitiatorName":
			l.initiator = kv.value
		case "TargetName":
			target = kv.value
		case "SessionType":
			kind = kv.value
		}
	}
	if err := l.identify(target, kind); err != nil {
		return nil, err
	}
	if current > operational {
		return nil, refuse(LoginInvalid, "begins in stage %d", current)
	}
	if l.auth != nil && current != security {
		return nil, refuse(LoginAuthFailed, "skips authentication")
	}
	if l.isDiscover {
		return nil, nil
	}
	reply := []pair{{"TargetPortalGroupTag", portalGroup}}
	if l.target.Alias != "" {
		reply = append(reply, pair{"TargetAlias", l.target.Alias})
	}
	return reply, nil
}

// identify finds out who wants what.
func (l *login) identify(target, kind string) error {
	switch {
	case l.initiator == "" || len(l.initiator) > maxName:
		return refuse(LoginMissingParameter, "no usable InitiatorName")
	case kind == "Discovery":
		l.isDiscover, l.auth = true, l.discovery
		return nil
	case kind != "" && kind != "Normal":
		return refuse(LoginSessionType, "SessionType %.40q", kind)
	case target == "" || len(target) > maxName:
		return refuse(LoginMissingParameter, "no usable TargetName")
	}
	t, err := l.lookup(l.initiator, target)
	if err != nil {
		return err
	}
	l.target, l.auth = t, t.Auth
	return nil
}

// portalGroup is the TargetPortalGroupTag: all addresses are of one group.
const portalGroup = "1"

// maxName is the length of an iSCSI name (RFC 7143 section 4.2.7.1).
const maxName = 223

func (l *login) negotiate(pairs []pair) ([]pair, error) {
	var reply []pair
	if l.stage == security {
		more, err := l.prove(pairs)
		if err != nil {
			return nil, err
		}
		reply = more
	}
	for _, kv := range pairs {
		switch {
		case l.stage != security && isSecurity(kv.key), l.stage == security && isOperational(kv.key):
			return nil, refuse(LoginInitiatorError, "%s doesn't belong in stage %d", kv.key, l.stage)
		case isDeclaration(kv.key), isSecurity(kv.key):
			continue
		}
		if v := l.agreed.negotiate(kv, &l.ours, l.leading, l.isDiscover); v != "" {
			reply = append(reply, pair{kv.key, v})
		}
	}
	return append(reply, l.declare()...), nil
}

// declare says our MaxRecvDataSegmentLength, once, in the operational stage.
func (l *login) declare() []pair {
	if l.stage != operational || l.declared {
		return nil
	}
	l.declared = true
	l.agreed.recvSegment = l.ours.recvSegment
	return []pair{{"MaxRecvDataSegmentLength", strconv.Itoa(l.ours.recvSegment)}}
}

func isDeclaration(key string) bool {
	switch key {
	case "InitiatorName", "InitiatorAlias", "TargetName", "SessionType", "TargetAddress", "TargetAlias":
		return true
	}
	return false
}

func isSecurity(key string) bool { return key == "AuthMethod" || strings.HasPrefix(key, "CHAP_") }

func isOperational(key string) bool {
	return slices.ContainsFunc(rules, func(r rule) bool { return r.key == key })
}
