package simulate

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ParseFile reads a JSON object whose properties are JSON objects or lists of
// them, as directory files are. Names that are not asked for are ignored. Errors
// name the line or the object; shape says what was expected, for example "an
// object with users and groups".
func ParseFile(data []byte, shape string, objects map[string]*Object, lists map[string]*[]Object) error {
	var file map[string]json.RawMessage
	if err := json.Unmarshal(data, &file); err != nil {
		return explainJSON(data, shape, err)
	}
	for name, into := range objects {
		raw := file[name]
		if raw == nil || string(raw) == "null" {
			continue
		}
		object, err := ParseObject(raw)
		if err != nil {
			return fmt.Errorf("%s %w", name, err)
		}
		*into = object
	}
	for name, into := range lists {
		parsed, err := parseList(name, file[name])
		if err != nil {
			return err
		}
		*into = parsed
	}
	return nil
}

func parseList(name string, raw json.RawMessage) ([]Object, error) {
	if raw == nil {
		return []Object{}, nil
	}
	var raws []json.RawMessage
	if err := json.Unmarshal(raw, &raws); err != nil {
		return nil, fmt.Errorf("%s is not a list of objects: %w", name, err)
	}
	objects := make([]Object, 0, len(raws))
	for i, raw := range raws {
		object, err := ParseObject(raw)
		if err != nil {
			return nil, fmt.Errorf("%s[%d] %w", name, i, err)
		}
		objects = append(objects, object)
	}
	return objects, nil
}

func explainJSON(data []byte, shape string, err error) error {
	var syntax *json.SyntaxError
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		line := bytes.Count(data[:min(syntax.Offset, int64(len(data)))], []byte("\n")) + 1
		return fmt.Errorf("line %d is not JSON: %w", line, err)
	case errors.As(err, &wrongType):
		return fmt.Errorf("is a JSON %s, not %s: %w", wrongType.Value, shape, err)
	}
	return err
}

// FileWriter writes a directory file: the object and lists that ParseFile reads.
type FileWriter struct {
	out   *bufio.Writer
	n     int64
	comma string
}

// NewFileWriter begins a file.
func NewFileWriter(w io.Writer) *FileWriter {
	f := &FileWriter{out: bufio.NewWriterSize(w, 1<<16)}
	f.write("{")
	return f
}

// Object writes one object; nil is written as an empty one.
func (f *FileWriter) Object(name string, object Object) {
	if object == nil {
		object = Object("{}")
	}
	f.write(f.comma + `"` + name + `":`)
	f.write(string(object))
	f.comma = ","
}

// List writes a list of objects.
func (f *FileWriter) List(name string, objects []Object) {
	f.write(f.comma + `"` + name + `":[`)
	for i, object := range objects {
		if i > 0 {
			f.write(",\n")
		}
		f.write(string(object))
	}
	f.write("]")
	f.comma = ","
}

// Close ends the file and returns how many bytes it has.
func (f *FileWriter) Close() (int64, error) {
	f.write("}\n")
	return f.n, f.out.Flush()
}

func (f *FileWriter) write(s string) {
	n, _ := f.out.WriteString(s) // the error stays and comes with Flush
	f.n += int64(n)
}
