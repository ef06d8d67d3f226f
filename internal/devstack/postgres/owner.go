package postgres

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// owner is the user that runs the server. PostgreSQL refuses to run as root, so root hands over to another user; anyone
// else runs it as themselves.
type owner struct {
	uid, gid uint32
	switched bool
}

// chooseOwner keeps the owner of an existing data folder, so that a start after an installation finds its data readable.
func chooseOwner(dataDir string) (owner, error) {
	if os.Geteuid() != 0 {
		return owner{}, nil
	}
	if info, err := os.Stat(dataDir); err == nil {
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Uid != 0 {
			return owner{uid: stat.Uid, gid: stat.Gid, switched: true}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		if account, err := user.Lookup(name); err == nil {
			return ownerOf(account)
		}
	}
	return owner{}, errors.New("PostgreSQL refuses to run as root and there is neither a user postgres nor nobody: run as another user")
}

func ownerOf(account *user.User) (owner, error) {
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return owner{}, fmt.Errorf("read uid of %s: %w", account.Username, err)
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return owner{}, fmt.Errorf("read gid of %s: %w", account.Username, err)
	}
	return owner{uid: uint32(uid), gid: uint32(gid), switched: true}, nil
}

func (o owner) take(path string) error {
	if !o.switched {
		return nil
	}
	if err := os.Chown(path, int(o.uid), int(o.gid)); err != nil {
		return fmt.Errorf("hand %s to uid %d: %w", path, o.uid, err)
	}
	return nil
}

// attributes put the process into a group of its own, out of reach of the terminal's Ctrl-C.
func (o owner) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if o.switched {
		attr.Credential = &syscall.Credential{Uid: o.uid, Gid: o.gid}
	}
	return attr
}

// openDataDir makes a data folder reachable for the command's process and returns the name under which it finds it. The
// folder may lie below one that the owner may not enter, such as root's home: where there is a /proc, the process
// inherits the opened folder instead of walking to it.
func (o owner) openDataDir(cmd *exec.Cmd, dataDir string) (string, *os.File, error) {
	dir, err := os.Open(dataDir)
	if err != nil {
		return "", nil, fmt.Errorf("open data folder: %w", err)
	}
	if _, err := os.Stat("/proc/self/fd"); err != nil || !o.switched {
		return dataDir, dir, nil
	}
	cmd.ExtraFiles = []*os.File{dir}
	return "/proc/self/fd/3", dir, nil
}
