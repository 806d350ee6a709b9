package wim

// TreeOf are folders as they are in a file.
func TreeOf(b []byte) Tree { return Tree{b} }
