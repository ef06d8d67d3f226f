package google_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-sync/rollcall/internal/simulate/google"
)

const people = `{"customer":{"id":"C0test","customerDomain":"corp.example"},"users":[
{"id":"1","primaryEmail":"zoe@corp.example","aliases":["zo@corp.example"],"name":{"givenName":"Zoë","familyName":"Adler"},
 "suspended":true,"odd":1.50,"customSchemas":{"HR":{"badge":"00042","langs":[{"value":"en"},{"value":"fr"}]},"IT":{"laptop":true}}},
{"id":"2","primaryEmail":"ana@corp.example","name":{"givenName":"Ana","familyName":"Zimmer"},"archived":true},
{"id":"3","primaryEmail":"max@sub.example","name":{"givenName":"Max","familyName":"Moor"},"emails":[{"address":"m@home.example","type":"home"}],"isAdmin":true}]}`

func TestUsersAreServedAsTheyAre(t *testing.T) {
	t.Parallel()
	c := start(t, parse(t, people))
	list := c.show("users?customer=my_customer&projection=full")
	require.Equal(t, "admin#directory#users", list["kind"])
	require.NotEmpty(t, list["etag"])
	users := list["users"].([]any)
	require.Len(t, users, 3, "suspended and archived people are in the list")
	require.Contains(t, string(c.get(api+"users?customer=C0test&projection=full").body), `"odd":1.50`)
	require.Equal(t, users[0], c.show("users/1?projection=full"))
	require.Equal(t, "admin#directory#user", users[0].(map[string]any)["kind"])

	for _, key := range []string{"1", "zoe@corp.example", "ZOE@corp.example", "zo%40corp.example"} {
		require.Equal(t, "1", c.show("users/" + key)["id"], key)
	}
	for _, key := range []string{"4", "none@corp.example", "m@home.example"} {
		c.requireError(c.get(api+"users/"+key), http.StatusNotFound, "notFound")
	}
}

func TestCaseB1CustomFieldsComeByProjection(t *testing.T) {
	t.Parallel()
	c := start(t, parse(t, people))
	schemas := func(query string) any { return c.show("users/1" + query)["customSchemas"] }
	require.Nil(t, schemas(""), "the basic projection has none")
	require.Nil(t, schemas("?projection=basic"))
	require.Equal(t, map[string]any{"IT": map[string]any{"laptop": true}}, schemas("?projection=custom&customFieldMask=IT"))
	require.Nil(t, schemas("?projection=custom&customFieldMask=None"))
	langs := []any{map[string]any{"value": "en"}, map[string]any{"value": "fr"}}
	require.Equal(t, map[string]any{"HR": map[string]any{"badge": "00042", "langs": langs}, "IT": map[string]any{"laptop": true}}, schemas("?projection=full"))
	c.requireError(c.get(api+"users/1?projection=custom"), http.StatusBadRequest, "invalid")
	c.requireError(c.get(api+"users/1?customFieldMask=HR"), http.StatusBadRequest, "invalid")
	c.requireError(c.get(api+"users/1?projection=all"), http.StatusBadRequest, "invalidParameter")
}

func TestUserListsAreFilteredAndOrdered(t *testing.T) {
	t.Parallel()
	c := start(t, parse(t, people))
	for query, want := range map[string]string{
		"":                             "1 2 3",
		"query=email:zo*":              "1",
		"query=email:m@*":              "3",
		"query=email=ana@corp.example": "2",
		"query=givenName:a*":           "2",
		"query=name='Zo%C3%AB+Adler'":  "1",
		"query=name:moor":              "3",
		"query=adler":                  "1",
		"query=isSuspended=true":       "1",
		"query=isArchived=false":       "1 3",
		"query=isArchived=false+isSuspended=false":  "3",
		"query=isAdmin=true":                        "3",
		"query=familyName:nobody":                   "",
		"orderBy=email":                             "2 3 1",
		"orderBy=familyName":                        "1 3 2",
		"orderBy=familyName&sortOrder=DESCENDING":   "2 3 1",
		"orderBy=givenName&query=isArchived=false":  "3 1",
		"showDeleted=false&viewType=admin_view":     "1 2 3",
		"fields=users(id),nextPageToken&key=unused": "1 2 3",
	} {
		for _, size := range []string{"", "&maxResults=1"} {
			ids, _ := c.all("users?customer=my_customer&"+query+size, "users", "id")
			require.Equal(t, want, strings.Join(ids, " "), query+size)
		}
	}
	ids, _ := c.all("users?domain=SUB.example", "users", "id")
	require.Equal(t, []string{"3"}, ids)
	require.NotContains(t, c.show("users?customer=my_customer&query=name:nobody"), "users", "an empty list has no key")
}

