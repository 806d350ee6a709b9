package iscsi

import "fmt"

// LoginStatus is the class and detail of a Login Response
// (RFC 7143 section 11.13.5).
type LoginStatus uint16

// What a login can end with.
const (
	LoginSuccess            LoginStatus = 0x0000
	LoginInitiatorError     LoginStatus = 0x0200
	LoginAuthFailed         LoginStatus = 0x0201
	LoginForbidden          LoginStatus = 0x0202
	LoginNotFound           LoginStatus = 0x0203
	LoginVersion            LoginStatus = 0x0205
	LoginTooManyConnections LoginStatus = 0x0206
	LoginMissingParameter   LoginStatus = 0x0207
	LoginNotInSession       LoginStatus = 0x0208
	LoginSessionType        LoginStatus = 0x0209
	LoginNoSession          LoginStatus = 0x020a
	LoginInvalid            LoginStatus = 0x020b
	LoginTargetError        LoginStatus = 0x0300
	LoginUnavailable        LoginStatus = 0x0301
	LoginOutOfResources     LoginStatus = 0x0302
)

func (s LoginStatus) String() string {
	names := map[LoginStatus]string{
		LoginSuccess: "success", LoginInitiatorError: "initiator error", LoginAuthFailed: "authentication failed",
		LoginForbidden: "not allowed to this target", LoginNotFound: "no such target", LoginVersion: "unsupported version",
		LoginTooManyConnections: "too many connections", LoginMissingParameter: "missing parameter",
		LoginNotInSession: "can't be added to the session", LoginSessionType: "session type not supported",
		LoginNoSession: "no such session", LoginInvalid: "invalid request during login",
		LoginTargetError: "target error", LoginUnavailable: "service unavailable", LoginOutOfResources: "out of resources",
	}
	if name, ok := names[s]; ok {
		return name
	}
	return fmt.Sprintf("status %#04x", uint16(s))
}

// LoginError says why a login was refused.
type LoginError struct {
	Status LoginStatus
	Reason string
}

func (e *LoginError) Error() string { return fmt.Sprintf("login: %v: %s", e.Status, e.Reason) }

func refuse(s LoginStatus, format string, args ...any) error {
	return &LoginError{s, fmt.Sprintf(format, args...)}
}
