package devstack

import "syscall"

// processAttributes give a child a process group of its own, and end it when we end.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
