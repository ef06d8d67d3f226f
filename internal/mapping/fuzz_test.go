package mapping

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// FuzzConvert feeds arbitrary bytes to every type: no panic, and whatever is taken over can be
// stored in PostgreSQL, staged as JSON, and converted again to itself.
func FuzzConvert(f *testing.F) {
	for _, seed := range []string{
		`"Ana"`, `"\u0000"`, `"\ud83d"`, `null`, `42.0`, `1e999999999`, `-`, `true`, `[1]`, `{"a":"b"}`, `"`, "", "\"\xff\"", ` "x" `,
		`["a",1,true,null]`, `[{"value":"a"},{"value":" "}]`, `[{"value":{}}]`, `["\u0000", "\ud83d"]`, `[[]]`, `[`, `{"value":1}`,
		`"06/06/2019"`, `"2019-06-06T00:00:00Z"`, `"a@b"`, `"\"a b\"@c.example"`, `"=?utf-8?q?a?=@b.example"`, `"a@[127.0.0.1]"`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		formats := []format{{kind: directory.Text, list: true}, {kind: directory.Text, list: true, trim: true}}
		for _, kind := range directory.FieldTypes() {
			formats = append(formats, format{kind: kind, layout: "02/01/2006"})
		}
		for _, in := range formats {
			kind := in.kind
			value, found := in.convert(raw)
			if !found.keepsValue() {
				if value != nil {
					t.Fatalf("%s: %q has the fault %s and still gives %v", kind, raw, found.code, value)
				}
				continue
			}
			checkStorable(t, kind, value)
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatalf("%s: %q gives %v, which is no JSON: %v", kind, raw, value, err)
			}
			if again, second := in.convert(text); again != value || second.code != "" {
				t.Fatalf("%s: %q gives %v, which gives %v (%s)", kind, raw, value, again, second.code)
			}
		}
	})
}

func checkStorable(t *testing.T, kind directory.FieldType, value any) {
	t.Helper()
	text, ok := value.(string)
	if !ok {
		return
	}
	if strings.ContainsRune(text, 0) || !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxCharacters {
		t.Fatalf("%s: %q cannot be stored", kind, text)
	}
	var err error
	switch kind {
	case directory.Date:
		_, err = time.Parse(isoDate, text)
	case directory.DateTime:
		_, err = time.Parse(time.RFC3339, text)
	case directory.Email:
		if strings.Count(text, "@") == 0 || strings.ContainsAny(text, " \r\n<>,") {
			t.Fatalf("%q is no plain address", text)
		}
	}
	if err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
}
