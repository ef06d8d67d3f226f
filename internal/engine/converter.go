package engine

import (
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"github.com/rollcall-sync/rollcall/internal/secret"
)

// Clear marks a type whose values are deliberately readable in Temporal, for plain clients and the Web UI: the answer to a
// query, never anything that identifies a person.
type Clear interface {
	// ClearInTemporal does nothing; it is the mark.
	ClearInTemporal()
}

// DataConverter compresses and encrypts every payload except these, which stay plain JSON: values that are Clear; the texts
// that Temporal shows to people (summaries, details, and memo values that are bare strings); and the workflow metadata that
// the Web UI asks for. Plain payloads of other clients are accepted, as are payloads under any key of the keyring.
func DataConverter(keyring *secret.Keyring) converter.DataConverter {
	plain := converter.NewCompositeDataConverter(
		converter.NewNilPayloadConverter(),
		converter.NewByteSlicePayloadConverter(),
		converter.NewProtoJSONPayloadConverter(),
		converter.NewProtoPayloadConverter(),
		jsonConverter{converter.NewJSONPayloadConverter()},
	)
	return textConverter{converter.NewCodecDataConverter(plain, newCodec(keyring))}
}

// clearMark in a payload's metadata tells the codec to leave it alone.
const clearMark = "rollcall-clear"

// jsonConverter marks the payloads of Clear values.
type jsonConverter struct {
	*converter.JSONPayloadConverter
}

func (c jsonConverter) ToPayload(value any) (*commonpb.Payload, error) {
	payload, err := c.JSONPayloadConverter.ToPayload(value)
	if err != nil {
		return nil, err
	}
	if _, ok := value.(Clear); ok {
		payload.Metadata[clearMark] = []byte("true")
	}
	return payload, nil
}

// textConverter leaves bare strings clear where the SDK converts a value alone. It does so for summaries, details and memo
// values; arguments and results go through ToPayloads, and are encrypted even when they are strings.
type textConverter struct {
	converter.DataConverter
}

type clearText string

func (clearText) ClearInTemporal() {}

func (c textConverter) ToPayload(value any) (*commonpb.Payload, error) {
	if text, ok := value.(string); ok {
		value = clearText(text)
	}
	return c.DataConverter.ToPayload(value)
}
