// Package httpstatus turns the kinds of our errors into HTTP statuses (RFC 9110
// §15), for pages and programs alike and nowhere else.
package httpstatus

import (
	"net/http"

	"github.com/callisto-tel/callisto/business/fault"
)

// Of is the HTTP status of a kind of error.
func Of(k fault.Kind) int {
	switch k {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Unknown:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Unproven:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.Unpaid:
		return http.StatusPaymentRequired
	case fault.Limited:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}
