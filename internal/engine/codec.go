package engine

import (
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-sync/rollcall/internal/secret"
)

const (
	encodingEncrypted = "binary/encrypted"
	keyIDMetadata     = "encryption-key-id"
	sealContext       = "temporal-payload"

	// compressFrom is the size in bytes below which compression gains nothing worth its allocations.
	compressFrom = 512

	// messageTypeMetadata names the protobuf message in a json/protobuf payload.
	messageTypeMetadata = "messageType"
	// workflowMetadataType answers the Web UI's query __temporal_workflow_metadata, which holds current details.
	workflowMetadataType = "temporal.api.sdk.v1.WorkflowMetadata"
)

// codec turns a payload into an encrypted one: the whole payload, its metadata included, compressed where that helps, sealed.
type codec struct {
	keyring *secret.Keyring
	zlib    converter.PayloadCodec
}

func newCodec(keyring *secret.Keyring) codec {
	return codec{keyring: keyring, zlib: converter.NewZlibCodec(converter.ZlibCodecOptions{})}
}

// Encode encrypts all payloads that are not clear.
func (c codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	return each(payloads, func(payload *commonpb.Payload) (*commonpb.Payload, error) {
		if staysClear(payload) {
			return payload, nil
		}
		return c.encrypt(payload)
	})
}

// Decode decrypts what Encode encrypted and leaves everything else as it is.
func (c codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	return each(payloads, func(payload *commonpb.Payload) (*commonpb.Payload, error) {
		if string(payload.GetMetadata()[converter.MetadataEncoding]) != encodingEncrypted {
			return payload, nil
		}
		return c.decrypt(payload)
	})
}

func staysClear(payload *commonpb.Payload) bool {
	metadata := payload.GetMetadata()
	return metadata[clearMark] != nil || string(metadata[messageTypeMetadata]) == workflowMetadataType
}

func (c codec) encrypt(payload *commonpb.Payload) (*commonpb.Payload, error) {
	if len(payload.GetData()) >= compressFrom {
		compressed, err := c.zlib.Encode([]*commonpb.Payload{payload})
		if err != nil {
			return nil, fmt.Errorf("compress payload: %w", err)
		}
		payload = compressed[0]
	}
	plaintext, err := proto.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("encode payload: %w", err)
	}
	return &commonpb.Payload{
		Metadata: map[string][]byte{
			converter.MetadataEncoding: []byte(encodingEncrypted),
			keyIDMetadata:              []byte(c.keyring.PrimaryID()),
		},
		Data: c.keyring.Seal(plaintext, []byte(sealContext)),
	}, nil
}

func (c codec) decrypt(payload *commonpb.Payload) (*commonpb.Payload, error) {
	plaintext, err := c.keyring.Open(payload.GetData(), []byte(sealContext))
	if err != nil {
		return nil, fmt.Errorf("decrypt payload: %w", err)
	}
	opened := &commonpb.Payload{}
	if err := proto.Unmarshal(plaintext, opened); err != nil {
		return nil, fmt.Errorf("decode payload: %w", err)
	}
	expanded, err := c.zlib.Decode([]*commonpb.Payload{opened})
	if err != nil {
		return nil, fmt.Errorf("expand payload: %w", err)
	}
	return expanded[0], nil
}

func each(payloads []*commonpb.Payload, convert func(*commonpb.Payload) (*commonpb.Payload, error)) ([]*commonpb.Payload, error) {
	converted := make([]*commonpb.Payload, len(payloads))
	for i, payload := range payloads {
		var err error
		if converted[i], err = convert(payload); err != nil {
			return payloads, err
		}
	}
	return converted, nil
}
