package google_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
)

// Case A1(a): the server names the next page only to whom asks for it.
func TestCaseA1_EveryPageOfMembers(t *testing.T) {
	t.Parallel()
	const count, size = 263, 200
	w := newWire(t, func(out http.ResponseWriter, r *http.Request) {
		start, _ := strconv.Atoi(r.FormValue("pageToken"))
		var entries []string
		for i := start; i < min(start+size, count); i++ {
			entries = append(entries, fmt.Sprintf(`{"id":"m%03d","type":"USER"}`, i+1))
		}
		answer := `{"members":[` + strings.Join(entries, ",") + `]`
		if mask := r.FormValue("fields"); start+size < count && (mask == "" || strings.Contains(mask, "nextPageToken")) {
			answer += fmt.Sprintf(`,"nextPageToken":"%d"`, start+size)
		}
		body(answer+"}")(out, r)
	})
	from := w.open(t)
	read := map[string]bool{}
	cursor, more := "", true
	for more {
		page, err := from.Members(t.Context(), "grp-eng", cursor)
		require.NoError(t, err)
		for _, id := range page.People {
			read[id] = true
		}
		cursor, more = page.Next, page.Next != ""
	}
	require.Len(t, read, count)
	require.Len(t, w.requests, 2)
}

// Case A4(b): a quota that is used up is no missing permission.
func TestCaseA4_QuotaIsThrottling(t *testing.T) {
	t.Parallel()
	for reason, wait := range map[string]time.Duration{
		"quotaExceeded": 10 * time.Second, "rateLimitExceeded": 10 * time.Second, "userRateLimitExceeded": 10 * time.Second,
		"dailyLimitExceeded": time.Hour,
	} {
		w := newWire(t, status(403, "usageLimits", reason, "Quota exceeded"))
		from := w.open(t)
		for n := range 2 {
			_, err := from.Users(t.Context(), "", nil, 0)
			got := failure(t, err)
			require.Equal(t, directory.CodeSourceThrottled, got.Code, reason)
			require.False(t, got.Permanent)
			require.Equal(t, wait, got.RetryAfter, reason)
			require.Len(t, w.requests, n+1)
		}
		w.answer = body(`{"users":[{"id":"1"},{"id":"2"}]}`)
		page, err := from.Users(t.Context(), "", nil, 0)
		require.NoError(t, err)
		require.Len(t, page.Records, 2)
	}
}

// Case A4(c): what is forbidden stays so until an admin grants it.
func TestCaseA4_ForbiddenIsPermanent(t *testing.T) {
	t.Parallel()
	w := newWire(t, status(403, "global", "forbidden", "Not Authorized to access this resource/api"))
	from := w.open(t)
	_, err := from.Users(t.Context(), "", nil, 0)
	got := failure(t, err)
	require.Equal(t, directory.CodeSourceRefused, got.Code)
	require.True(t, got.Permanent)
	require.Contains(t, got.Sentence(), "administrator")
	require.Contains(t, got.Sentence(), "grant it")
	require.Len(t, w.requests, 1)
}

// Case D1(b) and (c): an answer without users, and groups that cannot be read.
func TestCaseD1_NobodyAndUnreadable(t *testing.T) {
	t.Parallel()
	w := newWire(t, body(`{"kind":"admin#directory#users","etag":"\"x\""}`))
	from := w.open(t)
	page, err := from.Users(t.Context(), "", nil, 0)
	require.NoError(t, err)
	require.Empty(t, page.Records)
	require.Empty(t, page.Next)

	w.answer = status(404, "global", "notFound", "Resource Not Found: groupKey")
	_, err = from.Members(t.Context(), "g1", "")
	require.Equal(t, directory.KindNotFound, failure(t, err).Kind)
	_, err = from.Group(t.Context(), "g1")
	require.Equal(t, directory.KindNotFound, failure(t, err).Kind)

	w.answer = status(403, "global", "forbidden", "Not Authorized to access this resource/api")
	_, err = from.Members(t.Context(), "g1", "")
	require.Equal(t, directory.CodeGroupUnreadable, failure(t, err).Code)
	require.True(t, failure(t, err).Permanent)

	w.answer = status(403, "global", "insufficientPermissions", "Insufficient Permission")
	_, err = from.Members(t.Context(), "g1", "")
	require.Equal(t, directory.CodeSourceRefused, failure(t, err).Code, "is about every group")
}

// Case D2: suspended and archived people are disabled.
func TestCaseD2_SuspendedAndArchived(t *testing.T) {
	t.Parallel()
	w := newWire(t, body(`{"users":[{"id":"1","suspended":true},{"id":"2","archived":true},{"id":"3"},
		{"id":"4","suspended":false,"archived":false},{"id":"5","suspended":null},{"id":"6","suspended":false,"archived":true}]}`))
	page, err := w.open(t).Users(t.Context(), "", nil, 0)
	require.NoError(t, err)
	var enabled []bool
	for _, record := range page.Records {
		enabled = append(enabled, record.Enabled)
	}
	require.Equal(t, []bool{false, false, true, true, true, false}, enabled)
}

