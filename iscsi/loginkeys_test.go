package iscsi

import (
	"errors"
	"testing"
)

// loggingIn is a login to a target with or without CHAP.
func loggingIn(secret string) *login {
	l := newLogin(Bounds{}.withDefaults().params())
	l.leading = true
	l.random = func(p []byte) { clear(p) }
	t := &Target{Name: testTarget}
	if secret != "" {
		t.Auth = Credentials{"in", secret}.Static()
	}
	l.lookup = func(string, string) (*Target, error) { return t, nil }
	return l
}

// TestLoginKeys: keys that come twice, or in the wrong stage, end a login with an
// initiator error (RFC 7143 section 6.3). Only declarations may be repeated, as
// libiscsi does when it comes from the security stage.
func TestLoginKeys(t *testing.T) {
	names := []pair{{"InitiatorName", "i"}, {"TargetName", testTarget}}
	with := func(more ...pair) []pair { return append(names[:2:2], more...) }
	secure := with(pair{"AuthMethod", "None"})
	for name, c := range map[string]struct {
		first  stage
		pairs  []pair // of the first request
		second []pair // of one in the operational stage
		good   bool
	}{
		"plain":                     {security, secure, []pair{{"MaxBurstLength", "512"}}, true},
		"declared again":            {security, secure, with(pair{"MaxBurstLength", "512"}), true},
		"InitiatorName twice":       {operational, with(pair{"InitiatorName", "j"}), nil, false},
		"the same name twice":       {operational, with(pair{"InitiatorName", "i"}), nil, false},
		"TargetName twice":          {operational, with(pair{"TargetName", testTarget}), nil, false},
		"SessionType twice":         {operational, with(pair{"SessionType", "Normal"}, pair{"SessionType", "Normal"}), nil, false},
		"InitiatorAlias twice":      {operational, with(pair{"InitiatorAlias", "a"}, pair{"InitiatorAlias", "a"}), nil, false},
		"unknown key twice":         {operational, with(pair{"X-a", "1"}, pair{"X-a", "1"}), nil, false},
		"AuthMethod twice":          {security, with(pair{"AuthMethod", "None"}, pair{"AuthMethod", "None"}), nil, false},
		"another InitiatorName":     {security, secure, []pair{{"InitiatorName", "j"}}, false},
		"another TargetName":        {security, secure, []pair{{"TargetName", "x"}}, false},
		"AuthMethod, operational":   {operational, with(pair{"AuthMethod", "None"}), nil, false},
		"CHAP_N, operational":       {security, secure, []pair{{"CHAP_N", "x"}}, false},
		"MaxBurstLength, security":  {security, with(pair{"MaxBurstLength", "512"}), nil, false},
		"HeaderDigest, security":    {security, with(pair{"HeaderDigest", "None"}), nil, false},
		"unknown key, any stage":    {security, with(pair{"X-a", "1"}), []pair{{"X-b", "1"}}, true},
		"unknown key, again":        {security, with(pair{"X-a", "1"}), []pair{{"X-a", "1"}}, false},
		"MaxBurstLength, two steps": {operational, with(pair{"MaxBurstLength", "512"}), []pair{{"MaxBurstLength", "512"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := loggingIn("")
			_, _, err := l.step(c.first, operational, c.first == security, c.pairs)
			if err == nil && c.second != nil {
				_, _, err = l.step(operational, fullFeature, true, c.second)
			}
			var refused *LoginError
			switch {
			case c.good && err != nil:
				t.Error(err)
			case !c.good && (!errors.As(err, &refused) || refused.Status != LoginInitiatorError):
				t.Errorf("it ends with %v", err)
			}
		})
	}
}

// TestChallengeTwice: nor may an answer to a challenge be there twice.
func TestChallengeTwice(t *testing.T) {
	l := loggingIn("a long enough secret")
	if _, _, err := l.step(security, operational, true, []pair{{"InitiatorName", "i"}, {"TargetName", testTarget}, {"AuthMethod", "CHAP"}}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.step(security, operational, true, []pair{{"CHAP_A", "5"}}); err != nil {
		t.Fatal(err)
	}
	right := encodeBinary(l.chap.response(l.chap.id, "a long enough secret", l.chap.challenge))
	_, _, err := l.step(security, operational, true, []pair{{"CHAP_N", "other"}, {"CHAP_N", "in"}, {"CHAP_R", right}})
	var refused *LoginError
	if !errors.As(err, &refused) || refused.Status != LoginInitiatorError || l.proven {
		t.Errorf("it ends with %v", err)
	}
}

// TestLoginChangesItsMind: the requests of a login are of one connection of one
// session.
func TestLoginChangesItsMind(t *testing.T) {
	for name, second := range map[string]loginOptions{"ISID": {isid: 1}, "TSIH": {tsih: 1}, "CID": {cid: 1}} {
		t.Run(name, func(t *testing.T) {
			addr, _, _ := testServer(t, Bounds{})
			p := dial(t, addr)
			p.loginPDU(0x04, loginOptions{}, formatText(pair{"InitiatorName", "i"}, pair{"TargetName", testTarget}))
			if a := p.loginPDU(0x87, second, nil); LoginStatus(a.u16(36)) != LoginInvalid {
				t.Errorf("%x", a.header)
			}
		})
	}
}

// TestTextKeys: nor do keys come twice, or those of a login, in the full feature
// phase.
func TestTextKeys(t *testing.T) {
	addr, _, _ := testServer(t, Bounds{})
	p := dial(t, addr)
	p.login(loginOptions{})
	ask := func(flags byte, pairs ...pair) answer {
		var h header
		h.start(opText, flags)
		p.tag++
		h.setITT(p.tag)
		h.put32(20, noTag)
		h.put32(24, p.cmdSN)
		p.cmdSN++
		p.send(&h, formatText(pairs...))
		return p.read()
	}
	for name, a := range map[string]answer{
		"twice":         ask(flagFinal, pair{"SendTargets", ""}, pair{"SendTargets", ""}),
		"InitiatorName": ask(flagFinal, pair{"InitiatorName", "x"}),
		"CHAP_N":        ask(flagFinal, pair{"CHAP_N", "x"}),
		"F and C":       ask(flagFinal|flagContinue, pair{"SendTargets", ""}),
	} {
		if a.opcode() != opReject || a.header[2] != rejectProtocol {
			t.Errorf("%s: %x instead of a Reject", name, a.header)
		}
	}
	if a := ask(flagFinal, pair{"MaxBurstLength", "512"}); a.opcode() != opTextResp || string(a.data) != "MaxBurstLength=Reject\x00" {
		t.Errorf("%x %q", a.header, a.data)
	}
	if a := ask(flagFinal, pair{"SendTargets", ""}); a.opcode() != opTextResp || len(a.data) == 0 {
		t.Errorf("%x %q", a.header, a.data)
	}
}
