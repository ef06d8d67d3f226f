package google

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"github.com/rollcall-sync/rollcall/internal/simulate"
)

const kindPrefix = "admin#directory#"

// resource is an object as the Directory API answers it: with the kind and etag
// that it may lack.
func resource(kind string, o simulate.Object) simulate.Object {
	front := []byte{'{'}
	if o.Get("kind") == nil {
		front = append(front, `"kind":"`+kindPrefix+kind+`",`...)
	}
	if o.Get("etag") == nil {
		front = append(front, `"etag":`+etag(o)+`,`...)
	}
	front = append(front, o[1:]...)
	if len(o) == 2 { // no comma before the end of an empty object
		front = append(front[:len(front)-2], '}')
	}
	return front
}

// etag is a quoted tag that changes with the content, as JSON.
func etag(content []byte) string {
	sum := sha256.Sum256(content)
	return `"\"` + base64.RawURLEncoding.EncodeToString(sum[:20]) + `\""`
}

// collection is a page of a list. Without items its property is left out.
func collection(kind, property string, items []simulate.Object, next *place) []byte {
	size := 256
	for _, item := range items {
		size += len(item) + 1
	}
	list := make([]byte, 0, size)
	for i, item := range items {
		if i > 0 {
			list = append(list, ',')
		}
		list = append(list, item...)
	}
	body := append(make([]byte, 0, size+256), `{"kind":"`+kindPrefix+kind+`","etag":`+etag(list)...)
	if len(items) > 0 {
		body = append(body, `,"`+property+`":[`...)
		body = append(append(body, list...), ']')
	}
	if next != nil {
		body = append(body, `,"nextPageToken":"`+simulate.EncodeToken(next)+`"`...)
	}
	return append(body, '}')
}

// texts are the strings of a JSON list.
func texts(list json.RawMessage) []string {
	var all []string
	for element := range simulate.Elements(list) {
		var text string
		if json.Unmarshal(element, &text) == nil {
			all = append(all, text)
		}
	}
	return all
}