// Case E2: everyone, a person of another organization, a person of this one; E1: a group.
func TestCaseE2_KindsOfMembers(t *testing.T) {
	t.Parallel()
	w := newWire(t, body(`{"members":[{"kind":"admin#directory#member","id":"C01abc","role":"MEMBER","type":"CUSTOMER"},
		{"id":"77","email":"pat@partner.example","type":"USER","role":"MEMBER"},
		{"id":"1","email":"a@corp.example","type":"USER","status":"ACTIVE"},{"id":"2","type":"USER","status":"SUSPENDED"},
		{"id":"gB","email":"b@corp.example","type":"GROUP","status":"ACTIVE"},{"id":"x","type":"EXTERNAL"}]}`))
	page, err := w.open(t).Members(t.Context(), "A", "")
	require.NoError(t, err)
	require.Equal(t, source.MemberPage{People: []string{"77", "1", "2"}, Everyone: true, Groups: []string{"gB"}, Others: []string{"x"}}, page)
	require.Len(t, w.requests, 1, "no member is looked up")
}

// Case B1: custom fields keep what they are; 64-bit numbers come as strings.
func TestCaseB1_CustomFields(t *testing.T) {
	t.Parallel()
	w := newWire(t, func(out http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/schemas") {
			body(`{"schemas":[{"schemaName":"HR","displayName":"People team","fields":[
				{"fieldName":"badge","fieldType":"STRING","displayName":"Badge"},{"fieldName":"remote","fieldType":"BOOL"},
				{"fieldName":"start","fieldType":"DATE"},{"fieldName":"langs","fieldType":"STRING","multiValued":true},
				{"fieldName":"level","fieldType":"INT64"},{"fieldName":"large","fieldType":"INT64"},{"fieldName":"share","fieldType":"DOUBLE"},
				{"fieldName":"levels","fieldType":"INT64","multiValued":true},{"fieldName":"private","fieldType":"EMAIL"},
				{"fieldName":"desk","fieldType":"PHONE"},{"fieldName":"future","fieldType":"PICTURE"}]}]}`)(out, r)
			return
		}
		require.Equal(t, "full", r.FormValue("projection"))
		body(`{"users":[{"id":"1","customSchemas":{"HR":{"badge":"00042","remote":true,"start":"2019-06-06",
			"langs":[{"value":"en"},{"value":"fr"}],"level":"7","large":"9007199254740993","share":0.10,"levels":[{"value":"1"}],"desk":null}}},
			{"id":"2","customSchemas":{"HR":{"badge":"7","level":12,"large":"many"}}},{"id":"3"}]}`)(out, r)
	})
	from := w.open(t)
	var paths []string
	for _, field := range []string{"badge", "remote", "start", "langs", "level", "large", "share", "levels", "desk", "unknown"} {
		paths = append(paths, "customSchemas.HR."+field)
	}
	page, err := from.Users(t.Context(), "", paths, 0)
	require.NoError(t, err)
	var read []map[string]string
	for _, record := range page.Records {
		values := map[string]string{}
		for path, raw := range record.Attributes {
			values[strings.TrimPrefix(path, "customSchemas.HR.")] = string(raw)
		}
		read = append(read, values)
	}
	require.Equal(t, []map[string]string{
		{
			"badge": `"00042"`, "remote": "true", "start": `"2019-06-06"`, "langs": `[{"value":"en"},{"value":"fr"}]`,
			"level": "7", "large": "9007199254740993", "share": "0.10", "levels": `[{"value":"1"}]`,
		},
		{"badge": `"7"`, "level": "12", "large": `"many"`}, {},
	}, read)
	_, err = from.User(t.Context(), "1", paths)
	require.Error(t, err, "the sample is a list")
	require.Len(t, w.requests, 3, "the schemas are read once")

	list, err := from.Attributes(t.Context())
	require.NoError(t, err)
	custom := map[string]directory.Attribute{}
	for _, a := range list {
		if name, ok := strings.CutPrefix(a.Path, "customSchemas.HR."); ok {
			custom[name] = a
		}
	}
	require.Equal(t, directory.Attribute{Path: "customSchemas.HR.badge", Name: "People team: Badge", Type: directory.Text}, custom["badge"])
	require.Equal(t, directory.Attribute{Path: "customSchemas.HR.levels", Name: "People team: levels", Type: directory.Text, MultiValued: true}, custom["levels"])
	types := map[string]directory.FieldType{}
	for name, a := range custom {
		types[name] = a.Type
	}
	require.Equal(t, map[string]directory.FieldType{
		"badge": directory.Text, "remote": directory.Boolean, "start": directory.Date, "langs": directory.Text, "level": directory.Integer,
		"large": directory.Integer, "share": directory.Number, "levels": directory.Text, "private": directory.Email, "desk": directory.Text,
	}, types)
}

