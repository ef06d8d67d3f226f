// Command patch asks scim-patch, an independent implementation of SCIM's PATCH, for its answers to
// random operations, and keeps both for the tests of package scim. It needs node and npm:
//
//	go run ./internal/cmd/scimoracle/patch internal/scim/testdata/scim-patch.jsonl.gz
package main

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
)

const (
	oracle = "scim-patch@0.8.3"
	cases  = 10_000
	seed   = 7644
)

//go:embed patch.mjs
var script []byte

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: patch FILE.jsonl.gz")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(file string) error {
	answers, err := ask()
	if err != nil {
		return err
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	packed, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := packed.Write(answers); err != nil {
		return err
	}
	if err := packed.Close(); err != nil {
		return err
	}
	return out.Close()
}

// ask runs the oracle in a folder of its own.
func ask() ([]byte, error) {
	folder, err := os.MkdirTemp("", "scimoracle")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	if err := os.WriteFile(filepath.Join(folder, "patch.mjs"), script, 0o600); err != nil {
		return nil, err
	}
	if err := command(folder, nil, io.Discard, "npm", "install", "--prefix", folder, oracle); err != nil {
		return nil, err
	}
	var questions, answers bytes.Buffer
	encode := json.NewEncoder(&questions)
	g := generator{rand.New(rand.NewPCG(seed, seed))}
	for range cases {
		if err := encode.Encode(g.question()); err != nil {
			return nil, err
		}
	}
	err = command(folder, &questions, &answers, "node", "patch.mjs")
	return answers.Bytes(), err
}

func command(folder string, in io.Reader, out io.Writer, name string, args ...string) error {
	c := exec.Command(name, args...)
	c.Dir, c.Stdin, c.Stdout, c.Stderr = folder, in, out, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("run %s: %w", name, err)
	}
	return nil
}
