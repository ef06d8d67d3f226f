package postgres

import (
	"fmt"
	"os/exec"
	"strconv"
	"syscall"
)

// guardScript is a small shell that outlives this process just long enough to stop the server. Its standard input is a pipe
// that only this process holds, so it wakes up however this process ends, kill -9 included, on every Unix. Its arguments are
// the server's process id, the signal that stops it, and the folder to delete afterwards or nothing.
const guardScript = `trap '' INT TERM HUP
read -r line
kill -s "$2" "$1" 2>/dev/null
tries=0
while kill -0 "$1" 2>/dev/null && [ $tries -lt 80 ]; do
	case "$(cat "/proc/$1/stat" 2>/dev/null)" in *") Z "*) break ;; esac
	sleep 0.1
	tries=$((tries+1))
done
kill -s QUIT "$1" 2>/dev/null
[ -z "$3" ] || rm -rf "$3"`

// watch starts a guard for the server, and dismisses it when the server has ended: the guard must not see the pipe close
// then, for the server's process id may belong to another program by that time.
func watch(server *process, opts Options) error {
	signal, remove := "INT", ""
	if opts.Ephemeral {
		signal, remove = "QUIT", opts.Dir
	}
	cmd := exec.Command("/bin/sh", "-c", guardScript, "rollcall-postgres-guard", strconv.Itoa(server.pid()), signal, remove)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("open guard's pipe: %w", err)
	}
	guard, err := spawn(cmd)
	if err != nil {
		return err
	}
	go func() {
		<-server.exited
		_ = guard.cmd.Process.Kill()
		<-guard.exited
		_ = pipe.Close()
	}()
	return nil
}
