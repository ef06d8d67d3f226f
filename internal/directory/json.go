package directory

import (
	"bytes"
	"encoding/json"
)

// UnmarshalJSON decodes an object, keeping the digits of numbers.
func (v *Values) UnmarshalJSON(b []byte) error {
	var plain map[string]any
	if err := unmarshalKeepingNumbers(b, &plain); err != nil {
		return err
	}
	*v = plain
	return nil
}

func unmarshalKeepingNumbers(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(into)
}
