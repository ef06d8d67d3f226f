package google

import (
	"fmt"
	"io"
	"os"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

// Directory is what a simulated tenant holds, in the form of its file. Objects
// are kept as they are written, whatever is in them. A group has its members in
// the property "members": members of the Directory API that are served as they
// are, or plain ids or addresses of users or groups.
type Directory struct {
	Customer simulate.Object   `json:"customer"`
	Users    []simulate.Object `json:"users"`
	Groups   []simulate.Object `json:"groups"`
	Schemas  []simulate.Object `json:"schemas"`
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
	var d Directory
	err := simulate.ParseFile(data, "an object with customer, users, groups and schemas",
		map[string]*simulate.Object{"customer": &d.Customer},
		map[string]*[]simulate.Object{"users": &d.Users, "groups": &d.Groups, "schemas": &d.Schemas})
	if err != nil {
		return Directory{}, err
	}
	for i, group := range d.Groups {
		if err := checkMembers(group); err != nil {
			return Directory{}, fmt.Errorf("groups[%d]: %w", i, err)
		}
	}
	return d, nil
}

// WriteTo writes the directory as a file that Load reads.
func (d Directory) WriteTo(w io.Writer) (int64, error) {
	file := simulate.NewFileWriter(w)
	file.Object("customer", d.Customer)
	file.List("users", d.Users)
	file.List("groups", d.Groups)
	file.List("schemas", d.Schemas)
	return file.Close()
}
