// Package sandbox takes from a server what it does not need any more once its
// sockets are open: the user root, capabilities, and files outside the folders
// that it serves.
//
// A server that was started as root becomes an ordinary user and keeps only the
// capabilities(7) of its Policy. Landlock, landlock(7), is the fence around its
// folders. It holds whatever capabilities are left, so that a file that only
// root may read can be served from within the fence by a process that is not
// root. no_new_privs is set, and the capability bounding set is empty, so that
// nothing comes back by an exec.
//
// All of it holds for every thread of the process and can't be taken back.
package sandbox
