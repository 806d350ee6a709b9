package timeline

// Verdict says why a boot does not go on.
type Verdict struct {
	// Cause is a stable key, such as NoDHCPServer.
	Cause Cause `json:"cause"`
	// Sentence says what was last seen and what should have come next.
	Sentence string `json:"sentence"`
	// Likely is the likely cause, in words.
	Likely string `json:"likely"`
	// Hint says what to do.
	Hint string `json:"hint"`
	// Blames names the route that failed; empty where the route is not to
	// blame, so that another one would not help.
	Blames string `json:"blames,omitempty"`
	// Refused names the shape of the offer that led nowhere; the next boot begins
	// with another one.
	Refused string `json:"refused,omitempty"`
	// Info marks a verdict that is no failure.
	Info bool `json:"info,omitempty"`
}

// Cause is the stable key of a verdict.
type Cause string

// The causes.
const (
	NoDHCPServer       Cause = "no-dhcp-server"
	NoBootOffer        Cause = "no-boot-offer"
	OfferIgnored       Cause = "offer-ignored"
	BootFileNotFetched Cause = "boot-file-not-fetched"
	LoaderSilent       Cause = "loader-silent"
	TransferAborted    Cause = "transfer-aborted"
	TransferStalled    Cause = "transfer-stalled"
	FileMissing        Cause = "file-missing"
	FileRefused        Cause = "file-refused"
	ShimRefused        Cause = "shim-refused"
	LoaderRefused      Cause = "loader-refused"
	KernelRefused      Cause = "kernel-refused"
	ProgramRefused     Cause = "program-refused"
	WrongProgram       Cause = "wrong-program"
	KernelNotFetched   Cause = "kernel-not-fetched"
	NoSignOfLife       Cause = "no-sign-of-life"
	NothingToBoot      Cause = "nothing-to-boot"
	ChainloadLoop      Cause = "chainload-loop"
	KernelLoop         Cause = "kernel-loop"
	BootLoop           Cause = "boot-loop"
	NotEnoughMemory    Cause = "not-enough-memory"
	NeverUp            Cause = "never-up"
	LeftByMenu         Cause = "left-by-menu"
)
