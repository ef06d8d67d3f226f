// Command filter records what the npm package scim2-parse-filter answers to random filters, for the
// tests of internal/scim/filter to replay without it. Its filters are the same in each run.
//
//	npm install --prefix DIR scim2-parse-filter@0.2.10
//	go run ./internal/cmd/scimoracle/filter -modules DIR/node_modules
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
)

//go:embed oracle.cjs
var script string

// entry is a line of the recording: a resource, or a filter on one of the resources before it.
type entry struct {
	Filter   string `json:"filter"`
	Resource int    `json:"resource"`
	Match    *bool  `json:"match"` // null: the filter was not read
}

func main() {
	modules := flag.String("modules", "node_modules", "folder that has scim2-parse-filter")
	out := flag.String("out", "internal/scim/filter/testdata/scim2-parse-filter.jsonl.gz", "file to write")
	flag.Parse()
	if err := record(*modules, *out); err != nil {
		log.Fatal(err)
	}
}

func record(modules, out string) error {
	g := newGenerator()
	resources, entries := g.resources(300), g.entries(10_000, 300)
	var input bytes.Buffer
	if err := encode(&input, resources, entries); err != nil {
		return err
	}
	node := exec.Command("node", "-e", script)
	node.Env = append(os.Environ(), "NODE_PATH="+modules)
	node.Stdin, node.Stderr = bytes.NewReader(input.Bytes()), os.Stderr
	answers, err := node.Output()
	if err != nil {
		return fmt.Errorf("ask the oracle: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(answers))
	for i := range entries {
		if !lines.Scan() {
			return fmt.Errorf("ask the oracle: it gave only %d answers", i)
		}
		if err := json.Unmarshal(lines.Bytes(), &entries[i].Match); err != nil {
			return fmt.Errorf("read the oracle's answer: %w", err)
		}
	}
	return save(out, resources, entries)
}

func save(path string, resources []map[string]any, entries []entry) error {
	var compressed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&compressed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := encode(writer, resources, entries); err != nil {
		return err
	}
	if err := writer.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, compressed.Bytes(), 0o600)
}

func encode(w io.Writer, resources []map[string]any, entries []entry) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for _, resource := range resources {
		if err := encoder.Encode(resource); err != nil {
			return err
		}
	}
	for _, e := range entries {
		if err := encoder.Encode(e); err != nil {
			return err
		}
	}
	return nil
}
