package scsi

import "errors"

// Status is what a command ends with (SAM-5 section 5.3).
type Status byte

// What commands end with here.
const (
	Good                Status = 0x00
	CheckCondition      Status = 0x02
	Busy                Status = 0x08
	ReservationConflict Status = 0x18
)

// Errors of transports. ErrBusy is a command's end with Busy: others hold the
// memory that it needs, and the initiator sends it again (SAM-5 section 5.3.1).
var (
	ErrBusy           = errors.New("busy")
	ErrAborted  error = &check{code: senseAborted}
	ErrProtocol error = &check{code: senseProtocol} // data were lost on their way
)

// errConflict is a command's end with ReservationConflict.
var errConflict = errors.New("reservation conflict")

// Fail ends a command that isn't carried out, for one of the errors above.
func (n *Nexus) Fail(c *Command, err error) {
	c.unit = n.unit
	c.conclude(err)
}

// conclude turns the end of a command into status and sense data.
func (c *Command) conclude(err error) {
	switch {
	case err == nil:
		c.Status = Good
	case errors.Is(err, errConflict):
		c.Status = ReservationConflict
	case errors.Is(err, ErrBusy):
		c.Status = Busy
	default:
		c.Status = CheckCondition
		c.explain(err)
	}
}

// explain makes sense data of an error.
func (c *Command) explain(err error) {
	var e *check
	if !errors.As(err, &e) {
		e = &check{code: senseAborted, cause: err}
	}
	c.senseLen = len(e.appendTo(c.sense[:0], c.unit != nil && c.unit.descriptorSense()))
	c.Failure = e.cause
}
