// Package pagecache has files in memory (mmap(2)), and knows which parts of them
// need not be fetched: those the page cache has.
//
// The kernel copies what it is given from a Mapping straight into what it sends.
// Only the kernel may touch that memory. A page that isn't there any more,
// because the file was cut or its disk failed, would kill the process
// (SIGBUS); of the kernel it is an error of sending (EFAULT), and that the file
// is read after all says what is wrong. A page that has to be fetched holds up
// who sends it, so only what was in memory a moment ago is given out; where the
// page cache is too small for that to be true, the mapping rests.
package pagecache
