// Package password asks for the passwords of a menu's items: it reads their hashes from a
// file, and tells whether a password is right, without being hurried: who guesses may do
// so a few times a minute, and all who guess together little more often.
package password
