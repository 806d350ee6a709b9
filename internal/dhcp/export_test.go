package dhcp

// NewFrame lets tests outside of the package put frames on a wire.
var NewFrame = newFrame
