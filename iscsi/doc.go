// Package iscsi is an iSCSI target.
package iscsi
