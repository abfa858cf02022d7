package node

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/faces/api"
	"github.com/callisto-tel/callisto/platform/store"
)

// answers lets the HTTP interface remember in the store, of which it knows nothing.
type answers struct{ *store.Answers }

func (a answers) Claim(ctx context.Context, account, key, digest string, now time.Time, life time.Duration) (api.Answer, bool, error) {
	x, fresh, err := a.Answers.Claim(ctx, account, key, digest, now, life)
	return api.Answer(x), fresh, err
}

func (a answers) Keep(ctx context.Context, account, key string, x api.Answer) error {
	return a.Answers.Keep(ctx, account, key, store.Answer(x))
}
