package graph

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

// Directory is what a simulated tenant holds, in the form of its file. Objects
// are kept as they are written, whatever is in them; a group has its members in
// the property "members": ids of users or groups, or whole directory objects
// (a device, a deleted user) that are served as they are.
type Directory struct {
	Organization simulate.Object   `json:"organization"`
	Users        []simulate.Object `json:"users"`
	Groups       []simulate.Object `json:"groups"`
}

// Load reads a directory file.
func Load(path string) (Directory, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Directory{}, fmt.Errorf("read directory file: %w", err)
	}
	directory, err := Parse(data)
	if err != nil {
		return Directory{}, fmt.Errorf("directory file %s: %w", path, err)
	}
	return directory, nil
}

// Parse reads a directory. Its errors name the line or the object.
func Parse(data []byte) (Directory, error) {
	var file struct {
		Organization json.RawMessage   `json:"organization"`
		Users        []json.RawMessage `json:"users"`
		Groups       []json.RawMessage `json:"groups"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return Directory{}, explainJSON(data, err)
	}
	var directory Directory
	var err error
	if file.Organization != nil {
		if directory.Organization, err = simulate.ParseObject(file.Organization); err != nil {
			return Directory{}, fmt.Errorf("organization %w", err)
		}
	}
	if directory.Users, err = parseObjects("users", file.Users); err != nil {
		return Directory{}, err
	}
	if directory.Groups, err = parseObjects("groups", file.Groups); err != nil {
		return Directory{}, err
	}
	for i, group := range directory.Groups {
		if _, err := parseMembers(group); err != nil {
			return Directory{}, fmt.Errorf("groups[%d]: %w", i, err)
		}
	}
	return directory, nil
}

// WriteTo writes the directory as a file that Load reads.
func (d Directory) WriteTo(w io.Writer) (int64, error) {
	out := bufio.NewWriterSize(w, 1<<16)
	counted := &counter{w: out}
	organization := d.Organization
	if organization == nil {
		organization = simulate.Object("{}")
	}
	fmt.Fprintf(counted, `{"organization":%s,"users":[`, []byte(organization))
	writeObjects(counted, d.Users)
	fmt.Fprint(counted, `],"groups":[`)
	writeObjects(counted, d.Groups)
	fmt.Fprint(counted, "]}\n")
	return counted.n, out.Flush()
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

func writeObjects(w io.Writer, objects []simulate.Object) {
	for i, object := range objects {
		if i > 0 {
			fmt.Fprint(w, ",\n")
		}
		fmt.Fprintf(w, "%s", []byte(object))
	}
}

func parseObjects(list string, raws []json.RawMessage) ([]simulate.Object, error) {
	objects := make([]simulate.Object, 0, len(raws))
	for i, raw := range raws {
		object, err := simulate.ParseObject(raw)
		if err != nil {
			return nil, fmt.Errorf("%s[%d] %w", list, i, err)
		}
		objects = append(objects, object)
	}
	return objects, nil
}

func explainJSON(data []byte, err error) error {
	var syntax *json.SyntaxError
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d is not JSON: %w", lineOf(data, syntax.Offset), err)
	case errors.As(err, &wrongType) && wrongType.Field == "":
		return fmt.Errorf("is a JSON %s, not an object with organization, users and groups: %w", wrongType.Value, err)
	case errors.As(err, &wrongType):
		return fmt.Errorf("line %d: %s is a %s, not a list of objects: %w", lineOf(data, wrongType.Offset), wrongType.Field, wrongType.Value, err)
	}
	return err
}

func lineOf(data []byte, offset int64) int {
	return bytes.Count(data[:min(offset, int64(len(data)))], []byte("\n")) + 1
}