func TestUserListsRefuseWhatGoogleRefuses(t *testing.T) {
	t.Parallel()
	c := start(t, parse(t, people))
	for query, reason := range map[string]string{
		"":                                    "badRequest",
		"maxResults=10":                       "badRequest",
		"customer=my_customer&maxResults=0":   "invalidParameter",
		"customer=my_customer&maxResults=501": "invalidParameter",
		"customer=my_customer&maxResults=x":   "invalidParameter",
		"customer=my_customer&pageToken=x":    "invalid",
		"customer=my_customer&orderBy=id":     "invalidParameter",
		"customer=my_customer&query=shoe=7":   "invalid",
		"customer=my_customer&fields=users(":  "invalidParameter",
		"customer=my_customer&fields=a,,b":    "invalidParameter",
		"customer=my_customer&alt=media":      "invalidParameter",
		"customer=my_customer&$top=5":         "badRequest",
	} {
		c.requireError(c.get(api+"users?"+query), http.StatusBadRequest, reason)
	}
	c.requireError(c.get(api+"users?customer=C0else"), http.StatusForbidden, "forbidden")
}

func TestPagesOfUsersHoldWhateverChanges(t *testing.T) {
	t.Parallel()
	c := start(t, google.Generate(1203))
	all, pages := c.all("users?customer=my_customer&maxResults=500", "users", "id")
	require.Len(t, all, 1203)
	require.Equal(t, 3, pages)
	usual, _ := c.show("users?customer=my_customer")["users"].([]any)
	require.Len(t, usual, 100)

	first := c.show("users?customer=my_customer&maxResults=500")
	c.control(http.MethodDelete, "users/"+all[10], "", http.StatusNoContent)
	c.control(http.MethodPost, "users", `{"primaryEmail":"new@tidewell.example"}`, http.StatusCreated)
	second := c.show("users?customer=my_customer&maxResults=500&pageToken=" + first["nextPageToken"].(string))
	require.Equal(t, all[500], second["users"].([]any)[0].(map[string]any)["id"])
}

func TestCaseA1aAMaskThatForgetsTheNextPageToken(t *testing.T) {
	t.Parallel()
	c := start(t, google.Generate(300))
	const list = "users?customer=my_customer&maxResults=200"
	require.Contains(t, c.show(list), "nextPageToken")
	require.Contains(t, c.show(list+"&fields=nextPageToken,users/id"), "nextPageToken")
	forgetful := c.show(list + "&fields=users(id,name/givenName,phones(value,type))")
	require.NotContains(t, forgetful, "nextPageToken")
	require.NotContains(t, forgetful, "kind")
	user := forgetful["users"].([]any)[0].(map[string]any)
	require.Len(t, user, 3)
	require.Len(t, user["name"], 1)
	require.Equal(t, map[string]any{"value": "+1 206 5550000", "type": "work"}, user["phones"].([]any)[0])
	require.Len(t, c.show(list + "&fields=*")["users"], 200)
	require.Len(t, c.show("users/"+user["id"].(string)+"?fields=id,primaryEmail"), 2)
}

func TestADeletedUserCanBeBroughtBackForTwentyDays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tenant := google.New(parse(t, people))
		serve := func(method, target, token string) *httptest.ResponseRecorder {
			request := httptest.NewRequestWithContext(t.Context(), method, target, nil)
			request.Header.Set("Authorization", "Bearer "+token)
			recorder := httptest.NewRecorder()
			tenant.ServeHTTP(recorder, request)
			return recorder
		}
		show := func() *httptest.ResponseRecorder {
			var granted, token map[string]any
			require.NoError(t, json.Unmarshal(serve(http.MethodPost, "/_sim/grant-consent", "").Body.Bytes(), &granted))
			form := fmt.Sprintf("/token?grant_type=refresh_token&client_id=a&client_secret=b&refresh_token=%s", granted["refresh_token"])
			request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/token", strings.NewReader(form[len("/token?"):]))
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			recorder := httptest.NewRecorder()
			tenant.ServeHTTP(recorder, request)
			require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &token))
			return serve(http.MethodGet, api+"users/2", token["access_token"].(string))
		}
		require.Equal(t, http.StatusOK, show().Code)
		require.Equal(t, http.StatusNoContent, serve(http.MethodDelete, "/_sim/users/2", "").Code)
		gone := show()
		require.Equal(t, http.StatusPreconditionFailed, gone.Code)
		require.Contains(t, gone.Body.String(), "conditionNotMet")
		time.Sleep(20*24*time.Hour - time.Minute)
		require.Equal(t, http.StatusPreconditionFailed, show().Code)
		time.Sleep(time.Minute)
		require.Equal(t, http.StatusNotFound, show().Code)
	})
}
