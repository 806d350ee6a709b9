// Package initrdlayout has the layouts in which the files of a medium go into an initrd,
// for systems that look for their medium on a device: one by name, which a family of media
// names (internal/family/families.yaml).
package initrdlayout
