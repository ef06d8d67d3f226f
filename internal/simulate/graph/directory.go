package graph

import (
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
	var directory Directory
	err := simulate.ParseFile(data, "an object with organization, users and groups",
		map[string]*simulate.Object{"organization": &directory.Organization},
		map[string]*[]simulate.Object{"users": &directory.Users, "groups": &directory.Groups})
	if err != nil {
		return Directory{}, err
	}
	for i, group := range directory.Groups {
		if err := checkMembers(group); err != nil {
			return Directory{}, fmt.Errorf("groups[%d]: %w", i, err)
		}
	}
	return directory, nil
}

// WriteTo writes the directory as a file that Load reads.
func (d Directory) WriteTo(w io.Writer) (int64, error) {
	file := simulate.NewFileWriter(w)
	file.Object("organization", d.Organization)
	file.List("users", d.Users)
	file.List("groups", d.Groups)
	return file.Close()
}