func TestStructuredLists(t *testing.T) {
	t.Parallel()
	w := newWire(t, body(`{"users":[{"id":"1","aliases":["a@x.example","b@x.example"],"name":{"givenName":"Ana"},
		"organizations":[{"title":"Old"},{"title":"Engineer","primary":true,"fullTimeEquivalent":50000}],
		"phones":[{"value":"+1","type":"work"},{"value":"+2"}],"languages":[{"languageCode":"en"},{"languageCode":"mi","preference":"preferred"}],
		"gender":{"type":"female"},"addresses":[],"relations":{},"externalIds":"none","locations":[7],"lastLoginTime":"1970-01-01T00:00:00.000Z"},
		{"id":"2","lastLoginTime":"2026-01-02T03:04:05.000Z","phones":null}]}`))
	paths := []string{
		"aliases", "name.givenName", "name.familyName", "organizations.title", "organizations.department", "organizations.fullTimeEquivalent",
		"phones.value", "languages.languageCode", "gender.type", "addresses.formatted", "relations.value", "externalIds.value", "locations.area", "lastLoginTime",
	}
	page, err := w.open(t).Users(t.Context(), "", paths, 0)
	require.NoError(t, err)
	require.Equal(t, map[string]json.RawMessage{
		"aliases": json.RawMessage(`["a@x.example","b@x.example"]`), "name.givenName": json.RawMessage(`"Ana"`),
		"organizations.title": json.RawMessage(`"Engineer"`), "organizations.fullTimeEquivalent": json.RawMessage(`50000`),
		"phones.value": json.RawMessage(`"+1"`), "languages.languageCode": json.RawMessage(`"mi"`), "gender.type": json.RawMessage(`"female"`),
	}, page.Records[0].Attributes)
	require.Equal(t, map[string]json.RawMessage{"lastLoginTime": json.RawMessage(`"2026-01-02T03:04:05.000Z"`)}, page.Records[1].Attributes)
}

// The manager is one of a user's relations, whichever is the main one.
func TestManager(t *testing.T) {
	t.Parallel()
	w := newWire(t, body(`{"users":[
		{"id":"1","relations":[{"type":"assistant","value":"al@corp.example","primary":true},{"type":"manager","value":"bo@corp.example"},{"type":"manager","value":"cy@corp.example"}]},
		{"id":"2","relations":[{"type":"assistant","value":"al@corp.example"}]},{"id":"3","relations":"none"},{"id":"4"},
		{"id":"5","relations":[{"type":"manager"}]}]}`))
	page, err := w.open(t).Users(t.Context(), "", []string{"relations.manager"}, 0)
	require.NoError(t, err)
	require.Len(t, page.Records, 5)
	require.Equal(t, `"bo@corp.example"`, string(page.Records[0].Attributes["relations.manager"]))
	for _, record := range page.Records[1:] {
		require.Empty(t, record.Attributes, record.ID)
	}
	require.Contains(t, w.requests[0].FormValue("fields"), "relations")
}

func TestGroups(t *testing.T) {
	t.Parallel()
	w := newWire(t, body(`{"groups":[{"id":"1","name":"Design","email":"design@x.example","description":"D"},
		{"id":"2","email":"nameless@x.example"},{"id":"3","name":"Graphic design"}]}`))
	from := w.open(t)
	page, err := from.Groups(t.Context(), "", "", 0)
	require.NoError(t, err)
	require.Equal(t, []source.Group{
		{ID: "1", Name: "Design", Email: "design@x.example", Description: "D"},
		{ID: "2", Name: "nameless@x.example", Email: "nameless@x.example"},
		{ID: "3", Name: "Graphic design"},
	}, page.Groups)
	page, err = from.Groups(t.Context(), "", "DES", 0)
	require.NoError(t, err)
	require.Len(t, page.Groups, 1, "whatever the API takes for a beginning")
}

func TestUserIsGone(t *testing.T) {
	t.Parallel()
	w := newWire(t, nil)
	from := w.open(t)
	for _, answer := range []http.HandlerFunc{
		status(404, "global", "notFound", "Resource Not Found: userKey"), status(412, "global", "conditionNotMet", "User deleted"),
		func(out http.ResponseWriter, _ *http.Request) {
			out.WriteHeader(http.StatusNotFound)
			_, _ = fmt.Fprint(out, `{"error":{"code":404,"status":"NOT_FOUND"}}`)
		},
	} {
		w.answer = answer
		_, err := from.User(t.Context(), "1", nil)
		require.Equal(t, directory.KindNotFound, failure(t, err).Kind)
	}
	for _, code := range []int{http.StatusNotFound, http.StatusPreconditionFailed} {
		w.answer = func(out http.ResponseWriter, _ *http.Request) { http.Error(out, "<html>a proxy", code) }
		_, err := from.User(t.Context(), "1", nil)
		require.Equal(t, directory.CodeSourceRefused, failure(t, err).Code, "a page of somebody else proves nothing")
	}
}
