package mapping

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// Values must be in the accepted format; a bad one is a fault of that value alone.
func TestA10_FormatRule(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 10_000)
	number := func(s string) any { return json.Number(s) }
	tests := []struct {
		kind directory.FieldType
		raw  string
		want any
		code string
	}{
		{directory.Text, `"QA"`, "QA", ""},
		{directory.Text, `"00042"`, "00042", ""},
		{directory.Text, `" inner  kept "`, " inner  kept ", ""},
		{directory.Text, `"   "`, nil, ""},
		{directory.Text, `"\u00a0\t"`, nil, ""},
		{directory.Text, `""`, nil, ""},
		{directory.Text, `null`, nil, ""},
		{directory.Text, ``, nil, ""},
		{directory.Text, `"a \"quoted\" \\ \u00fc"`, `a "quoted" \ ü`, ""},
		{directory.Text, `"Ü 日本 👩‍💻"`, "Ü 日本 👩‍💻", ""},
		{directory.Text, `"a\u0000b"`, "ab", CodeRemoved},
		{directory.Text, `"\u0000"`, nil, CodeRemoved},
		{directory.Text, `"a\ud83db"`, "ab", CodeRemoved},
		{directory.Text, "\"a\xffb\"", "ab", CodeRemoved},
		{directory.Text, `"\ud83d\ude00"`, "😀", ""},
		{directory.Text, `42`, nil, CodeTypeMismatch},
		{directory.Text, `true`, nil, CodeTypeMismatch},
		{directory.Text, `{"value":"en"}`, nil, CodeTypeMismatch},
		{directory.Text, `["en"]`, nil, CodeTypeMismatch},
		{directory.Text, `"` + long + `"`, long, ""},
		{directory.Text, `"` + long + `x"`, nil, CodeTooLong},
		{directory.Text, `"unfinished`, nil, CodeTypeMismatch},

		{directory.Email, `" Ana.Lopez@Corp.Example "`, "Ana.Lopez@Corp.Example", ""},
		{directory.Email, `"o'brien+x@corp.example"`, "o'brien+x@corp.example", ""},
		{directory.Email, `"søren@bücher.example"`, "søren@bücher.example", ""},
		{directory.Email, `"Ana <ana@corp.example>"`, nil, CodeEmail},
		{directory.Email, `"<ana@corp.example>"`, nil, CodeEmail},
		{directory.Email, `"ana@corp.example (work)"`, nil, CodeEmail},
		{directory.Email, `"ana@corp.example, bo@corp.example"`, nil, CodeEmail},
		{directory.Email, `"ana"`, nil, CodeEmail},
		{directory.Email, `"ana@"`, nil, CodeEmail},
		{directory.Email, `"ana..x@corp.example"`, nil, CodeEmail},
		{directory.Email, `".ana@corp.example"`, nil, CodeEmail},
		{directory.Email, `"ana@corp..example"`, nil, CodeEmail},
		{directory.Email, `"a b@corp.example"`, nil, CodeEmail},
		{directory.Email, `"jo_ann_partner.example#EXT#@corp.onmicrosoft.com"`, nil, CodeEmail},
		{directory.Email, `"jo_ann_partner.example#ext#@corp.onmicrosoft.com"`, nil, CodeEmail},
		{directory.Email, `"` + strings.Repeat("a", 243) + `@corp.example"`, nil, CodeEmail},
		{directory.Email, `7`, nil, CodeTypeMismatch},

		{directory.Date, `"06/06/2019"`, "2019-06-06", ""},
		{directory.Date, `"31/12/2019"`, "2019-12-31", ""},
		{directory.Date, `"2019-06-06"`, "2019-06-06", ""},
		{directory.Date, `" 2019-06-06 "`, "2019-06-06", ""},
		{directory.Date, `"2019-06-06T00:00:00Z"`, "2019-06-06", ""},
		{directory.Date, `"2019-06-06T23:59:59.999-11:00"`, "2019-06-06", ""},
		{directory.Date, `"2019-06-06T00:30:00+14:00"`, "2019-06-06", ""},
		{directory.Date, `"2019-06-06T08:00:00"`, "2019-06-06", ""},
		{directory.Date, `"2020-02-29"`, "2020-02-29", ""},
		{directory.Date, `"2019-02-29"`, nil, CodeDate},
		{directory.Date, `"2019-02-29T00:00:00Z"`, nil, CodeDate},
		{directory.Date, `"12/31/2019"`, nil, CodeDate},
		{directory.Date, `"6/6/2019"`, nil, CodeDate},
		{directory.Date, `"06.06.2019"`, nil, CodeDate},
		{directory.Date, `"2019-06-06Tnoon"`, nil, CodeDate},
		{directory.Date, `"June sixth"`, nil, CodeDate},
		{directory.Date, `"  "`, nil, ""},
		{directory.Date, `20190606`, nil, CodeTypeMismatch},

		{directory.DateTime, `"2019-06-06T09:30:00Z"`, "2019-06-06T09:30:00Z", ""},
		{directory.DateTime, `"2019-06-06T00:30:00.250+02:00"`, "2019-06-05T22:30:00.25Z", ""},
		{directory.DateTime, `"2019-06-06"`, nil, CodeDateTime},
		{directory.DateTime, `"2019-06-06T09:30:00"`, nil, CodeDateTime},
		{directory.DateTime, `"2019-06-06T9:30:00Z"`, nil, CodeDateTime},
		{directory.DateTime, `"9999-12-31T23:59:59-01:00"`, nil, CodeDateTime},

		{directory.Number, `3.50`, number("3.50"), ""},
		{directory.Number, `9007199254740993`, number("9007199254740993"), ""},
		{directory.Number, `0.1`, number("0.1"), ""},
		{directory.Number, `-1e3`, number("-1e3"), ""},
		{directory.Number, `1e1000000000`, nil, CodeNumber},
		{directory.Number, `1e-99999999999999999999`, nil, CodeNumber},
		{directory.Number, `"3.5"`, nil, CodeTypeMismatch},
		{directory.Number, `-`, nil, CodeTypeMismatch},

		{directory.Integer, `42`, number("42"), ""},
		{directory.Integer, `9007199254740993`, number("9007199254740993"), ""},
		{directory.Integer, `42.0`, number("42"), ""},
		{directory.Integer, `4.2e1`, number("42"), ""},
		{directory.Integer, `42.5`, nil, CodeNumber},
		{directory.Integer, `9007199254740993.5`, nil, CodeNumber},
		{directory.Integer, `"42"`, nil, CodeTypeMismatch},

		{directory.Boolean, `true`, true, ""},
		{directory.Boolean, `false`, false, ""},
		{directory.Boolean, `"true"`, nil, CodeTypeMismatch},
		{directory.Boolean, `1`, nil, CodeTypeMismatch},
	}
	for _, tt := range tests {
		got, f := format{kind: tt.kind, layout: "02/01/2006"}.convert(json.RawMessage(tt.raw))
		require.Equal(t, tt.code, f.code, "%s from %.80s", tt.kind, tt.raw)
		require.Equal(t, tt.want, got, "%s from %.80s", tt.kind, tt.raw)
	}
}

func TestA10_TheAccountSaysHowADateIsWritten(t *testing.T) {
	t.Parallel()
	written := map[string]string{"DD/MM/YYYY": "03/04/2019", "MM/DD/YYYY": "04/03/2019", "DD.MM.YYYY": "03.04.2019", "YYYY-MM-DD": "2019-04-03"}
	for name, layout := range directory.DateFormats() {
		got, f := format{kind: directory.Date, layout: layout}.convert(json.RawMessage(`"` + written[name] + `"`))
		require.Empty(t, f.code, name)
		require.Equal(t, "2019-04-03", got, name)
	}
}
