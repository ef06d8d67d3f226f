package devstack

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"github.com/rollcall-sync/rollcall/internal/devstack/loopback"
	"github.com/rollcall-sync/rollcall/internal/engine"
	"github.com/rollcall-sync/rollcall/internal/secret"
)

// DescriptionFile is the file in the data folder that says where everything is.
const DescriptionFile = "dev.json"

// remember takes up what an earlier start left in the data folder.
func (s *Stack) remember() error {
	var err error
	if s.keys, err = s.once("keys", secret.Generate); err != nil {
		return err
	}
	if s.codec, err = s.once("codec-token", uuid.NewString); err != nil {
		return err
	}
	raw, err := os.ReadFile(filepath.Join(s.opts.Dir, DescriptionFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", DescriptionFile, err)
	}
	var last Description
	if err := json.Unmarshal(raw, &last); err != nil {
		return fmt.Errorf("read %s: %w", DescriptionFile, err)
	}
	s.accounts = last.Accounts
	return nil
}

// once reads a file of the data folder, or makes it with a new value.
func (s *Stack) once(name string, make func() string) (string, error) {
	path := filepath.Join(s.opts.Dir, name)
	raw, err := os.ReadFile(path)
	if err == nil {
		return string(raw), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	value := make()
	return value, writeFile(path, []byte(value))
}

// writeFile writes all of a private file or none of it.
func writeFile(path string, content []byte) error {
	temporary := path + ".new"
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return os.Rename(temporary, path)
}

// Describe says where everything is.
func (s *Stack) Describe() Description {
	d := Description{
		Starter: s.StarterURL(), Temporal: loopback.Address(s.ports.temporal), Namespace: engine.Namespace, TemporalUI: s.uiURL(),
		Database: s.database, Mailbox: s.mailbox.URL, Simulators: Simulators{Entra: s.entra.URL, Google: s.google.URL},
		PIDs: s.services.pids(), Accounts: s.accounts,
	}
	if d.Accounts == nil {
		d.Accounts = []Account{}
	}
	return d
}

// WriteDescription writes dev.json.
func (s *Stack) WriteDescription() error {
	content, err := json.MarshalIndent(s.Describe(), "", " ")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(s.opts.Dir, DescriptionFile), append(content, '\n'))
}

// Accounts are the accounts that dev made, in this start or an earlier one.
func (s *Stack) Accounts() []Account { return s.accounts }

// AddAccount has an account remembered.
func (s *Stack) AddAccount(a Account) error {
	s.accounts = append(s.accounts, a)
	return s.WriteDescription()
}
