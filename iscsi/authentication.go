package iscsi

import (
	"errors"
	"strings"
)

// prove is the security stage (RFC 7143 section 12.1).
func (l *login) prove(pairs []pair) ([]pair, error) {
	keys := map[string]string{}
	for _, kv := range pairs {
		if isSecurity(kv.key) {
			keys[kv.key] = kv.value
		}
	}
	switch {
	case keys["AuthMethod"] != "":
		return l.method(keys["AuthMethod"])
	case keys["CHAP_A"] != "" && l.auth != nil && !l.challenged:
		l.challenged = true
		reply, err := l.chap.begin(keys["CHAP_A"], l.random)
		return reply, authFailed(err)
	case keys["CHAP_R"] != "" && l.challenged && !l.proven:
		return l.respond(keys)
	case len(keys) > 0:
		return nil, refuse(LoginAuthFailed, "CHAP out of order")
	}
	return nil, nil
}

func authFailed(err error) error {
	if err == nil {
		return nil
	}
	return refuse(LoginAuthFailed, "%v", err)
}

func (l *login) method(offer string) ([]pair, error) {
	want := "None"
	if l.auth != nil {
		want = "CHAP"
	}
	for m := range strings.SplitSeq(offer, ",") {
		if m == want {
			return []pair{{"AuthMethod", want}}, nil
		}
	}
	return nil, refuse(LoginAuthFailed, "needs AuthMethod %s, the initiator offers %.60q", want, offer)
}

func (l *login) respond(keys map[string]string) ([]pair, error) {
	secret, ok := l.auth.Secret(l.initiator, keys["CHAP_N"])
	if !ok {
		return nil, authFailed(errors.New("chap: unknown name " + keys["CHAP_N"]))
	}
	if err := l.chap.verify(secret, keys["CHAP_R"]); err != nil {
		return nil, authFailed(err)
	}
	l.proven, l.chapName = true, keys["CHAP_N"]
	if keys["CHAP_I"] == "" && keys["CHAP_C"] == "" {
		return nil, nil
	}
	if l.auth.Mutual == nil || l.auth.Mutual.Secret == secret {
		return nil, authFailed(errors.New("chap: the initiator wants the target to prove itself, which has no secret of its own"))
	}
	reply, err := l.chap.answer(keys["CHAP_I"], keys["CHAP_C"], *l.auth.Mutual)
	return reply, authFailed(err)
}
