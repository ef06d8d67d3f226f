package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-sync/rollcall/internal/secret"
)

var key1 = "one:" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32))

func parse(t require.TestingT, text string) *secret.Keyring {
	ring, err := secret.Parse(text)
	require.NoError(t, err)
	return ring
}

func TestParseReportsAllMistakes(t *testing.T) {
	t.Parallel()
	short := base64.StdEncoding.EncodeToString([]byte("short secret"))
	_, err := secret.Parse("nocolon," + key1 + "," + key1 + ",b d:AAAA,c:!!!!,d:" + short)
	require.EqualError(t, err, strings.Join([]string{
		"key 1: want id:base64, found no colon",
		"key 3: one is there twice",
		"key 4: the id before the colon must be 1 to 64 letters, digits, '.', '_' or '-'",
		"key 5: c is not standard base64",
		"key 6: d has 12 bytes, want 32",
	}, "\n"))
	require.NotContains(t, err.Error(), short)

	_, err = secret.Parse("")
	require.Error(t, err)
}

func TestFirstKeyIsPrimary(t *testing.T) {
	t.Parallel()
	require.Equal(t, "one", parse(t, key1+", "+secret.Generate()).PrimaryID())
}

func TestKeysNeverPrint(t *testing.T) {
	t.Parallel()
	ring := parse(t, key1)
	encoded, err := json.Marshal(map[string]any{"keys": ring})
	require.NoError(t, err)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("start", "keys", ring)
	slog.New(slog.NewTextHandler(&log, nil)).Info("start", "keys", *ring)
	printed := fmt.Sprintf("%s %v %+v %#v %x %d", ring, ring, ring, ring, ring, ring) + string(encoded) + log.String()
	for _, leak := range []string{"AQEB", "1 1 1", "0x1", "0101", `\x01`} {
		require.NotContains(t, printed, leak)
	}
}

func TestSealedValuesOpen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ring := parse(t, secret.Generate())
		plaintext, context := rapid.SliceOf(rapid.Byte()).Draw(t, "plaintext"), rapid.SliceOf(rapid.Byte()).Draw(t, "context")
		sealed := ring.Seal(plaintext, context)
		opened, err := ring.Open(sealed, context)
		require.NoError(t, err)
		require.True(t, bytes.Equal(plaintext, opened))
		require.NotEqual(t, sealed, ring.Seal(plaintext, context), "each sealing has its own nonce")

		_, err = ring.Open(sealed, append([]byte{'x'}, context...))
		require.ErrorIs(t, err, secret.ErrOpen)
		_, err = parse(t, secret.Generate()).Open(sealed, context)
		require.ErrorIs(t, err, secret.ErrUnknownKey)
		_, err = parse(t, ring.PrimaryID()+":"+strings.Split(secret.Generate(), ":")[1]).Open(sealed, context)
		require.ErrorIs(t, err, secret.ErrOpen)
	})
}

func TestDamagedValuesAreRefused(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ring := parse(t, key1)
		sealed := ring.Seal(rapid.SliceOf(rapid.Byte()).Draw(t, "plaintext"), nil)
		_, err := ring.Open(sealed[:rapid.IntRange(0, len(sealed)-1).Draw(t, "length")], nil)
		require.ErrorIs(t, err, secret.ErrOpen)

		bit := rapid.IntRange(0, 8*len(sealed)-1).Draw(t, "bit")
		sealed[bit/8] ^= 1 << (bit % 8)
		_, err = ring.Open(sealed, nil)
		require.ErrorIs(t, err, secret.ErrOpen)
	})
}

func TestRotation(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		plaintext := rapid.SliceOf(rapid.Byte()).Draw(t, "plaintext")
		newKey := secret.Generate()
		old, both, fresh := parse(t, key1), parse(t, newKey+","+key1), parse(t, newKey)

		sealed := old.Seal(plaintext, nil)
		opened, err := both.Open(sealed, nil)
		require.NoError(t, err)
		require.True(t, bytes.Equal(plaintext, opened))

		again := both.Seal(opened, nil)
		id, err := secret.SealedWith(again)
		require.NoError(t, err)
		require.Equal(t, fresh.PrimaryID(), id)
		_, err = fresh.Open(again, nil)
		require.NoError(t, err)
		_, err = fresh.Open(sealed, nil)
		require.ErrorIs(t, err, secret.ErrUnknownKey)

		keyID, mac := old.MAC("invitation", plaintext)
		require.True(t, both.VerifyMAC("invitation", plaintext, keyID, mac))
		require.False(t, fresh.VerifyMAC("invitation", plaintext, keyID, mac))
	})
}

func TestMACBelongsToPurposeAndData(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ring := parse(t, key1)
		data := rapid.SliceOf(rapid.Byte()).Draw(t, "data")
		keyID, mac := ring.MAC("invitation", data)
		require.True(t, ring.VerifyMAC("invitation", data, keyID, mac))
		require.False(t, ring.VerifyMAC("sign-in", data, keyID, mac))
		require.False(t, ring.VerifyMAC("invitation", append(data, 0), keyID, mac))
		require.False(t, ring.VerifyMAC("invitation", data, keyID, mac[:len(mac)-1]))
		bit := rapid.IntRange(0, 8*len(mac)-1).Draw(t, "bit")
		mac[bit/8] ^= 1 << (bit % 8)
		require.False(t, ring.VerifyMAC("invitation", data, keyID, mac))
	})
}
