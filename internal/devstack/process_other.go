//go:build !linux

package devstack

import "syscall"

// processAttributes give a child a process group of its own.
func processAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
